"""Weights that make a sample look like its population, what they cost, and what they do to an estimate."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.audit.compare import Array, Codes, Column
from engine.audit.parts import Goal
from engine.curves.paired import rounded, wilson

_TRIM = 5.0  # times the mean: beyond, single rows would decide every estimate
_ROUNDS = 200
_CLOSE = 1e-6  # largest difference of a share at which raking is done
_MOST = 10  # columns raked to: each one more costs precision
_Z = 1.96


@dataclass(frozen=True)
class Weights:
    """One weight a row, with mean 1; rows of no population have none."""

    values: Array = field(repr=False)  # [rows]
    columns: list[str]  # raked to, the most shifted first
    off: float  # the largest difference of a share that is left, by trimming or by goals that contradict each other
    trimmed: int  # rows

    @property
    def effective(self) -> float:
        """Rows of an even sample that would say as much (Kish 1965)."""
        return float(self.values.sum() ** 2 / (self.values**2).sum())

    @property
    def design_effect(self) -> float:
        """By how much weighting multiplies the variance of a mean."""
        return len(self.values) / self.effective


def rake(codes: Sequence[Codes], shares: Sequence[Array], rows: int, trim: float = _TRIM) -> tuple[Array, float, int]:
    """Iterative proportional fitting (Deming and Stephan 1940): weights [rows] with mean 1, what is left, rows trimmed.

    `codes` [columns][rows] index `shares` [columns][values]. A value without a row cannot be raked; a value with a
    share of 0 gets weight 0. All weights are 0 if no row has a value of the population in every column.
    """
    weights = np.ones(rows)
    reachable = []
    for column, goal in zip(codes, shares, strict=True):
        share = goal * (np.bincount(column, minlength=len(goal)) > 0)
        reachable.append((column, share / share.sum()))
        weights *= share[column] > 0
    if not weights.any():
        return weights, 1.0, 0
    off = 0.0
    for _ in range(_ROUNDS):
        for column, share in reachable:
            weights *= (share / np.maximum(_spread(column, weights, len(share)), 1e-12))[column]
        weights = weights / weights.mean()
        while weights.max() > 1.001 * trim:  # what is cut off makes the others weigh more
            weights = np.minimum(weights, trim)
            weights = weights / weights.mean()
        off = max(float(np.abs(_spread(column, weights, len(share)) - share).max()) for column, share in reachable)
        if off < _CLOSE:
            break
    return weights, off, int((weights > 0.999 * trim).sum())


def _spread(codes: Codes, weights: Array, values: int) -> Array:
    counts = np.bincount(codes, weights, values)
    shares: Array = counts / counts.sum()
    return shares


def weigh(columns: Mapping[str, Column], goals: Mapping[str, Goal], rows: int) -> Weights | None:
    """Rake the sample to the goals of its most shifted columns; None if it has nobody of the population."""
    shared = [name for name, goal in goals.items() if (goal.shares * columns[name].counts("sample")).any()]
    if not shared:
        return None
    names = sorted(shared, key=lambda name: -_asmd(columns[name], goals[name], np.ones(rows)))[:_MOST]
    codes = [columns[name].codes["sample"] for name in names]
    weights, off, trimmed = rake(codes, [goals[name].shares for name in names], rows)
    return Weights(weights, names, off, trimmed) if weights.any() else None


def balance(columns: Mapping[str, Column], goals: Mapping[str, Goal], weights: Weights) -> list[dict[str, Any]]:
    """Each column's absolute standardised mean difference from the population, before and after weighting.

    For values of no order, the largest difference of a share in standard deviations of that share's indicator.
    """
    kinds = {"before": np.ones(len(weights.values)), "after": weights.values}
    found: list[dict[str, Any]] = [
        {"column": name, **{kind: rounded(_asmd(columns[name], goal, values)) for kind, values in kinds.items()}}
        for name, goal in goals.items()
    ]
    return sorted(found, key=lambda row: -float(row["before"]))


def _asmd(column: Column, goal: Goal, weights: Array) -> float:
    shares = _spread(column.codes["sample"], weights, len(column.values))
    if column.numbers:  # by the fifths that goals are known by
        places = np.arange(len(shares))
        mean = (goal.shares * places).sum()
        deviation = math.sqrt((goal.shares * (places - mean) ** 2).sum())
        return abs(float((shares * places).sum() - mean)) / max(deviation, 1e-9)
    spread = np.sqrt(goal.shares * (1 - goal.shares))
    return float((np.abs(shares - goal.shares)[spread > 0] / spread[spread > 0]).max(initial=0))


def estimate(name: str, values: Array, weights: Weights, missing: float, rate: float | None) -> dict[str, Any]:
    """The mean of what is known [rows], of the sample and weighted, with 95 % intervals, and how far it can be off.

    `missing` is the share of the population that the sample cannot speak for and `rate` the share of the invited who
    answered: weights say nothing of either where they differ by the answer itself, so the bounds (Manski 1989) let all
    of them be at one end. Bounds are of shares and errors only.
    """
    known = np.isfinite(values)
    values, weight = values[known], weights.values[known]
    binary = bool(np.isin(values, (0, 1)).all())
    before, interval = _mean(values, np.ones(len(values)), binary)
    after, weighted = _mean(values, weight, binary)
    bounds = {
        cause: [rounded(reached * after), rounded(reached * after + 1 - reached)]
        for cause, reached in (("missing", 1 - missing), ("silent", (1 - missing) * (rate or 1)))
        if binary and reached < 1
    }
    return {
        "name": name,
        "binary": binary,
        "before": rounded(before),
        "before_interval": interval,
        "after": rounded(after),
        "after_interval": weighted,
        "bounds": bounds,
    }


def _mean(values: Array, weights: Array, binary: bool) -> tuple[float, list[float]]:
    total, mean = weights.sum(), float(np.average(values, weights=weights))
    if binary:
        low, high = wilson(mean, float(total**2 / (weights**2).sum()), 0.05)
    else:
        half = _Z * math.sqrt((weights**2 * (values - mean) ** 2).sum()) / total
        low, high = mean - half, mean + half
    return mean, [rounded(low), rounded(high)]
