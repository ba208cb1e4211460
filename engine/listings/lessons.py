"""What reviewed listings teach, by kind: new terms and what was learned, or no terms and why not."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.listings import text, vote
from engine.listings.adapter import Adapter, Photos, fit_adapter
from engine.listings.fitted import Fitted
from engine.listings.pipeline import Rule, decide
from engine.listings.prior import mixed
from engine.listings.route import upper_bound
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.listings.weigh import Look, Model

Array = NDArray[np.float64]
Lesson = tuple[Terms | None, str]
_NEAR = 0.3  # log-ratio by which a temperature may well differ from the one that was fitted


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

    @property
    def pictures(self) -> set[bytes]:
        """What tells its photos from others."""
        return {look.measures.look.tobytes() for look in self.looks if isinstance(look, Look)}

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


def check_agreement(cases: Sequence[Case]) -> None:
    """Raise InputError if people's labels go with the engine's no more than chance would."""
    pairs = [(case.item.label, case.verdict.label) for case in cases if case.item.label is not None]
    said, shown = (Counter(names) for names in zip(*pairs, strict=True)) if pairs else (Counter(), Counter())
    chance = sum(count * shown[name] for name, count in said.items()) / max(len(pairs), 1)
    equal = sum(label == found for label, found in pairs)
    if equal <= chance + 3 * np.sqrt(chance):
        raise InputError(
            f"people and the engine agree in {equal} of {len(pairs)} listings, no more than by chance",
            "look at who decided what: nothing is learned from labels drawn by lot",
        )


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
    drawn = [item for item in told if item.weight]
    if not drawn:
        return None, "no reviewed listing has a description"
    weights = effective(np.array([item.weight for item in drawn]))
    right = text.trust(*_texts(drawn), model.classes, weights)
    learned = text.learn(*_texts(told), model.classes)
    words = f"words of {len(learned.classes)} classes are learned" if learned else "more of them would teach words"
    return replace(terms, right=right, learned=learned), f"a text that names classes is right in {right:.0%}; {words}"


def _texts(items: Sequence[Reviewed]) -> tuple[list[str], list[str]]:
    return [item.description for item in items], [str(item.label) for item in items]


def learn_thresholds(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    """How sure the engine may be: the temperature, and how common unknown objects are (the bias of P(known)).

    Two numbers, each the likeliest near the one in force. Thresholds are in probabilities, so they stay; but only with
    proof (Clopper and Pearson) does anything go without a person that did not before.
    """
    if not _all_kinds(cases):
        return None, _ONLY_HARD.format("how often accepted ones are wrong")
    drawn = [case for case in cases if case.item.weight and case.verdict.confidence is not None]
    weights, fitted = effective(np.array([case.item.weight for case in drawn])), terms.fitted or model.fitted
    pools = [_Pool.of(case, model, terms) for case in drawn]
    temperature = _temperature(pools, weights, fitted, terms.dial.errors_of_people)
    shift = _shift(pools, weights, replace(fitted, temperature=temperature))
    found = _with(fitted, temperature, shift)
    if terms.dial.rule == "errors" and not _safe(drawn, weights, model, replace(terms, fitted=found)):
        found = _with(fitted, max(temperature, fitted.temperature), min(shift, 0.0))
    if found == fitted:
        return None, "nothing shows that fewer listings could go to people at as few errors"
    return replace(terms, fitted=found), (
        f"temperature {fitted.temperature:.2f} becomes {found.temperature:.2f}, and the odds that an object is in the "
        f"catalogue are multiplied by {np.exp(found.known.bias - fitted.known.bias):.2f}"
    )


def learn_head(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    """A correction of the head. How common the classes are among the reviewed is taken off: that is the prior's."""
    known = [case for case in cases if case.item.label is not None]
    shown = [
        (case, look, photo)
        for case in known
        for look, photo in zip(case.item.looks, case.verdict.photos, strict=True)
        if isinstance(look, Look) and photo.weight
    ]
    if not shown:
        return None, "no reviewed photo shows a class"
    fitted, items = terms.fitted or model.fitted, [look for _, look, _ in shown]
    labels = np.array([model.classes.index(str(case.item.label)) for case, *_ in shown])
    weights = np.array([photo.weight for *_, photo in shown])
    log_p = np.stack([look.log_probabilities for look in items])
    common = np.log(shares(np.bincount(labels, weights, minlength=len(model.classes)).astype(np.float64)))
    offset = vote.calibrate(log_p, fitted.temperature, fitted.train_prior) + common
    features = np.stack([look.features for look in items])
    places = {id(case): index for index, case in enumerate(known)}
    groups = np.array([places[id(case)] for case, *_ in shown])
    adapter = fit_adapter(Photos(offset, features, labels, groups, weights))
    said = f"{len(items):,} photos of {len(set(labels.tolist()))} classes"
    if adapter is None:
        return None, f"{said} teach the head nothing that holds for others of them"
    # Learned behind the temperature, applied before it.
    scaled = [(values * fitted.temperature).astype(np.float32) for values in (adapter.weights, adapter.bias)]
    return replace(terms, adapter=Adapter(*scaled)), f"the head is corrected by {said}"


