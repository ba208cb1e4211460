"""Two models on the same items: the difference of their errors, how sure it is, and intervals of shares."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.curves.subsets import Items

Array = NDArray[np.float64]
Finding = Literal["more", "less", "the same", "unclear"]
Wrong = NDArray[np.bool_] | Array  # [items] whether a model errs on each; shares where it errs by chance

DRAWS = 2_000
_ALPHA = 0.05
_NOTHING = 0.01  # a difference that is surely smaller is none


@dataclass(frozen=True)
class Comparison:
    """Of a with b: shares are of the items, from -1 to 1, and positive where a errs more."""

    difference: float
    interval: tuple[float, float]  # 95 %, paired bootstrap
    p: float  # exact McNemar; from the bootstrap where items come in groups or err by chance
    only_a: float  # items that a alone gets wrong
    only_b: float

    @property
    def a_errs(self) -> Finding:
        if self.p < _ALPHA:
            return "more" if self.difference > 0 else "less"
        return "the same" if self.interval[0] > -_NOTHING and self.interval[1] < _NOTHING else "unclear"


def compare(wrong_a: Wrong, wrong_b: Wrong, groups: Items | None = None, seed: int = 0) -> Comparison:
    """Two models' errors on the same items, in pairs: [items] each.

    Items of a group fail together, so groups are drawn whole; McNemar (1947) knows no groups and is left out then.
    """
    from scipy.stats import binomtest

    a, b = np.asarray(wrong_a, dtype=np.float64), np.asarray(wrong_b, dtype=np.float64)
    apart = a - b
    only_a, only_b = float(np.maximum(apart, 0).sum()), float(np.maximum(-apart, 0).sum())
    drawn = bootstrap(apart[:, None], groups, seed)[:, 0]
    if groups is None and np.isin(apart, (-1, 0, 1)).all():
        discordant = round(only_a + only_b)
        p = float(binomtest(round(only_a), discordant).pvalue) if discordant else 1.0
    else:
        p = two_sided(drawn)
    return Comparison(float(apart.mean()), interval(drawn), p, only_a, only_b)


def bootstrap(values: Array, groups: Items | None = None, seed: int = 0) -> Array:
    """Means of columns [items, columns] over DRAWS samples of the items, or of whole groups: [DRAWS, columns].

    What is drawn and looks the same is interchangeable: how often each kind is drawn takes one multinomial number.
    """
    if groups is None:
        units = np.column_stack([values, np.ones(len(values))])
    else:
        members = np.zeros((groups.max() + 1, values.shape[1] + 1))
        np.add.at(members, groups, np.column_stack([values, np.ones(len(values))]))
        units = members[members[:, -1] > 0]
    kinds, counts = np.unique(units, axis=0, return_counts=True)
    times = np.random.default_rng(seed).multinomial(len(units), counts / len(units), DRAWS)
    sums = times @ kinds
    means: Array = sums[:, :-1] / sums[:, -1:]
    return means


def interval(draws: Array) -> tuple[float, float]:
    """The middle 95 %."""
    low, high = np.quantile(draws, (_ALPHA / 2, 1 - _ALPHA / 2))
    return float(low), float(high)


def two_sided(draws: Array) -> float:
    """The p-value of no difference, from draws of the difference."""
    return float(min(2 * (1 + min((draws <= 0).sum(), (draws >= 0).sum())) / (1 + len(draws)), 1))


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """With p adjusted for their number (Holm 1979)."""
    from statsmodels.stats.multitest import multipletests

    adjusted = multipletests([found.p for found in comparisons], method="holm")[1]
    return [replace(found, p=float(p)) for found, p in zip(comparisons, adjusted, strict=True)]


def wilson(share: float, items: float, alpha: float = _ALPHA) -> tuple[float, float]:
    """The interval of a share seen in `items` (Wilson 1927); `items` may be an effective number."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(share * items, items, alpha, method="wilson")
    return float(low), float(high)


def rounded(value: float) -> float:
    """As in the JSON."""
    return round(float(value), 6)


def level_noise(wrong: Wrong, groups: Items | None) -> float:
    """Standard error of the error over all items, each validated once; a group's items fail together (Liang-Zeger)."""
    items, error = len(wrong), float(wrong.mean())
    # Half an error, where there is none, is no certainty.
    plain = math.sqrt(max(error * (1 - error), 0.5 / items) / items)
    if groups is None:
        return plain
    sums = np.bincount(groups, weights=wrong - error)
    return max(plain, math.sqrt((sums**2).sum()) / items)
