"""A description -> evidence: one more voter, which may be wrong or speak of something else.

What it says is a distribution over classes: shared evenly by the classes it names, or what was learned from reviewed
listings. A class it names fully gains log(1 + odds) nats; a text that says nothing gains nothing for any class.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.listings.mentions import clauses, named_classes
from engine.listings.policy import Policy
from engine.listings.vote import readable, softmax

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import HashingVectorizer

Array = NDArray[np.float64]

RIGHT = 0.85  # how often a text that names classes names the right one: assumed, until `trust` has seen enough
_TOGETHER = 10  # a wrong text names one of about so many things that go together (guitar, banjo), not just any of 100
_REVIEWED = 100  # listings to learn from: below, cross-validation cannot tell what is learned from the table
_OF_A_CLASS = 5  # reviewed listings of a class to learn its words; also the folds
BUCKETS = 1 << 13  # of hashed words and pairs: 100 classes take 3 MB
_PRIOR_TEXTS = 20  # RIGHT weighs as much as so many reviewed texts


@dataclass(frozen=True)
class Text:
    """What a description says."""

    log_evidence: Array  # [classes], nats; zeros where it says nothing
    named: list[str]  # classes, in the order of the text
    sentence: str | None


@dataclass(frozen=True)
class Learned:
    """Words and what they go with, from reviewed listings: logistic regression on hashed words and pairs."""

    classes: list[str]  # those with enough reviewed listings
    coefficients: NDArray[np.float32] = field(repr=False)  # [classes, buckets]
    intercepts: NDArray[np.float32] = field(repr=False)
    share: float  # of what a text says; the rest is the table's. Chosen by cross-validated log loss

    def said(self, vectors: Any, classes: Sequence[str]) -> Array:
        """Distributions over `classes`, [texts, classes], from hashed texts; a class that was not seen has 1/K."""
        logits = vectors @ self.coefficients.T.astype(np.float64) + self.intercepts
        found = np.full((len(logits), len(classes)), 1 / len(classes))
        seen = [(at, classes.index(name)) for at, name in enumerate(self.classes) if name in classes]
        if seen:
            rows, columns = map(list, zip(*seen, strict=True))
            found[:, columns] = [softmax(row[rows]) * len(rows) / len(classes) for row in logits]
        return found


def evidence(
    description: str,
    classes: Sequence[str],
    *,
    right: float = RIGHT,
    learned: Learned | None = None,
    policy: Policy | None = None,
) -> Text:
    """Weigh a description. `right` is the probability that the class it names is the right one, 0..1 (see `trust`).

    Any classes will do: one that the table of synonyms does not know goes by its name. A policy brings its own words,
    and what is said is of its names then.
    """
    policy = policy or Policy(tuple(classes))
    meant: dict[int, str] = {}  # names, by their place, with the words that say so first
    for index, word in named_classes(description, classes, policy.words).items():
        meant.setdefault(int(policy.places[index]), word)
    said = _said(list(meant), len(policy.names))
    if learned and clauses(description):
        own = learned.said(_vectorizer().transform([description]), classes)[0]
        likeliest = np.zeros(len(policy.names))
        np.maximum.at(likeliest, policy.places, own)  # a sum would favour a name of many classes when nothing is said
        said = learned.share * likeliest + (1 - learned.share) * said
    log_evidence, sentence = _log_evidence(said, right), None
    named = [policy.names[place] for place in meant]
    if named:
        words = zip(map(readable, named), meant.values(), strict=True)
        shown = [name if word in (name, f"{name}s") else f"{name} (“{word}”)" for name, word in words]
        sentence = f"the text names {_listed(shown)}"
    elif log_evidence.max() > 1:
        sentence = f"the text reads like reviewed listings of {readable(policy.names[int(log_evidence.argmax())])}"
    return Text(log_evidence, named, sentence)


def contradicts(text: Text, label: str) -> str | None:
    """Why a person should look: the text names only other classes than the photos' own best, `label`."""
    if not text.named or label in text.named:
        return None
    return f"the text says {_listed([readable(name) for name in text.named])}, the photos show {readable(label)}"


