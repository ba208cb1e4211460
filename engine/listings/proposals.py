"""What decisions of people teach: a proposal of each kind, learned from one half of the reviewed listings and measured
on the other, by `decide` itself on the stored looks.

A listing that had to wait was reviewed for sure, an accepted one only with the audit's probability: its propensity. In
every figure a listing weighs 1 / propensity, so that the reviewed ones stand for all.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.errors import DamagedModel, InputError
from engine.listings import lessons, text
from engine.listings.adapter import Adapter
from engine.listings.lessons import Case, Reviewed, percent
from engine.listings.operating import costs
from engine.listings.recalibration import learn_thresholds
from engine.listings.route import Dial, Known, RiskCoverage, risk_coverage
from engine.listings.terms import Terms
from engine.listings.weigh import Model

__all__ = ["KINDS", "Measured", "Proposal", "Reviewed", "apply", "propose"]

Array = NDArray[np.float64]
Kind = Literal["prior", "text", "thresholds", "head"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Arrays = dict[str, NDArray[Any]]
FEWEST = 40  # reviewed listings: half of fewer can neither teach nor measure
_DRAWS = 1000  # of the bootstrap
_SURE = 0.9


@dataclass(frozen=True)
class Proposal:
    """A change of the terms, and what it does to the frozen half."""

    kind: Kind
    sentence: str
    content: bytes = field(repr=False)  # for `apply`; empty: nothing to accept, and the sentence says why
    before: RiskCoverage
    after: RiskCoverage
    figures: dict[str, Any]
    better: bool | None  # None: it cannot be told


@dataclass(frozen=True)
class Measured:
    """What terms make of reviewed listings, [listings] each."""

    kappa: Array
    right: NDArray[np.bool_]
    known: NDArray[np.bool_]
    accepted: NDArray[np.bool_]
    weight: Array

    @classmethod
    def of(cls, frozen: Sequence[Reviewed], model: Model, terms: Terms) -> "Measured":
        cases = [Case(item, item.under(terms, model)) for item in frozen]
        return cls(
            kappa=np.array([case.verdict.sure or 0.0 for case in cases]),
            right=np.array([case.right for case in cases]),
            known=np.array([case.item.label is not None for case in cases]),
            accepted=np.array([case.accepted for case in cases]),
            weight=np.array([case.item.weight for case in cases]),
        )

    @property
    def curve(self) -> RiskCoverage:
        return risk_coverage(self.kappa, self.right, self.weight)

    def figures(self, rate: float) -> dict[str, float]:
        curve, known = self.curve, self.weight * self.known
        within = np.flatnonzero(curve.risk <= rate)
        return {
            "accuracy": float(known @ self.right / max(known.sum(), 1e-9)),  # of listings that are in a class
            "aurc": curve.area,
            "automatic": float(curve.coverage[within[-1]]) if len(within) else 0.0,  # share, at this rate of errors
            "accepted": float(self.weight @ self.accepted / self.weight.sum()),  # share, as the dial stands
            "errors": float((weight := self.weight * self.accepted) @ ~self.right / max(weight.sum(), 1e-9)),
        }

    def areas(self, weights: Array) -> Array:
        """AURC for other weights, [draws, listings] -> [draws]."""
        return np.asarray(risk_coverage(self.kappa, self.right, weights).area)

    def losses(self, weights: Array, dial: Dial) -> Array:
        """What the dial makes of other weights, [draws, listings] -> [draws]: its costs a listing; or the share that
        goes to people, and as much again for errors that are twice as many as it allows."""
        share = weights / weights.sum(1, keepdims=True)
        accepted = share @ self.accepted
        errors = share @ (self.accepted & ~self.right) / accepted.clip(1e-9)
        if dial.rule == "costs":
            return costs(accepted, errors, replace(dial, audit=0.0))
        return np.asarray(1 - accepted + (errors / dial.errors - 1).clip(0))


def propose(reviewed: Sequence[Reviewed], model: Model, terms: Terms) -> list[Proposal]:
    """What the reviewed listings teach on top of the terms in force, a proposal of each kind.

    Raises InputError for too few listings, and says how many more it takes; and for labels that agree with the engine
    no more than chance would.
    """
    policy = terms.policy_for(model.classes)
    reviewed = [item for told in reviewed if (item := told.of_class(policy))]
    terms = replace(terms, policy=policy.unnamed)  # what is learned is of the model's own classes
    drawn = [item for item in reviewed if item.weight]
    if len(drawn) < FEWEST:
        raise InputError(
            f"{len(drawn)} reviewed listings are too few to learn from", f"review {FEWEST - len(drawn)} more"
        )
    cases = [Case(item, item.under(terms, model)) for item in reviewed if not item.frozen]
    lessons.check_agreement(cases)
    # The same photos in another listing would only show how well they were learned by heart.
    taught = {picture for case in cases for picture in case.item.pictures}
    frozen = [item for item in drawn if item.frozen and taught.isdisjoint(item.pictures)]
    if len(frozen) * 4 < FEWEST:
        raise InputError(f"{len(frozen)} reviewed listings are too few to measure on", "review more")
    before = Measured.of(frozen, model, terms)
    found = []
    for kind, learn in _LEARN.items():
        learned, sentence = learn(cases, model, terms)
        content, after, better = b"", before, None
        if learned:
            content = _packed(kind, learned, model)
            after = Measured.of(frozen, model, apply(kind, content, terms, model))
            better, change = _compared(kind, before, after, terms.dial)
            sentence += f". Of {len(drawn)} reviewed listings, {len(frozen)} measured: {change}"
        pair = before.figures(terms.dial.errors), after.figures(terms.dial.errors)
        figures: dict[str, Any] = {name: [item[name] for item in pair] for name in pair[0]}
        figures |= {"reviewed": len(drawn), "measured": len(frozen)}
        found.append(Proposal(kind, sentence, content, before.curve, after.curve, figures, better))
    return found


def apply(kind: str, content: bytes, terms: Terms, model: Model) -> Terms:
    """The terms with an accepted proposal.

    Raises InputError for a proposal of another kind or model, DamagedModel for bytes that are none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        size = int.from_bytes(content[:8], "little")
        about = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["proposal"])
        arrays, made_for, made_by = load(content), about["kind"], about["model"]
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DamagedModel(f"this is no proposal ({error!r})", "propose again") from error
    if (made_for, made_by) != (kind, model.id):
        raise InputError(
            f"this proposal changes the {made_for} of {made_by}, not the {kind} of {model.id}", "propose again"
        )
    try:
        return _unpacked(made_for, arrays, about, terms, model)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedModel(f"this proposal is damaged ({error!r})", "propose again") from error


