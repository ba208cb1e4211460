"""How sure may the engine be, by what people said of its listings?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.listings import text, vote
from engine.listings.fitted import Fitted
from engine.listings.lessons import Case, Lesson, effective, only_hard, percent
from engine.listings.route import upper_bound
from engine.listings.terms import Terms
from engine.listings.weigh import Look, Model

Array = NDArray[np.float64]
_NEAR = 0.5  # log-ratio by which a temperature may well differ from the one that was fitted


def learn_thresholds(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    """How sure the engine may be: the temperature, and how common unknown objects are (the bias of P(known)).

    Two numbers, each the likeliest near the one in force. Thresholds are in probabilities, so they stay. A dial that
    promises a rate of errors needs proof (Clopper and Pearson): fewer go without a person where the promise was surely
    broken, more where it would surely be kept.
    """
    if refusal := only_hard(cases, "how often accepted ones are wrong"):
        return None, refusal
    drawn = [case for case in cases if case.item.weight and case.verdict.confidence is not None]
    weights, fitted = effective(np.array([case.item.weight for case in drawn])), terms.fitted or model.fitted
    pools = [_Pool.of(case, model, terms) for case in drawn]
    temperature = _temperature(pools, weights, fitted, terms.dial.errors_of_people)
    shift = _shift(pools, weights)
    found = _with(fitted, temperature, shift)
    if terms.dial.rule == "errors":
        wrong, accepted = _accepted(drawn)
        # People err too, and their slips look like the engine's errors.
        broken = 1 - upper_bound(accepted - wrong, accepted) > terms.dial.errors + terms.dial.errors_of_people
        now = [Case(case.item, case.item.under(replace(terms, fitted=found), model)) for case in drawn]
        if broken:
            found = _with(fitted, max(temperature, fitted.temperature), min(shift, 0.0))
        elif upper_bound(*_accepted(now)) > terms.dial.errors:
            return None, (
                f"{percent(wrong / max(accepted, 1e-9), 1)} of the accepted listings were wrong (of {accepted:.0f}, by "
                "their weights): no proof that the thresholds should be others"
            )
    return replace(terms, fitted=found), (
        f"temperature {fitted.temperature:.2f} becomes {found.temperature:.2f}, and the odds that an object is in the "
        f"catalogue are multiplied by {np.exp(found.known.bias - fitted.known.bias):.2f}"
    )


def _accepted(cases: Sequence[Case]) -> tuple[float, float]:
    """How many accepted listings were wrong, and how many there are; by weight, as many as that many even ones."""
    heavy = effective(np.array([case.item.weight * case.accepted for case in cases]))
    return float(heavy @ np.array([not case.right for case in cases])), float(heavy.sum())


@dataclass(frozen=True)
class _Pool:
    """A reviewed listing, ready to be pooled at other temperatures."""

    log_p: Array  # [photos, classes], as the model's card and the head's correction say
    weights: Array  # [photos]
    rest: Array  # [classes] prior and text
    label: int  # -1: in no class
    known: float | None  # probability that the object is in the catalogue

    @classmethod
    def of(cls, case: Case, model: Model, terms: Terms) -> "_Pool":
        fitted, prior = terms.fitted or model.fitted, terms.prior_for(model.classes)
        rows = zip(case.item.looks, case.verdict.photos, strict=True)
        read = [(look, photo.weight) for look, photo in rows if isinstance(look, Look)]
        log_p = np.stack([look.log_probabilities for look, _ in read])
        if terms.adapter:
            log_p = terms.adapter.shift(log_p, np.stack([look.features for look, _ in read]))
        said = text.evidence(case.item.description, model.classes, right=terms.right, learned=terms.learned)
        weights = np.array([weight for _, weight in read])
        return cls(
            log_p=log_p,
            weights=weights,
            rest=said.log_evidence + (0 if prior is None else fitted.beta * prior),
            label=-1 if case.item.label is None else model.classes.index(case.item.label),
            known=case.verdict.known,
        )

    def scores(self, fitted: Fitted, temperature: float) -> Array:
        """Probabilities, [classes]."""
        photos = vote.calibrate(self.log_p, temperature, fitted.train_prior)
        return vote.Evidence(photos, self.weights, self.rest, np.zeros_like(self.rest), fitted.rho).scores


def _temperature(pools: Sequence[_Pool], weights: Array, fitted: Fitted, errors_of_people: float) -> float:
    from scipy.optimize import minimize_scalar

    known = [(pool, weight) for pool, weight in zip(pools, weights.tolist(), strict=True) if pool.label >= 0]

    def loss(log_ratio: float) -> float:
        temperature = fitted.temperature * np.exp(log_ratio)
        right = np.array([pool.scores(fitted, temperature)[pool.label] for pool, _ in known])
        # A person's slip is no sign of a model that is too sure.
        slips = (1 - errors_of_people) * right + errors_of_people / len(pools[0].rest)
        return float(-np.array([weight for _, weight in known]) @ np.log(slips) + (log_ratio / _NEAR) ** 2 / 2)

    if not known:
        return fitted.temperature
    return float(fitted.temperature * np.exp(minimize_scalar(loss, bounds=(-1, 1), method="bounded").x))


def _shift(pools: Sequence[_Pool], weights: Array) -> float:
    """What to add to the log-odds of P(known)."""
    from scipy.optimize import minimize_scalar

    used = [(pool, weight) for pool, weight in zip(pools, weights.tolist(), strict=True) if pool.known is not None]
    if not used:
        return 0.0
    now = np.clip([pool.known for pool, _ in used], 1e-9, 1 - 1e-9)
    log_odds = np.log(now) - np.log1p(-now)
    sign, heavy = np.array([1 if pool.label >= 0 else -1 for pool, _ in used]), np.array([weight for _, weight in used])

    def loss(shift: float) -> float:
        return float(heavy @ np.logaddexp(0, -sign * (log_odds + shift)) + shift**2 / 2)

    return float(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x)


def _with(fitted: Fitted, temperature: float, shift: float) -> Fitted:
    return replace(fitted, temperature=temperature, known=replace(fitted.known, bias=fitted.known.bias + shift))