@dataclass(frozen=True)
class _Pool:
    """A reviewed listing, ready to be pooled at other temperatures."""

    log_p: Array  # [photos, classes], as the model's card and the head's correction say
    weights: Array  # [photos]
    rest: Array  # [classes] prior and text
    label: int  # -1: in no class
    unknown: float | None
    count: int  # of photos that count

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
            unknown=case.verdict.unknown,
            count=int((weights > 0).sum()),
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


def _shift(pools: Sequence[_Pool], weights: Array, fitted: Fitted) -> float:
    """What to add to the log-odds of P(known)."""
    from scipy.optimize import minimize_scalar

    used = [(pool, weight) for pool, weight in zip(pools, weights.tolist(), strict=True) if pool.unknown is not None]
    if not used:
        return 0.0
    columns = [(pool.unknown, pool.scores(fitted, fitted.temperature).max(), pool.count) for pool, _ in used]
    now = fitted.known.probability(*(np.array(column, dtype=np.float64) for column in zip(*columns, strict=True)))
    log_odds = np.log(now) - np.log1p(-now.clip(max=1 - 1e-12))
    sign, heavy = np.array([1 if pool.label >= 0 else -1 for pool, _ in used]), np.array([weight for _, weight in used])

    def loss(shift: float) -> float:
        return float(heavy @ np.logaddexp(0, -sign * (log_odds + shift)) + shift**2 / 2)

    return float(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x)


def _with(fitted: Fitted, temperature: float, shift: float) -> Fitted:
    return replace(fitted, temperature=temperature, known=replace(fitted.known, bias=fitted.known.bias + shift))


def _safe(cases: Sequence[Case], weights: Array, model: Model, terms: Terms) -> bool:
    """Whether these terms accept no more than those in force, or surely with as few errors as the dial allows."""
    now = [Case(case.item, case.item.under(terms, model)) for case in cases]
    accepted = np.array([case.accepted for case in now])
    if weights @ accepted <= weights @ np.array([case.accepted for case in cases]):
        return True
    heavy = effective(weights * accepted)
    wrong = heavy @ np.array([not case.right for case in now])
    return bool(upper_bound(wrong, heavy.sum()) <= terms.dial.errors)


_ONLY_HARD = "only listings that had to wait were reviewed, which do not tell {}: audit a share of the accepted ones"


def _all_kinds(cases: Sequence[Case]) -> bool:
    """Whether accepted listings were reviewed too: drawn for an audit, or because all are."""
    drawn = any(0 < case.item.propensity < 1 for case in cases)
    return drawn or sum(case.accepted for case in cases) * 2 >= len(cases)


def _counts(cases: Sequence[Case], model: Model, weights: Array) -> Array:
    places = [model.classes.index(str(case.item.label)) for case in cases]
    return np.asarray(np.bincount(places, weights, minlength=len(model.classes)), dtype=np.float64)
