"""Goals by month: read from a table, compared with what happened, carried over to a month of another length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from engine.errors import InputError, UnreadableData
from engine.tweets.dates import now_utc, read_months
from engine.tweets.forecast import CannotTell, Forecast
from engine.tweets.formats import HEADER_ROWS
from engine.tweets.headings import field_of, normal
from engine.tweets.metrics import Month
from engine.tweets.numbers import Cell, read_column
from engine.tweets.tables import Source, read_grids

Goals = Mapping[tuple[str, str], float]  # (month, metric) -> target
Status = Literal["met", "missed", "on pace", "behind", "cannot tell"]

TOTALS = ("impressions", "new_followers", "tweets", "engagements")  # they add up over a month, so they have a pace
RATIOS = ("impressions_per_tweet", "followers_per_tweet", "engagement_rate")
METRICS = (*TOTALS, *RATIOS)
_LARGEST = 1e12  # more is a slip of the hand
_LIKELY = 0.5  # probability from which a month in progress is on pace


@dataclass(frozen=True)
class Outcome:
    """A goal and what became of it so far. `share` is of the target; None where the figure is missing."""

    metric: str
    target: float
    value: float | None
    status: Status
    probability: float | None = None  # that the target is reached, for a month in progress

    @property
    def share(self) -> float | None:
        return None if self.value is None or not self.target else self.value / self.target


def outcome(month: Month, metric: str, target: float, forecast: Forecast | CannotTell | None = None) -> Outcome:
    """Whether a goal was met; for a month in progress, whether it will be."""
    value: float | None = getattr(month, metric)
    if value is None:
        return Outcome(metric, target, None, "cannot tell")
    if metric in TOTALS and value >= target:
        return Outcome(metric, target, value, "met")
    if month.complete or (month.complete is None and month.period.end_time < now_utc().replace(tzinfo=None)):
        return Outcome(metric, target, value, "met" if value >= target else "missed")
    if not isinstance(forecast, Forecast):
        return Outcome(metric, target, value, "cannot tell")
    likely = forecast.probability(target)
    return Outcome(metric, target, value, "on pace" if likely >= _LIKELY else "behind", likely)


def carried_over(target: float, metric: str, month: pd.Period, to: pd.Period) -> float:
    """The same goal a day for a month of another length: 13M in 31 days is 11.7M in 28. A ratio stays."""
    return target * to.days_in_month / month.days_in_month if metric in TOTALS else target


def as_target(metric: str | None, value: float) -> float:
    """A target as it is kept: a rate of 1.5 is meant in percent."""
    return value / 100 if metric == "engagement_rate" and value > 1 else value


def read_target(metric: str, text: str) -> float | None:
    """A target as a person types it: "14.5M", "5000", "1.5 %"; None where the field is empty, which drops the goal.

    Raises InputError for what is no positive number, and for a percentage of something that is counted.
    """
    column = read_column([text], "rate")
    value = float(column.values[0])
    if not text.strip():
        return None
    if column.unread or not value > 0 or value > _LARGEST or (column.percent and metric != "engagement_rate"):
        example = "1.5 %" if metric == "engagement_rate" else "14.5M or 5000"
        raise InputError(f"{text[:40]!r} is no target", f"write it as {example}")
    return as_target(metric, value)


def sheet_goals(months: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The goals that stand in a hand-made sheet beside its figures."""
    found = {}
    for column in (name for name in months if str(name).startswith("goal:")):
        metric = _metric(str(column).removeprefix("goal:"))
        for day, target in zip(months["day"], months[column], strict=True):
            if pd.notna(target):
                found[f"{day:%Y-%m}", metric] = float(target)
    return found


def read_goals(name: str, source: Source) -> dict[tuple[str, str], float]:
    """Goals from a table: month, metric, target; or a row a month with a column a metric.

    Raises UnreadableData if no goal can be read, or if one cannot: a goal that is passed over would mislead.
    """
    found: dict[tuple[str, str], float] = {}
    for grid in read_grids(name, source):
        for at, row in enumerate(grid.rows[:HEADER_ROWS]):
            headings = [normal(cell) for cell in row]
            fields = [_goal_field(heading) for heading in headings]
            if "month" in fields and (set(fields) & set(METRICS) or {"metric", "target"} <= set(headings)):
                found |= _goals(name, headings, fields, grid.rows[at + 1 :])
                break
    if not found:
        raise UnreadableData(f"{name} holds no goals", "give it the columns month, metric and target")
    return found


def _goal_field(heading: str) -> str | None:
    field = field_of(heading)
    return _metric(field.removeprefix("goal:")) if field else None


def _metric(field: str) -> str:
    return "engagement_rate" if field == "rate" else field


def _goals(
    name: str, headings: Sequence[str], fields: Sequence[str | None], rows: Sequence[Sequence[Cell]]
) -> dict[tuple[str, str], float]:
    filled = [[*row, *[""] * (len(headings) - len(row))] for row in rows if any(cell not in ("", None) for cell in row)]
    months = read_months([row[fields.index("month")] for row in filled], None, now_utc().date())
    if np.isnat(months.day).any():
        raise UnreadableData(f"{name}: {next(iter(months.unread), '')!r} is no month", "write it as 2021-02")
    found: dict[tuple[str, str], float] = {}
    long = {"metric", "target"} <= set(headings)
    for at, field in enumerate(fields):
        if headings[at] != "target" if long else field not in METRICS:
            continue
        column = read_column([row[at] for row in filled], "rate" if field in RATIOS else "count")
        if column.unread or (column.values[~np.isnan(column.values)] < 0).any():
            raise UnreadableData(f"{name}: {next(iter(column.unread), 'a negative goal')!r} is no target", "mend it")
        for row, day, target in zip(filled, months.day, column.values, strict=True):
            metric = _goal_field(normal(row[headings.index("metric")])) if long else field
            if metric not in METRICS:
                raise UnreadableData(f"{name}: {row[headings.index('metric')]!r} is no metric", "see the README")
            if not np.isnan(target):
                found[str(day)[:7], metric] = as_target(metric, float(target))
    return found
