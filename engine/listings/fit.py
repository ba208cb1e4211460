"""Fit the parameters of every stage after the network, for any model:

    python -m engine.listings.fit MODEL --train PATH... --held-out PATH...

Photos the model was trained on give the reference for unknown objects; everything else is fitted on half of the
held-out photos (by the hash of their files), so that the other half can be measured on. What is unknown is learnt by
hiding one class in ten, several times: no photo of a truly unknown object is used.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.listings import vote
from engine.listings.fitted import Fitted, save
from engine.listings.held_out import Index, Photo, draw, look_at
from engine.listings.route import Known, error_threshold
from engine.listings.unknown import SCORES, Novelty, Reference, share_below
from engine.photos.gate import inspect

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Array = NDArray[np.float64]

SPOILED = 0.25  # share of a listing's photos; phones' photos are not better
UNKNOWN = 0.2  # share of listings: the contract's mix
ERRORS = 0.05  # among accepted listings: the contract's operating point
SIZES = (1, 2, 3, 4, 5, 6)  # photos of a listing
_DRAWS = 6  # of hidden classes
_LISTINGS = 400  # for each size and draw
_PER_CLASS = 50  # training photos kept for neighbours
_MIX = 3  # scores at least, as each is blind to something
_TWO = 0.99  # of listings of one object gain less from a second class


@dataclass(frozen=True)
class Material:
    """Arrays of photos; axes are photos, versions (as it is, then spoiled), and classes or width."""

    groups: NDArray[np.str_]  # [photos] what they show; a listing is of one group
    labels: Index  # [photos] the same as a class of the model, -1 if it has none
    log_p: Array  # [photos, versions, classes], as the model's card says
    logits: Array  # [photos, versions, classes]
    features: Array  # [photos, versions, width]
    weights: Array  # [photos, versions], the gate's

    @classmethod
    def of(cls, photos: Sequence[Photo], model: "Classifier", gate: Any) -> "Material":
        features = np.stack([[item.features for item in photo.looks] for photo in photos])
        logits = np.stack([model.logits(rows) for rows in features])
        judged = [
            [inspect([""], [item.measures], item.features[None], gate)[0].weight for item in photo.looks]
            for photo in photos
        ]
        log_p = np.stack([[item.log_probabilities for item in photo.looks] for photo in photos])
        places = {name: index for index, name in enumerate(model.classes)}
        groups = np.array([photo.label for photo in photos])
        labels = np.array([places.get(name, -1) for name in groups.tolist()])
        return cls(groups, labels, log_p, logits, features.astype(np.float64), np.array(judged))

    def within(self, classes: Index, photos: NDArray[np.bool_]) -> "Material":
        """Of these photos, and as a model that knows only these classes would see them; other labels become -1."""
        places = np.full(self.logits.shape[2] + 1, -1)
        places[classes] = np.arange(len(classes))
        log_p = self.log_p[photos][:, :, classes]
        log_p = log_p - np.logaddexp.reduce(log_p, axis=2, keepdims=True)
        rest = (item[photos] for item in (self.features, self.weights))
        labels = places[self.labels[photos]]
        return Material(self.groups[photos], labels, log_p, self.logits[photos][:, :, classes], *rest)


@dataclass(frozen=True)
class Listings:
    """What listings of several sizes came to, [listings] each."""

    unknown: Array
    confidence: Array
    photos: Array  # that count
    right: NDArray[np.bool_]
    known: NDArray[np.bool_]


def fit(
    model: "Classifier", train: tuple[NDArray[np.float32], Index], photos: Sequence[Photo], gate: Any = None
) -> tuple[Fitted, dict[str, Any]]:
    """Fit on training features [photos, width] with class indices, and on held-out photos (all are used: pass a half).

    `gate` are the close-up head's parameters. Returns the parameters and how the choice among scores fell.
    """
    material = Material.of(photos, model, gate)
    features, labels = train[0].astype(np.float64), train[1]
    counts = np.bincount(labels, minlength=len(model.classes)).clip(1)
    fitted = _with_calibration(Fitted(gate=gate), material, np.log(counts / counts.sum()))
    fitted = _with_pool(fitted, material)
    hidden = list(_hidden(features, labels, model.head, material))
    mix, table = _mix(hidden)
    reference = Reference.of(features, labels, model.head, _PER_CLASS)
    fitted = replace(fitted, novelty=_calibrated(reference, mix, material))
    listings = [
        item
        for draw_number, (known, unknown, part, classes) in enumerate(hidden)
        for item in _outcomes(fitted, _calibrated(part, mix, known), (known, unknown), classes, draw_number)
    ]
    together = Listings(*(np.concatenate(column) for column in zip(*map(_columns, listings), strict=True)))
    fitted = replace(fitted, known=_known(together))
    kappa = fitted.known.probability(together.unknown, together.confidence, together.photos) * together.confidence
    independent = min(1.0, len(photos) / (together.photos.mean() * len(kappa)))
    return replace(fitted, accept=error_threshold(kappa, together.right, ERRORS, independent)), table


def _with_calibration(fitted: Fitted, material: Material, log_share: Array) -> Fitted:
    """Temperature, and the power of the classes' shares in training that the model learnt as its prior, by log-loss."""
    from scipy.optimize import minimize

    versions = material.log_p.shape[1]
    weights = np.full(versions, SPOILED / (versions - 1))
    weights[0] = 1 - SPOILED
    rows, labels = material.log_p.reshape(-1, material.log_p.shape[2]), np.repeat(material.labels, versions)

    def loss(values: Array) -> float:
        log_p = vote.calibrate(rows, float(np.exp(values[0])), values[1] * log_share)
        return float(-(log_p[np.arange(len(rows)), labels].reshape(-1, versions) @ weights).mean())

    log_temperature, power = minimize(loss, np.array([0.0, 0.5]), method="Nelder-Mead").x
    return replace(fitted, temperature=float(np.exp(log_temperature)), train_prior=power * log_share)


