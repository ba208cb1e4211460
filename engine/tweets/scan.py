"""The fast way into a large export of posts: only its needed columns, by polars. Same rows, same rules.

Rows that are not plainly what the export's format says go the common way (frames.py), so that the result is the same;
a test holds the two ways against each other. polars, as neither pandas nor pyarrow came within 1.5 times of the best
reader on a million rows (tests/benchmarks/RESULTS.md).
"""

import csv
import io
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine import settings
from engine.tweets.formats import Layout, layout_of
from engine.tweets.headings import known_headings
from engine.tweets.numbers import Cell
from engine.tweets.rows import Rows
from engine.tweets.tables import Dialect, Source, is_book, peek, sniff

if TYPE_CHECKING:
    import polars as pl

_SCANNED = ("id", "date", "impressions", "engagements", "rate", "follows", "new_follows")
_WITH_TEXT = (
    "url", "text", "likes", "replies", "retweets", "bookmarks", "shares", "profile_clicks", "url_clicks", "media_views",
)  # fmt: skip
_PROMOTED = "promoted_impressions"
_WORDS = ("id", "date", "url", "text")
_DATES = {"old": ("%Y-%m-%d %H:%M +0000",), "new": ("%a, %b %d, %Y", "%a %b %d %Y")}


def scan_posts(source: Source, *, text: bool) -> tuple[pd.DataFrame, Rows] | None:
    """The clean rows of an export of posts as a frame (see frames.py), and the other rows as they are.

    None if the file is small, or not such an export with its header on the first line: it goes the common way.
    """
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size < settings.SCANNED_MEGABYTES * settings.MEGABYTE:
        return None
    head = peek(source)
    if is_book(head):
        return None
    dialect = sniff(head)
    lines = csv.reader(io.StringIO(head.decode("utf-8-sig", "replace")), delimiter=dialect.separator)
    rows = [row for _, row in zip(range(2), lines, strict=False)]
    if not dialect.encoding.startswith("utf-8") or dialect.skip or not rows or known_headings(rows[0]) < 6:
        return None
    layout = layout_of(rows[0], rows[-1])
    if layout.kind != "posts" or layout.definition == "sheet":
        return None
    return _scan(source, layout, dialect, text)


def _scan(source: Source, layout: Layout, dialect: Dialect, text: bool) -> tuple[pd.DataFrame, Rows] | None:
    import polars as pl

    fields = [name for name in (*_SCANNED, _PROMOTED, *(_WITH_TEXT if text else ())) if name in layout.columns]
    # A row with a ruined id is told from others by its permalink, or by its words.
    needed = [*fields, *(name for name in ("url", "text") if name in layout.columns and not text)]
    try:
        with suppress(pl.exceptions.ComputeError):  # a cell that is no number, where there should be one
            table = _table(_raw(source, layout, dialect, needed, typed=True), _plain(fields, typed=True), text)
            if table["plain"].all() and not table["short"].any() and not table["long"].any():
                return _frame(table, layout), _rows(layout, table.height)
        raw, plain = _raw(source, layout, dialect, needed, typed=False), _plain(fields, typed=False)
        table = _table(raw, plain, text)
        short = table["short"] & table["number"].is_not_null()
        if table["long"].any() or 0 < short.sum() < table["number"].count():
            return None  # rows that a stray quotation mark has cut or joined
        odd = [] if table["plain"].all() else raw.filter(~plain).collect().rows(named=True)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return None  # the common way says what is wrong; a lone quotation mark makes polars panic
    rows = _rows(layout, table.height)
    for values in odd:
        cells: list[Cell] = [""] * layout.width
        for name in needed:
            cells[layout.columns[name]] = values[name] or ""
        rows.cells.append(cells)
    return _frame(table.filter(pl.col("plain")) if odd else table, layout), rows


def _rows(layout: Layout, total: int) -> Rows:
    return Rows(layout, [], total, guesses=list(layout.guesses), warnings=list(layout.warnings))


def _raw(source: Source, layout: Layout, dialect: Dialect, fields: list[str], *, typed: bool) -> "pl.LazyFrame":
    """The fields as they stand, and the moment; `typed` reads numbers at once, and fails at a cell that is none."""
    import polars as pl

    numbers = [name for name in fields if typed and (name == "id" or name not in (*_WORDS, _PROMOTED))]
    types = {layout.columns[name]: pl.Int64() if name == "id" else pl.Float64() for name in numbers}
    date = pl.col(f"column_{layout.columns['date']}").str
    moments = [date.to_datetime(form, strict=False, time_unit="ms") for form in _DATES[layout.definition]]
    return pl.scan_csv(
        source if not isinstance(source, bytes) else io.BytesIO(source),
        has_header=False,
        skip_rows=1,
        separator=dialect.separator,
        schema={f"column_{at}": types.get(at, pl.String()) for at in range(layout.width + 1)},
        missing_columns="insert",  # the one too many, which no row should fill
    ).select(
        *(pl.col(f"column_{layout.columns[name]}").alias(name) for name in fields),
        pl.col(f"column_{layout.width - 1}").is_null().alias("short"),
        pl.col(f"column_{layout.width}").is_not_null().alias("long"),
        pl.coalesce(moments).alias("clock"),
    )


def _table(raw: "pl.LazyFrame", plain: "pl.Expr", text: bool) -> "pl.DataFrame":
    """All rows as numbers, moments and words, and whether each is plain."""
    import polars as pl

    return raw.select(
        pl.col("short", "long", "clock"),
        plain.alias("plain"),
        pl.col("id").cast(pl.Int64, strict=False).alias("number"),
        *([pl.col("^(id|url|text)$").cast(pl.String)] if text else []),
        pl.exclude("short", "long", "clock", _PROMOTED, *_WORDS).cast(pl.Float64, strict=False),
    ).collect()


def _plain(fields: list[str], *, typed: bool) -> "pl.Expr":
    """Whether a row is just what the export's format says: a whole id, a date, and figures that count something."""
    import polars as pl

    tests = [pl.col("id").cast(pl.Int64, strict=False) > 1 << 58, pl.col("clock").is_not_null()]
    for name in fields:
        if name in ("impressions", "engagements"):
            value = pl.col(name).cast(pl.Float64, strict=False)
            tests.append((value >= 0) & (value.floor() == value) & value.is_finite())
        elif name == _PROMOTED:
            tests.append(pl.col(name).is_in(["-", "", "0"]) | pl.col(name).is_null())
        elif name not in _WORDS:
            value = pl.col(name).cast(pl.Float64, strict=False)
            missing = pl.col(name).is_null() if typed else pl.col(name).is_in(["-", ""])
            tests.append((value.is_finite() & (value >= 0)) | missing)
    return pl.all_horizontal(tests).fill_null(False)


def _frame(table: "pl.DataFrame", layout: Layout) -> pd.DataFrame:
    words_too = (*_WORDS, "plain", "short", "long")
    numbers = {name: table[name].to_numpy() for name in table.columns if name not in words_too}
    clock = numbers.pop("clock").astype("datetime64[s]")
    keys = numbers.pop("number") >> 22
    words = {name: table[name].to_pandas() for name in ("id", "url", "text") if name in table.columns}
    day = clock.astype("datetime64[D]").astype("datetime64[s]")
    frame = pd.DataFrame({"key": keys, "day": day, "clock": clock}, copy=False).assign(**words, **numbers)
    if layout.definition == "new":  # it has dates only
        frame["clock"] = np.datetime64("NaT", "s")
    return frame
