"""Files and sheets -> tables of posts, days and months, each with an account of how it was read."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

from engine.errors import InputError, UnreadableData
from engine.tweets import scan
from engine.tweets.formats import Definition, Kind, Layout
from engine.tweets.frames import days_frame, finished, posts_cells, posts_frame
from engine.tweets.months import months_frame
from engine.tweets.rows import MISSING_DATE, Rows, set_aside, split
from engine.tweets.sections import sections
from engine.tweets.sheets import Book, CsvCopy
from engine.tweets.tables import Grid, Source, read_grids

Mappings = Mapping[str, Mapping[str, str]]  # signature of a header -> heading -> field

_FRAMES = {"posts": posts_frame, "days": days_frame, "months": months_frame}
_REMEDIES = {
    "no figures": "if they are formulas, open it in a spreadsheet and save it again, so that the results are in it",
    MISSING_DATE: "give every row a day, or a month such as 2021-02",
}
_RANGE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})_(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


@dataclass
class TableReport:
    """How one table was read. `rows` = `kept` + the sum of `dropped`."""

    name: str
    read_as: str
    rows: int
    kept: int
    dropped: Counter[str] = field(default_factory=Counter)
    guesses: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    first: str | None = None  # days, "2021-01-31"
    last: str | None = None
    error: str | None = None  # why nothing of it was read

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as in the import report."""
        return {**self.__dict__, "dropped": dict(self.dropped)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "TableReport":
        """Read what `as_dict` wrote."""
        return cls(**{**data, "dropped": Counter(data["dropped"])})


@dataclass(frozen=True)
class Part:
    """One table, read: `frame` as frames.py describes it, `covers` as a half-open span of days where the name tells."""

    name: str  # of the file, and of the tab where there are several
    kind: Kind
    definition: Definition
    frame: pd.DataFrame
    covers: tuple[date, date] | None
    report: TableReport


def read_file(name: str, source: Source, *, mappings: Mappings | None = None, text: bool = True) -> list[Part]:
    """Read an export or a spreadsheet. `text` False leaves the posts' words out, which halves the memory.

    Raises UnreadableData if it holds no table of figures, UnknownLayout if a person must name its columns.
    """
    scanned = scan.scan_posts(source, text=text)
    if scanned is None:
        return read_tables(read_grids(name, source), name, mappings)
    frame, rows = scanned
    if rows.cells:  # what is not plain
        odd = posts_cells(set_aside(rows), None).reindex(columns=frame.columns)
        frame = pd.concat([frame, odd], ignore_index=True)
    return [_part(name, name, rows, finished(frame, rows))]


def read_tables(grids: Sequence[Grid], file: str, mappings: Mappings | None = None) -> list[Part]:
    """Read every table of one file or sheet; of several, those without figures are passed over, and it is said."""
    parts: list[Part] = []
    passed: list[InputError] = []
    tables = [table for grid in grids for table in sections(grid)]
    seen = any(not table.hidden for table in tables)
    for grid in tables:
        try:
            if grid.hidden and seen:
                raise UnreadableData("the tab is hidden", "show it, if its figures count")
            rows = split(grid, mappings)
            parts.append(_part(grid.name, file, rows, _FRAMES[rows.layout.kind](rows, grid.locale)))
        except InputError as error:
            passed.append(error)
            number = len(grid.rows)
            skipped = TableReport(grid.name, "not read", number, 0, Counter({"not read": number}), error=str(error))
            parts.append(Part(grid.name, "days", "sheet", pd.DataFrame(), None, skipped))
    if len(passed) == len(tables):
        raise passed[0]
    return parts


def read_sheet(book: Book | CsvCopy, mappings: Mappings | None = None) -> list[Part]:
    """Read a Google Sheet, all its tabs (see `read_file` for what it raises)."""
    if isinstance(book, CsvCopy):
        return read_tables(read_grids(book.name, book.data), book.name, mappings)
    grids = [Grid(f"{book.title} · {tab.name}", tab.rows, book.locale) for tab in book.tabs if tab.rows]
    if not grids:
        raise UnreadableData(f"the sheet {book.title} is empty", "fill in its first tab")
    return read_tables(grids, book.title, mappings)


def _part(name: str, file: str, rows: Rows, frame: pd.DataFrame) -> Part:
    layout, covers = rows.layout, _covered(file, rows.layout)
    if frame.empty:
        reasons = ", ".join(f"{number:,} x {reason}" for reason, number in rows.dropped.items())
        common = max(rows.dropped, key=lambda reason: rows.dropped[reason], default="")
        remedy = _REMEDIES.get(common, "choose a range with posts and export it again")
        raise UnreadableData(f"no row of {name} could be read ({reasons or 'there are none'})", remedy)
    report = TableReport(name, layout.title, rows.total, len(frame), rows.dropped, rows.guesses, rows.warnings)
    first, last = frame["day"].min(), frame["day"].max()
    report.first, report.last = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
    if covers:
        margin = timedelta(days=1)  # a day begins earlier or later in another time zone
        outside = (frame["day"] < pd.Timestamp(covers[0] - margin)) | (frame["day"] > pd.Timestamp(covers[1] + margin))
        rows.warn("rows outside the range in the file's name", outside.sum())
        lost = (covers[1] - covers[0]).days - len(frame) - 1  # a day may be missing at an end, in another time zone
        if layout.kind == "days" and lost > 0:
            report.warnings.append(f"days missing of the range in the file's name: {lost + 1:,}")
    return Part(name, layout.kind, layout.definition, frame, covers, report)


def _covered(name: str, layout: Layout) -> tuple[date, date] | None:
    """The span of days in an export's name, half-open. The old exports name the day after it, the new the last."""
    if layout.kind == "months" or not (match := _RANGE.search(name)):
        return None
    numbers = [int(group) for group in match.groups()]
    try:
        start, end = date(*numbers[:3]), date(*numbers[3:])
    except ValueError:
        return None
    end += timedelta(days=layout.definition == "new")
    return (start, end) if start < end else None


@dataclass(frozen=True)
class FileRead:
    """What one file held: its tables, or why nothing could be read."""

    name: str
    parts: list[Part]
    error: InputError | None = None


def read_all(
    files: Sequence[tuple[str, Source]], *, mappings: Mappings | None = None, text: bool = True
) -> list[FileRead]:
    """Read several files of any mix; one that cannot be read says why, and the others still count."""
    found = []
    for name, source in files:
        try:
            found.append(FileRead(name, read_file(name, source, mappings=mappings, text=text)))
        except InputError as error:
            found.append(FileRead(name, [], error))
    return found
