"""Many listings at once, as arrays: what the pipeline says of one at a time, for fitting and measuring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.listings import vote
from engine.listings.fitted import Fitted
from engine.listings.held_out import Index, Photo
from engine.listings.unknown import Novelty
from engine.photos.gate import inspect

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Array = NDArray[np.float64]


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
class Outcomes:
    """What listings came to, [listings] each."""

    strange: Array  # the listing's, as `Novelty.together` has it
    confidence: Array
    photos: Array  # that count, as `Novelty.different` has it
    size: Index  # photos
    label: Index
    voted: Index  # the majority's class
    truth: Index  # -1: not in the catalogue

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.label == self.truth)

    @property
    def known(self) -> NDArray[np.bool_]:
        return np.asarray(self.truth >= 0)

    def sure(self, fitted: Fitted) -> Array:
        """kappa, whatever the rules say."""
        return fitted.known.probability(self.strange, self.photos) * self.confidence

    def kappa(self, fitted: Fitted) -> Array:
        """-1 where the rules disagree: a person looks at these."""
        return np.where(self.voted == self.label, self.sure(fitted), -1.0)

    @classmethod
    def joined(cls, parts: Sequence["Outcomes"]) -> "Outcomes":
        return cls(**{item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(cls)})


def by_version(material: Material, score: Callable[[Array, Array], Array]) -> Array:
    """Of every photo in every version, [photos, versions]."""
    shape = material.logits.shape
    return score(material.logits.reshape(-1, shape[2]), material.features.reshape(shape[0] * shape[1], -1)).reshape(
        shape[:2]
    )


def pool(fitted: Fitted, material: Material, chosen: tuple[Index, Index]) -> Array:
    """Pooled log-evidence of listings, [listings, classes]: `vote.Evidence` for many at once."""
    weights = material.weights[chosen]
    repeated = 1 + (weights.sum(1, keepdims=True) - 1).clip(0) * fitted.rho
    return np.asarray(((weights / repeated)[:, :, None] * calibrated(fitted, material, chosen)).sum(1))


def calibrated(fitted: Fitted, material: Material, chosen: tuple[Index, Index]) -> Array:
    """Of listings, [listings, size, classes]."""
    rows = material.log_p[chosen]
    flat = vote.calibrate(rows.reshape(-1, rows.shape[2]), fitted.temperature, fitted.train_prior)
    return flat.reshape(rows.shape)


def outcomes(fitted: Fitted, novelty: Novelty, material: Material, chosen: tuple[Index, Index]) -> Outcomes:
    """What listings come to."""
    strange, different = novelty.together(material.log_p[chosen], material.features[chosen], material.weights[chosen])
    kept = (material.weights[chosen] > 0).sum(1)
    evidence = pool(fitted, material, chosen) / np.maximum(kept / different, 1.0)[:, None]
    scores = np.exp(evidence - np.logaddexp.reduce(evidence, axis=1, keepdims=True))
    photos = np.exp(calibrated(fitted, material, chosen))
    votes = photos.sum(1) / (2 * photos.shape[1])  # breaks ties
    np.add.at(votes, (np.arange(len(votes))[:, None], photos.argmax(2)), 1)
    return Outcomes(
        strange=strange,
        confidence=scores.max(1),
        photos=different,
        size=np.full(len(photos), photos.shape[1]),
        label=scores.argmax(1),
        voted=votes.argmax(1),
        truth=material.labels[chosen[0][:, 0]],
    )
