"""Fit the parameters of every stage after the network, for any model:

    python -m engine.listings.fit MODEL --train PATH... --held-out PATH...

Photos the model was trained on give the reference for unknown objects; everything else is fitted on half of the
held-out photos (by the hash of their files), so that the other half can be measured on. What is unknown is learnt by
hiding one class in ten, several times: no photo of a truly unknown object is used.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.listings import vote
from engine.listings.fitted import Fitted, save
from engine.listings.held_out import Index, Photo, draw, look_at
from engine.listings.outcomes import Material, Outcomes, by_version, calibrated, outcomes, pool
from engine.listings.route import ERRORS, Known, Trial
from engine.listings.unknown import SCORES, Novelty, Reference, share_below
from engine.photos.closeup import fit_closeup
from engine.photos.decode import decode_all

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Array = NDArray[np.float64]
Item = TypeVar("Item")

SPOILED = 0.25  # share of a listing's photos; phones' photos are not better
UNKNOWN = 0.2  # share of listings: the contract's mix
SIZES = (1, 2, 3, 4, 5, 6)  # photos of a listing
_DRAWS = 6  # of hidden classes
_LISTINGS = 400  # for each size and draw
_PER_CLASS = 50  # training photos kept for neighbours
_WARMTH = 3.0  # log of the temperature at most: where photos say nothing, the best one is infinite
_TRIED = 4  # photos of the listings on which mixes of scores are compared
_GATE_SHARE = 16  # one training photo in so many teaches what a close-up is
_TWO = 0.99  # of listings of one object gain less from a second class


def fit(
    model: "Classifier",
    train: tuple[NDArray[np.float32], Index],
    photos: Sequence[Photo],
    gate: Any = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Fitted, dict[str, Any]]:
    """Fit on training features [photos, width] with class indices, and on the first half of held-out photos.

    The other half is only tried. `gate` are the close-up head's parameters. `progress` hears the share that is done.
    Returns the parameters and how the choice among scores fell.

    Raises InputError for a published classifier, whose classes are sums.
    """
    progress(0)
    if len(model.head) != len(model.classes):
        raise InputError(f"{model.id} sums what its network says", "train a head on its features, and fit that")
    material, other = (
        Material.of([photo for photo in photos if photo.in_first_half == first], model, gate) for first in (True, False)
    )
    features, labels = train[0].astype(np.float64), train[1]
    counts = np.bincount(labels, minlength=len(model.classes)).clip(1)
    fitted = _with_pool(Fitted(gate=gate), material, np.log(counts / counts.sum()))
    hidden = list(_hidden(features, labels, model.head, material))
    mix, table = _mix(_told(hidden, progress, (0.5, 0.65)))
    reference = Reference.of(features, labels, model.head, _PER_CLASS)
    fitted = replace(fitted, novelty=_calibrated(reference, mix, material))
    drawn = [
        (_calibrated(part, mix, known), classes) for known, _, part, classes in _told(hidden, progress, (0.65, 0.8))
    ]
    halves = [
        Outcomes.joined(
            [
                item
                for number, (novelty, classes) in enumerate(drawn)
                for item in _outcomes(fitted, novelty, _sides(half, classes), classes, number)
            ]
        )
        for half in _told((material, other), progress, (0.8, 1))
    ]
    fitted = replace(fitted, known=_known(halves[0]))
    # A photo is in several listings, each time in other company: as many listings count as there are photos.
    independent = min(1.0, len(material.labels) * len(SIZES) / len(halves[0].size))
    both = Outcomes.joined(halves)
    trial = Trial(
        both.kappa(fitted), both.right, both.size, np.arange(len(both.size)) < len(halves[0].size), independent
    )
    return replace(fitted, accept=tuple(trial.threshold(size, ERRORS) for size in SIZES), trial=trial), table


def _told(items: Sequence[Item], progress: Callable[[float], None], shares: tuple[float, float]) -> Iterator[Item]:
    """The items; `progress` hears of each when it is done, between these shares of the whole."""
    for number, item in enumerate(items, start=1):
        yield item
        progress(shares[0] + (shares[1] - shares[0]) * number / len(items))


def _with_pool(fitted: Fitted, material: Material, log_share: Array) -> Fitted:
    """Fit by log-loss what makes photos into evidence, each photo weighed as the gate does.

    Temperature, and the power of the classes' shares in training that the model learnt as its prior: on single photos.
    rho on listings; beta on the same in an uneven mix of classes.
    """
    from scipy.optimize import minimize, minimize_scalar

    random = np.random.default_rng(0)
    alone = draw(material.groups, 1, 10 * _LISTINGS, SPOILED, random)
    listings = [draw(material.groups, size, _LISTINGS, SPOILED, random) for size in SIZES[1:]]
    labels = np.concatenate([material.labels[photos[:, 0]] for photos, _ in listings])

    def calibration(values: Array) -> Fitted:
        temperature = float(np.exp(values[0].clip(-_WARMTH, _WARMTH)))
        return replace(fitted, temperature=temperature, train_prior=values[1] * log_share)

    def pooled(rho: float) -> Array:
        return np.concatenate([pool(replace(found, rho=rho), material, chosen) for chosen in listings])

    truth = material.labels[alone[0][:, 0]]
    best = minimize(
        lambda v: _loss(pool(calibration(v), material, alone), truth).mean(), [0.0, 0.5], method="Nelder-Mead"
    )
    found = calibration(best.x)
    rho = float(minimize_scalar(lambda rho: _loss(pooled(rho), labels).mean(), bounds=(0, 1), method="bounded").x)
    prior = -np.log(random.permutation(len(log_share)) + 1.0)  # Zipf's law over classes
    prior -= np.logaddexp.reduce(prior)
    evidence, common = pooled(rho), np.exp(prior[labels])
    beta = minimize_scalar(
        lambda beta: common @ _loss(evidence + beta * prior, labels), bounds=(0, 2), method="bounded"
    ).x
    gains = [vote.split(rows)[0] for chosen in listings for rows in calibrated(found, material, chosen)]
    return replace(found, rho=rho, beta=float(beta), two_objects=float(np.quantile(gains, _TWO)))


def _loss(evidence: Array, labels: Index) -> Array:
    return np.asarray(np.logaddexp.reduce(evidence, axis=1) - evidence[np.arange(len(labels)), labels])


def _hidden(
    features: Array, labels: Index, head: Array, material: Material
) -> Iterator[tuple[Material, Material, Reference, Index]]:
    """Known and unknown photos, reference and remaining classes, each time one class in ten is hidden."""
    held_out = np.unique(material.labels[material.labels >= 0])  # a class without photos cannot be hidden
    for number in range(_DRAWS):
        gone = np.random.default_rng(number).permutation(held_out)[: max(1, len(head) // 10)]
        classes = np.setdiff1d(np.arange(len(head)), gone)
        places = np.full(len(head), -1)
        places[classes] = np.arange(len(classes))
        seen = np.isin(labels, classes)
        reference = Reference.of(features[seen], places[labels[seen]], head[classes], _PER_CLASS)
        yield *_sides(material, classes), reference, classes


def _sides(material: Material, classes: Index) -> tuple[Material, Material]:
    """Photos of these classes and of all others, as a model that knows only these would see them."""
    known = np.isin(material.labels, classes)
    return material.within(classes, known), material.within(classes, ~known)


def _mix(hidden: Iterable[tuple[Material, Material, Reference, Index]]) -> tuple[tuple[str, ...], dict[str, float]]:
    """The scores whose mean share tells listings of hidden classes best, by mean AUROC; and every mix that was tried.

    Hidden classes shaped the features, unlike truly unknown objects, so scores of logits look better on them than they
    are: a mix holds one of these, a distance between features, and what else earns its place.
    """
    from sklearn.metrics import roc_auc_score

    found: dict[tuple[str, ...], list[float]] = {(*mix,): [] for mix in _mixes()}
    for number, (known, unknown, reference, _) in enumerate(hidden):
        random, truth = np.random.default_rng(number), np.repeat([0, 1], _LISTINGS)
        sides = [(part, draw(part.groups, _TRIED, _LISTINGS, SPOILED, random)) for part in (known, unknown)]
        calibration = _phone_quality(known, number)
        shares = {}
        for name, score in SCORES.items():
            usual = np.sort(score(reference, *calibration))
            values = [by_version(part, partial(score, reference))[chosen] for part, chosen in sides]
            shares[name] = share_below(usual, np.concatenate(values))
        for names, reached in found.items():
            reached.append(roc_auc_score(truth, np.sum([shares[name] for name in names], axis=0).mean(1)))
    means = {names: round(float(np.mean(values)), 4) for names, values in found.items()}
    best = max((names for names in means if len(names) > 1), key=means.__getitem__)
    return best, {" + ".join(names): value for names, value in means.items()}


def _mixes() -> Iterator[Sequence[str]]:
    yield from ([name] for name in SCORES)
    for logits, distances, rest in product(
        ("gen", "energy", "max logit"),
        (["mahalanobis"], ["neighbours"], ["mahalanobis", "neighbours"]),
        ([], ["boundary"]),
    ):
        yield [logits, *distances, *rest]


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
    random = np.random.default_rng(0)
    listings = [draw(known.groups, size, _LISTINGS, SPOILED, random) for size in SIZES]
    several = [(known.log_p[chosen], known.features[chosen], known.weights[chosen]) for chosen in listings]
    return Novelty.calibrated(reference, mix, *_phone_quality(known, 0), several)


def _outcomes(
    fitted: Fitted, novelty: Novelty, sides: tuple[Material, Material], classes: Index, seed: int
) -> Iterator[Outcomes]:
    """Listings of known and of hidden classes, of every size, `UNKNOWN` of them hidden."""
    assert fitted.train_prior is not None
    part = replace(fitted, train_prior=fitted.train_prior[classes])
    random = np.random.default_rng(seed)
    for material, share in zip(sides, (1 - UNKNOWN, UNKNOWN), strict=True):
        for size in SIZES:
            yield outcomes(
                part, novelty, material, draw(material.groups, size, round(share * _LISTINGS), SPOILED, random)
            )


def _known(listings: Outcomes) -> Known:
    from sklearn.linear_model import LogisticRegression

    terms = Known.terms(listings.strange, listings.photos)
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
    half = {photo.picture for photo in photos if photo.in_first_half}
    fitted, table = fit(model, (seen.arrays()[0], labels), photos, _gate(model, options, half))
    save(find(options.model), fitted, model.card.sha256, table)


def _gate(model: "Classifier", options: argparse.Namespace, half: set[str]) -> dict[str, NDArray[np.float32]]:
    from engine.models.data import read_labelled

    def images(paths: Sequence[Path], wanted: Callable[[str], bool]) -> Iterator[Image.Image]:
        chosen = (photo.data for photo in read_labelled(paths) if isinstance(photo.data, bytes))
        sources = (data for data in chosen if wanted(hashlib.sha256(data).hexdigest()))
        return (image for image in decode_all(sources) if isinstance(image, Image.Image))

    whole = images(options.train, lambda picture: int(picture, 16) % _GATE_SHARE == 0)
    return fit_closeup(model, whole, images(options.held_out, half.__contains__))


def _tell(what: str, done: int) -> None:
    print(f"\r{what}: {done:,} photos", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
