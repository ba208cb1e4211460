"""Tables of several files -> one history of an account, each post, day and month once.

The same post in several exports: the one whose range ends later wins, then the later file. What came of every row stays
in the report, whose counts add up.
"""

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.tweets.dates import clock_of_key
from engine.tweets.formats import Kind
from engine.tweets.read import Part, TableReport

SUPERSEDED = "the same {} in a later export"
MERGED = "merged with the same {} of a later table"
_FIGURES = ("tweets", "impressions", "engagements", "new_followers")
_UTC = "UTC"


@dataclass
class Report:
    """What was read as what, what was guessed, and what was left out and why."""

    tables: list[TableReport] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)  # the same figure on the other basis

    def as_dict(self) -> dict[str, Any]:
        """Plain data: `rows` = `kept` + the sum of `dropped`, in all and for each table."""
        return {
            "files": [table.as_dict() for table in self.tables],
            "rows": sum(table.rows for table in self.tables),
            "kept": sum(table.kept for table in self.tables),
            "dropped": dict(sum((table.dropped for table in self.tables), Counter[str]())),
            "guesses": [*_named(self.tables, "guesses"), *self.guesses],
            "warnings": [*_named(self.tables, "warnings"), *self.warnings],
            "errors": [f"{table.name}: {table.error}" for table in self.tables if table.error],
            "checks": self.checks,
        }


@dataclass(frozen=True)
class History:
    """An account's posts, days and months, oldest first (columns: see frames.py, and below).

    `posts` has also `day` in the account's time zone, `time` (datetime64[s], local; from the id where the file has only
    a date; NaT where nothing tells), `type` and `definition`; `days` and `months` have `definition`.
    """

    posts: pd.DataFrame
    days: pd.DataFrame
    months: pd.DataFrame
    spans: list[tuple[date, date] | None]  # half-open, one a table of posts; None where its name does not tell
    extents: list[tuple[date, date]]  # half-open, one a table of posts: its span, or from its first to its last post
    report: Report
    time_zone: str = _UTC


def combine(parts: Sequence[Part], time_zone: str = _UTC, unread: Sequence[TableReport] = ()) -> History:
    """One history of many tables. The tables stay as they are: what was superseded stands in the history's report.

    `unread` are the reports of files that hold no table; they are told with the others.

    Raises InputError for an unknown time zone.
    """
    zone = zone_named(time_zone)
    parts = [replace(part, report=deepcopy(part.report)) for part in parts]
    report = Report([*(part.report for part in parts), *unread])
    posts = _posts(_of(parts, "posts"), report, zone)
    days = _merged(_of(parts, "days"), "day", report)
    months = _merged(_of(parts, "months"), "month", report)
    spans = [part.covers for part in _of(parts, "posts")]
    extents = [part.covers or _extent(_local_day(part.frame, zone)) for part in _of(parts, "posts")]
    return History(posts, days, months, spans, extents, report, time_zone)


