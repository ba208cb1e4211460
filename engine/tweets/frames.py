"""Rows of cells -> clean frames. Every cell that is not understood is counted, named and left missing, never zero.

Posts, one row a post: `key` (int64: the same post has the same key in every export), `id`, `url`, `text`, `day`
(datetime64[s], as written), `clock` (datetime64[s], UTC; NaT where the file has no time), figures (float64, NaN = not
held). Days: `day` and figures. Months (months.py): `day` (the first), figures, `goal:<field>` and `derived`.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.tweets.dates import Dates, clock_of_key, read_dates
from engine.tweets.numbers import Cell, Column, is_missing, read_column
from engine.tweets.rows import MISSING_DATE, Rows

Floats = NDArray[np.float64]

AGAIN = "the same {} again in the file"
_WORDS = ("id", "url", "text", "date", "month", "year", "completion")
_RATES = ("rate", "goal:rate")
_RATIOS = ("impressions_per_tweet", "followers_per_tweet", "goal:impressions_per_tweet", "goal:followers_per_tweet")
_LINKED = re.compile(r"status(?:es)?/(\d{8,20})")
_SHOWN = 3  # cells that could not be read are shown by so many examples
_ER_TOLERANCE = {"old": 1e-9, "new": 1e-9, "sheet": 0.0005}  # exports are exact; people write one decimal of a percent
_SELDOM, _NEVER = 0.1, 0.3  # engagement rates of an account's day or month, as fractions
_MILLIONS = 1e6  # figures in millions have decimals, figures in thousands seldom
_LARGEST = 1e12  # no account has so many impressions: the figures are not in the heading's unit
_DIGITS = 15  # significant digits of an id that a spreadsheet leaves; fewer no longer tell posts apart


def posts_frame(rows: Rows, locale: str | None) -> pd.DataFrame:
    """The rows of an export by post."""
    return finished(posts_cells(rows, locale), rows)


def posts_cells(rows: Rows, locale: str | None) -> pd.DataFrame:
    """The cells of an export by post, read."""
    frame = pd.DataFrame(index=range(len(rows.cells)))
    dates = _dates(rows, locale)
    texts = _words(rows, "text")
    ids, frame["key"] = _identify(rows, dates, texts)
    for name, cells in (("id", ids), ("url", _words(rows, "url")), ("text", texts)):
        frame[name] = pd.Series(cells, dtype="str")
    frame["day"], frame["clock"] = dates.day.astype("datetime64[s]"), dates.clock.astype("datetime64[s]")
    figures(frame, rows, locale)
    return frame


def finished(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Posts with their dates filled in from their ids, checked, and each once."""
    by_id = clock_of_key(frame["key"].to_numpy())
    missing = frame["day"].isna() & ~np.isnat(by_id)
    if missing.any():
        rows.guesses.append(f"posts without a date that got it from their id: {missing.sum():,}")
        frame.loc[missing, "clock"] = by_id[missing]
        frame.loc[missing, "day"] = by_id[missing].astype("datetime64[D]").astype("datetime64[s]")
    apart = (frame["day"] + pd.Timedelta(hours=12) - by_id).abs() > pd.Timedelta(hours=48)
    rows.warn("posts with a date that does not fit their id (the date counts)", apart.sum())
    check(frame, rows)
    return once(_with_days(frame, rows), rows, "key", "post")


def days_frame(rows: Rows, locale: str | None) -> pd.DataFrame:
    """The rows of an export by day. A day stays the day it is written as."""
    frame = pd.DataFrame(index=range(len(rows.cells)))
    dates = _dates(rows, locale)
    frame["day"] = dates.day.astype("datetime64[s]")
    rows.cells = [row for row, lost in zip(rows.cells, frame["day"].isna(), strict=True) if not lost]
    frame = _with_days(frame, rows)
    figures(frame, rows, locale)
    check(frame, rows)
    if "tweets" in frame and "impressions" in frame and ((frame["tweets"] == 0) & (frame["impressions"] > 0)).all():
        rows.warnings.append("no day has a post, but all have impressions")
    frame = once(frame.sort_values("day", kind="stable"), rows, "day", "day")
    steps = frame["day"].diff().dropna().dt.days
    gaps = int(steps.sum() - len(steps))
    if len(steps) > 1 and (steps == 7).mean() > 0.6:
        rows.guesses.append("the rows are weeks: each counts for the month that its date is in")
    else:
        rows.warn("days missing between the first and the last", gaps)
    return frame


def column_of(rows: Rows, name: str) -> list[Cell]:
    """A column's cells; none where the table has no such column."""
    at = rows.layout.columns.get(name)
    return [] if at is None else [row[at] for row in rows.cells]


def _words(rows: Rows, name: str) -> list[str | None]:
    cells = column_of(rows, name) or [None] * len(rows.cells)
    return [None if cell is None or cell == "" else str(cell) for cell in cells]