def _with_pool(fitted: Fitted, material: Material) -> Fitted:
    """rho and the gain that tells two objects, on listings of every size; beta on listings of an uneven mix."""
    from scipy.optimize import minimize_scalar

    random, parts, gains = np.random.default_rng(0), [], []
    for size in SIZES[1:]:
        chosen = draw(material.groups, size, _LISTINGS, SPOILED, random)
        log_p = _calibrated_rows(fitted, material, chosen)
        parts.append((log_p, material.weights[chosen], material.labels[chosen[0][:, 0]]))
        gains += [vote.split(rows)[0] for rows in log_p]

    def pooled(rho: float) -> Iterator[tuple[Array, Index]]:
        for log_p, weights, labels in parts:
            for rows, weight, label in zip(log_p, weights, labels, strict=True):
                yield (
                    vote.Evidence(rows, weight, np.zeros(rows.shape[1]), np.zeros(rows.shape[1]), rho).by_photo.sum(0),
                    label,
                )

    def loss(rho: float) -> float:
        return float(np.mean([np.logaddexp.reduce(total) - total[label] for total, label in pooled(rho)]))

    rho = float(minimize_scalar(loss, bounds=(0, 1), method="bounded").x)
    prior = -np.log(random.permutation(material.log_p.shape[2]) + 1.0)  # Zipf's law over classes
    prior -= np.logaddexp.reduce(prior)
    totals, labels = (np.array(column) for column in zip(*pooled(rho), strict=True))
    common = np.exp(prior[labels])

    def prior_loss(beta: float) -> float:
        scores = totals + beta * prior
        return float(common @ (np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(labels)), labels]))

    beta = float(minimize_scalar(prior_loss, bounds=(0, 2), method="bounded").x)
    return replace(fitted, rho=rho, beta=beta, two_objects=float(np.quantile(gains, _TWO)))


def _calibrated_rows(fitted: Fitted, material: Material, chosen: tuple[Index, Index]) -> Array:
    """Of listings, [listings, size, classes]."""
    rows = material.log_p[chosen]
    flat = vote.calibrate(rows.reshape(-1, rows.shape[2]), fitted.temperature, fitted.train_prior)
    return flat.reshape(rows.shape)