def zone_named(name: str) -> ZoneInfo:
    """A time zone such as Europe/Madrid. Raises InputError if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(f"{name!r} is no time zone", "use a name such as Europe/Madrid or UTC") from error


def _named(tables: Sequence[TableReport], what: str) -> list[str]:
    return [f"{table.name}: {text}" for table in tables for text in getattr(table, what)]


def _of(parts: Sequence[Part], kind: Kind) -> list[Part]:
    """The tables of one kind, those whose range ends later last."""

    held = [part for part in parts if part.kind == kind and not part.frame.empty]
    return sorted(held, key=lambda part: (part.covers or _extent(part.frame["day"]))[1])


def _extent(days: pd.Series) -> tuple[date, date]:
    return days.min().date(), days.max().date() + timedelta(days=1)


def _posts(parts: Sequence[Part], report: Report, zone: ZoneInfo) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame({"day": pd.Series(dtype="datetime64[s]"), "impressions": [], "engagements": []})
    frames = [part.frame.assign(definition=part.definition, part=at) for at, part in enumerate(parts)]
    posts = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if len(frames) > 1 and (superseded := posts.duplicated("key", keep="last")).any():
        _account(parts, posts["part"][superseded], SUPERSEDED.format("post"))
        _tell_falling(posts, report)
        posts = posts[~superseded]
    posts = _with_columns(posts.drop(columns="part"), ("impressions", "engagements"))
    return posts.assign(day=_local_day(posts, zone)).sort_values(["day", "key"], ignore_index=True)


def _with_columns(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return frame.reindex(columns=frame.columns.union(pd.Index(names), sort=False))


def with_details(history: History) -> History:
    """The history with `time` and `type` of each post: what months do not need and posts do."""
    posts = history.posts
    if posts.empty:
        return history
    by_id = pd.Series(clock_of_key(posts["key"].to_numpy()), index=posts.index)
    clock = posts["clock"].where(posts["clock"].notna(), by_id)
    time = _local(clock, zone_named(history.time_zone))
    return replace(history, posts=posts.assign(time=time, type=_types(posts)))


def _local(clock: pd.Series, zone: ZoneInfo) -> pd.Series:
    local: pd.Series = clock.dt.tz_localize(_UTC).dt.tz_convert(zone).dt.tz_localize(None).astype("datetime64[s]")
    return local


def _local_day(posts: pd.DataFrame, zone: ZoneInfo) -> pd.Series:
    """The day of each post in the zone; as written where the file has no time."""
    if zone.key == _UTC:
        return posts["day"]
    local = _local(posts["clock"], zone)
    day: pd.Series = local.dt.normalize().where(local.notna(), posts["day"])
    return day


def _types(posts: pd.DataFrame) -> pd.Series:
    """What kind each post is, as far as its words tell."""
    if "text" not in posts:
        return pd.Series("unknown", index=posts.index)
    text = posts["text"].fillna("").astype(str)
    media = posts["media_views"].gt(0) if "media_views" in posts else pd.Series(data=False, index=posts.index)
    kinds = {
        "reply": text.str.startswith("@"),
        "repost": text.str.startswith("RT @"),
        "media": media,
        "link": text.str.contains("http", regex=False),
        "text": text != "",
    }
    return pd.Series(np.select(list(kinds.values()), list(kinds), "unknown"), index=posts.index)


def _account(parts: Sequence[Part], of_parts: pd.Series, reason: str) -> None:
    """Move rows from kept to dropped in the reports of the tables they came from."""
    for at, number in of_parts.value_counts().items():
        table = parts[int(str(at))].report
        table.dropped[reason] += int(number)
        table.kept -= int(number)


def _tell_falling(posts: pd.DataFrame, report: Report) -> None:
    """Counters of a post only grow: where a later export has fewer impressions, the export changed its definition."""
    both = posts[posts["key"].duplicated(keep=False)]
    falls = (both.groupby("key")["impressions"].diff() < 0).sum()
    if falls:
        report.warnings.append(f"posts with fewer impressions in a later export (the later counts): {falls:,}")


def _merged(parts: Sequence[Part], noun: str, report: Report) -> pd.DataFrame:
    """Days or months, each once; a figure that the later table does not hold is kept from the earlier."""
    if not parts:
        return pd.DataFrame({"day": pd.Series(dtype="datetime64[s]"), **{name: [] for name in _FIGURES}})
    frames = [part.frame.assign(definition=part.definition, part=at) for at, part in enumerate(parts)]
    table = pd.concat(frames, ignore_index=True).drop(columns="clock", errors="ignore")
    superseded = table.duplicated("day", keep="last")
    _account(parts, table["part"][superseded], MERGED.format(noun))
    _tell_differing(table, noun, report)
    if "new_followers" in table:
        sheet = table["definition"].eq("sheet").where(table["new_followers"].notna())
        table["own_followers"] = sheet.astype(float)
    return _with_columns(table.groupby("day", as_index=False).last().drop(columns="part"), _FIGURES)


def _tell_differing(table: pd.DataFrame, noun: str, report: Report) -> None:
    """Exports count on, so the later one is right; of a person's own tables, one may be a draft."""
    own = table[table["definition"] == "sheet"]
    held = own.groupby("day")[[name for name in _FIGURES if name in own]].nunique()
    if differing := int(held.gt(1).any(axis=1).sum()):
        report.warnings.append(f"{noun}s that two tables give different figures for (the later counts): {differing:,}")
