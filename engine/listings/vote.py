"""Many photos' probabilities -> one answer: a vote among photos, and a pool of their evidence.

Pure functions on arrays. Rows are photos, columns are classes; `weights` say how much each photo counts (copies of one
picture share one vote).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.listings.verdict import TieBreak

Array = NDArray[np.float64]


_ABBREVIATIONS = {"cd", "pc", "t", "tv"}
TOP = 5  # classes a verdict shows; the contract's number


@dataclass(frozen=True)
class Poll:
    """What the photos say together. Classes are indices."""

    evidence: Array  # [photos, classes], nats
    scores: Array  # [classes], sums to 1
    votes: dict[int, Fraction]  # most first
    voted: int  # the majority's class
    tie_break: TieBreak | None
    order: list[int]  # classes, best score first

    @property
    def best(self) -> int:
        return self.order[0]

    def top(self, label: int) -> list[int]:
        """The classes to show: the best five, and the label where it is not one of them."""
        top = self.order[:TOP]
        return top if label in top else [*top, label]

    def weighed(self, label: int) -> list[int]:
        """The classes to show evidence for: those of `top`, and every class that has a vote."""
        return list(dict.fromkeys([*self.top(label), *self.votes]))


def hold(log_probabilities: Array, weights: Sequence[Fraction], classes: Sequence[str]) -> Poll:
    """Pool the evidence and count the votes of at least one photo."""
    evidence = pooled_evidence(log_probabilities, weights)
    scores = softmax(evidence.sum(0))
    votes = count_votes(log_probabilities, weights)
    voted, tie_break = majority(log_probabilities, weights, classes)
    order = sorted(range(len(classes)), key=lambda index: (-scores[index], classes[index]))
    return Poll(evidence, scores, votes, voted, tie_break, order)


def pooled_evidence(log_probabilities: Array, weights: Sequence[Fraction]) -> Array:
    """Each photo's log-evidence for each class, in nats: [photos, classes].

    Against a uniform prior, log(p * classes): positive where the photo speaks for a class, negative where against.
    The sum over photos is the logarithmic opinion pool (Genest and Zidek 1986) up to a constant.
    """
    per_photo = log_probabilities + np.log(log_probabilities.shape[1])
    shares: Array = np.array([float(weight) for weight in weights])
    evidence: Array = per_photo * shares[:, None]
    return evidence


def softmax(evidence: Array) -> Array:
    """Probabilities from summed log-evidence: [classes]."""
    scores: Array = np.exp(evidence - np.logaddexp.reduce(evidence))
    return scores


def count_votes(log_probabilities: Array, weights: Sequence[Fraction]) -> dict[int, Fraction]:
    """Votes by class index, most first. A photo votes for its best class; fractions so that ties are exact."""
    votes: dict[int, Fraction] = {}
    for best, weight in zip(log_probabilities.argmax(1).tolist(), weights, strict=True):
        votes[best] = votes.get(best, Fraction(0)) + weight
    return dict(sorted(votes.items(), key=lambda item: (-item[1], item[0])))


def majority(
    log_probabilities: Array, weights: Sequence[Fraction], classes: Sequence[str]
) -> tuple[int, TieBreak | None]:
    """The class with most votes, and how a tie fell: to the summed calibrated probability, then to the name."""
    votes = count_votes(log_probabilities, weights)
    most = max(votes.values())
    tied = [index for index, count in votes.items() if count == most]
    if len(tied) == 1:
        return tied[0], None
    sums = np.array([float(weight) for weight in weights]) @ np.exp(log_probabilities)
    # Rounded, so that photos in another order, whose sums differ in the last bit, give the same answer.
    tied.sort(key=lambda index: (-round(float(sums[index]), 6), classes[index]))
    scores = [round(float(sums[index]), 6) for index in tied]
    winner = tied[0]
    by = "score" if scores[0] > scores[1] else "name"
    count = "-".join([f"{float(most):g}"] * len(tied))
    how = f"score {_apart(scores)}" if by == "score" else f"its name, as the scores are equal ({scores[0]:.2f})"
    sentence = f"{count}; {readable(classes[winner])} wins on {how}"
    return winner, TieBreak(tied=[classes[index] for index in tied], by=by, sentence=sentence)


def readable(label: str) -> str:
    """A class name for people: wooden_spoon -> wooden spoon, cd_player -> CD player."""
    return " ".join(word.upper() if word in _ABBREVIATIONS else word for word in label.split("_"))


def _apart(scores: Sequence[float]) -> str:
    """ "0.93 to 0.61", with as many decimals as it takes to tell the first from the second."""
    decimals = next(n for n in range(2, 7) if n == 6 or round(scores[0], n) != round(scores[1], n))
    return " to ".join(f"{score:.{decimals}f}" for score in scores)
