"""How far people agree beyond chance: Krippendorff's alpha, Cohen's and Fleiss' kappa, with intervals."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.curves.paired import wilson

Answer = tuple[str, str, str]  # person, item, label
Counts = NDArray[np.int64]

_RESAMPLES = 1_000
_FEWEST = 10  # items a bootstrap can say something from


@dataclass(frozen=True)
class Agreement:
    """One measure, and a sentence. No `value`: it cannot be told. No `interval`: too few items, or all agree."""

    measure: str
    value: float | None
    interval: tuple[float, float] | None  # 95 %, bootstrap over items
    items: int
    sentence: str


def agreement(answers: Collection[Answer], unit: str, seed: int = 0) -> list[Agreement]:
    """Krippendorff's alpha (nominal, any answers missing), and Cohen's kappa of two people or Fleiss' of more.

    Fleiss' is on the items that all who count answered: the two busiest, and who has half as many answers as the first.
    """
    if len({person for person, *_ in answers}) < 2:
        return [Agreement("Reliability", None, None, 0, "How far people agree needs the answers of a second person.")]
    codes = _codes(answers)
    answered = (codes >= 0).sum(0)
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
    who = f"all {len(answered)} people" if len(answered) == busy.shape[1] else f"the {busy.shape[1]} busiest people all"
    where = f"{unit} that {who} answered"
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
    number, interval = len(rows), None
    with np.errstate(divide="ignore", invalid="ignore"):
        value = statistic(rows) if number else math.nan
        if math.isnan(value):
            why = "all answers are one class, which chance alone would bring" if number else f"there are no {items}"
            return Agreement(measure, None, None, number, f"{measure} cannot be told: {why}.")
        if value == 1:
            rest = (
                f": no answers differ on {number:,} {items}; up to {100 * wilson(0, number)[1]:.0f} % might on others"
            )
        elif number < _FEWEST:
            rest = f", but on no more than {number} {items}"
        else:
            random = np.random.default_rng(seed)
            drawn = [statistic(rows[random.integers(number, size=number)]) for _ in range(_RESAMPLES)]
            low, high = (float(end) for end in np.nanpercentile(drawn, [2.5, 97.5]))
            rest, interval = f" ({_signed(low)} to {_signed(high)}) on {number:,} {items}", (low, high)
    return Agreement(measure, value, interval, number, f"{measure} is {_signed(value)}{rest}.")


def _codes(answers: Collection[Answer]) -> Counts:
    """[items, people] the class each person gave each item (the later one counts), as a number; -1 for none."""
    people, items, labels = (np.unique(column, return_inverse=True)[1] for column in zip(*answers, strict=True))
    codes = np.full((items.max() + 1, people.max() + 1), -1, dtype=np.int64)
    codes[items, people] = labels
    return codes


def _count(codes: Counts, classes: int) -> Counts:
    """[items, people] -> [items, classes]"""
    return np.stack([(codes == number).sum(1) for number in range(classes)], axis=1)


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
