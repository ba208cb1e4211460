"""A history -> figures by month, as the contract has them. Ratios are ratios of sums; missing is null, never zero."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from engine.tweets.history import History

Basis = Literal["by-tweet", "by-day"]
BASES: tuple[Basis, ...] = ("by-tweet", "by-day")
METRICS = ("tweets", "impressions", "engagements")
_RATIOS = ("impressions_per_tweet", "followers_per_tweet", "engagement_rate")
_LINE = (
    "month", "tweets", "impressions", "impressions_per_tweet", "new_followers", "followers_per_tweet",
    "followers_from_posts", "engagements", "engagement_rate",
)  # fmt: skip
_GIVEN = ("rate", "impressions_per_tweet", "followers_per_tweet")
_SUMMED = [*METRICS, "new_followers", "own_followers", "follows", "new_follows", *_GIVEN]


@dataclass(frozen=True)
class Month:
    """The figures of one month; None where no file holds them. `source` says which kind of table each is from."""

    month: str  # "2021-01"
    tweets: float | None = None
    impressions: float | None = None
    engagements: float | None = None
    new_followers: float | None = None
    followers_from_posts: float | None = None  # follows made from the posts: not the account's new followers
    given: dict[str, float] = field(default_factory=dict)  # ratios of a sheet that holds only them
    complete: bool | None = None
    source: dict[str, str | None] = field(default_factory=dict)
    derived: tuple[str, ...] = ()  # figures worked out from a sheet's ratios

    @property
    def impressions_per_tweet(self) -> float | None:
        return self._ratio("impressions", "tweets", "impressions_per_tweet")

    @property
    def followers_per_tweet(self) -> float | None:
        return self._ratio("new_followers", "tweets", "followers_per_tweet")

    @property
    def engagement_rate(self) -> float | None:
        return self._ratio("engagements", "impressions", "rate")

    def _ratio(self, above: str, below: str, name: str) -> float | None:
        """A ratio of sums; where the sheet holds the ratio and not the sum, the ratio as it stands there."""
        numerator, denominator = getattr(self, above), getattr(self, below)
        if numerator is None or not denominator or (above in self.derived and name in self.given):
            return self.given.get(name)
        ratio: float = numerator / denominator
        return ratio

    @property
    def period(self) -> pd.Period:
        return pd.Period(self.month, "M")

    def as_dict(self) -> dict[str, Any]:
        """The contract's line."""
        figures = {name: getattr(self, name) for name in _LINE}
        figures |= {name: _whole(figures[name]) for name in _LINE[1:] if name not in _RATIOS}
        return figures | {"complete": self.complete, "source": self.source, "derived": list(self.derived)}


def by_month(history: History, basis: Basis | None = None) -> list[Month]:
    """The months of a history, oldest first; those inside a covered range that have no posts are there, with zeros.

    `basis` None: by-tweet where there are rows by tweet, by-day where only they cover the month. The report of the
    history gets the figures of the other basis as checks, and the months that no file covers.
    """
    tables = _tables(history)
    months = sorted(set().union(*(table.index for table in tables.values())))
    figures = [_month(month, tables, history, basis) for month in months]
    history.report.checks = [*_checks(tables)]
    held = [month for month in figures if any(month.source.values())]
    _tell_gaps(held, history, basis)
    return held


def _tables(history: History) -> dict[str, pd.DataFrame]:
    """Sums by month (index: period number since 1970) of each kind of table, with `rows`: how many it has."""
    posts, days, months = (_sums(frame) for frame in (history.posts, history.days, history.months))
    covered = sorted({month for span in history.extents for month in _months_of(span)})
    posts = posts.reindex(sorted({*posts.index, *covered}))
    inside = posts.index.isin(covered) & posts["rows"].isna()
    for name in ("rows", "impressions", "engagements", "followers"):
        if posts[name].notna().any():  # of figures that the files hold, a month without posts has none
            posts.loc[inside, name] = 0.0
    return {"by-tweet": posts.assign(tweets=posts["rows"]), "by-day": days, "sheet": months}


