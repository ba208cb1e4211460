"""What reviewed listings teach, by kind: new terms and what was learned, or no terms and why not."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.listings import text, vote
from engine.listings.adapter import Adapter, Photos, fit_adapter
from engine.listings.pipeline import Rule, decide
from engine.listings.policy import Policy
from engine.listings.prior import mixed, shares
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.listings.weigh import Look, Model

Array = NDArray[np.float64]
Lesson = tuple[Terms | None, str]
_CHANCE, _SHUFFLES = 0.01, 500
_PHOTOS = 100  # to correct the head by: what 50 photos seemed to teach made fresh listings worse


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

    def of_class(self, policy: Policy) -> "Reviewed | None":
        """With the class that its label means: of several, the one that its photos show most; None if it means none."""
        if self.label is None:
            return self
        looks = [look.log_probabilities for look in self.looks if isinstance(look, Look)]
        if not (meant := policy.meant(self.label)) or not looks:
            return None
        return replace(self, label=policy.classes[max(meant, key=np.sum(looks, axis=0).__getitem__)])

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
    """Raise InputError if people's labels go with the engine's no more than chance would (a permutation test)."""
    pairs = [(case.item.label, case.verdict.label or "") for case in cases if case.item.label is not None]
    said, shown = np.array(pairs, dtype=str).reshape(-1, 2).T
    random = np.random.default_rng(0)
    by_chance = [(random.permutation(said) == shown).sum() for _ in range(_SHUFFLES)]
    equal = (said == shown).sum()
    if not np.mean(by_chance >= equal) < _CHANCE:
        raise InputError(
            f"people and the engine agree in {equal} of {len(pairs)} listings, no more than by chance",
            "look at who decided what: nothing is learned from labels drawn by lot",
        )


def percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f} %"


def effective(weights: Array) -> Array:
    """Weights scaled to sum to their effective number (Kish 1965): a few heavy ones tell less than their sum."""
    return np.asarray(weights * weights.sum() / max(weights @ weights, 1e-9))


def only_hard(cases: Sequence[Case], what: str) -> str | None:
    """Why `what` cannot be learned: without audits, or a review of all, nobody knows how the accepted ones are."""
    drawn = any(0 < case.item.propensity < 1 for case in cases)
    if drawn or sum(case.accepted for case in cases) * 2 >= len(cases):
        return None
    return f"only listings that had to wait were reviewed, which do not tell {what}: audit a share of the accepted ones"


def learn_prior(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    if refusal := only_hard(cases, "how common the classes are among all"):
        return None, refusal
    known = [case for case in cases if case.item.label is not None and case.item.weight]
    counts = _counts(known, model, effective(np.array([case.item.weight for case in known])))
    found = shares(counts)
    common = np.argsort(-found)[:3]
    listed = [f"{vote.readable(model.classes[index])} {percent(found[index])}" for index in common]
    return replace(terms, prior=mixed(found)), f"the commonest classes are {', '.join(listed)}"


def learn_text(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    told = [case.item for case in cases if case.item.label is not None and case.item.description.strip()]
    drawn = [item for item in told if item.weight]
    if not drawn:
        return None, "no reviewed listing has a description"
    weights = effective(np.array([item.weight for item in drawn]))
    right = text.trust(*_texts(drawn), model.classes, weights)
    learned = text.learn(*_texts(told), model.classes)
    words = f"words of {len(learned.classes)} classes are learned" if learned else "more of them would teach words"
    return replace(
        terms, right=right, learned=learned
    ), f"a text that names classes is right in {percent(right)}; {words}"


def _texts(items: Sequence[Reviewed]) -> tuple[list[str], list[str]]:
    return [item.description for item in items], [str(item.label) for item in items]


def learn_head(cases: Sequence[Case], model: Model, terms: Terms) -> Lesson:
    known = [case for case in cases if case.item.label is not None]
    shown = [
        (case, look, photo)
        for case in known
        for look, photo in zip(case.item.looks, case.verdict.photos, strict=True)
        if isinstance(look, Look) and photo.weight
    ]
    if len(shown) < _PHOTOS:
        return (
            None,
            f"{len(shown)} reviewed photos of known objects are too few to correct the head: {_PHOTOS} are needed",
        )
    fitted, items = terms.fitted or model.fitted, [look for _, look, _ in shown]
    labels = np.array([model.classes.index(str(case.item.label)) for case, *_ in shown])
    weights = np.array([photo.weight for *_, photo in shown])
    log_p = np.stack([look.log_probabilities for look in items])
    offset = vote.calibrate(log_p, fitted.temperature, fitted.train_prior)
    features = np.stack([look.features for look in items])
    group = dict(zip(map(id, known), _related([case.item for case in known]), strict=True))
    groups = np.array([group[id(case)] for case, *_ in shown])
    adapter = fit_adapter(Photos(offset, features, labels, groups, weights))
    said = f"{len(items):,} photos of {len(set(labels.tolist()))} classes"
    if adapter is None:
        return None, f"{said} teach the head nothing that holds for others of them"
    # Learned behind the temperature, applied before it.
    scaled = [(values * fitted.temperature).astype(np.float32) for values in (adapter.weights, adapter.bias)]
    return replace(terms, adapter=Adapter(*scaled)), f"the head is corrected by {said}"


def _related(items: Sequence[Reviewed]) -> list[int]:
    """A number for each listing, the same for those that share a picture, directly or by way of others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pictures: dict[bytes, int] = {}
    links = [
        (index, len(items) + pictures.setdefault(picture, len(pictures)))
        for index, item in enumerate(items)
        for picture in item.pictures
    ]
    rows, columns = np.array(links).T
    size = len(items) + len(pictures)
    graph = coo_array((np.ones(len(links)), (rows, columns)), (size, size))
    return list(connected_components(graph, directed=False)[1][: len(items)])


def _counts(cases: Sequence[Case], model: Model, weights: Array) -> Array:
    places = [model.classes.index(str(case.item.label)) for case in cases]
    return np.asarray(np.bincount(places, weights, minlength=len(model.classes)), dtype=np.float64)
