"""How well people know the classes, from their answers: accuracy, agreement, what they confuse, how sure that is.

Where no labels are known, each person is judged by the majority of the others: one that counts the person in flatters.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.curves.agreement import Agreement, Answer, agreement
from engine.curves.data import Labelled
from engine.curves.paired import wilson
from engine.curves.subsets import stratified_order

Judged = tuple[str, str, str, str | None]  # person, item, label, what it should be; None: nothing to judge it by

HALF_WIDTHS = (0.05, 0.02, 0.01)  # of a 95 % interval, that people may want of the error
_Z = 1.96


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
        return None if self.accuracy is None else wilson(self.accuracy, self.items)


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
    known: int | None  # items with a known label; None: the others judged

    @property
    def sentences(self) -> list[str]:
        """What matters most first: everybody's error, how sure it is, what is confused, agreement, each person."""
        told = []
        if self.pooled:
            errors, items = self.pooled
            low, high = wilson(errors / items, items)
            told.append(
                f"Together people err on {100 * errors / items:.1f} % of {items:,} {self.unit} "
                f"({100 * low:.1f} to {100 * high:.1f}); each counts once, however many answered it."
            )
            told.append(self._needed())
        if self.confusions:
            first = self.confusions[0]
            times = "time" if first.count == 1 else "times"
            told.append(
                f"Most often confused: {first.true}, said to be {first.said} ({first.count:,} {times}, "
                f"{100 * first.share:.0f} % of the answers to {first.true})."
            )
        told += [found.sentence for found in self.agreement]
        if any(found.value is not None for found in self.agreement):
            told.append("That is reliability, not accuracy: people can agree and be wrong.")
        return told + [_person(person, self.unit, by_labels=self.known is not None) for person in self.people]

    def _needed(self) -> str:
        parts = []
        for width, more in self.needed.items():
            points = f"± {100 * width:.0f} point{'s' if width > 0.01 else ''}"
            beyond = self.pooled and self.known is not None and more > self.known - self.pooled[1]
            takes = f"takes about {more:,} more {self.unit}" + (", which is all of them and more" if beyond else "")
            parts.append(f"{points} {takes if more else 'is reached'}")
        return f"How well that is known: {'; '.join(parts)}."


def questions(labelled: Labelled) -> dict[str, str]:
    """Item -> known label, in the order that everybody is asked.

    It is random and the same on every run, and any beginning of it holds each class in proportion. Left
    out are items with copies of another label: no answer to them could be right.
    """
    labels: dict[str, set[int]] = {}
    for key, label in zip(labelled.keys, labelled.labels.tolist(), strict=True):
        labels.setdefault(key, set()).add(label)
    clear = [(key, label) for key, (label, *others) in sorted(labels.items()) if not others]
    order = stratified_order(np.array([label for _, label in clear]), None, np.random.default_rng(0))
    return {key: labelled.classes[label] for key, label in (clear[at] for at in order)}


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
        known=None if known is None else len(known),
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
