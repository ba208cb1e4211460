"""Pace to a month's goal, and where the month will end: a simulation whose interval is widened by its own past misses.

Daily values, as log(1 + x) because new followers are often 0, are a level, a weekday effect and residuals, weighted by
recency. Days not known yet draw blocks of residuals and an error of the level. Every past month is forecast from the
same day of the month too, and how far it ended outside its interval tells the widening (conformalized quantile
regression, Romano et al. 2019, on the logarithm of what was still to come).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InputError

Array = NDArray[np.float64]
DAY = pd.Timedelta(days=1)

WINDOW = 56  # days the model learns from: eight of each weekday
HALF_LIFE = 28.0  # days after which a day counts half
SHRINK = 4  # a weekday seen n times keeps n / (n + 4) of its effect
BLOCK = 3  # days drawn together, as a post that runs well does so for some days
DRAWS = 2_000
NOMINAL = 0.8  # share of months meant to fall between low and high
LEARNED = 28  # known days in the window below which nothing is simulated
FIRST_DAY = 3  # known days of the month below which nothing is forecast
FEWEST_MONTHS = 3  # complete past months below which there is no interval
PAST_MONTHS = 24  # the newest past months to test on: older ones were another account


@dataclass(frozen=True)
class Pace:
    """What a goal asks for each day. Amounts are in the goal's unit; None is "not known"."""

    days_left: int
    days_in_month: int
    needed_per_day: float | None  # on each day left; 0 once the goal is met, None after a month that missed it
    per_day_so_far: float | None
    previous_per_day: float | None
    change_over_previous: float | None  # the goal per day of the whole month / the previous month's per day, - 1


@dataclass(frozen=True)
class Forecast:
    """Where the month ends: `low`, `mid`, `high` are the 10th, 50th and 90th percentile of `draws`, after widening."""

    month: pd.Period
    as_of: date  # the last day the data cover
    low: float
    mid: float
    high: float
    coverage: float | None  # share of tested months inside their interval; None if no month could be tested
    months_tested: int
    widening: float  # low and high of what is still to come are / and * this
    draws: Array = field(repr=False, compare=False)  # [DRAWS] totals of the month, ascending
    nominal: float = NOMINAL

    def probability(self, target: float) -> float:
        """The share of draws that reach the target."""
        return float((self.draws >= target).mean())


@dataclass(frozen=True)
class CannotTell:
    """Why there is no forecast; `low` and `high`: the least and most times that past months ended at their total of
    this day of the month, None where no complete past month has one."""

    reason: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Trial:
    """A past month forecast from the same day of the month, without widening, and what came of it."""

    month: pd.Period
    so_far: float
    rest: float  # what came after so_far
    low: float  # of the rest, as are mid and high
    mid: float
    high: float
    margin: float | None  # the widening the months before it ask for; None where they are too few for an interval

    @property
    def miss(self) -> float:
        """How far the rest fell outside low..high, as a difference of log(1 + x); below 0 inside."""
        low, rest, high = (math.log1p(amount) for amount in (self.low, self.rest, self.high))
        return max(low - rest, rest - high)


def pace(
    target: float, month: pd.Period, so_far: float | None, last_day: date | None, previous_total: float | None
) -> Pace:
    """What the goal needs a day, month lengths counted.

    `so_far` is the month's total up to and with `last_day`; both are None while nothing of the month is known.
    Raises InputError for a negative amount, and for an amount without its last day.
    """
    _check({"the target": target, "the month so far": so_far, "the previous month": previous_total})
    if so_far is not None and last_day is None:
        raise InputError("it is not known up to which day the month's figure counts", "give its last day")
    length = month.days_in_month
    gone = 0 if last_day is None else min(max((pd.Timestamp(last_day) - month.start_time).days + 1, 0), length)
    left = length - gone
    per_day = so_far / gone if so_far is not None and gone else None
    previous = None if previous_total is None else previous_total / (month - 1).days_in_month
    change = target / length / previous - 1 if previous else None
    missing = max(target - (so_far or 0), 0.0)
    unknown = (so_far is None and gone) or (missing and not left)
    needed = None if unknown else missing / max(left, 1)
    return Pace(left, length, needed, per_day, previous, change)


