"""Rows of cells -> clean frames. Every cell that is not understood is counted, named and left missing, never zero.

Posts, one row a post: `key` (int64: the same post has the same key in every export), `id`, `url`, `text`, `day`
(datetime64[s], as written), `clock` (datetime64[s], UTC; NaT where the file has no time), figures (float64, NaN = not
held). Days: `day` and figures. Months: `day` (the first), figures, `goal:<field>` and `derived`.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.tweets.dates import Dates, clock_of_key, now_utc, read_dates, read_months
from engine.tweets.numbers import Cell, is_missing, read_column
from engine.tweets.rows import MISSING_DATE, Rows

Floats = NDArray[np.float64]

AGAIN = "the same {} again in the file"
_WORDS = ("id", "url", "text", "date", "month", "completion")
_RATES = ("rate", "goal:rate")
_RATIOS = ("impressions_per_tweet", "followers_per_tweet", "goal:impressions_per_tweet", "goal:followers_per_tweet")
_SHOWN = 3  # cells that could not be read are shown by so many examples
_ER_TOLERANCE = {"old": 1e-9, "new": 1e-9, "sheet": 0.0005}  # exports are exact; people write one decimal of a percent
_DIGITS = 15  # significant digits of an id that a spreadsheet leaves; fewer no longer tell posts apart


def posts_frame(rows: Rows, locale: str | None) -> pd.DataFrame:
    """The rows of an export by post."""
    return finished(posts_cells(rows, locale), rows)


def posts_cells(rows: Rows, locale: str | None) -> pd.DataFrame:
    """The cells of an export by post, read."""
    frame = pd.DataFrame(index=range(len(rows.cells)))
    dates = _dates(rows, locale)
    texts = _words(rows, "text")
    frame["id"], frame["key"] = _identify(rows, dates, texts)
    frame["url"] = _words(rows, "url")
    frame["text"] = texts
    frame["day"], frame["clock"] = dates.day.astype("datetime64[s]"), dates.clock.astype("datetime64[s]")
    _figures(frame, rows, locale)
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
    if apart.any():
        rows.warnings.append(f"posts with a date that does not fit their id (the date counts): {apart.sum():,}")
    _check(frame, rows)
    return _once(_with_days(frame, rows), rows, "key", "post")


def days_frame(rows: Rows, locale: str | None) -> pd.DataFrame:
    """The rows of an export by day. A day stays the day it is written as."""
    frame = pd.DataFrame(index=range(len(rows.cells)))
    dates = _dates(rows, locale)
    frame["day"], frame["clock"] = dates.day.astype("datetime64[s]"), dates.clock.astype("datetime64[s]")
    _figures(frame, rows, locale)
    _check(frame, rows)
    frame = _with_days(frame, rows)
    if "tweets" not in frame and rows.layout.definition == "sheet":
        return frame  # its rows may be posts
    if "tweets" in frame and "impressions" in frame and ((frame["tweets"] == 0) & (frame["impressions"] > 0)).all():
        rows.warnings.append("no day has a post, but all have impressions")
    frame = _once(frame.sort_values("day", kind="stable"), rows, "day", "day")
    gaps = (frame["day"].iloc[-1] - frame["day"].iloc[0]).days + 1 - len(frame) if len(frame) else 0
    if gaps:
        rows.warnings.append(f"days missing between the first and the last: {gaps:,}")
    return frame


def months_frame(rows: Rows, locale: str | None) -> pd.DataFrame:
    """The rows of a hand-made sheet by month."""
    frame = pd.DataFrame(index=range(len(rows.cells)))
    cells, several = _filled_down(rows)
    months = read_months(cells, locale, now_utc().date())
    _tell(rows, "month", months.unread, months.guess)
    frame["day"] = months.day.astype("datetime64[s]")
    _figures(frame, rows, locale)
    _check(frame, rows)
    figures = frame.columns.drop("day")
    empty = frame[figures].isna().all(axis=1)
    if idle := int((empty & frame["day"].notna()).sum()):
        rows.dropped["no figures"] += idle
    frame = _with_days(frame[~(empty & frame["day"].notna())], rows)
    if several:
        frame = frame.groupby("day", as_index=False)[list(figures)].sum(min_count=1)
        rows.dropped["added to its month"] += len(cells) - rows.dropped.total() - len(frame)
    frame = _once(frame.sort_values("day", kind="stable"), rows, "day", "month")
    return _derived(frame, rows)


def _column(rows: Rows, name: str) -> list[Cell]:
    at = rows.layout.columns.get(name)
    return [] if at is None else [row[at] for row in rows.cells]


def _words(rows: Rows, name: str) -> list[str | None]:
    cells = _column(rows, name) or [None] * len(rows.cells)
    return [None if cell is None or cell == "" else str(cell) for cell in cells]


def _dates(rows: Rows, locale: str | None) -> Dates:
    cells = _column(rows, "date") or [None] * len(rows.cells)
    dates = read_dates(cells, locale)
    _tell(rows, "date", dates.unread, dates.guess)
    return dates


def _tell(rows: Rows, name: str, unread: dict[str, int], guess: str | None) -> None:
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
    lost = int(frame["day"].isna().sum())
    if lost:
        rows.dropped[MISSING_DATE] += lost
    return frame[frame["day"].notna()].reset_index(drop=True)


def _figures(frame: pd.DataFrame, rows: Rows, locale: str | None) -> None:
    """Read the columns of figures into the frame, and check them against each other."""
    for name in rows.layout.columns:
        if name in _WORDS or name.startswith("promoted_"):
            continue
        quantity = "rate" if name in _RATES or name in _RATIOS else "count"
        column = read_column(_column(rows, name), quantity, locale)  # type: ignore[arg-type]
        _tell(rows, name, column.unread, column.guess)
        values = column.values
        if name in _RATES:
            values = _as_fraction(values, column.percent, rows, name)
        elif name == "engagements" and column.percent and "rate" not in rows.layout.columns:
            name = "rate"  # noqa: PLW2901 - a column "Engagement" in percent
        if (values < 0).any():
            rows.warnings.append(f"{name}: negative figures, which count as missing: {(values < 0).sum():,}")
            values = np.where(values < 0, np.nan, values)
        if quantity == "count" and name != "rate" and (np.mod(values, 1) > 0).any():
            rows.warnings.append(f"{name}: figures that are no whole numbers: {(np.mod(values, 1) > 0).sum():,}")
        frame[name] = values
    promoted = _column(rows, "promoted_impressions")
    if promoted and (total := np.nansum(read_column(promoted, "count").values)):
        rows.warnings.append(f"{total:,.0f} promoted impressions stand beside the others and are not counted")


def _as_fraction(values: Floats, percent: bool, rows: Rows, name: str) -> Floats:
    """An engagement rate as a fraction, whatever it is written as."""
    largest = np.nanmax(values) if np.isfinite(values).any() else 0.0
    if percent or (largest <= 1 and "%" not in rows.layout.names.get(name, "")):
        return values
    if largest <= 100:
        rows.guesses.append(f"{name.replace('_', ' ')}: the figures are percent")
        return values / 100
    rows.warnings.append(f"{name.replace('_', ' ')}: figures up to {largest:,.0f} are no rates and count as missing")
    return np.full_like(values, np.nan)


def _check(frame: pd.DataFrame, rows: Rows) -> None:
    """Figures of one row must agree; where they do not, somebody should look."""
    if not {"engagements", "impressions"} <= set(frame):
        missing = {"engagements", "impressions"} - set(frame)
        rows.warnings += [f"there is no column of {name}" for name in sorted(missing) if rows.layout.kind != "months"]
        return
    engagements, impressions = frame["engagements"], frame["impressions"]
    above = engagements > impressions
    if above.any():
        rows.warnings.append(f"rows with more engagements than impressions: {above.sum():,}")
    if "rate" in frame:
        off = (frame["rate"] - engagements / impressions.where(impressions > 0)).abs() > _ER_TOLERANCE[
            rows.layout.definition
        ]
        if off.any():
            rows.warnings.append(
                f"engagement rates that do not fit engagements and impressions (these count): {off.sum():,}"
            )
    _check_parts(frame, rows)
    if "rate" not in frame and impressions.isna().any() and rows.layout.kind != "months":
        rows.warnings.append(f"rows without impressions: {impressions.isna().sum():,}")


def _check_parts(frame: pd.DataFrame, rows: Rows) -> None:
    """An export's engagements are the sum of what it lists, and of some things it does not."""
    parts = [name for name in ("likes", "replies", "retweets", "url_clicks", "detail_expands") if name in frame]
    below = frame["engagements"] < frame[parts].sum(axis=1)
    if len(parts) > 2 and below.any():
        rows.warnings.append(f"rows with fewer engagements than likes, replies and so on: {below.sum():,}")


