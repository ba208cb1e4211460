"""Is this anything the model knows? Scores of strangeness, each turned into a share of known photos that look less so.

Every score is larger for stranger photos. f is a photo's feature vector, n = f / |f|, z its logits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_GAMMA, _TOP = 0.1, 100  # of GEN, as published
_NEIGHBOURS = 5
_AROUND = 20  # neighbours that name the nearest classes
_SHRINK = 1.0  # of the covariances towards a sphere; 1 did better on hidden classes than 0.1 or 0.01
_ALIKE = 0.95  # of pairs of photos of one class are less alike than two that repeat each other


@dataclass(frozen=True)
class Reference:
    """What the scores compare a photo with, made from training photos. `width` is that of the features."""

    means: Array  # [classes, width] of n
    within: Array  # [width, width] inverse covariance of n around its class mean
    centre: Array  # [width] mean of n
    around: Array  # [width, width] inverse covariance of n around the centre
    origin: Array  # [width] mean of f
    boundaries: Array  # [classes, classes] distances between the head's weight vectors
    bank: Array  # [photos, width] n of some photos of each class
    bank_labels: NDArray[np.int64]  # [photos]

    @cached_property
    def lengths(self) -> Array:
        """[classes] of the means, squared, in terms of `within`."""
        return _quadratic(self.means, self.within)

    @classmethod
    def of(cls, features: Array, labels: NDArray[np.int64], head: Array, per_class: int) -> "Reference":
        """From training photos, [photos, width] and [photos] class indices; `head` [classes, width] are its weights.

        Classes weigh the same, however many photos they have. The first `per_class` photos of each make the bank.
        """
        n = _normalised(features)
        weights = 1 / np.bincount(labels, minlength=len(head))[labels] / len(head)
        means = np.stack([n[labels == index].mean(0) for index in range(len(head))])
        centre = means.mean(0)
        rank = np.empty(len(labels), dtype=np.int64)  # of a photo within its class
        for index in range(len(head)):
            rank[labels == index] = np.arange((labels == index).sum())
        kept = rank < per_class
        return cls(
            means=means,
            within=_precision(n - means[labels], weights),
            centre=centre,
            around=_precision(n - centre, weights),
            origin=weights @ features,
            boundaries=np.linalg.norm(head[:, None] - head[None], axis=2),
            bank=n[kept],
            bank_labels=labels[kept],
        )


def gen(_: Reference, logits: Array, __: Array) -> Array:
    """Generalised entropy (Liu et al. 2023): sum of p^g (1 - p)^g over the likeliest classes."""
    p = np.sort(np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)), axis=1)[:, -_TOP:]
    return np.asarray((p**_GAMMA * (1 - p).clip(0) ** _GAMMA).sum(1))


def energy(_: Reference, logits: Array, __: Array) -> Array:
    """Free energy (Liu et al. 2020): -log sum exp z."""
    return np.asarray(-np.logaddexp.reduce(logits, axis=1))


def max_logit(_: Reference, logits: Array, __: Array) -> Array:
    """Hendrycks et al. 2022: -max z."""
    return np.asarray(-logits.max(1))


def mahalanobis(known: Reference, _: Array, features: Array) -> Array:
    """Relative Mahalanobis (Ren et al. 2021) on normalised features (Mueller and Hein 2025).

    The distance to the nearest class mean, less the distance to the centre of all.
    """
    n = _normalised(features)
    to_means = _quadratic(n, known.within)[:, None] - 2 * n @ known.within @ known.means.T + known.lengths
    return np.asarray(to_means.min(1) - _quadratic(n - known.centre, known.around))


def boundary(known: Reference, logits: Array, features: Array) -> Array:
    """fDBD (Liu and Qin 2024): the mean distance to the other classes' decision boundaries, over |f - origin|."""
    best = logits.argmax(1)
    apart = known.boundaries[best].clip(1e-9)
    distances = (logits.max(1, keepdims=True) - logits) / apart
    return np.asarray(-distances.sum(1) / (logits.shape[1] - 1) / np.linalg.norm(features - known.origin, axis=1))


def neighbours(known: Reference, _: Array, features: Array) -> Array:
    """Deep nearest neighbours (Sun et al. 2022): the cosine to the k-th nearest photo of the bank, negative."""
    return np.asarray(-np.partition(_normalised(features) @ known.bank.T, -_NEIGHBOURS, axis=1)[:, -_NEIGHBOURS])


SCORES = {
    "gen": gen,
    "energy": energy,
    "max logit": max_logit,
    "mahalanobis": mahalanobis,
    "boundary": boundary,
    "neighbours": neighbours,
}


# The scores of a whole listing, in equal parts: as in the mix of a photo's, a distance between features and one of
# logits. Fitted parts would lean on logits, which know hidden classes better than objects nobody has shown them.
TOGETHER = (mahalanobis, boundary)