def forecast(daily: pd.Series, month: pd.Period, *, as_of: date | None = None, seed: int = 0) -> Forecast | CannotTell:
    """Where the month will end, from what was known on the evening of `as_of` (by default: all that is known).

    `daily` holds an amount a day, indexed by day; a day left out or NaN is unknown, and simulated like those to come.
    The last day should be a whole one. A month that is known to its end is its total. `coverage` is measured as the
    forecasts would have been made: each past month's widening comes from the months before it.
    Raises InputError for negative amounts and for days given twice.
    """
    start, end = month.start_time, month.start_time + (month.days_in_month - 1) * DAY
    past = _known(daily)[: min(end, pd.Timestamp(as_of)) if as_of else end]
    seen = past[start:]
    if len(seen) == month.days_in_month:
        draws = np.full(DRAWS, seen.sum())
        return Forecast(month, end.date(), *_percentiles(draws), None, 0, 1.0, draws)
    day = (seen.index[-1] - start).days + 1 if len(seen) else 0
    complete = _complete_months(past, month)
    if reason := _too_little(past, len(seen), len(complete)):
        return CannotTell(reason, *_range(past, complete, day))
    trials = backtest(daily, month, day, seed=seed)
    rest = _rest(past, pd.date_range(start, end).difference(pd.DatetimeIndex(seen.index)), seed)
    margin = _margin(trials)
    draws = seen.sum() + _widen(rest, margin)
    hits = [trial.miss <= trial.margin for trial in trials if trial.margin is not None]
    coverage = sum(hits) / len(hits) if hits else None
    last, widening = seen.index[-1].date(), math.exp(margin)
    return Forecast(month, last, *_percentiles(draws), coverage, len(hits), widening, draws)


def backtest(daily: pd.Series, month: pd.Period, day: int, *, seed: int = 0) -> list[Trial]:
    """The complete months before `month` (the newest PAST_MONTHS, oldest first), forecast from their `day`, 1 or later.

    A month that is over by that day, or began with less than LEARNED days to learn from, has no trial.
    """
    past, trials = _known(daily), list[Trial]()
    for earlier, tested in enumerate(_complete_months(past, month)):
        first, later = tested.start_time, tested.start_time + day * DAY
        then, rest = past[: later - DAY], past[later : tested.end_time]
        if rest.empty or len(_window(then)) < LEARNED:
            continue
        margin = _margin(trials) if earlier >= FEWEST_MONTHS else None
        expected = _percentiles(_rest(then, rest.index, seed))
        trials.append(Trial(tested, then[first:].sum(), rest.sum(), *expected, margin))
    return trials


def goal_line(daily: pd.Series, month: pd.Period, target: float) -> pd.Series:
    """The total to have reached by each day of the month to be on the way to the goal: weekdays count as they did in
    the 56 days before the month, so that the line stands still while the month goes on. Straight without a past."""
    _check({"the target": target})
    days = pd.date_range(month.start_time, periods=month.days_in_month, name="day")
    past = _known(daily)[: month.start_time - DAY]
    effect = _fit(past).weekday if len(past) else np.zeros(7)
    shape = np.exp(effect[days.day_of_week])
    return pd.Series(target * np.cumsum(shape) / shape.sum(), index=days)


def _window(past: pd.Series) -> pd.Series:
    """The days that the model learns from."""
    return past[past.index[-1] - (WINDOW - 1) * DAY :]


def _complete_months(past: pd.Series, before: pd.Period) -> list[pd.Period]:
    """The newest PAST_MONTHS months before that month of which every day is known."""
    months = pd.DatetimeIndex(past[: before.start_time - DAY].index).to_period("M")
    return [month for month in months.unique() if (months == month).sum() == month.days_in_month][-PAST_MONTHS:]


@dataclass(frozen=True)
class _Fit:
    level: float  # log(1 + a day's value) = level + weekday effect + residual
    error: float  # of the level
    weekday: Array  # [7], Monday first
    residuals: Array  # [known days of the window]
    weights: Array  # of the residuals, by recency


