"""Parquet, or delimited text as people save it, in any encoding -> a table with every column named."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import InputError, UnreadableData

if TYPE_CHECKING:
    import polars as pl

NOTHING = ("", "nan", "null", "na", "n/a")  # cells that say so, in lower case
_FIRST = 200  # rows that show whether the first one holds headings
_AGAIN = re.compile(r"(.*)_duplicated_\d+", re.DOTALL)  # what polars makes of a heading that stood before


class Delimited(NamedTuple):
    """A file as it stands."""

    table: "pl.LazyFrame"  # of delimited text, all cells are text
    comma: bool  # whether numbers may be written with a decimal comma
    notes: tuple[str, ...]


@contextmanager
def readable(path: Path, name: str) -> Iterator[None]:
    """Raises UnreadableData for what polars and the system raise of a file that is called `name`."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        why = str(error).partition("\n")[0].replace(str(path), name)
        raise UnreadableData(f"{name} is not a readable table ({why})", "save it as CSV or Parquet again") from error


def scan(path: Path, name: str) -> Delimited:
    """A Parquet or CSV file or its kin. `name` is what it is called in messages and notes.

    Raises UnreadableData for what is no text, InputError without a row of headings, and what polars raises.
    """
    import polars as pl

    from engine.tweets.tables import is_book, open_text, peek, sniff

    if path.suffix.lower() == ".parquet":
        return Delimited(pl.scan_parquet(path, glob=False), comma=False, notes=())
    head = peek(path)
    if is_book(head):
        raise UnreadableData(f"{name} is a workbook, no text", "save its sheet as CSV")
    try:
        dialect = sniff(head)
    except UnreadableData as error:
        raise UnreadableData(f"{name} cannot be read: {error.message}", "save it as CSV or Parquet again") from error
    with open_text(path, dialect) as text:
        source = path if text.encoding.startswith("utf-8") else text.read().encode()
    found: list[str] = []

    def named(headings: list[str]) -> list[str]:
        found[:] = headings
        return _named(headings)

    table = pl.scan_csv(
        source,
        separator=dialect.separator,
        skip_lines=dialect.skip,
        infer_schema=False,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        with_column_names=named,
        glob=False,
    )
    first = table.head(_FIRST).collect()
    if _headless(found, first):
        raise InputError(f"{name} has no row of headings: its first row holds values", "write a name above each column")
    return Delimited(table, dialect.separator != ",", _twice(first.columns, found, name))


def without_separators(cells: "pl.Series", comma: bool) -> "pl.Series":
    """Text cells with a decimal point and without thousands separators, where these are beyond doubt.

    They are where every cell fits them and one cannot be read otherwise: 1,234.5 and 1,234,567. Without `comma` a
    comma is never decimal, so 1,234 cannot either.
    """
    cells = cells.str.strip_chars()
    filled = cells.filter(~cells.str.to_lowercase().is_in(list(NOTHING)))
    for thousands, decimal in ((",", "."), (".", ",")):
        mark, point = re.escape(thousands), re.escape(decimal)
        sure = mark if thousands == "," and not comma else rf"{mark}\d{{3}}({mark}|{point})"
        fits = rf"^[+-]?(\d{{1,3}}|[1-9]\d{{0,2}}({mark}\d{{3}})+)({point}\d+)?$"
        if filled.str.contains(sure).any() and filled.str.contains(fits).all():
            return cells.str.replace_all(thousands, "", literal=True).str.replace(decimal, ".", literal=True)
    return cells.str.replace(",", ".", literal=True) if comma else cells


def _named(headings: list[str]) -> list[str]:
    """Headings that people know: without those that polars makes up."""
    names = []
    for number, heading in enumerate(headings, 1):
        again = _AGAIN.fullmatch(heading)
        plain = again[1] if again and again[1] in headings else heading
        second = f"{plain} (column {number})" if again and plain != heading else plain
        names.append(second if plain.strip() else f"column {number} (no heading)")
    return names


def _twice(names: list[str], headings: list[str], name: str) -> tuple[str, ...]:
    pairs = zip(names, headings, strict=True)
    twice = [shown for shown, heading in pairs if shown != heading and not shown.endswith("(no heading)")]
    return (f"{name} has columns of the same heading; they are called {', '.join(twice)}.",) if twice else ()


def _headless(headings: list[str], first: "pl.DataFrame") -> bool:
    """Whether the first row holds values: numbers, and text that stands below again.

    Numbers that rise one by one are headings: so tables without names are written.
    """
    values = [match[1] if (match := _AGAIN.fullmatch(heading)) else heading for heading in headings]
    numbers = [_number(value) for value in values]
    found = [number for number in numbers if number is not None]
    if not found or (len(found) > 1 and found == [found[0] + step for step in range(len(found))]):
        return False
    columns = zip(values, numbers, first, strict=True)
    return all(number is not None or value in column for value, number, column in columns)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
