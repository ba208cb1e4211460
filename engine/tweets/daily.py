"""A history -> daily series of one metric on one basis, and sums over any span of days."""

from datetime import date

import numpy as np
import pandas as pd

from engine.tweets.history import History
from engine.tweets.metrics import METRICS, Month


def daily(history: History, metric: str, source: str | None) -> pd.Series:
    """The metric by day (float64, index datetime64[s]); days that no file covers are left out. Empty if there is none.

    `source` is what Month.source says of the metric, so that a month's days add up to its total.
    """
    if source == "by-tweet":
        posts = history.posts
        values = pd.Series(1.0, index=posts.index) if metric == "tweets" else posts[metric]
        sums: pd.Series = values.groupby(posts["day"]).sum(min_count=1)
        return sums.reindex(_covered(history), fill_value=0.0)
    if source in ("by-day", "overview", "sheet") and metric in history.days:
        series: pd.Series = history.days.set_index("day")[metric].dropna()
        return series
    return pd.Series(dtype=float, index=pd.DatetimeIndex([], dtype="datetime64[s]"))


def _covered(history: History) -> pd.DatetimeIndex:
    """Every day that a table of posts covers, and every day that has a post (another time zone may move some out)."""
    spans = [np.arange(np.datetime64(first), np.datetime64(after)) for first, after in history.extents]
    posted = history.posts["day"].to_numpy().astype("datetime64[D]")
    return pd.DatetimeIndex(np.unique(np.concatenate([*spans, posted])).astype("datetime64[s]"))


def of_days(history: History, first: date, last: date, source: dict[str, str | None]) -> dict[str, float | None]:
    """The sums of tweets, impressions, engagements and new followers of whole days, `first` and `last` among them.

    None where a day is missing.
    """
    found: dict[str, float | None] = {}
    for metric in (*METRICS, "new_followers"):
        inside = daily(history, metric, source.get(metric))[pd.Timestamp(first) : pd.Timestamp(last)]
        found[metric] = float(inside.sum()) if len(inside) == (last - first).days + 1 else None
    return found


def of_months(months: list[Month]) -> dict[str, float | None]:
    """The sums of several months; None where one of them does not hold the figure."""
    found: dict[str, float | None] = {}
    for metric in (*METRICS, "new_followers"):
        values = [getattr(month, metric) for month in months]
        found[metric] = None if None in values or not values else float(sum(values))
    return found


def last_day(history: History, month: Month) -> date | None:
    """The last day of a month that its impressions cover; None if the files have no days."""
    series = daily(history, "impressions", month.source.get("impressions"))
    inside = series[month.month : month.month]
    return None if inside.empty else inside.index[-1].date()