def _sums(frame: pd.DataFrame) -> pd.DataFrame:
    month = frame["day"].to_numpy().astype("datetime64[M]").astype(np.int64)
    sums = frame.filter(_SUMMED).groupby(month).sum(min_count=1).reindex(columns=_SUMMED)
    sums["rows"] = frame.groupby(month).size().astype(float)
    sums["followers"] = sums[["follows", "new_follows"]].sum(axis=1, min_count=1)
    if "new_followers" in frame:
        sums["follower_days"] = frame["new_followers"].groupby(month).count()
    if "derived" in frame:
        sums["derived"] = frame["derived"].groupby(month).last()
    return sums


def _months_of(span: tuple[date, date]) -> range:
    first, last = (np.datetime64(day, "M").astype(int) for day in (span[0], span[1] - timedelta(days=1)))
    return range(int(first), int(last) + 1)


def _month(number: int, tables: dict[str, pd.DataFrame], history: History, basis: Basis | None) -> Month:
    rows = {name: table.loc[number] for name, table in tables.items() if number in table.index}

    def figure(table: str | None, metric: str) -> float | None:
        return _known(rows[table].get(metric)) if table in rows else None

    order = (*(BASES if basis is None else (basis,)), "sheet")  # a user's own sheet comes last
    main = next((name for name in order if any(figure(name, metric) is not None for metric in METRICS)), None)
    values = {metric: figure(main, metric) for metric in METRICS}
    source = {metric: None if value is None else main for metric, value in values.items()}
    counts = next((name for name in ("by-day", "sheet") if figure(name, "new_followers") is not None), None)
    own = counts == "sheet" or (figure(counts, "own_followers") or 0) > 0
    source["new_followers"] = None if counts is None else "sheet" if own else "overview"
    given = {name: figure(main, name) for name in _GIVEN} if main == "sheet" else {}
    derived = str(rows["sheet"].get("derived", "")).split() if "sheet" in rows else []
    return Month(
        str(np.datetime64(number, "M")),
        **values,
        new_followers=figure(counts, "new_followers"),
        followers_from_posts=figure("by-tweet", "followers"),
        given={name: value for name, value in given.items() if value is not None},
        complete=_complete(number, main, rows, history),
        source=source,
        derived=tuple(name for name in derived if source.get(name) == "sheet"),
    )


def _complete(number: int, main: str | None, rows: dict[str, Any], history: History) -> bool | None:
    """Whether the figures cover the whole month: by the ranges in the files' names, or by the daily rows."""
    first, after = (np.datetime64(at, "M").astype("M8[D]").astype(int) for at in (number, number + 1))
    daily = rows.get("by-day")
    answers: list[bool | None] = []
    if main == "by-tweet" and None not in history.spans:
        days = {day for span in history.spans if span for day in range(*np.array(span, "M8[D]").astype(int))}
        answers.append(days.issuperset(range(first, after)))
    elif main in BASES:
        answers.append(None if daily is None else bool(daily["rows"] == after - first))
    if daily is not None and daily.get("follower_days", 0) > 0:
        answers.append(bool(daily["follower_days"] == after - first))
    if False in answers:
        return False
    return None if not answers or None in answers else True


def _checks(tables: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """The months that both kinds of export hold, side by side: they differ as days count older posts too."""
    tweets, days = tables["by-tweet"], tables["by-day"]
    rows = []
    for number in tweets.index.intersection(days.index):
        for metric in METRICS:
            pair = _known(tweets.loc[number].get(metric)), _known(days.loc[number].get(metric))
            if pair[0] is not None and pair[1] is not None:
                month = str(np.datetime64(number, "M"))
                rows.append({"month": month, "metric": metric, "by-tweet": _whole(pair[0]), "by-day": _whole(pair[1])})
    return rows


def _tell_gaps(months: Sequence[Month], history: History, basis: Basis | None) -> None:
    report = history.report
    numbers = [np.datetime64(month.month, "M").astype(int) for month in months]
    gaps = [str(np.datetime64(n, "M")) for n in range(numbers[0], numbers[-1]) if n not in numbers] if numbers else []
    if gaps:
        report.warnings.append(f"no file covers {', '.join(gaps[:12])}{' and more' if len(gaps) > 12 else ''}")
    used = {month.source["impressions"] for month in months} - {None}
    if basis is None and {"by-tweet", "by-day"} <= used:
        report.guesses.append("some months are counted by tweet and others by day: their figures are not quite alike")
    partial = [month.month for month in months if month.complete is False]
    if partial:
        report.warnings.append(f"not the whole month is covered in {', '.join(partial[:12])}")


def _known(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value
