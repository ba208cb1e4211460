"""A grid -> its layout and its rows of data; what else stands in it is set aside, counted and named."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.tweets import formats
from engine.tweets.dates import now_utc, read_months
from engine.tweets.formats import HEADER_ROWS, Layout, known_headings, layout_of, normal
from engine.tweets.numbers import Cell, clean, is_missing
from engine.tweets.tables import Grid

_TOTALS = re.compile(
    r"(grand )?(totals?|sum|summe|gesamt|suma|somme|totale|totaal|合計|avg|average|averages|mean|median|mittel|"
    r"mittelwert|durchschnitt|promedio|moyenne|media|平均)\b.*",
)
_LABEL_LENGTH = 40  # characters; a longer cell is a text and no label

BLANK = "blank"
TITLE = "title or note"
REPEATED = "repeated header"
TOTAL = "total or average"
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


def split(grid: Grid, mapping: Mapping[str, Mapping[str, str]] | None = None) -> Rows:
    """Find the header of a grid and the rows that belong to it.

    `mapping` holds a person's answers: signature of a header -> heading -> field. Raises UnknownLayout where one is
    needed, UnreadableData for a table of another kind.
    """
    grid, at, turned = _header(grid, mapping or {})
    rows, width = grid.rows, max(map(len, grid.rows))
    header = rows[at] if at is not None else [""] * width
    body = [row for index, row in enumerate(rows) if index != at]
    first = next((row for index, row in enumerate(rows) if index > (at or 0)), body[0] if body else [])
    layout = layout_of(header, first, (mapping or {}).get(signature(header)))
    found = Rows(layout, [], len(body), guesses=list(layout.guesses), warnings=list(layout.warnings))
    if at is None:
        found.guesses.append("the header is missing: the columns were taken by their position")
    if turned:
        found.guesses.append("the months stand across: the table was turned")
    names = [normal(cell) for cell in header]
    for index, row in enumerate(body):
        reason = _unwanted(row, names, layout, above=at is not None and index < at)
        if reason:
            found.dropped[reason] += 1
        else:
            found.cells.append(row + [""] * (layout.width - len(row)))
    if at is not None and at >= HEADER_ROWS:
        found.guesses.append(f"the header was found in row {at + 1:,}")
    return found


def set_aside(rows: Rows) -> Rows:
    """Rows of a known layout without those that are no data."""
    names = [""] * rows.layout.width
    for name, at in rows.layout.columns.items():
        names[at] = normal(rows.layout.names.get(name, ""))
    reasons = [_unwanted(row, names, rows.layout, above=False) for row in rows.cells]
    rows.dropped.update(reason for reason in reasons if reason)
    rows.cells = [row for row, reason in zip(rows.cells, reasons, strict=True) if reason is None]
    return rows


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
    if _exported(rows[0]):
        return grid, None, False
    if len(rows) > 1 and len(rows[0]) in (38, 40) and _exported(rows[1]):
        return grid, 0, False
    texts = [sum(isinstance(cell, str) and bool(cell.strip()) for cell in row) for row in rows[:HEADER_ROWS]]
    raise formats.unknown(formats.headings(rows[texts.index(max(texts))]))


_FIRST = {normal(name) for name in ("Tweet id", "Post id", "Date", "Month", "id", "ツイートID", "日付")}


def _exported(row: Sequence[Cell]) -> bool:
    """Whether a row is data of an old export, which can be read without a header."""
    if len(row) == 40:
        return bool(re.search(r"status/\d+", str(row[1])))
    return len(row) == 38 and bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(row[0])))


def _turned(grid: Grid) -> Grid | None:
    """The grid with rows for columns, if its months stand in a row."""
    for at, row in enumerate(grid.rows[:HEADER_ROWS]):
        cells = row[1:]
        if len(cells) >= 2:
            months = read_months(cells, grid.locale, now_utc().date()).day
            if (~np.isnat(months)).sum() >= max(2, 0.6 * sum(not is_missing(cell) for cell in cells)):
                width = max(map(len, grid.rows))
                table = [list(cells) + [""] * (width - len(cells)) for cells in grid.rows[at:]]
                table[0][0] = "Month"
                return Grid(grid.name, [list(column) for column in zip(*table, strict=True)], grid.locale)
    return None


def _unwanted(row: Sequence[Cell], names: Sequence[str], layout: Layout, above: bool) -> str | None:
    """Why a row is no data; None if it is."""
    filled = [cell for cell in row if not (cell is None or cell == "")]
    if not filled:
        return BLANK
    if isinstance(filled[0], str):
        same = sum(isinstance(cell, str) and normal(cell) == name != "" for cell, name in zip(row, names, strict=False))
        if same >= min(2, len(filled)) and same > len(filled) / 2:
            return REPEATED
        label = clean(filled[0]).casefold()
        if len(label) <= _LABEL_LENGTH and _TOTALS.fullmatch(label) and layout.kind != "posts":
            return TOTAL
    if above and (len(filled) <= 2 or all(isinstance(cell, str) for cell in filled)) and not _dated(row, layout):
        return TITLE
    extra = [cell for cell in row[layout.width :] if not is_missing(cell)]
    short = layout.definition != "sheet" and 0 < len(row) < layout.width
    if extra or (short and len(filled) > 2):
        return WIDTH
    return None


def _dated(row: Sequence[Cell], layout: Layout) -> bool:
    """Whether a row above the header may be data: it has something in the columns of dates and figures."""
    wanted = [layout.columns[name] for name in ("id", "date", "month", "impressions") if name in layout.columns]
    return len(row) >= layout.width and sum(not is_missing(row[at]) for at in wanted) >= min(2, len(wanted))
