"""The readable photos of one listing, weighed together: how much each counts, what they say, how strange they are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.listings import vote
from engine.listings.fitted import Fitted
from engine.listings.policy import Policy
from engine.listings.terms import Terms
from engine.listings.verdict import PhotoVerdict, rounded
from engine.photos.gate import BLURRED, LAST_RESORT, Quality, inspect
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
    unknown: float | None = None  # share of known photos that look less strange; of a published network `left_out`
    nearest: tuple[int, ...] = ()  # classes of the nearest training photos, nearest first


@dataclass(frozen=True)
class Weighed:
    """The readable photos of a listing, weighed together."""

    photos: dict[str, PhotoVerdict]
    poll: vote.Poll
    without: dict[str, vote.Poll]  # of the others, for each photo that counts, where two or more do
    unknown: float | None  # mean over the photos that count
    known: float | None  # probability that the object is in the catalogue
    different: int  # photos that count, one or more; those that repeat each other are not many
    hopeless: bool  # no photo shows anything
    poor: str | None  # why no photo is good enough to answer without a person
    two_objects: bool
    nearest: list[int]  # classes of the nearest training photos
    notes: list[str]  # what was done, in words


def weigh(read: Mapping[str, Look], model: Model, terms: Terms, policy: Policy, text: Array) -> Weighed:
    """Judge each photo, then pool those that count with the prior and what the text says, [names of the policy]."""
    fitted, items, names = terms.fitted or model.fitted, list(read.values()), list(read)
    card, features = (np.stack([getattr(item, name) for item in items]) for name in ("log_probabilities", "features"))
    log_p = terms.adapter.shift(card, features) if terms.adapter else card
    log_p = policy.pooled(vote.calibrate(log_p, fitted.temperature, fitted.train_prior))
    qualities = inspect(names, [item.measures for item in items], features, fitted.gate)
    counted = np.zeros(len(policy.names))
    if (prior := terms.prior_for(model.classes)) is not None:
        prior = policy.pooled(prior)
        counted = fitted.beta * (prior - prior.mean())
    panel = _Panel(policy.names, fitted, policy.by_name, log_p, features, names, qualities, counted, text)
    everyone = list(range(len(names)))
    poll, two_objects, reasons, notes = panel.poll(everyone)
    weights = poll.evidence.weights.tolist()
    kept = [index for index in everyone if weights[index] > 0]
    judged = [index for index in kept if items[index].unknown is not None]
    strangeness = [items[index].unknown or 0.0 for index in judged]
    known, different = None, len({qualities[index].picture for index in kept})
    if fitted.novelty:
        strange, many = fitted.novelty.together(card[None], features.astype(np.float64)[None], np.array([weights]))
        known, different = float(fitted.known.probability(strange, many)[0]), round(float(many[0]))
    elif strangeness:  # what a published network sees beside the classes
        known = 1 - float(np.average(strangeness, weights=[weights[index] for index in judged]))
    near = Counter(near for index in kept for near in items[index].nearest[:2])
    rows = zip(items, names, log_p, weights, reasons, strict=True)
    return Weighed(
        photos={row[1]: _read_photo(*row, policy.names) for row in rows},
        poll=poll,
        without={names[index]: panel.poll([*everyone[:index], *everyone[index + 1 :]])[0] for index in kept}
        if len(kept) > 1
        else {},
        unknown=float(np.mean(strangeness)) if strangeness else None,
        known=known,
        different=different,
        hopeless=max(quality.weight for quality in qualities) <= LAST_RESORT,
        poor=_poor(qualities),
        two_objects=two_objects,
        nearest=[name for name, _ in near.most_common(2)],
        notes=notes,
    )


@dataclass(frozen=True)
class _Panel:
    """Judged photos, which can be asked together or without one of them."""

    classes: Sequence[str]
    fitted: Fitted
    policy: Policy
    log_p: Array  # [photos, classes]
    features: NDArray[np.float32]  # [photos, width]
    names: Sequence[str]
    qualities: Sequence[Quality]
    prior: Array  # [classes]
    text: Array  # [classes]

    def poll(self, chosen: Sequence[int]) -> tuple[vote.Poll, bool, list[list[str]], list[str]]:
        """Share the votes of copies, let parts speak for their wholes, look for an odd photo, and pool.

        Returns also whether these are two objects, the reasons of each photo, and what was done.
        """
        log_p, names = self.log_p[chosen], [self.names[index] for index in chosen]
        qualities = [self.qualities[index] for index in chosen]
        moved, notes = self.policy.support(log_p, log_p.argmax(1).tolist(), names)
        shares, copies = share_votes(names, [quality.picture for quality in qualities])
        gain, apart = vote.split(moved)
        two = gain > self.fitted.two_objects
        if two and apart.sum() == 1 and len(apart) > 2:
            odd, two = int(apart.argmax()), False
            quality, other = qualities[odd], vote.readable(self.classes[log_p[odd].argmax()])
            reason = f"unlike the other photos ({other}): is it another object?"
            qualities[odd] = replace(quality, weight=quality.weight * _ODD, reasons=[*quality.reasons, reason])
        weights = np.array([quality.weight * float(share) for quality, share in zip(qualities, shares, strict=True)])
        votes = moved + np.log(len(self.classes))
        repeats = self._repeats(chosen, weights, shares)
        evidence = vote.Evidence(votes, weights, self.prior, self.text, self.fitted.rho, repeats)
        reasons = [[*quality.reasons, *copied] for quality, copied in zip(qualities, copies, strict=True)]
        return vote.hold(log_p, shares, evidence, self.classes), two, reasons, notes

    def _repeats(self, chosen: Sequence[int], weights: Array, shares: Sequence[Fraction]) -> float:
        """How many photos there are, copies together one, for each different one."""
        if not self.fitted.novelty:
            return 1.0
        different = self.fitted.novelty.different(self.features[chosen].astype(np.float64)[None], weights[None])
        counted = sum(share for share, weight in zip(shares, weights, strict=True) if weight)
        return max(1.0, float(counted) / float(different[0]))


def _poor(qualities: Sequence[Quality]) -> str | None:
    """Why no photo is good enough to answer without a person."""
    if max(quality.weight for quality in qualities) >= BLURRED:
        return None
    if not all(quality.close_up for quality in qualities):
        return "no photo is good: the reasons stand beside them"
    several = f"all {len(qualities)} photos are close-ups"
    return f"{several if len(qualities) > 1 else 'the only photo is a close-up'}: add one of the whole item"


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
