"""What reviewed listings teach, by kind: new terms and what was learned, or no terms and why not."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.listings import text, vote
from engine.listings.pipeline import Rule, decide
from engine.listings.prior import mixed
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.listings.weigh import Look, Model

Array = NDArray[np.float64]
Lesson = tuple[Terms | None, str]


@dataclass(frozen=True)
class Reviewed:
    """A listing that a person decided on, with all that `decide` was given."""

    id: str
    looks: Sequence[Look | InputError]
    description: str
    rule: Rule
    label: str | None  # None: in no class
    propensity: float = (
        1.0  # with which it came before people; 0: nobody drew it ("wrong? it is ..." on an accepted one)
    )

    @property
    def frozen(self) -> bool:
        """Whether it is of the half that is never learned from: before and after are measured on it."""
        return hashlib.sha256(self.id.encode()).digest()[0] % 2 == 0

    @property
    def weight(self) -> float:
        """How many listings it stands for."""
        return 1 / self.propensity if self.propensity > 0 else 0.0

    def under(self, terms: Terms, model: Model) -> Verdict:
        names = [str(number) for number in range(len(self.looks))]
        return decide(names, self.looks, model, rule=self.rule, description=self.description, terms=terms)


@dataclass(frozen=True)
class Case:
    """A reviewed listing, and what the terms in force say of it."""

    item: Reviewed
    verdict: Verdict

    @property
    def right(self) -> bool:
        return self.item.label is not None and self.verdict.label == self.item.label

    @property
    def accepted(self) -> bool:
        return self.verdict.decision == "accept"


def effective(weights: Array) -> Array:
    """Weights scaled to sum to their effective number (Kish 1965): a few heavy ones tell less than their sum."""
    return np.asarray(weights * weights.sum() / (weights @ weights))


def shares(counts: Array) -> Array:
    """Shares of classes from (weighted) counts, [classes], shrunk to even ones as far as the counts ask for it.

    The mean of a Dirichlet posterior whose prior is even; its strength is the likeliest one (Minka 2000).
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    classes, total = len(counts), counts.sum()

    def surprise(log_strength: float) -> float:
        strength = np.exp(log_strength)
        each = gammaln(counts + strength / classes) - gammaln(strength / classes)
        return float(gammaln(total + strength) - gammaln(strength) - each.sum())

    strength = np.exp(minimize_scalar(surprise, bounds=(0, np.log(1e5)), method="bounded").x)
    return np.asarray((counts + strength / classes) / (total + strength))


def learn_prior(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    if not _all_kinds(cases):
        return None, _ONLY_HARD.format("how common the classes are among all")
    known = [case for case in cases if case.item.label is not None and case.item.weight]
    counts = _counts(known, model, effective(np.array([case.item.weight for case in known])))
    found = shares(counts)
    common = np.argsort(-found)[:3]
    listed = ", ".join(f"{vote.readable(model.classes[index])} {found[index]:.0%}" for index in common)
    return replace(terms, prior=mixed(found)), f"how common the classes are: {listed} and so on"


def learn_text(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    told = [case.item for case in cases if case.item.label is not None and case.item.description.strip()]
    pairs = [item.description for item in told], [str(item.label) for item in told]
    right, learned = text.trust(*pairs, model.classes), text.learn(*pairs, model.classes)
    if not told:
        return None, "no reviewed listing has a description"
    words = f"words of {len(learned.classes)} classes" if learned else "no words yet"
    return replace(terms, right=right, learned=learned), f"a text that names classes is right in {right:.0%}; {words}"


_ONLY_HARD = "only listings that had to wait were reviewed, which do not tell {}: audit a share of the accepted ones"


def _all_kinds(cases: Sequence[Case]) -> bool:
    """Whether accepted listings were reviewed too: drawn for an audit, or because all are."""
    drawn = any(0 < case.item.propensity < 1 for case in cases)
    return drawn or sum(case.accepted for case in cases) * 2 >= len(cases)


def _counts(cases: Sequence[Case], model: Model, weights: Array) -> Array:
    places = [model.classes.index(str(case.item.label)) for case in cases]
    return np.asarray(np.bincount(places, weights, minlength=len(model.classes)), dtype=np.float64)
