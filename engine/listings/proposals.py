"""What decisions of people teach: a proposal of each kind, learned from one half of the reviewed listings and measured
on the other, by `decide` itself on the stored looks.

A listing that had to wait was reviewed for sure, an accepted one only with the audit's probability: its propensity. In
every figure a listing weighs 1 / propensity, so that the reviewed ones stand for all.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.errors import DamagedModel, InputError
from engine.listings import lessons, text
from engine.listings.lessons import Case, Reviewed
from engine.listings.route import Dial, RiskCoverage, risk_coverage
from engine.listings.terms import Terms
from engine.listings.weigh import Model

__all__ = ["KINDS", "Proposal", "Reviewed", "apply", "propose"]

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
class _Measured:
    """What terms make of reviewed listings, [listings] each."""

    kappa: Array
    right: NDArray[np.bool_]
    known: NDArray[np.bool_]
    accepted: NDArray[np.bool_]
    weight: Array

    @classmethod
    def of(cls, frozen: Sequence[Reviewed], model: Model, terms: Terms) -> "_Measured":
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
        order = np.argsort(-self.kappa, kind="stable")
        ends = np.flatnonzero(np.diff(self.kappa[order], append=-np.inf))
        drawn = weights[:, order]
        accepted, errors = (np.cumsum(values, axis=1)[:, ends] for values in (drawn, drawn * ~self.right[order]))
        risk = errors / np.maximum(accepted, 1e-9)
        return np.asarray((risk * np.diff(accepted, axis=1, prepend=0.0)).sum(1) / accepted[:, -1])


def propose(reviewed: Sequence[Reviewed], model: Model, terms: Terms) -> list[Proposal]:
    """What the reviewed listings teach on top of the terms in force, a proposal of each kind.

    Raises InputError for too few listings, and says how many more it takes.
    """
    drawn = [item for item in reviewed if item.weight]
    if len(drawn) < FEWEST:
        raise InputError(
            f"{len(drawn)} reviewed listings are too few to learn from", f"review {FEWEST - len(drawn)} more"
        )
    frozen = [item for item in drawn if item.frozen]
    cases = [Case(item, item.under(terms, model)) for item in reviewed if not item.frozen]
    before = _Measured.of(frozen, model, terms)
    found = []
    for kind, learn in _LEARN.items():
        learned, sentence = learn(cases, model, terms)
        content = _packed(kind, learned, model) if learned else b""
        after = _Measured.of(frozen, model, apply(kind, content, terms, model)) if content else before
        found.append(_compared(kind, sentence, content, before, after, len(drawn), terms.dial))
    return found


def apply(kind: str, content: bytes, terms: Terms, model: Model) -> Terms:
    """The terms with an accepted proposal.

    Raises InputError for a proposal of another kind or model, DamagedModel for bytes that are none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        size = int.from_bytes(content[:8], "little")
        about = json.loads(content[8 : 8 + size])["__metadata__"]
        arrays = load(content)
        made_for = about["kind"], about["model"]
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DamagedModel(f"this is no proposal ({error!r})", "propose again") from error
    if made_for != (kind, model.id):
        raise InputError(
            f"this proposal changes the {made_for[0]} of {made_for[1]}, not the {kind} of {model.id}", "propose again"
        )
    try:
        return _UNPACK[made_for[0]](arrays, json.loads(about["rest"]), terms)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedModel(f"this proposal is damaged ({error!r})", "propose again") from error


def _packed(kind: Kind, terms: Terms, model: Model) -> bytes:
    from safetensors.numpy import save

    arrays, rest = _PACK[kind](terms)
    about = {"kind": kind, "model": model.id, "rest": json.dumps(rest)}
    return save({name: np.ascontiguousarray(values) for name, values in arrays.items()}, about)


def _pack_prior(terms: Terms) -> tuple[Arrays, Any]:
    assert terms.prior is not None
    return {"prior": terms.prior}, {}


def _pack_text(terms: Terms) -> tuple[Arrays, Any]:
    if not (learned := terms.learned):
        return {}, {"right": terms.right}
    rest = {"right": terms.right, "classes": learned.classes, "share": learned.share}
    return {"coefficients": learned.coefficients, "intercepts": learned.intercepts}, rest


def _with_prior(arrays: Arrays, _: Any, terms: Terms) -> Terms:
    return replace(terms, prior=arrays["prior"])


def _with_text(arrays: Arrays, rest: Any, terms: Terms) -> Terms:
    learned = text.Learned(**arrays, classes=rest["classes"], share=rest["share"]) if arrays else None
    return replace(terms, right=rest["right"], learned=learned)


_LEARN: dict[Kind, Callable[[Sequence[Case], Model, Terms], lessons.Lesson]] = {
    "prior": lessons.learn_prior,
    "text": lessons.learn_text,
}
_PACK: dict[Kind, Callable[[Terms], tuple[Arrays, Any]]] = {"prior": _pack_prior, "text": _pack_text}
_UNPACK: dict[str, Callable[[Arrays, Any, Terms], Terms]] = {"prior": _with_prior, "text": _with_text}


def _compared(
    kind: Kind, lesson: str, content: bytes, before: _Measured, after: _Measured, reviewed: int, dial: Dial
) -> Proposal:
    random = np.random.default_rng(0)
    counts = random.multinomial(len(before.kappa), np.full(len(before.kappa), 1 / len(before.kappa)), _DRAWS)
    weights = counts * before.weight
    fewer = 100 * (before.areas(weights) - after.areas(weights))
    low, high = np.quantile(fewer, ((1 - _SURE) / 2, (1 + _SURE) / 2))
    better = True if low > 0 else False if high < 0 else None
    figures: dict[str, Any] = {"reviewed": reviewed, "measured": len(before.kappa)}
    pair = before.figures(dial.errors), after.figures(dial.errors)
    figures |= {name: [item[name] for item in pair] for name in pair[0]}
    mean = 100 * (before.curve.area - after.curve.area)
    measured = f"Of {reviewed} reviewed listings, {len(before.kappa)} measured"
    sentence = f"{lesson}. {measured}: {mean:.1f} points fewer errors ({low:.1f} to {high:.1f})"
    return Proposal(kind, sentence if content else lesson, content, before.curve, after.curve, figures, better)