def _fit(past: pd.Series) -> _Fit:
    """The model from the last WINDOW days of `past`."""
    window = _window(past)
    days = pd.DatetimeIndex(window.index)
    logs, weekday = np.log1p(window.to_numpy(float)), days.day_of_week.to_numpy()
    weights = 0.5 ** ((days[-1] - days).days.to_numpy() / HALF_LIFE)
    level = float(np.average(logs, weights=weights))
    amount, count = np.bincount(weekday, weights, minlength=7), np.bincount(weekday, minlength=7)
    mean = np.bincount(weekday, weights * (logs - level), minlength=7) / np.maximum(amount, np.finfo(float).tiny)
    effect = mean * count / (count + SHRINK)
    residuals = logs - level - effect[weekday]
    variance = np.average(residuals**2, weights=weights)
    # Days of one block move together, so that BLOCK of them tell as much about the level as one.
    independent = weights.sum() ** 2 / (weights**2).sum() / BLOCK
    return _Fit(level, math.sqrt(variance / independent), effect, residuals, weights)


def _rest(past: pd.Series, unknown: pd.Index, seed: int) -> Array:
    """Draws of what the unknown days add up to: [DRAWS], ascending."""
    fit, random = _fit(past), np.random.default_rng(seed)
    starts = fit.weights[: len(fit.weights) - BLOCK + 1]
    drawn = random.choice(len(starts), (DRAWS, -(-len(unknown) // BLOCK)), p=starts / starts.sum())
    blocks = (drawn[:, :, None] + np.arange(BLOCK)).reshape(DRAWS, -1)[:, : len(unknown)]
    level = fit.level + fit.error * random.standard_normal((DRAWS, 1))
    values = np.expm1(level + fit.weekday[pd.DatetimeIndex(unknown).day_of_week] + fit.residuals[blocks])
    return np.sort(np.maximum(values, 0).sum(1))


def _margin(trials: Sequence[Trial]) -> float:
    """The conformal margin: the ceil((n + 1) * NOMINAL)-th smallest miss, or the largest, and at least 0."""
    misses = sorted(trial.miss for trial in trials)
    rank = min(math.ceil((len(misses) + 1) * NOMINAL), len(misses))
    return max(misses[rank - 1], 0.0) if misses else 0.0


def _widen(rest: Array, margin: float) -> Array:
    """Spread ascending draws about their median, so that the ends of the interval move out by the margin."""
    normal = NormalDist()
    scores = np.array([normal.inv_cdf((rank + 0.5) / DRAWS) for rank in range(DRAWS)])
    return np.maximum((rest + 1) * np.exp(scores * margin / normal.inv_cdf((1 + NOMINAL) / 2)) - 1, 0)


def _percentiles(draws: Array) -> tuple[float, float, float]:
    low, mid, high = np.quantile(draws, [(1 - NOMINAL) / 2, 0.5, (1 + NOMINAL) / 2])
    return float(low), float(mid), float(high)


def _too_little(past: pd.Series, seen: int, complete: int) -> str:
    for what, known, least in (
        ("Known days of this month", seen, FIRST_DAY),
        ("Past months known day by day", complete, FEWEST_MONTHS),
        (f"Known days of the last {WINDOW}", len(_window(past)) if seen else 0, LEARNED),
    ):
        if known < least:
            return f"{what}: {known}. A forecast needs {least}."
    return ""


def _range(past: pd.Series, months: Sequence[pd.Period], day: int) -> tuple[float | None, float | None]:
    """The smallest and the largest total of a past month / its total up to `day`."""
    totals = [past[month.start_time : month.end_time] for month in months]
    ratios = [float(total.sum() / part) for total in totals if (part := total.head(day).sum())]
    return (min(ratios), max(ratios)) if ratios else (None, None)


def _known(daily: pd.Series) -> pd.Series:
    """The days whose figure is known, in order."""
    known: pd.Series = daily.dropna().astype(float).sort_index()
    if not ((known >= 0) & np.isfinite(known)).all():
        raise InputError("a day's figure is negative or infinite", "leave out days whose figure is not known")
    if known.index.has_duplicates:
        raise InputError("a day is given twice", "keep one figure a day")
    return known


def _check(amounts: Mapping[str, float | None]) -> None:
    for name, amount in amounts.items():
        if amount is not None and not 0 <= amount < math.inf:
            raise InputError(f"{name} is {amount}", "give a figure of 0 or more, or none where it is not known")