def _once(frame: pd.DataFrame, rows: Rows, by: str, noun: str) -> pd.DataFrame:
    """Each post, day or month once: of two rows the one with more impressions, as counters only grow."""
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


def _identify(rows: Rows, dates: Dates, texts: Sequence[str | None]) -> tuple[list[str | None], NDArray[np.int64]]:
    """Ids (repaired where a spreadsheet ruined them) and keys.

    The key of a post is the millisecond in its id: it is unique in an account, and survives the rounding of ids to 15
    digits. A post without such an id has a hash of its day and text, negative.
    """
    ids: list[str | None] = []
    repaired = ruined = 0
    for cell, url in zip(
        _column(rows, "id") or [None] * len(rows.cells), _column(rows, "url") or [None] * len(rows.cells), strict=True
    ):
        linked = re.search(r"status(?:es)?/(\d{8,20})", str(url)) if url else None
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
    if is_missing(cell) or isinstance(cell, bool):
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


def _filled_down(rows: Rows) -> tuple[list[Cell], bool]:
    """The column of months, and whether cells are merged: then the rows below the first get its month."""
    cells = _column(rows, "month")
    blank = [is_missing(cell) for cell in cells]
    if not cells or blank[0] or sum(blank) < 0.3 * len(cells):
        return cells, False
    rows.guesses.append(f"rows that have the month of the row above (their figures are added up): {sum(blank):,}")
    filled: list[Cell] = []
    for cell, gap in zip(cells, blank, strict=True):
        filled.append(filled[-1] if gap else cell)
    return filled, True


def _derived(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Totals that a sheet holds only as ratios; what was worked out stands in `derived`, separated by spaces."""
    frame["derived"] = ""
    for name, factors in {
        "impressions": ("impressions_per_tweet", "tweets"),
        "new_followers": ("followers_per_tweet", "tweets"),
        "engagements": ("rate", "impressions"),
    }.items():
        if name not in frame:
            frame[name] = np.nan
        if set(factors) <= set(frame):
            found = (frame[factors[0]] * frame[factors[1]]).round()
            fill = frame[name].isna() & found.notna()
            if fill.any():
                frame.loc[fill, name] = found[fill]
                frame.loc[fill, "derived"] += f"{name} "
                words = " x ".join(factor.replace("_", " ") for factor in factors)
                rows.guesses.append(f"{name.replace('_', ' ')} worked out ({words}); months: {fill.sum():,}")
    return frame
