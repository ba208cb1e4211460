"""Models that anybody has at hand: nearest class mean on a column or a colour, and k nearest neighbours."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.curves.subsets import Items, Split, stratified_order

Features = NDArray[np.float32]

NEIGHBOURS = (1, 3, 5, 9, 15, 25)
_PRODUCTS = 2.5e11  # multiplications k-NN may take: ten seconds or so; 20,000 x 20,000 x 576 fit
_CHOOSING = 2_000  # items of a training set the best column is chosen on
_COLUMNS = 1_024  # tried at once


def nearest_mean(values: Features, labels: Items, repeats: Sequence[Split]) -> Items:
    """The class whose training items' mean is nearest, for each validated item: [items]. `values`: [items, width]."""
    predicted = np.empty_like(labels)
    rows, answers = torch.from_numpy(values), torch.from_numpy(labels)
    for split in repeats:
        found, means = _means(rows[split.order], answers[split.order])
        predicted[split.validation] = found[torch.cdist(rows[split.validation], means).argmin(1)].numpy()
    return predicted


def best_column(features: Features, labels: Items, repeats: Sequence[Split]) -> Items:
    """The nearest class mean on one column, the best on the training items: [items]. Kin of Holte's 1R (1993)."""
    predicted = np.empty_like(labels)
    for split in repeats:
        first = split.order[:_CHOOSING]  # with each class in proportion
        column = _best(torch.from_numpy(features[first]), torch.from_numpy(labels[first]))
        predicted[split.validation] = nearest_mean(features[:, [column]], labels, [split])[split.validation]
    return predicted


def _best(rows: Tensor, labels: Tensor) -> int:
    """The column by which most rows are nearest to the mean of their own class."""
    right = []
    for block in torch.split(rows, _COLUMNS, dim=1):
        found, means = _means(block, labels)
        means, order = means.sort(0)
        between = ((means[1:] + means[:-1]) / 2).T.contiguous()
        nearest = order.T.gather(1, torch.searchsorted(between, block.T.contiguous()))
        right.append((found[nearest] == labels).sum(1))
    return int(torch.cat(right).argmax())


def _means(rows: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The classes there are and the mean row of each: [classes], [classes, width]."""
    found, index, counts = torch.unique(labels, return_inverse=True, return_counts=True)
    return found, torch.zeros(len(found), rows.shape[1]).index_add_(0, index, rows) / counts[:, None]


def k_nearest(
    features: Features, labels: Items, groups: Items | None, repeats: Sequence[Split], seed: int = 0
) -> tuple[Items, int]:
    """The commonest class among the k nearest training items, [items], and how many items they are sought among.

    The folds of `repeats`, which validate each item once, also choose k: the training items of a repeat are predicted
    from its other folds. A tie goes to the nearest. Above some 20,000 x 576 neighbours are sought among a sample with
    each class in proportion. `features` [items, width] are standardised.
    """
    from sklearn.neighbors import NearestNeighbors

    folds = np.empty(len(labels), dtype=np.int64)
    for fold, split in enumerate(repeats):
        folds[split.validation] = fold
    among = stratified_order(labels, groups, np.random.default_rng(seed))[: int(_PRODUCTS / features.size)]
    sizes = np.bincount(folds[among], minlength=len(repeats))
    fewest = np.sort(sizes)[:-2].sum()  # training items without one more fold
    tried = [k for k in NEIGHBOURS if k <= max(fewest, 1)]
    found, source = [], []
    for fold in np.flatnonzero(sizes).tolist():
        part = among[folds[among] == fold]
        model = NearestNeighbors(n_neighbors=min(tried[-1], len(part)), algorithm="brute").fit(features[part])
        distance, place = model.kneighbors(features)
        found.append((distance, labels[part][place]))
        source += [fold] * distance.shape[1]
    distances, classes = (np.hstack(both) for both in zip(*found, strict=True))
    predicted = np.empty_like(labels)
    for fold in range(len(repeats)):
        own = folds == fold
        known = (np.array(source) != fold) & (np.array(source) != folds[:, None])
        order = np.where(known, distances, np.inf).argsort(1, kind="stable")[:, : tried[-1]]
        voted = _majorities(np.take_along_axis(classes, order, 1), tried)
        errors = (voted[~own] != labels[~own, None]).mean(0)
        predicted[own] = voted[own, errors.argmin()]
    return predicted, len(among)


def _majorities(classes: Items, numbers: Sequence[int]) -> Items:
    """[rows, neighbours] from the nearest -> [rows, numbers] the commonest of so many; the first of equals."""
    same = classes[:, :, None] == classes[:, None]
    winners = np.stack([same[:, :k, :k].sum(2).argmax(1) for k in numbers], axis=1)
    return np.take_along_axis(classes, winners, 1)
