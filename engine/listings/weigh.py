"""The readable photos of one listing, weighed together: how much each counts, what they say, how strange they are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.listings import vote
from engine.listings.fitted import Fitted
from engine.listings.verdict import PhotoVerdict, rounded
from engine.photos.gate import LAST_RESORT, inspect
from engine.photos.quality import Measures
from engine.photos.siblings import share_votes

Array = NDArray[np.float64]

_ODD = 0.5  # weight of a photo that shows something else than the others


class Model(Protocol):
    """What `decide` needs to know of a classifier."""

    @property
    def id(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def fitted(self) -> Fitted: ...


@dataclass(frozen=True)
class Look:
    """What one photo showed. Later stages need its pixels no more."""

    measures: Measures = field(repr=False)
    log_probabilities: NDArray[np.float64] = field(repr=False)  # [classes], calibrated as the model's card says
    features: NDArray[np.float32] = field(repr=False)  # [width]
    unknown: float | None = None  # share of known photos that look less strange
    nearest: tuple[int, ...] = ()  # classes of the nearest training photos, nearest first


@dataclass(frozen=True)
class Weighed:
    """The readable photos of a listing, weighed together."""

    photos: dict[str, PhotoVerdict]
    poll: vote.Poll
    unknown: float | None  # mean over the photos that count
    count: int  # of photos that count, one or more
    hopeless: bool  # no photo is good enough to answer without a person
    two_objects: bool
    nearest: list[int]  # classes of the nearest training photos


def weigh(
    read: Mapping[str, Look], model: Model, prior: NDArray[np.float64] | None = None, text: Array | None = None
) -> Weighed:
    """Judge each photo, then pool those that count with the prior and what the text says, [classes] each."""
    fitted, items = model.fitted, list(read.values())
    log_p = np.stack([item.log_probabilities for item in items])
    log_p = vote.calibrate(log_p, fitted.temperature, fitted.train_prior)
    names, features = list(read), np.stack([item.features for item in items])
    qualities = inspect(names, [item.measures for item in items], features, fitted.gate)
    shares, copies = share_votes(names, [quality.picture for quality in qualities])
    gain, apart = vote.split(log_p)
    two = gain > fitted.two_objects
    if two and apart.sum() == 1 and len(apart) > 2:
        odd, two = int(apart.argmax()), False
        quality, other = qualities[odd], vote.readable(model.classes[log_p[odd].argmax()])
        reason = f"unlike the other photos ({other}): is it another object?"
        qualities[odd] = replace(quality, weight=quality.weight * _ODD, reasons=[*quality.reasons, reason])
    weights = np.array([quality.weight * float(share) for quality, share in zip(qualities, shares, strict=True)])
    flat = np.zeros(len(model.classes))
    counted = flat if prior is None else fitted.beta * (prior - prior.mean())
    evidence = vote.Evidence(log_p + np.log(len(flat)), weights, counted, flat if text is None else text, fitted.rho)
    reasons = [[*quality.reasons, *copied] for quality, copied in zip(qualities, copies, strict=True)]
    columns = zip(items, names, log_p, weights.tolist(), reasons, strict=True)
    kept = [item for item, weight in zip(items, weights, strict=True) if weight > 0]
    strangeness = [item.unknown for item in kept if item.unknown is not None]
    return Weighed(
        photos={
            name: _read_photo(item, name, row, weight, said, model.classes) for item, name, row, weight, said in columns
        },
        poll=vote.hold(log_p, shares, evidence, model.classes),
        unknown=float(np.mean(strangeness)) if strangeness else None,
        count=len(kept),
        hopeless=max(quality.weight for quality in qualities) <= LAST_RESORT,
        two_objects=two,
        nearest=[near for near, _ in Counter(near for item in kept for near in item.nearest[:2]).most_common(2)],
    )


def _read_photo(
    item: Look, name: str, log_p: Array, weight: float, reasons: list[str], classes: Sequence[str]
) -> PhotoVerdict:
    return PhotoVerdict(
        name=name,
        status="bad" if weight == 0 else "doubtful" if reasons else "ok",
        label=classes[int(log_p.argmax())],
        score=rounded(np.exp(log_p.max())),
        weight=rounded(weight),
        unknown=None if item.unknown is None else rounded(item.unknown),
        reasons=reasons,
    )