def trust(
    descriptions: Sequence[str], labels: Sequence[str], classes: Sequence[str], weights: Array | None = None
) -> float:
    """How often a text is right, from reviewed listings; near `RIGHT` while they are few.

    `weights` say how much each counts: a text that contradicts the photos is always reviewed, one that agrees seldom.
    """
    counted = np.ones(len(labels)) if weights is None else weights
    named = [named_classes(text, classes) for text in descriptions]
    told = np.array([bool(found) for found in named], dtype=bool)
    right = np.array([classes.index(label) in found for found, label in zip(named, labels, strict=True)], dtype=bool)
    return float((RIGHT * _PRIOR_TEXTS + counted @ right) / (_PRIOR_TEXTS + counted @ told))


def learn(descriptions: Sequence[str], labels: Sequence[str], classes: Sequence[str]) -> Learned | None:
    """Learn words from reviewed listings, and how far to go by them; None while they are too few."""
    from sklearn.model_selection import StratifiedKFold

    counts = Counter(label for text, label in zip(descriptions, labels, strict=True) if clauses(text))
    usable = {label for label in classes if counts[label] >= _OF_A_CLASS}
    reviewed = [pair for pair in zip(descriptions, labels, strict=True) if pair[1] in usable and clauses(pair[0])]
    if len(reviewed) < _REVIEWED or len(usable) < 2:
        return None
    texts, truth = [text for text, _ in reviewed], np.array([label for _, label in reviewed])
    vectors = _vectorizer().transform(texts)
    table = np.array([_said(list(named_classes(text, classes)), len(classes)) for text in texts])
    own = np.empty_like(table)
    for train, test in StratifiedKFold(_OF_A_CLASS, shuffle=True, random_state=0).split(vectors, truth):
        own[test] = _fitted(vectors[train], truth[train]).said(vectors[test], classes)
    columns = [classes.index(label) for label in truth]

    def loss(share: float) -> float:
        rows = [softmax(_log_evidence(row, RIGHT)) for row in share * own + (1 - share) * table]
        return -float(np.log([row[column] for row, column in zip(rows, columns, strict=True)]).mean())

    return _fitted(vectors, truth, min(np.linspace(0, 1, 11).tolist(), key=loss))


def _fitted(vectors: Any, labels: NDArray[np.str_], share: float = 1.0) -> Learned:
    """Classes weigh the same: how common one is, is the prior's to say."""
    from sklearn.linear_model import LogisticRegression

    # SAGA with a coarse tolerance: seconds for thousands of texts, and stopping early costs no accuracy here.
    model = LogisticRegression(C=30, class_weight="balanced", solver="saga", tol=1e-2, random_state=0)
    model.fit(vectors, labels)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps one row: that of the second class
        coefficients, intercepts = np.vstack([-coefficients, coefficients]) / 2, np.r_[-intercepts, intercepts] / 2
    return Learned(model.classes_.tolist(), coefficients.astype(np.float32), intercepts.astype(np.float32), share)


def _vectorizer() -> "HashingVectorizer":
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(n_features=BUCKETS, ngram_range=(1, 2), strip_accents="unicode", alternate_sign=False)


def _said(named: list[int], classes: int) -> Array:
    """The distribution of a text that names these classes."""
    said = np.full(classes, 0.0 if named else 1 / classes)
    said[named] = 1 / max(len(named), 1)
    return said


def _log_evidence(said: Array, right: float) -> Array:
    """With probability `right` the class is drawn from `said`, else from the things that go together; in nats."""
    odds = right / (1 - right) * min(len(said), _TOGETHER)
    found = np.log1p(odds * said)
    above: Array = found - found.min()
    return above


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