def _hidden(
    features: Array, labels: Index, head: Array, material: Material
) -> Iterator[tuple[Material, Material, Reference, Index]]:
    """Known and unknown photos, reference and remaining classes, each time one class in ten is hidden."""
    everything = np.arange(len(head))
    for number in range(_DRAWS):
        gone = np.random.default_rng(number).permutation(everything)[: max(1, len(head) // 10)]
        classes = np.setdiff1d(everything, gone)
        places = np.full(len(head), -1)
        places[classes] = np.arange(len(classes))
        seen = np.isin(labels, classes)
        reference = Reference.of(features[seen], places[labels[seen]], head[classes], _PER_CLASS)
        away = np.isin(material.labels, gone)
        yield material.within(classes, ~away), material.within(classes, away), reference, classes


def _mix(hidden: Sequence[tuple[Material, Material, Reference, Index]]) -> tuple[tuple[str, ...], dict[str, float]]:
    """The scores whose mean share tells hidden classes best, by mean AUROC of one photo; and the table."""
    from sklearn.metrics import roc_auc_score

    found: dict[tuple[str, ...], list[float]] = {}
    for number, (known, unknown, reference, _) in enumerate(hidden):
        sides = [_phone_quality(part, number) for part in (known, unknown)]
        truth = np.repeat([0, 1], [len(logits) for logits, _ in sides])
        shares = {}
        for name, score in SCORES.items():
            values = [score(reference, logits, features) for logits, features in sides]
            shares[name] = np.concatenate([share_below(np.sort(values[0]), side) for side in values])
        for size in (1, *range(_MIX, len(SCORES) + 1)):
            for names in combinations(SCORES, size):
                found.setdefault(names, []).append(roc_auc_score(truth, sum(shares[name] for name in names)))
    means = {names: float(np.mean(values)) for names, values in found.items()}
    best = max((names for names in means if len(names) >= _MIX), key=means.__getitem__)
    table = {" + ".join(names): round(means[names], 4) for names in means if len(names) == 1 or names == best}
    return best, table


def _phone_quality(material: Material, seed: int) -> tuple[Array, Array]:
    """Logits and features of every photo that counts, a quarter spoiled."""
    random = np.random.default_rng(seed)
    versions = material.logits.shape[1]
    ways = np.where(
        random.random(len(material.labels)) < SPOILED, random.integers(1, versions, len(material.labels)), 0
    )
    chosen = np.arange(len(ways)), ways
    kept = material.weights[chosen] > 0
    return material.logits[chosen][kept], material.features[chosen][kept]


def _calibrated(reference: Reference, mix: Sequence[str], known: Material) -> Novelty:
    return Novelty.calibrated(reference, mix, *_phone_quality(known, 0))


def _outcomes(
    fitted: Fitted, novelty: Novelty, sides: tuple[Material, Material], classes: Index, seed: int
) -> Iterator[Listings]:
    """Listings of known and of hidden classes, of every size, `UNKNOWN` of them hidden."""
    assert fitted.train_prior is not None
    part = replace(fitted, train_prior=fitted.train_prior[classes])
    random = np.random.default_rng(seed)
    for material, share in zip(sides, (1 - UNKNOWN, UNKNOWN), strict=True):
        shape = material.logits.shape
        flat = material.logits.reshape(-1, shape[2]), material.features.reshape(-1, material.features.shape[2])
        strangeness = novelty.strangeness(*flat).reshape(shape[:2])
        for size in SIZES:
            yield outcomes(
                part, material, strangeness, draw(material.groups, size, round(share * _LISTINGS), SPOILED, random)
            )


def outcomes(fitted: Fitted, material: Material, strangeness: Array, chosen: tuple[Index, Index]) -> Listings:
    """What listings come to; `strangeness` [photos, versions]."""
    log_p, weights = _calibrated_rows(fitted, material, chosen), material.weights[chosen]
    flat = np.zeros(log_p.shape[2])
    scores = np.stack(
        [vote.Evidence(*pair, flat, flat, fitted.rho).scores for pair in zip(log_p, weights, strict=True)]
    )
    kept = weights > 0
    kept[~kept.any(1)] = True
    labels = material.labels[chosen[0][:, 0]]
    return Listings(
        unknown=(strangeness[chosen] * kept).sum(1) / kept.sum(1),
        confidence=scores.max(1),
        photos=kept.sum(1).astype(np.float64),
        right=scores.argmax(1) == labels,
        known=labels >= 0,
    )


def _columns(item: Listings) -> tuple[NDArray[Any], ...]:
    return item.unknown, item.confidence, item.photos, item.right, item.known


def _known(listings: Listings) -> Known:
    from sklearn.linear_model import LogisticRegression

    terms = Known.terms(listings.unknown, listings.confidence, listings.photos)
    model = LogisticRegression(C=10.0, max_iter=1000).fit(terms, listings.known)
    return Known(float(model.intercept_[0]), *map(float, model.coef_[0]))


def main() -> None:
    from engine.curves.photos import look_at_all
    from engine.models.data import read_labelled
    from engine.models.registry import find, load_model

    parser = argparse.ArgumentParser(description="Fit a model's listing parameters.")
    parser.add_argument("model")
    parser.add_argument("--train", nargs="+", type=Path, required=True, help="photos the model was trained on")
    parser.add_argument("--held-out", nargs="+", type=Path, required=True, help="photos it was not trained on")
    options = parser.parse_args()
    model = load_model(options.model)
    seen = look_at_all(read_labelled(options.train), model, sys.maxsize, lambda done: _tell("training", done))
    photos = look_at(read_labelled(options.held_out), model, lambda done: _tell("held-out", done))
    places = {name: index for index, name in enumerate(model.classes)}
    labels = np.array([places[label] for label in seen.labels])
    fitted, table = fit(model, (seen.arrays()[0], labels), [photo for photo in photos if photo.in_first_half])
    save(find(options.model), fitted, model.card.sha256, table)


def _tell(what: str, done: int) -> None:
    print(f"\r{what}: {done:,} photos", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
