"""A grid -> its layout and its rows of data; what else stands in it is set aside, counted and named."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.tweets.dates import now_utc, read_dates, read_months
from engine.tweets.formats import COUNTED, HEADER_ROWS, Layout, layout_of, old_export, unknown
from engine.tweets.headings import field_of, headings, known_headings, normal, trimmed_field
from engine.tweets.numbers import Cell, clean, is_missing
from engine.tweets.tables import Grid
from engine.tweets.words import words

_LABELS = {of: "|".join(names) for of, names in words("row").items()}
_TOTALS = re.compile(rf"(grand )?({_LABELS['total']})\b.*")
_NO_ACTUALS = re.compile(f"({_LABELS['no actual']})e?s?")
_LABEL_LENGTH = 40  # characters; a longer cell is a text and no label

BLANK = "blank"
TITLE = "title or note"
REPEATED = "repeated header"
TOTAL = "total or average"
NO_ACTUAL = "goal, plan or change"
WIDTH = "another number of cells than the header"
MISSING_DATE = "no date"


@dataclass
class Rows:
    """The rows of data of one table, and an account of all others."""

    layout: Layout
    cells: list[list[Cell]]
    total: int  # rows in the table, its header left out
    dropped: Counter[str] = field(default_factory=Counter)
    guesses: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    years: list[int | None] = field(default_factory=list)  # the year that stands above each row of data, if one does

    def warn(self, what: str, number: int) -> None:
        """Say of how many rows something odd is true."""
        if number:
            self.warnings.append(f"{what}: {number:,}")

    def drop(self, reason: str, number: int) -> None:
        """Count rows that are left out."""
        if number:
            self.dropped[reason] += number


def split(grid: Grid, mapping: Mapping[str, Mapping[str, str]] | None = None) -> Rows:
    """Find the header of a grid and the rows that belong to it.

    `mapping` holds a person's answers: signature of a header -> heading -> field. Raises UnknownLayout where one is
    needed, UnreadableData for a table of another kind.
    """
    grid, at, turned = _header(grid, mapping or {})
    rows, width = grid.rows, max(map(len, grid.rows))
    header: list[Cell] = rows[at] if at is not None else [""] * width
    body = [row for index, row in enumerate(rows) if index != at]
    first = next((row for index, row in enumerate(rows) if index > (at or 0)), body[0] if body else [])
    answers = (mapping or {}).get(signature(header))
    header, guess = (header, None) if answers else _with_dates(header, body, grid.locale)
    layout = layout_of(header, first, answers)
    found = Rows(layout, [], len(body), guesses=list(layout.guesses), warnings=list(layout.warnings))
    if guess:
        found.guesses.append(guess)
    if at is None:
        found.guesses.append("the header is missing: the columns were taken by their position")
    if turned:
        found.guesses.append("the months stand across: the table was turned")
    names = [_plain(cell) for cell in header]
    year = year_named(grid.name)
    for index, row in enumerate(body):
        year = _year_above(row, layout) or year
        reason = _unwanted(row, names, layout, above=at is not None and index < at)
        if reason:
            found.dropped[reason] += 1
        else:
            found.cells.append(row + [""] * (layout.width - len(row)))
            found.years.append(year)
    if at is not None and at >= HEADER_ROWS:
        found.guesses.append(f"the header was found in row {at + 1:,}")
    _by_content(found, grid.locale)
    return found


def set_aside(rows: Rows) -> Rows:
    """Rows of a known layout without those that are no data."""
    names = [""] * rows.layout.width
    for name, at in rows.layout.columns.items():
        names[at] = _plain(rows.layout.names.get(name, ""))
    reasons = [_unwanted(row, names, rows.layout, above=False) for row in rows.cells]
    rows.dropped.update(reason for reason in reasons if reason)
    rows.cells = [row for row, reason in zip(rows.cells, reasons, strict=True) if reason is None]
    return rows


def _with_dates(header: list[Cell], body: Sequence[list[Cell]], locale: str | None) -> tuple[list[Cell], str | None]:
    """A header that names no column of dates, with a name for the one that holds them; and the guess in words."""
    fields = {field_of(cell) or trimmed_field(cell) for cell in header}
    if fields & {"month", "date", "id", "url", "text"} or not fields & COUNTED:
        return header, None
    for at, name in enumerate(header):
        cells = [row[at] for row in body if at < len(row) and not is_missing(row[at])]
        numbers = any(isinstance(cell, (int, float)) for cell in cells)
        if field_of(name) or trimmed_field(name) or (numbers and normal(name)) or len(cells) < 2:
            continue
        months = (~np.isnat(read_months(cells, locale, now_utc().date()).day)).sum()
        if months >= max(2, 0.6 * len(cells)):
            days = (~np.isnat(read_dates(cells, locale).day)).sum()
            named: list[Cell] = [*header[:at], "Date" if days == months else "Month", *header[at + 1 :]]
            return named, f"column {at + 1} (“{name}”) holds the dates"
    return header, None


def _by_content(rows: Rows, locale: str | None) -> None:
    """A sheet "by day" may hold a row a month, or several rows a day, which are posts."""
    layout = rows.layout
    if layout.kind != "days" or layout.definition != "sheet":
        return
    cells = [row[layout.columns["date"]] for row in rows.cells]
    columns = dict(layout.columns)
    dates = read_dates(cells, locale)
    days = dates.day[~np.isnat(dates.day)]
    if "tweets" not in columns and (len(np.unique(days)) < len(days) or (~np.isnat(dates.clock)).any()):
        rows.guesses.append("there are several rows a day: each is taken for a post")
        if "new_followers" in columns:
            columns["new_follows"] = columns.pop("new_followers")
        rows.layout = replace(layout, kind="posts", columns=columns)
    elif _are_months(cells, days, locale):
        rows.guesses.append("there is one row a month: each is taken for the figures of its month")
        columns["month"] = columns.pop("date")
        rows.layout = replace(layout, kind="months", columns=columns)


def _are_months(cells: Sequence[Cell], days: NDArray[np.datetime64], locale: str | None) -> bool:
    months = read_months(cells, locale, now_utc().date()).day
    months = months[~np.isnat(months)]
    if len(days) < len(months):
        return len(days) == 0
    ends = (days + 1).astype("datetime64[M]") != days.astype("datetime64[M]")
    starts = days == days.astype("datetime64[M]").astype("datetime64[D]")
    return len(days) > 1 and len(np.unique(months)) == len(months) and bool(ends.all() or starts.all())


def year_named(text: str) -> int | None:
    """The one year that stands in a tab's or a file's name or in a title, and is no part of a date."""
    years = set(re.findall(r"(?<![\d-])(20\d\d)(?![-_./]?\d)", text.rpartition("·")[2]))
    return int(years.pop()) if len(years) == 1 else None


def _year_above(row: Sequence[Cell], layout: Layout) -> int | None:
    """The year that a row names for those below it: alone in the row, or for a month."""
    at = layout.columns.get("month")
    if at is None:
        return None
    filled = [cell for cell in row if not (cell is None or cell == "")]
    if len(filled) == 1:
        return year_named(re.sub(r"\.0$", "", str(filled[0]))[:_LABEL_LENGTH])
    match = re.fullmatch(r"(20\d\d)(\.0)?", str(row[at]).strip()) if at < len(row) else None
    return int(match[1]) if match else None


def signature(header: Sequence[Cell]) -> str:
    """What a header is remembered by."""
    return "|".join(normal(cell) for cell in header)


def _header(grid: Grid, mapping: Mapping[str, Mapping[str, str]]) -> tuple[Grid, int | None, bool]:
    """The grid (turned, where months stand across), the row of its header if it has one, and whether it was turned."""
    rows = grid.rows
    for at, row in enumerate(rows[:HEADER_ROWS]):
        if signature(row) in mapping:
            return grid, at, False
    scores = [known_headings(row) for row in rows[:HEADER_ROWS]]
    if max(scores) >= 2:
        return grid, scores.index(max(scores)), False
    for at in range(len(rows) - 1, HEADER_ROWS - 1, -1):  # sorted away from the top with the rows
        if rows[at] and normal(rows[at][0]) in _FIRST and known_headings(rows[at]) >= 4:
            return grid, at, False
    if len(rows) <= HEADER_ROWS * 2 and (turned := _turned(grid)):
        at = max(range(len(turned.rows[:HEADER_ROWS])), key=lambda index: known_headings(turned.rows[index]))
        if known_headings(turned.rows[at]) >= 2:
            return turned, at, True
    if old_export(rows[0]):
        return grid, None, False
    if len(rows) > 1 and len(rows[0]) in (38, 40) and old_export(rows[1]):
        return grid, 0, False
    texts = [sum(isinstance(cell, str) and bool(cell.strip()) for cell in row) for row in rows[:HEADER_ROWS]]
    raise unknown(headings(rows[texts.index(max(texts))]))


_FIRST = {normal(name) for name in ("Tweet id", "Post id", "Date", "Month", "id", "ツイートID", "日付")}


def _turned(grid: Grid) -> Grid | None:
    """The grid with rows for columns, if its months stand in a row."""
    for at, row in enumerate(grid.rows[:HEADER_ROWS]):
        cells = row[1:]
        if len(cells) >= 2:
            months = read_months(cells, grid.locale, now_utc().date()).day
            if (~np.isnat(months)).sum() >= max(2, 0.5 * sum(not is_missing(cell) for cell in cells)):
                width = max(map(len, grid.rows))
                table = [list(cells) + [""] * (width - len(cells)) for cells in grid.rows[at:]]
                table[0][0] = "Month"
                return Grid(grid.name, [list(column) for column in zip(*table, strict=True)], grid.locale)
    return None


def _plain(heading: Cell) -> str:
    """A heading as it is repeated: to the letter, which is quick to compare."""
    return str(heading or "").strip().casefold()


def _unwanted(row: Sequence[Cell], names: Sequence[str], layout: Layout, above: bool) -> str | None:
    """Why a row is no data; None if it is."""
    filled = [cell for cell in row if not (cell is None or cell == "")]
    if not filled:
        return BLANK
    if isinstance(filled[0], str):
        same = 0
        if _plain(filled[0]) in names:
            same = sum(_plain(cell) == name != "" for cell, name in zip(row, names, strict=False))
        if same >= min(2, len(filled)) and same > len(filled) / 2:
            return REPEATED
        if layout.kind != "posts" and (reason := _no_month(row, filled, layout)):
            return reason
    if above and (len(filled) <= 2 or all(isinstance(cell, str) for cell in filled)) and not _dated(row, layout):
        return TITLE
    extra = [cell for cell in row[layout.width :] if not is_missing(cell)]
    short = layout.definition != "sheet" and 0 < len(row) < layout.width
    if extra or (short and len(filled) > 2):
        return WIDTH
    return None


def _no_month(row: Sequence[Cell], filled: Sequence[Cell], layout: Layout) -> str | None:
    """Why a row is no month or day of its own: a total, a goal, a change; None if it may be one."""
    key = layout.columns.get("month", layout.columns.get("date", 0))
    own = row[key] if key < len(row) and not is_missing(row[key]) else filled[0]
    if isinstance(own, str) and len(own) <= _LABEL_LENGTH and _TOTALS.fullmatch(clean(own).casefold()):
        return TOTAL
    others = [cell for at, cell in enumerate(row[: layout.width]) if at not in layout.columns.values() or at == key]
    return NO_ACTUAL if any(_NO_ACTUALS.fullmatch(normal(cell)) for cell in others if isinstance(cell, str)) else None


def _dated(row: Sequence[Cell], layout: Layout) -> bool:
    """Whether a row above the header may be data: it has something in the columns of dates and figures."""
    wanted = [layout.columns[name] for name in ("id", "date", "month", "impressions") if name in layout.columns]
    return len(row) >= layout.width and sum(not is_missing(row[at]) for at in wanted) >= min(2, len(wanted))
