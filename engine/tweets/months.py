"""Rows of a hand-made sheet by month -> a clean frame (see frames.py for its columns)."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.tweets.dates import bare_month, now_utc, read_months
from engine.tweets.frames import check, column_of, figures, once, tell
from engine.tweets.numbers import Cell, is_missing
from engine.tweets.rows import MISSING_DATE, TOTAL, Rows

_COUNTS = ("tweets", "impressions", "engagements", "new_followers")
_SUM_TOLERANCE = 0.005  # people round totals


def months_frame(rows: Rows, locale: str | None) -> pd.DataFrame:
    """Each month once. Rows without a month are sums, parts of the month above them, or left out."""
    cells = _with_years(rows)
    months = read_months(cells, locale, now_utc().date())
    tell(rows, "month", months.unread, months.guess)
    blank = np.array([is_missing(cell) for cell in cells], dtype=bool)
    keep = blank | ~np.isnat(months.day)
    rows.drop(MISSING_DATE, int((~keep).sum()))
    rows.cells = [row for row, kept in zip(rows.cells, keep, strict=True) if kept]
    frame = pd.DataFrame({"day": months.day[keep].astype("datetime64[s]"), "blank": blank[keep]})
    figures(frame, rows, locale)
    check(frame, rows)
    held = frame.columns.drop(["day", "blank"])
    empty = frame[held].isna().all(axis=1)
    rows.drop("no figures", int(empty.sum()))
    frame = _grouped(_without_sums(frame[~empty].reset_index(drop=True), rows), list(held), rows)
    _tell_missing(frame, rows)
    return _derived(once(frame.sort_values("day", kind="stable"), rows, "day", "month"), rows)


def _with_years(rows: Rows) -> list[Cell]:
    """The column of months; where the year stands beside it or above it, the months have it."""
    cells = column_of(rows, "month")
    numbers = [bare_month(cell) for cell in cells]
    bare = [at for at, number in enumerate(numbers) if number]
    beside = column_of(rows, "year")
    years = _filled_years(beside) if beside else list(rows.years)
    if not bare or not any(years[at] for at in bare):
        return cells
    if years[bare[0]] is None:  # the year stands below its months, as of a total
        years = _years_below(years)
    order = [numbers[at] or 0 for at in bare]
    told = len({years[at] for at in bare})
    if told == 1 and not beside and order not in (sorted(order), sorted(order, reverse=True)):
        return cells  # a winter has two years, and only one is told
    rows.guesses.append("month: the year was taken from the cells beside or above, or from the name of the table")
    dated = dict(enumerate(cells))
    dated.update({at: f"{years[at]}-{numbers[at]:02}" for at in bare if years[at]})
    return list(dated.values())


def _filled_years(cells: Sequence[Cell]) -> list[int | None]:
    years: list[int | None] = []
    for cell in cells:
        match = re.search(r"(?<!\d)20\d\d(?!\d)", str(cell))
        years.append(int(match[0]) if match else years[-1] if years and is_missing(cell) else None)
    return years


def _years_below(years: Sequence[int | None]) -> list[int | None]:
    """`years` holds the last year above each row; the next one below is one that comes after it, in its order."""
    named = list(dict.fromkeys(year for year in years if year))
    following = dict(zip([None, *named], [*named, named[-1] + 1], strict=True))
    return [following[year] for year in years]


def _without_sums(frame: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Leave out rows without a month that hold the sum of those above them."""
    counts = [name for name in _COUNTS if name in frame]
    sums: list[int] = []
    for at in np.flatnonzero(frame["blank"]):
        above, row = frame[counts].iloc[:at].drop(index=sums), frame[counts].iloc[at].dropna()
        near = (above[row.index].sum() - row).abs() <= _SUM_TOLERANCE * row.abs()
        if len(above) > 1 and len(row) and near.all():
            sums.append(int(at))
    rows.drop(TOTAL, len(sums))
    return frame.drop(index=sums).reset_index(drop=True)


def _grouped(frame: pd.DataFrame, held: list[str], rows: Rows) -> pd.DataFrame:
    """Add up the rows of a month where its cell is merged, or where the sheet has a row a week."""
    blank = frame.pop("blank")
    groups = (blank & ~blank.shift(fill_value=True)).sum()  # months with rows below them that name none
    weeks = "date" in rows.layout.columns and frame["day"].duplicated().any()
    if groups > 1:
        rows.guesses.append(f"rows that have the month of the row above (their figures are added up): {blank.sum():,}")
        frame["day"] = frame["day"].ffill()
    elif weeks:
        rows.guesses.append("there are several rows a month: their figures are added up")
    rows.drop(MISSING_DATE, int(frame["day"].isna().sum()))
    frame = frame[frame["day"].notna()]
    if groups < 2 and not weeks:
        return frame
    number = len(frame)
    ratios = [name for name in held if "rate" in name or "_per_" in name]
    added = frame.groupby("day", as_index=False)[[name for name in held if name not in ratios]].sum(min_count=1)
    rows.drop("added to its month", number - len(added))
    if ratios:
        rows.warnings.append("ratios of parts of a month cannot be added up and are left out")
    return added


def _tell_missing(frame: pd.DataFrame, rows: Rows) -> None:
    """A month that lacks one figure may be a formula that was saved without its result."""
    counts = [name for name in _COUNTS if name in frame and frame[name].notna().any()]
    lived = frame[frame[counts].notna().any(axis=1)] if counts else frame
    for name in counts:
        if missing := int(lived[name].isna().sum()):
            rows.warnings.append(f"{name.replace('_', ' ')}: no figure in {missing:,} of {len(lived):,} months")


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