def _dates(rows: Rows, locale: str | None) -> Dates:
    cells = column_of(rows, "date") or [None] * len(rows.cells)
    dates = read_dates(cells, locale)
    tell(rows, "date", dates.unread, dates.guess)
    return dates


def tell(rows: Rows, name: str, unread: dict[str, int], guess: str | None) -> None:
    """Put into the account which cells of a column were not understood, and what was guessed."""
    if unread:
        examples = ", ".join(f"“{cell[:40]}”" for cell in list(unread)[:_SHOWN])
        total = sum(unread.values())
        cells = f"cells that are not understood and count as missing: {total:,}"
        rows.warnings.append(f"{name.replace('_', ' ')}: {cells} ({examples})")
    if guess:
        rows.guesses.append(f"{name.replace('_', ' ')}: {guess}")


def _with_days(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Leave rows without a day out."""
    rows.drop(MISSING_DATE, int(frame["day"].isna().sum()))
    return frame[frame["day"].notna()].reset_index(drop=True)


def figures(frame: pd.DataFrame, rows: Rows, locale: str | None) -> None:
    """Read the columns of figures into the frame, and check them against each other."""
    for name in rows.layout.columns:
        if name in _WORDS or name.startswith("promoted_"):
            continue
        quantity = "rate" if name in _RATES or name in _RATIOS else "count"
        cells, scale = column_of(rows, name), rows.layout.scales.get(name, 1.0)
        column = read_column(cells, "rate" if scale >= _MILLIONS else quantity, locale)  # type: ignore[arg-type]
        tell(rows, name, column.unread, column.guess)
        values = _scaled(column, cells, scale, rows, name)
        if name in _RATES:
            values = _as_fraction(values, column.percent, rows, name)
        elif name == "engagements" and column.percent and "rate" not in rows.layout.columns:
            name = "rate"  # noqa: PLW2901 - a column "Engagement" in percent
        rows.warn(f"{name}: negative figures, which count as missing", (values < 0).sum())
        values = np.where(values < 0, np.nan, values)
        if quantity == "count" and name != "rate":
            rows.warn(f"{name}: figures that are no whole numbers", (np.mod(values, 1) > 0).sum())
        frame[name] = values
    promoted = column_of(rows, "promoted_impressions")
    if promoted and (total := np.nansum(read_column(promoted, "count").values)):
        rows.warnings.append(f"{total:,.0f} promoted impressions stand beside the others and are not counted")


def _scaled(column: Column, cells: Sequence[Cell], scale: float, rows: Rows, name: str) -> Floats:
    """Figures of a column whose heading names a unit, as in "Impressions (K)"."""
    written = any(re.search(r"\d\s*[^\W\d_]", cell) for cell in cells if isinstance(cell, str))
    if scale == 1 or written or np.nanmax(column.values, initial=0) * scale > _LARGEST:
        return column.values
    rows.guesses.append(f"{name.replace('_', ' ')}: multiplied by {scale:,.0f}, as the heading says")
    return np.round(column.values * scale, 6)


def _as_fraction(values: Floats, percent: bool, rows: Rows, name: str) -> Floats:
    """An engagement rate as a fraction, whatever it is written as."""
    known = values[np.isfinite(values)]
    largest = known.max(initial=0.0)
    what = name.replace("_", " ")
    if percent and largest <= 1:
        return values
    if percent and largest <= 100:
        rows.guesses.append(f"{what}: figures without a percent sign are percent too")
        return np.where(values > 1, values / 100, values)
    if largest <= 1 and "%" not in rows.layout.names.get(name, ""):
        if rows.layout.definition != "sheet" or largest <= _SELDOM:
            return values
        share = float(np.median(known)) > _NEVER
        shown = f"{largest:g} is {largest if share else largest * 100:g} %"
        rows.guesses.append(f"{what}: the figures are {'percent' if share else 'shares'} ({shown})")
        return values / 100 if share else values
    if largest <= 100:
        rows.guesses.append(f"{what}: the figures are percent")
        return values / 100
    rows.warnings.append(f"{what}: figures up to {largest:,.0f} are no rates and count as missing")
    return np.full_like(values, np.nan)


def check(frame: pd.DataFrame, rows: Rows) -> None:
    """Figures of one row must agree; where they do not, somebody should look."""
    if not {"engagements", "impressions"} <= set(frame):
        missing = {"engagements", "impressions"} - set(frame)
        rows.warnings += [f"there is no column of {name}" for name in sorted(missing) if rows.layout.kind != "months"]
        return
    engagements, impressions = frame["engagements"], frame["impressions"]
    rows.warn("rows with more engagements than impressions", (engagements > impressions).sum())
    if "rate" in frame:
        tolerance = _ER_TOLERANCE[rows.layout.definition]
        off = (frame["rate"] - engagements / impressions.where(impressions > 0)).abs() > tolerance
        rows.warn("engagement rates that do not fit engagements and impressions (these count)", off.sum())
    # An export's engagements are the sum of what it lists, and of some things it does not.
    parts = [name for name in ("likes", "replies", "retweets", "url_clicks", "detail_expands") if name in frame]
    if len(parts) > 2:
        below = engagements < frame[parts].sum(axis=1)
        rows.warn("rows with fewer engagements than likes, replies and so on", below.sum())
    if rows.layout.kind != "months":
        for name in ("impressions", "engagements", "tweets", "new_followers"):
            if name in frame:
                rows.warn(f"rows without {name.replace('_', ' ')}", frame[name].isna().sum())


def once(frame: pd.DataFrame, rows: Rows, by: str, noun: str) -> pd.DataFrame:
    """Each post, day or month once: of two rows the one with more impressions, as counters only grow."""
    if _ordered(frame[by].to_numpy()):
        return frame.reset_index(drop=True)
    again = frame[by].duplicated(keep=False)
    if again.any():
        twins = frame[again]
        figures = [name for name in ("impressions", "engagements", "tweets", "new_followers") if name in frame]
        if twins.groupby(by)[figures].nunique(dropna=False).gt(1).any(axis=None):
            rows.warnings.append(f"{twins[by].nunique():,} {noun}s stand in the file twice with different figures")
        order = frame.sort_values("impressions", kind="stable") if "impressions" in frame else frame
        kept = order.drop_duplicates(by, keep="last").sort_index()
        rows.dropped[AGAIN.format(noun)] += len(frame) - len(kept)
        frame = kept
    return frame.reset_index(drop=True)


def _ordered(values: NDArray[Any]) -> bool:
    """Whether values rise or fall all along, as in exports: then none is there twice. Quicker than to count them."""
    return bool((values[1:] < values[:-1]).all() or (values[1:] > values[:-1]).all())


def _identify(rows: Rows, dates: Dates, texts: Sequence[str | None]) -> tuple[list[str | None], NDArray[np.int64]]:
    """Ids (repaired where a spreadsheet ruined them) and keys.

    The key of a post is the millisecond in its id: it is unique in an account, and survives the rounding of ids to 15
    digits. A post without such an id has a hash of its day and text, negative.
    """
    ids: list[str | None] = []
    repaired = ruined = 0
    nothing: list[Cell] = [None] * len(rows.cells)
    for cell, url in zip(column_of(rows, "id") or nothing, column_of(rows, "url") or nothing, strict=True):
        linked = _LINKED.search(str(url)) if url else None
        own, exact = _id(cell)
        repaired += bool(linked and own and own != linked[1])
        ruined += not linked and not exact
        ids.append(linked[1] if linked else own)
    if repaired:
        rows.guesses.append(f"ids repaired from their permalinks: {repaired:,}")
    if ruined:
        rows.guesses.append(f"ids rounded by a spreadsheet (what is left of them is used): {ruined:,}")
    keys = np.array([_snowflake(value) for value in ids], dtype=np.int64) >> 22
    hashed = keys == 0
    if hashed.any():
        columns = {"id": ids, "day": dates.day.astype(str), "clock": dates.clock.astype(str), "text": texts}
        odd = pd.DataFrame(columns, dtype=object)[hashed]
        odd["nth"] = odd.groupby(list(odd), dropna=False).cumcount().where(odd["id"].isna(), 0)
        hashes = pd.util.hash_pandas_object(odd.astype(str), index=False).to_numpy()
        keys[hashed] = -(hashes >> np.uint64(1)).astype(np.int64)
    return ids, keys


def _id(cell: Cell) -> tuple[str | None, bool]:
    """The id in a cell, and whether all its digits are there. Too few digits make no id."""
    if isinstance(cell, str) and cell.isdigit():
        return cell, True
    if is_missing(cell) or isinstance(cell, bool) or cell in (math.inf, -math.inf):
        return None, True
    if isinstance(cell, (int, float)):
        return str(int(cell)), isinstance(cell, int)
    text = str(cell).strip().strip("'\"=")
    if match := re.fullmatch(r"(\d)[.,]?(\d*)[eE]\+?(\d+)", text):
        digits, zeros = match[1] + match[2], int(match[3]) - len(match[2])
        return (digits + "0" * zeros, False) if len(digits) >= _DIGITS - 1 and 0 <= zeros < 8 else (None, False)
    return re.sub(r"\.0$", "", text), True


def _snowflake(text: str | None) -> int:
    value = int(text) if text and text.isascii() and text.isdigit() and len(text) <= 19 else 0
    return value if 1 << 58 < value < 1 << 63 else 0  # from March 2013 to 2080
