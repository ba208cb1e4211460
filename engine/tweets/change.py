"""Why a figure moved between two periods, in parts that add up. Arithmetic, not cause.

`decompose`: a product (tweets x impressions per tweet x ..) by the log-mean Divisia index, LMDI-I (Ang 2004; 2005).
It is exact and symmetric in time; taking the factors one at a time is neither, as it depends on their order.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import InputError


@dataclass(frozen=True)
class Factor:
    """One factor of a product, and its part in the product's change, in the product's unit."""

    name: str
    before: float
    after: float
    contribution: float

    @property
    def ratio(self) -> float:
        """after / before; infinite from nothing to something, NaN from nothing to nothing."""
        if self.before:
            return self.after / self.before
        return math.inf if self.after else math.nan


@dataclass(frozen=True)
class Change:
    """The product before and after; the factors' contributions sum to after - before."""

    before: float
    after: float
    factors: list[Factor]


def decompose(before: Mapping[str, float], after: Mapping[str, float]) -> Change:
    """Split the change of a product among its factors: L(V1, V0) ln(x1 / x0) each, L the logarithmic mean.

    `before` and `after` map the same names, in the order of the chain (each a ratio over those before it), to values
    of 0 or more. Where a factor is 0 on one side, the formula's limit holds (Ang and Liu 2007): the first such factor
    takes the whole change, as every ratio after it is over nothing; write such a ratio as 0. A product that is 0 on
    both sides did not change. Raises InputError for a value that is negative or not a number and for names that differ.
    """
    if not before or list(before) != list(after):
        raise InputError("the two periods have different factors", "give the same names, in the same order, for both")
    old, new = _product(before), _product(after)
    if old and new:
        mean = log_mean(new, old)
        parts = {name: mean * (math.log(after[name]) - math.log(before[name])) for name in before}
    else:
        side = after if old else before
        cause = next(name for name in side if not side[name])
        parts = {name: new - old if name == cause else 0.0 for name in before}
    return Change(old, new, [Factor(name, before[name], after[name], parts[name]) for name in before])


def log_mean(a: float, b: float) -> float:
    """The logarithmic mean (a - b) / ln(a / b) of two values of 0 or more: a where they are equal, 0 where one is 0."""
    low, high = sorted((a, b))
    if low == high or not low:
        return low
    gap = high - low
    # Near each other the logarithms' difference would cancel; far apart the quotient could overflow.
    return gap / (math.log1p(gap / low) if gap < low else math.log(high) - math.log(low))


def arc_elasticity(rate0: float, rate1: float, reach0: float, reach1: float) -> float | None:
    """Percent change of the rate for one percent of reach, between two periods: ln(rate1/rate0) / ln(reach1/reach0).

    The log (not the midpoint) version, so that a rate that falls exactly as reach rises gives -1. Say with the figure
    whether reach is total impressions or impressions per tweet. None where a value is 0 or reach did not change.
    Raises InputError for a value that is negative or not a number.
    """
    values = [_checked(name, value) for name, value in (("the rate", rate0), ("the rate", rate1))]
    values += [_checked(name, value) for name, value in (("reach", reach0), ("reach", reach1))]
    if not all(values) or reach0 == reach1:
        return None
    return (math.log(rate1) - math.log(rate0)) / (math.log(reach1) - math.log(reach0))


def _checked(name: str, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{name} is {value}", "only known figures of 0 or more can be compared")
    return value


def _product(factors: Mapping[str, float]) -> float:
    product = math.prod(_checked(name, value) for name, value in factors.items())
    if all(factors.values()) and not sys.float_info.min <= product < math.inf:
        raise InputError("the factors' product is too large or too small to compare", "check their units")
    return product
