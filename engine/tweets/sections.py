"""A grid -> the tables that stand in it, under one another or side by side, each with its own header."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from engine.tweets.headings import field_of, known_headings, normal
from engine.tweets.numbers import Cell
from engine.tweets.tables import Grid

_KEYS = ("month", "date", "id")  # what a row of a table is named by


def sections(grid: Grid) -> list[Grid]:
    """Cut a grid where another header begins. A header that only repeats the one above it begins no table."""
    heads = [at for at, row in enumerate(grid.rows) if _is_header(row)]
    starts = [_with_title(grid.rows, after) for before, after in pairwise(heads) if not _same(grid.rows, before, after)]
    bounds = [0, *starts, len(grid.rows)]
    stacked = [grid.rows[start:end] for start, end in pairwise(bounds)]
    tables = [table for rows in stacked for table in _side_by_side(rows)]
    if len(tables) == 1:
        return [grid]
    return [replace(grid, name=f"{grid.name}, table {at}", rows=rows) for at, rows in enumerate(tables, start=1)]


def _is_header(row: Sequence[Cell]) -> bool:
    words = [cell for cell in row[:3] if isinstance(cell, str) and len(cell) < 20 and not cell[-1:].isdigit()]
    return any(field_of(word) in _KEYS for word in words) and known_headings(row) >= 2


def _same(rows: Sequence[Sequence[Cell]], before: int, after: int) -> bool:
    first, second = ([normal(cell) for cell in rows[at] if cell not in ("", None)] for at in (before, after))
    return first == second


def _with_title(rows: Sequence[Sequence[Cell]], at: int) -> int:
    """Where a table begins, with the titles straight above its header."""
    while at > 0 and sum(cell not in ("", None) for cell in rows[at - 1]) == 1:
        at -= 1
    return at


def _side_by_side(rows: list[list[Cell]]) -> list[list[list[Cell]]]:
    """Tables beside each other name their rows by the same thing, such as Month, and a blank column parts them."""
    header = next((row for row in rows[:20] if _is_header(row)), [])
    fields = [field_of(cell) for cell in header]
    key = next((field for field in fields if field in _KEYS), None)
    starts = [at for at, field in enumerate(fields) if field == key is not None]
    if len(starts) < 2 or any(normal(header[at - 1]) for at in starts[1:]):
        return [rows]
    width = max(map(len, rows))
    return [[row[start:end] for row in rows] for start, end in pairwise([0, *starts[1:], width])]
