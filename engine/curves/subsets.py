"""Which items a learning curve trains on and which it scores: folds, and training sets that grow inside each other.

Folds, not random halves: their validation sets share no item, so together they say as much as the whole set. Every
size of a repeat is scored on the same items, so that sizes are compared in pairs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

Items = NDArray[np.int64]

FOLDS = 5
SIZES = 10  # at most
INNER_FOLDS = 4  # of each training set, to choose the penalty
SPAN = 32  # the largest size / the smallest
_CLOSEST = math.sqrt(2)  # the least ratio of one size to the one before: closer ones say nothing new


@dataclass(frozen=True)
class Split:
    """One repeat. The first n of `order` are its training set of n items, with each class in proportion."""

    order: Items
    inner: Items  # the inner fold of each item of `order`
    validation: Items


def training_sizes(largest: int, classes: int) -> list[int]:
    """Sizes in equal ratios up to `largest`, from a 32nd of it but at least one item a class and four in all."""
    smallest = min(max(largest / SPAN, classes, 4), largest)
    count = min(SIZES, 1 + math.floor(math.log(largest / smallest, _CLOSEST) + 1e-9))
    return [round(size) for size in np.geomspace(smallest, largest, count)]


def splits(labels: Items, groups: Items | None, seed: int, rounds: int = 1) -> list[Split]:
    """FOLDS repeats a round: each round validates every item once. A group is never on both sides of a split.

    Raises InputError for fewer groups than folds.
    """
    random = np.random.default_rng(seed)
    repeats = []
    for turn in range(rounds):
        folds = _folds(labels, random) if groups is None else _group_folds(labels, groups, seed + turn)
        parts = [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(FOLDS)]
        repeats += [split(labels, groups, training, validation, random) for training, validation in parts]
    return repeats


def split(
    labels: Items, groups: Items | None, training: Items, validation: Items, random: np.random.Generator
) -> Split:
    """One repeat, from the items to train on and those to score."""
    order = training[stratified_order(labels[training], None if groups is None else groups[training], random)]
    return Split(order, _inner_folds(labels[order], None if groups is None else groups[order]), validation)


def stratified_order(labels: Items, groups: Items | None, random: np.random.Generator) -> Items:
    """A random order whose every beginning holds each class in proportion, to within one item (a group, if any).

    The i-th of a class's n items stands at (i + u) / n, with one random u in 0..1 a class. A group stands where its
    first item does.
    """
    if groups is None:
        shuffled = random.permutation(len(labels))
    else:
        shuffled = np.argsort(random.permutation(groups.max() + 1)[groups], kind="stable")
    of_class = labels[shuffled]
    place = (_rank(of_class) + random.random(of_class.max() + 1)[of_class]) / np.bincount(of_class)[of_class]
    if groups is not None:
        first = np.full(groups.max() + 1, np.inf)
        np.minimum.at(first, groups[shuffled], place)
        place = first[groups[shuffled]]
    return shuffled[np.argsort(place, kind="stable")]


def _folds(labels: Items, random: np.random.Generator) -> Items:
    """Deal the shuffled items out class by class: folds, and each class in them, are even to within one."""
    dealt = np.lexsort((random.random(len(labels)), labels))
    folds = np.empty(len(labels), dtype=np.int64)
    folds[dealt] = np.arange(len(labels)) % FOLDS
    return folds


def _group_folds(labels: Items, groups: Items, seed: int) -> Items:
    from sklearn.model_selection import StratifiedGroupKFold

    found = len(np.unique(groups))
    if found < FOLDS:
        raise InputError(
            f"the items form {found} groups, and {FOLDS} are the least", "use a group column with more values, or none"
        )
    folds = np.empty(len(labels), dtype=np.int64)
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels, groups)
    for fold, (_, validation) in enumerate(parts):
        folds[validation] = fold
    return folds


def _inner_folds(labels: Items, groups: Items | None) -> Items:
    """Each class's items in turn, in every beginning; a group goes with its first item."""
    inner = (_rank(labels) + labels) % INNER_FOLDS
    if groups is None:
        return inner
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    return inner[first][group]


def _rank(labels: Items) -> Items:
    """How many of its class come before each item."""
    by_class = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    rank = np.empty(len(labels), dtype=np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank
