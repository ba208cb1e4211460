"""How well people know the classes, from their answers: accuracy, agreement, what they confuse, how sure that is.

Where no labels are known, each person is judged by the majority of the others: one that counts the person in flatters.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.curves.curve import wilson

Answer = tuple[str, str, str]  # person, item, label
Judged = tuple[str, str, str, str | None]  # person, item, label, what it should be; None: nothing to judge it by
Counts = NDArray[np.int64]

HALF_WIDTHS = (0.05, 0.02, 0.01)  # of a 95 % interval, that people may want of the error
AGREEMENT_IS_NOT_ACCURACY = "This is reliability, not accuracy: people can agree and be wrong."
_ALPHA, _Z = 0.05, 1.96
_RESAMPLES = 1_000
_FEWEST = 10  # items a bootstrap can say something from


@dataclass(frozen=True)
class Person:
    """One person's answers. `left_out` could not be judged: the others are tied, or nobody else answered."""

    name: str
    errors: int
    items: int
    left_out: int

    @property
    def accuracy(self) -> float | None:
        return 1 - self.errors / self.items if self.items else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's, 95 %."""
        return None if self.accuracy is None else wilson(self.accuracy, self.items, _ALPHA)


@dataclass(frozen=True)
class Agreement:
    """One measure, and a sentence. No `value`: it cannot be told. No `interval`: too few items, or all agree."""

    measure: str
    value: float | None
    interval: tuple[float, float] | None  # 95 %, bootstrap over items
    items: int
    sentence: str


@dataclass(frozen=True)
class Confusion:
    true: str
    said: str
    count: int
    share: float  # of the answers to that true class


@dataclass(frozen=True)
class Study:
    """What the answers say. `pooled`: errors and items; an item counts once, with the mean over those who answered."""

    people: list[Person]
    pooled: tuple[float, int] | None
    confusions: list[Confusion]  # the commonest first
    agreement: list[Agreement]
    needed: dict[float, int]  # half-width of the pooled error's 95 % interval -> items still to be answered
    unit: str
    by_labels: bool  # judged by known labels, not by the other people

    @property
    def sentences(self) -> list[str]:
        told = [_person(person, self.unit, by_labels=self.by_labels) for person in self.people]
        if self.pooled:
            errors, items = self.pooled
            low, high = wilson(errors / items, items, _ALPHA)
            told.append(
                f"Together people err on {100 * errors / items:.1f} % of {items:,} {self.unit} "
                f"({100 * low:.1f} to {100 * high:.1f}); each counts once, however many answered it."
            )
            told.append(_needed(self.needed, self.unit))
        if self.confusions:
            first = self.confusions[0]
            told.append(
                f"Most often confused: {first.true}, said to be {first.said} ({first.count:,} times, "
                f"{100 * first.share:.0f} % of the answers to {first.true})."
            )
        return [*told, *(found.sentence for found in self.agreement), AGREEMENT_IS_NOT_ACCURACY]


def assess(answers: Iterable[Answer], known: Mapping[str, str] | None, unit: str, seed: int = 0) -> Study:
    """Judge the answers by the known labels (item -> label), or by the others where `known` is None.

    A person's later answer to an item takes the place of the earlier one. The same input and seed give the same study.
    """
    latest = _latest(answers)
    judged = judge(latest, known)
    pooled = pooled_error(latest, known)
    return Study(
        people=_people(judged),
        pooled=pooled,
        confusions=_confusions(judged),
        agreement=agreement(latest, unit, seed),
        needed=_still_needed(pooled) if pooled else {},
        unit=unit,
        by_labels=known is not None,
    )


def judge(answers: Iterable[Answer], known: Mapping[str, str] | None) -> list[Judged]:
    """Each answer with the known label, or the label most of the others gave to the item; None where they are tied."""
    answers = _latest(answers)
    if known is not None:
        return [(*answer, known.get(answer[1])) for answer in answers]
    said: dict[str, Counter[str]] = {}
    for _, item, label in answers:
        said.setdefault(item, Counter())[label] += 1
    return [(*answer, _majority(said[answer[1]] - Counter([answer[2]]))) for answer in answers]


def pooled_error(answers: Iterable[Answer], known: Mapping[str, str] | None) -> tuple[float, int] | None:
    """Errors and items of people together, as `learning_curve` takes them; None where nothing can be judged.

    An item counts once, with the share of its answers that are wrong: answers to one item are not independent.
    """
    wrong: dict[str, list[bool]] = {}
    for _, item, label, truth in judge(answers, known):
        if truth is not None:
            wrong.setdefault(item, []).append(label != truth)
    return (math.fsum(sum(errors) / len(errors) for errors in wrong.values()), len(wrong)) if wrong else None


def answers_needed(error: float, half_width: float) -> int:
    """Items for a 95 % interval of that half-width around an error: z^2 h (1 - h) / w^2."""
    return math.ceil(_Z**2 * error * (1 - error) / half_width**2)


def agreement(answers: Iterable[Answer], unit: str, seed: int = 0) -> list[Agreement]:
    """Krippendorff's alpha (nominal, any answers missing), and Cohen's kappa of two people or Fleiss' of more.

    Fleiss' is on the items that all who count answered: the two busiest, and who has half as many answers as the first.
    """
    codes = _codes(_latest(answers))
    answered = (codes >= 0).sum(0)
    if len(answered) < 2:
        return [Agreement("Reliability", None, None, 0, "How far people agree needs the answers of a second person.")]
    classes = int(codes.max()) + 1
    several = _count(codes[(codes >= 0).sum(1) >= 2], classes)
    where = f"{unit} that two people or more answered"
    found = [_measured("Krippendorff's alpha", where, krippendorff, several, seed)]
    if len(answered) == 2:
        shared = codes[(codes >= 0).all(1)]
        cohen = partial(_cohen, classes=classes)
        return [*found, _measured("Cohen's kappa", f"{unit} that both people answered", cohen, shared, seed)]
    busy = codes[:, answered >= min(answered.max() / 2, np.sort(answered)[-2])]
    shared = _count(busy[(busy >= 0).all(1)], classes)
    where = f"{unit} that all {busy.shape[1]} people with the most answers answered"
    return [*found, _measured("Fleiss' kappa", where, _fleiss, shared, seed)]


def krippendorff(counts: Counts) -> float:
    """Nominal alpha from how many people gave each item each class: [items, classes] (Krippendorff 2004, ch. 11)."""
    counts = counts[counts.sum(1) >= 2]
    people, totals = counts.sum(1), counts.sum(0)
    pairs = totals.sum()
    observed = ((people**2 - (counts**2).sum(1)) / (people - 1)).sum()
    expected = (pairs**2 - (totals**2).sum()) / (pairs - 1)
    return float(1 - observed / expected)


def _cohen(codes: Counts, classes: int) -> float:
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.bincount(codes @ [classes, 1], minlength=classes**2).reshape(classes, classes)
    return float(cohens_kappa(table, return_results=False))


def _fleiss(counts: Counts) -> float:
    from statsmodels.stats.inter_rater import fleiss_kappa

    return float(fleiss_kappa(counts))


