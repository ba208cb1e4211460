"""A correction of the classifier's head from reviewed photos: its features and its own answer are all it needs.

log p'(c) = log p(c) + w_c f + b_c, renormalised: a linear layer whose offset is the model's own log-probabilities, so
that with little to learn it changes little.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.listings.prior import shares

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_FOLDS = 4
_PENALTIES = np.logspace(-1.5, -4, 6)  # of squared weights on features of length 1; the strongest first
_STEPS = 60  # of L-BFGS for each penalty, which starts from the stronger one's weights


@dataclass(frozen=True)
class Adapter:
    """`weights` [classes, width], `bias` [classes]."""

    weights: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)

    def shift(self, log_p: Array, features: NDArray[np.float32]) -> Array:
        """Corrected log-probabilities, [photos, classes]; `features` [photos, width].

        Raises InputError for photos that another model looked at.
        """
        if self.weights.shape != (log_p.shape[1], features.shape[1]):
            raise InputError(
                f"the head's correction is for {self.weights.shape[1]} features and {len(self.weights)} classes, "
                f"not for {features.shape[1]} and {log_p.shape[1]}",
                "roll it back",
            )
        shifted = log_p + features.astype(np.float64) @ self.weights.T.astype(np.float64) + self.bias
        return np.asarray(shifted - np.logaddexp.reduce(shifted, axis=1, keepdims=True))


@dataclass(frozen=True)
class Photos:
    """Labelled photos to correct a head by."""

    offset: Array  # [photos, classes] the model's own log-probabilities
    features: NDArray[np.float32]  # [photos, width]
    labels: Index  # [photos]
    groups: Index  # [photos] the listing of each: folds keep a listing together, as its photos are alike
    weights: Array  # [photos] how much each counts

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Photos":
        return Photos(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def fit_adapter(photos: Photos) -> Adapter | None:
    """Multinomial logistic regression on top of the offset, L2 by cross-validation; None if no correction does better.

    How common the classes are among these photos is an offset too while learning, as it is the prior's to say (Menon et
    al. 2021). Classes that no photo shows keep what the model says of them.
    """
    centre = photos.features.mean(0, dtype=np.float64)
    scale = np.sqrt(((photos.features - centre) ** 2).sum(1).mean()).clip(1e-9)

    def rows(part: Photos) -> Array:
        return np.hstack([(part.features - centre) / scale, np.ones((len(part.labels), 1))])

    listings, place = np.unique(photos.groups, return_inverse=True)
    if len(listings) < _FOLDS:
        return None
    fold = np.random.default_rng(0).permutation(len(listings))[place] % _FOLDS
    losses = np.zeros(1 + len(_PENALTIES))  # the first: without a correction
    for number in range(_FOLDS):
        train, test = photos[fold != number], photos[fold == number]
        seen = np.unique(train.labels)
        tried = _path(train, rows(train), seen, _PENALTIES)
        nothing = np.zeros_like(tried[0])
        losses += [_loss(weights, test, rows(test), seen)[0] * test.weights.sum() for weights in (nothing, *tried)]
    best = int(losses.argmin())
    if best == 0:
        return None
    seen = np.unique(photos.labels)
    found = _path(photos, rows(photos), seen, _PENALTIES[:best])[-1]
    weights, bias = np.zeros((photos.offset.shape[1], len(centre))), np.zeros(photos.offset.shape[1])
    weights[seen], bias[seen] = found[:, :-1] / scale, found[:, -1] - found[:, :-1] @ centre / scale
    return Adapter(weights.astype(np.float32), bias.astype(np.float32))


def _path(photos: Photos, rows: Array, seen: Index, penalties: Array) -> list[Array]:
    """Weights on `rows` [photos, width + 1] for each penalty, [seen, width + 1]."""
    from scipy.optimize import minimize

    shape, classes = (len(seen), rows.shape[1]), photos.offset.shape[1]
    common = np.log(shares(np.bincount(photos.labels, photos.weights, minlength=classes).astype(np.float64)))
    photos = replace(photos, offset=photos.offset + common)

    def target(flat: Array, penalty: float) -> tuple[float, Array]:
        weights = flat.reshape(shape)
        loss, slope = _loss(weights, photos, rows, seen)
        return loss + penalty / 2 * float(flat @ flat), (slope + penalty * weights).ravel()

    found = [np.zeros(shape[0] * shape[1])]
    for penalty in penalties:
        done = minimize(target, found[-1], args=(penalty,), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
        found.append(done.x)
    return [flat.reshape(shape) for flat in found[1:]]


def _loss(weights: Array, photos: Photos, rows: Array, seen: Index) -> tuple[float, Array]:
    """Mean log loss in nats and its slope, [seen, width + 1]."""
    logits = photos.offset.copy()
    logits[:, seen] += rows @ weights.T
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    share, every = photos.weights / photos.weights.sum(), np.arange(len(rows))
    residual = np.exp(log_p)
    residual[every, photos.labels] -= 1
    return float(-share @ log_p[every, photos.labels]), (residual[:, seen] * share[:, None]).T @ rows