@dataclass(frozen=True)
class Novelty:
    """A mix of scores, calibrated on known photos that it was not made from."""

    reference: Reference = field(repr=False)
    mix: tuple[str, ...]  # names of SCORES
    known: Array = field(repr=False)  # [mix, photos] sorted scores of known photos
    mixed: Array = field(repr=False)  # [photos] sorted means of their shares
    usual: Array = field(repr=False)  # [sizes, scores, 2] mean and deviation of TOGETHER for 1, 2, ... known photos
    alike: float = 1.0  # cosine of features above which two photos repeat each other

    @classmethod
    def calibrated(
        cls,
        reference: Reference,
        mix: Sequence[str],
        logits: Array,
        features: Array,
        listings: Sequence[tuple[Array, Array, Array]],
    ) -> "Novelty":
        """Calibrate on known photos, logits [photos, classes] and features [photos, width], and on known `listings`.

        These are what `together` takes, for each size from 1 up.
        """
        scores = np.stack([SCORES[name](reference, logits, features) for name in mix])
        known = np.sort(scores, axis=1)
        mixed = np.mean([share_below(*pair) for pair in zip(known, scores, strict=True)], axis=0)
        found = [_together(reference, *several) for several in listings]
        usual = np.stack([np.stack([rows.mean(0), rows.std(0).clip(1e-9)], axis=1) for rows in found])
        pairs = [_cosines(several)[:, 0, 1] for _, several, _ in listings if several.shape[1] > 1]
        alike = float(np.quantile(np.concatenate(pairs), _ALIKE)) if pairs else 1.0
        return cls(reference, tuple(mix), known, np.sort(mixed), usual, alike)

    def strangeness(self, logits: Array, features: Array) -> Array:
        """[photos]: 1 minus the conformal p-value, the share of known photos that look less strange."""
        scores = [SCORES[name](self.reference, logits, features) for name in self.mix]
        mixed = np.mean([share_below(*pair) for pair in zip(self.known, scores, strict=True)], axis=0)
        return share_below(self.mixed, mixed)

    def together(self, log_p: Array, features: Array, weights: Array) -> tuple[Array, Array]:
        """How strange listings are, and of how many different photos that is told; [listings] each.

        In standard deviations from known listings of as many photos. `log_p` [listings, photos, classes] (the logits,
        to a constant of each photo), `features` [listings, photos, width], `weights` [listings, photos]. Scores of the
        photos' mean: what they share stays, while how each was taken averages out.
        """
        many = self.different(features, weights)
        below = np.minimum(many.astype(int), len(self.usual)) - 1
        above, part = np.minimum(below + 1, len(self.usual) - 1), (many - below - 1).clip(0, 1)[:, None, None]
        means, deviations = np.moveaxis(self.usual[below] * (1 - part) + self.usual[above] * part, 2, 0)
        scores = _together(self.reference, log_p, features, weights)
        return np.asarray(((scores - means) / deviations).mean(1)), many

    def different(self, features: Array, weights: Array) -> Array:
        """How many photos count, [listings]; those that repeat each other count for less, copies for one."""
        counted = np.where(weights.any(1, keepdims=True), weights > 0, True).astype(np.float64)
        repeated = ((_cosines(features) - self.alike) / max(1 - self.alike, 1e-9)).clip(0, 1)
        every = np.arange(features.shape[1])
        repeated[:, every, every] = 1.0
        return np.asarray(counted.sum(1) ** 2 / np.einsum("li,lij,lj->l", counted, repeated, counted))

    def nearest(self, features: Array) -> list[list[int]]:
        """The classes of each photo's nearest neighbours among training photos, commonest first."""
        around = np.argsort(-_normalised(features) @ self.reference.bank.T, axis=1)[:, :_AROUND]
        counts = [np.bincount(row, minlength=len(self.reference.means)) for row in self.reference.bank_labels[around]]
        return [np.argsort(-row, kind="stable")[: np.count_nonzero(row)].tolist() for row in counts]


def _cosines(features: Array) -> Array:
    """Of the photos of listings, [listings, photos, photos]."""
    n = features / np.linalg.norm(features, axis=2, keepdims=True).clip(1e-12)
    return np.asarray(n @ n.transpose(0, 2, 1))


def _together(known: Reference, log_p: Array, features: Array, weights: Array) -> Array:
    """[listings, scores]."""
    weights = np.where(weights.any(1, keepdims=True), weights, 1.0)
    shares = (weights / weights.sum(1, keepdims=True))[:, None]
    logits, middle = (np.squeeze(shares @ rows, 1) for rows in (log_p, features))
    return np.stack([score(known, logits, middle) for score in TOGETHER], axis=1)


def share_below(known: Array, scores: Array) -> Array:
    """Split conformal (Vovk et al. 2005): 1 - p, where p = (1 + number of `known` >= score) / (1 + their number)."""
    return np.asarray(np.searchsorted(known, scores, side="left") / (len(known) + 1))


def _normalised(features: Array) -> Array:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True).clip(1e-12))


def _precision(residuals: Array, weights: Array) -> Array:
    covariance = (residuals * weights[:, None]).T @ residuals
    width = len(covariance)
    return np.asarray(np.linalg.inv(covariance + _SHRINK * np.trace(covariance) / width * np.eye(width)))


def _quadratic(rows: Array, matrix: Array) -> Array:
    return np.asarray(((rows @ matrix) * rows).sum(1))
