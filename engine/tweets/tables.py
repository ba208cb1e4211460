"""Files -> grids of cells: CSV in any encoding and separator, XLSX and ODS workbooks."""

import codecs
import csv
import io
import math
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine import settings
from engine.errors import LimitExceeded, UnreadableData
from engine.tweets.numbers import Cell

Source = bytes | Path

SNIFFED = 1 << 16  # bytes that show a file's encoding, separator and header
_BOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # XLSX and ODS; old XLS
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\r?\n', re.IGNORECASE)


@dataclass(frozen=True)
class Grid:
    """One table as found: its rows of cells, with whatever stands above and below."""

    name: str  # of the file, and of the tab where there are several
    rows: list[list[Cell]]
    locale: str | None = None  # where the source tells, such as "de_DE"
    hidden: bool = False  # a tab that people do not see


@dataclass(frozen=True)
class Dialect:
    """How a text file is written."""

    encoding: str
    separator: str
    skip: int  # lines before the table: a sep= line


def read_grids(name: str, source: Source) -> list[Grid]:
    """The tables of a file: one for a text file, one a tab for a workbook; empty tabs are left out.

    Raises UnreadableData for a file that is no table, LimitExceeded for a workbook that unpacks to too much.
    """
    head = peek(source)
    if is_book(head):
        return _book(name, source)
    dialect = sniff(head)
    with open_text(source, dialect) as lines:
        rows: list[list[Cell]] = [list(row) for row in _rows(lines, dialect, name)]
    if not any(any(cells) for cells in rows):
        raise UnreadableData(f"{name} is empty", "export it again")
    return [Grid(name, rows)]


def peek(source: Source) -> bytes:
    """A file's first bytes."""
    if isinstance(source, bytes):
        return source[:SNIFFED]
    with source.open("rb") as file:
        return file.read(SNIFFED)


def is_book(head: bytes) -> bool:
    """Whether a file is a workbook, from its first bytes."""
    return head.startswith(_BOOK)


def sniff(head: bytes) -> Dialect:
    """How a text file is written, from its first bytes. Raises UnreadableData for what is no text."""
    encoding = _encoding(head)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if "\0" in text or (head and sum(c < " " and c not in "\t\r\n" for c in text) > len(text) / 100):
        raise UnreadableData("it is no table", "choose a CSV, TSV, XLSX or ODS file")
    if re.match(r"\s*<(!doctype|html|\?xml)", text, re.IGNORECASE):
        raise UnreadableData("it is a web page and no table", "download the file itself, as CSV")
    if match := _SEPARATOR_LINE.match(text):
        return Dialect(encoding, match[1], 1)
    return Dialect(encoding, _separator(text), 0)


def _encoding(head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[1::2].count(0) > len(head) / 8:
        return "utf-16-le"
    if head[::2].count(0) > len(head) / 8:
        return "utf-16-be"
    return "utf-8"


def _separator(text: str) -> str:
    """The separator that splits most records into the same number of cells."""
    scores = {candidate: _evenness(text[: SNIFFED // 2], candidate) for candidate in ",;\t|"}
    return max(scores, key=lambda candidate: scores[candidate])


def _evenness(text: str, separator: str) -> float:
    widths = []
    with suppress(csv.Error):  # what could be read of a damaged file tells enough
        for row, _ in zip(csv.reader(io.StringIO(text, newline=""), delimiter=separator), range(60), strict=False):
            widths.append(len(row))
    widths = [width for width in widths if width > 1]
    common = max(set(widths), key=widths.count) if widths else 1
    return widths.count(common) * math.sqrt(common - 1)


def open_text(source: Source, dialect: Dialect) -> io.TextIOWrapper:
    """The file as text; a byte that its encoding does not know becomes the replacement sign."""
    binary: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    encoding = dialect.encoding
    if encoding == "utf-8" and not _is_utf8(binary):
        encoding = "cp1252"
    binary.seek(0)
    return io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")


def _is_utf8(binary: BinaryIO) -> bool:
    """Whether what is not ASCII is UTF-8, but for a few broken bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = foreign = 0
    while block := binary.read(1 << 20):
        if not block.isascii():
            text = decoder.decode(block)
            broken += text.count("\ufffd")
            foreign += sum(not character.isascii() for character in text)
    return broken * 10 <= foreign


def _rows(lines: io.TextIOWrapper, dialect: Dialect, name: str) -> Iterator[list[str]]:
    for _ in range(dialect.skip):
        next(lines, None)
    csv.field_size_limit(settings.CELL_CHARACTERS)
    reader = csv.reader((line.replace("\0", "") for line in lines), delimiter=dialect.separator)
    try:
        for number, row in enumerate(reader):
            if number > settings.TABLE_ROWS:
                raise LimitExceeded(f"{name} has more than {settings.TABLE_ROWS:,} rows", "split it by year")
            yield row
    except csv.Error as error:
        raise UnreadableData(
            f"{name} cannot be read after row {reader.line_num:,} ({error})",
            "a quotation mark is left open there: export it again",
        ) from error


def _book(name: str, source: Source) -> list[Grid]:
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    grids = []
    try:
        _check_size(name, source)
        with CalamineWorkbook.from_object(io.BytesIO(source) if isinstance(source, bytes) else source) as book:
            for tab in book.sheets_metadata:
                sheet = book.get_sheet_by_name(tab.name)
                if sheet.total_height > settings.TABLE_ROWS:
                    raise LimitExceeded(f"{name} has more than {settings.TABLE_ROWS:,} rows", "split it by year")
                rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)  # type: ignore[assignment]
                if any(any(cell not in ("", None) for cell in row) for row in rows):
                    title = f"{name} · {tab.name}" if len(book.sheet_names) > 1 else name
                    grids.append(Grid(title, rows, hidden=tab.visible != SheetVisibleEnum.Visible))
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableData(f"{name} is a damaged workbook ({error})", "save it again as XLSX or CSV") from error
    if not grids:
        raise UnreadableData(f"{name} is empty", "export it again")
    return grids


def _check_size(name: str, source: Source) -> None:
    """A small workbook may unpack to terabytes: look at what it says before it is unpacked."""
    data = io.BytesIO(source) if isinstance(source, bytes) else source
    if not peek(source).startswith(b"PK"):
        return
    with zipfile.ZipFile(data) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > settings.WORKBOOK_MEGABYTES * settings.MEGABYTE:
        raise LimitExceeded(
            f"{name} unpacks to {unpacked // settings.MEGABYTE:,} MB; {settings.WORKBOOK_MEGABYTES:,} MB are the limit",
            "save it as CSV",
        )