def _packed(kind: Kind, terms: Terms, model: Model) -> bytes:
    from safetensors.numpy import save

    arrays: Arrays = {}
    rest: dict[str, Any] = {}
    if kind == "prior":
        arrays["prior"] = np.asarray(terms.prior)
    elif kind == "thresholds":
        fitted = terms.fitted or model.fitted
        rest = {"temperature": fitted.temperature, "known": asdict(fitted.known)}
    elif kind == "head":
        arrays = vars(terms.adapter)
    else:
        rest = {"right": terms.right}
        for name, value in vars(terms.learned).items() if terms.learned else ():
            (arrays if isinstance(value, np.ndarray) else rest)[name] = value
    # One entry: the order of several would differ from run to run.
    about = {"proposal": json.dumps({"kind": kind, "model": model.id, **rest})}
    return save({name: np.ascontiguousarray(values) for name, values in arrays.items()}, about)


def _unpacked(kind: Kind, arrays: Arrays, rest: dict[str, Any], terms: Terms, model: Model) -> Terms:
    classes = len(model.classes)
    if kind == "prior":
        _check(arrays, prior=(classes,))
        return replace(terms, prior=arrays["prior"])
    if kind == "thresholds":
        fitted = terms.fitted or model.fitted
        known = Known(**{name: float(value) for name, value in rest["known"].items()})
        return replace(terms, fitted=replace(fitted, temperature=float(rest["temperature"]), known=known))
    if kind == "head":
        _check(arrays, weights=(classes, arrays["weights"].shape[-1]), bias=(classes,))
        return replace(terms, adapter=Adapter(**arrays))
    learned = None
    if arrays:
        named = len(rest["classes"])
        _check(arrays, coefficients=(named, text.BUCKETS), intercepts=(named,))
        learned = text.Learned(**arrays, classes=rest["classes"], share=float(rest["share"]))
    return replace(terms, right=float(rest["right"]), learned=learned)


def _check(arrays: Arrays, **shapes: tuple[int, ...]) -> None:
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} of shape {arrays[name].shape}, not {shape}, or not finite")


_LEARN: dict[Kind, Callable[[Sequence[Case], Model, Terms], lessons.Lesson]] = {
    "prior": lessons.learn_prior,
    "text": lessons.learn_text,
    "thresholds": learn_thresholds,
    "head": lessons.learn_head,
}


def _compared(kind: Kind, before: Measured, after: Measured, dial: Dial) -> tuple[bool | None, str]:
    """Whether the proposal is better, by a paired bootstrap over listings, and what changes in words.

    Thresholds are judged by what the dial makes of them, everything else by the mean error over all shares accepted,
    unless the dial is surely worse off.
    """
    number = len(before.kappa)
    drawn = np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), _DRAWS) * before.weight
    fewer = before.areas(drawn) - after.areas(drawn)
    saved = before.losses(drawn, dial) - after.losses(drawn, dial)
    (low, high), (least, most) = (np.quantile(gain, ((1 - _SURE) / 2, (1 + _SURE) / 2)) for gain in (fewer, saved))
    gained, lost = (least, most) if kind == "thresholds" else (low, min(high, most))
    better = False if lost < 0 else True if gained > 0 else None
    told = {True: "", False: ", and worse for it", None: ", too few to tell whether it helps"}[better]
    if kind == "thresholds":
        now, then = before.figures(dial.errors), after.figures(dial.errors)
        change = (
            f"{percent(now['accepted'])} went without a person and {percent(now['errors'], 1)} of those were wrong; "
            f"it would be {percent(then['accepted'])} and {percent(then['errors'], 1)}"
        )
    else:
        mean = 100 * (before.curve.area - after.curve.area)
        ends = (low, high) if mean >= 0 else (-high, -low)
        change = (
            f"{abs(mean):.1f} points {'fewer' if mean >= 0 else 'more'} errors at the same share accepted "
            f"({100 * ends[0]:.1f} to {100 * ends[1]:.1f})"
        )
    return better, change + told