def _measured(measure: str, items: str, statistic: Callable[[Counts], float], rows: Counts, seed: int) -> Agreement:
    """`rows` are the items."""
    number = len(rows)
    if not number:
        return Agreement(measure, None, None, 0, f"{measure} cannot be told: there are no {items}.")
    random = np.random.default_rng(seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = statistic(rows)
        if math.isnan(value):
            why = "all answers are one class, which chance alone would bring"
            return Agreement(measure, None, None, number, f"{measure} cannot be told: {why}.")
        told = f"{measure} is {value:.2f}"
        if value == 1:
            unseen = wilson(0, number, _ALPHA)[1]
            sentence = f"{told}: no answers differ on {number:,} {items}; up to {100 * unseen:.0f} % might on others."
            return Agreement(measure, value, None, number, sentence)
        if number < _FEWEST:
            return Agreement(measure, value, None, number, f"{told}, but on no more than {number} {items}.")
        drawn = [statistic(rows[random.integers(number, size=number)]) for _ in range(_RESAMPLES)]
    low, high = np.nanpercentile(drawn, [100 * _ALPHA / 2, 100 - 100 * _ALPHA / 2])
    return Agreement(
        measure,
        value,
        (float(low), float(high)),
        number,
        f"{told} ({low:.2f} to {high:.2f}) on {number:,} {items}.",
    )


def _latest(answers: Iterable[Answer]) -> list[Answer]:
    return [(person, item, label) for (person, item), label in {answer[:2]: answer[2] for answer in answers}.items()]


def _majority(said: Counter[str]) -> str | None:
    match said.most_common(2):
        case [(label, _)]:
            return label
        case [(label, most), (_, next_most)] if most > next_most:
            return label
    return None


def _people(judged: list[Judged]) -> list[Person]:
    answered = Counter(person for person, *_ in judged)
    known = Counter(person for person, *_, truth in judged if truth is not None)
    wrong = Counter(person for person, _, label, truth in judged if truth not in (None, label))
    return [Person(name, wrong[name], known[name], number - known[name]) for name, number in sorted(answered.items())]


def _confusions(judged: list[Judged]) -> list[Confusion]:
    pairs = Counter((truth, label) for *_, label, truth in judged if truth is not None)
    answers = Counter(truth for *_, truth in judged if truth is not None)
    wrong = [(pair, count) for pair, count in pairs.items() if pair[0] != pair[1]]
    return [
        Confusion(true, said, count, count / answers[true])
        for (true, said), count in sorted(wrong, key=lambda entry: (-entry[1], entry[0]))
    ]


def _still_needed(pooled: tuple[float, int]) -> dict[float, int]:
    """From the centre of Agresti and Coull (1998): no error seen so far is not none to come."""
    errors, items = pooled
    error = (errors + _Z**2 / 2) / (items + _Z**2)
    return {width: max(answers_needed(error, width) - items, 0) for width in HALF_WIDTHS}


def _codes(answers: list[Answer]) -> Counts:
    """[items, people] the class each person gave each item, as a number; -1 for none."""
    people, items, labels = (
        {value: number for number, value in enumerate(sorted({answer[part] for answer in answers}))}
        for part in range(3)
    )
    codes = np.full((len(items), len(people)), -1, dtype=np.int64)
    for person, item, label in answers:
        codes[items[item], people[person]] = labels[label]
    return codes


def _count(codes: Counts, classes: int) -> Counts:
    """[items, people] -> [items, classes]"""
    return np.stack([(codes == number).sum(1) for number in range(classes)], axis=1)


def _person(person: Person, unit: str, *, by_labels: bool) -> str:
    judges = "the labels" if by_labels else "most of the others"
    if person.accuracy is None or person.interval is None:
        return f"{person.name}: no answer can be judged, as nobody else gave one or the others are tied."
    low, high = person.interval
    left_out = f" {person.left_out:,} could not be judged." if person.left_out else ""
    return (
        f"{person.name} agrees with {judges} on {person.items - person.errors:,} of {person.items:,} {unit}: "
        f"{100 * person.accuracy:.1f} % ({100 * low:.1f} to {100 * high:.1f}).{left_out}"
    )


def _needed(needed: dict[float, int], unit: str) -> str:
    parts = [
        f"± {100 * width:.0f} point{'s' if width > 0.01 else ''} "
        + (f"takes about {more:,} more {unit}" if more else "is reached")
        for width, more in needed.items()
    ]
    return f"How well that is known: {', '.join(parts)}."
