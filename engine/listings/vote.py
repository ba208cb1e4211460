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
class Evidence:
    """A tempered logarithmic opinion pool (Genest and Zidek 1986): every term in nats, and they add up to the scores.

    S(c) = a sum_i w_i l_i(c) + prior(c) + text(c), a = 1 / (1 + (m - 1) rho) / repeats, m = sum_i w_i: photos of one
    object repeat each other, so m of them count as m / (1 + (m - 1) rho), and for less where they are much alike.
    """

    photos: Array  # [photos, classes]: log p(c | photo) - log of the training prior
    weights: Array  # [photos], 0..1
    prior: Array  # [classes]
    text: Array  # [classes]
    rho: float = 0.0  # correlation of two photos' errors, 0..1
    repeats: float = 1.0  # how often each is there, on average: `Novelty.different` photos show as much

    @property
    def by_photo(self) -> Array:
        """Each photo's term of the sum, [photos, classes]."""
        repeated = (1 + max(self.weights.sum() - 1, 0.0) * self.rho) * self.repeats
        terms: Array = self.photos * (self.weights / repeated)[:, None]
        return terms

    @property
    def scores(self) -> Array:
        """Probabilities, [classes]."""
        return softmax(self.by_photo.sum(0) + self.prior + self.text)


@dataclass(frozen=True)
class Poll:
    """What the photos say together. Classes are indices."""

    evidence: Evidence
    scores: Array  # [classes], sums to 1
    votes: dict[int, Fraction]  # most first
    voted: int  # the majority's class
    tie_break: TieBreak | None
    order: list[int]  # classes, best score first

    @property
    def best(self) -> int:
        return self.order[0]

    def answer(self, rule: str) -> int:
        """The class that it comes to."""
        return self.voted if rule == "majority" else self.best

    def top(self, label: int) -> list[int]:
        """The classes to show: the best five, and the label where it is not one of them."""
        top = self.order[:TOP]
        return top if label in top else [*top, label]

    def weighed(self, label: int) -> list[int]:
        """The classes to show evidence for: those of `top`, and every class that has a vote."""
        return list(dict.fromkeys([*self.top(label), *self.votes]))


def hold(log_probabilities: Array, shares: Sequence[Fraction], evidence: Evidence, classes: Sequence[str]) -> Poll:
    """Count the votes of at least one photo and pool their evidence.

    `log_probabilities` [photos, classes] are calibrated; `shares` are the photos' votes, 1 but for copies.
    """
    votes = count_votes(log_probabilities, shares)
    voted, tie_break = majority(log_probabilities, shares, evidence.prior, classes)
    scores = evidence.scores
    order = sorted(range(len(classes)), key=lambda index: (-scores[index], classes[index]))
    return Poll(evidence, scores, votes, voted, tie_break, order)


def calibrate(log_probabilities: Array, temperature: float = 1.0, train_prior: Array | None = None) -> Array:
    """Log-probabilities at another temperature (Guo et al. 2017) and under a uniform prior, [photos, classes].

    `train_prior` [classes] is the log of what training favoured: a class with many photos is said too often.
    """
    scaled = log_probabilities / temperature - (0 if train_prior is None else train_prior)
    return np.asarray(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True))


def split(log_probabilities: Array) -> tuple[float, NDArray[np.bool_]]:
    """How much better two classes explain the photos than one: the gain in nats, and who leaves the larger group.

    Each photo goes to the likelier of the two classes; the best pair counts. [photos] True for the smaller group.
    """
    best, chosen = log_probabilities.sum(0).max(), (0, 0)
    gain = 0.0
    for one in set(log_probabilities.argmax(1).tolist()):  # the best pair holds some photo's own best class
        sums = np.maximum(log_probabilities, log_probabilities[:, [one]]).sum(0)
        if sums.max() - best > gain:
            gain, chosen = float(sums.max() - best), (one, int(sums.argmax()))
    one, other = chosen
    apart = log_probabilities[:, other] > log_probabilities[:, one]
    return gain, ~apart if apart.sum() * 2 > len(apart) else apart


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
    log_probabilities: Array, weights: Sequence[Fraction], prior: Array, classes: Sequence[str]
) -> tuple[int, TieBreak | None]:
    """The class with most votes, and how a tie fell: to the summed calibrated probability, the prior, then the name."""
    votes = count_votes(log_probabilities, weights)
    most = max(votes.values())
    tied = [index for index, count in votes.items() if count == most]
    if len(tied) == 1:
        return tied[0], None
    sums = np.array([float(weight) for weight in weights]) @ np.exp(log_probabilities)
    # Rounded, so that photos in another order, whose sums differ in the last bit, give the same answer.
    scores = {index: round(float(sums[index]), 6) for index in tied}
    tied.sort(key=lambda index: (-scores[index], -prior[index], classes[index]))
    winner, second = tied[:2]
    by = "score" if scores[winner] > scores[second] else "prior" if prior[winner] > prior[second] else "name"
    equal = f"as the scores are equal ({scores[winner]:.2f})"
    how = {
        "score": f"score {_apart([scores[index] for index in tied])}",
        "prior": f"its prior, {equal}",
        "name": f"its name, {equal}",
    }[by]
    count = "-".join([f"{float(most):g}"] * len(tied))
    sentence = f"{count}; {readable(classes[winner])} wins on {how}"
    return winner, TieBreak(tied=[classes[index] for index in tied], by=by, sentence=sentence)


def readable(label: str) -> str:
    """A class name for people: wooden_spoon -> wooden spoon, cd_player -> CD player."""
    return " ".join(word.upper() if word in _ABBREVIATIONS else word for word in label.split("_"))


def _apart(scores: Sequence[float]) -> str:
    """ "0.93 to 0.61", with as many decimals as it takes to tell the first from the second."""
    decimals = next(n for n in range(2, 7) if n == 6 or round(scores[0], n) != round(scores[1], n))
    return " to ".join(f"{score:.{decimals}f}" for score in scores)
