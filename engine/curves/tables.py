"""Tables of features and a column of classes: CSV and its kin, or Parquet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine import settings
from engine.curves.subsets import FOLDS, Items, stratified_order
from engine.errors import InputError, UnreadableData

if TYPE_CHECKING:
    import polars as pl

_TEXT = (".csv", ".tsv", ".txt")
_LABELS = ("label", "labels", "class", "target", "y")
_GROUPS = ("group", "groups", "group_id")
_IDENTITIES = ("id", "name", "file", "filename", "path")
_NUMBERS = ("", "id", "index", "row", "unnamed: 0", "column_1")  # of rows: they say nothing of what an item is
_LISTED = 5


class TableRows(NamedTuple):
    """What a table gives to a labelled set."""

    features: NDArray[np.float32]  # [rows, columns of numbers]; NaN where a cell is none
    names: list[str]
    answers: list[str]
    groups: list[str] | None
    notes: tuple[str, ...]
    keys: list[str] | None  # of a column that tells the rows apart, so that tables of other features can be paired


def is_table(path: Path) -> bool:
    """Whether it is a table of features, not of photos. Raises UnreadableData for a damaged Parquet file."""
    import polars as pl

    if path.suffix.lower() == ".parquet" and path.is_file():
        with _readable(path):
            return "jpeg" not in pl.read_parquet_schema(path)
    return path.is_file() and path.suffix.lower() in _TEXT


def columns(path: Path) -> list[str]:
    """The names of a table's columns. Raises UnreadableData."""
    with _readable(path):
        return _scan(path)[0].collect_schema().names()


def guess_label(columns: list[str]) -> str | None:
    """The column that is likely to hold the class."""
    return _guess(columns, _LABELS)


def read_table(path: Path, label: str | None) -> TableRows:
    """The rows with a class; a sample of them past the limits of settings.py.

    Raises UnreadableData for what is no table, and InputError without a column of classes or of numbers.
    """
    with _readable(path):
        return _rows_of(path, *_scan(path), label)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableData(f"{path} is not a readable table ({error})", "save it as CSV or Parquet again") from error


def _scan(path: Path) -> tuple["pl.LazyFrame", bool]:
    """The table, and whether its numbers may be written with a decimal comma."""
    import polars as pl

    from engine.tweets.tables import peek, sniff

    if path.suffix.lower() == ".parquet":
        return pl.scan_parquet(path), False
    dialect = sniff(peek(path))
    if not dialect.encoding.startswith("utf-8"):
        raise UnreadableData(f"{path} is written in {dialect.encoding}", "save it as UTF-8")
    table = pl.scan_csv(
        path,
        separator=dialect.separator,
        skip_lines=dialect.skip,
        infer_schema=False,  # all as text: numbers are read below, whatever stands in the first rows
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
    )
    return table, dialect.separator != ","


def _rows_of(path: Path, table: "pl.LazyFrame", comma: bool, label: str | None) -> TableRows:
    import polars as pl

    columns = table.collect_schema().names()
    label = label or _guess(columns, _LABELS)
    if label not in columns:
        shown = ", ".join(columns[:_LISTED]) + (", ..." if len(columns) > _LISTED else "")
        raise InputError(
            f"{path.name} has no column {label!r}"
            if label
            else f"it is not clear which column of {path.name} is the class",
            f"name one with --label; there are {shown}",
        )
    group = _guess([name for name in columns if name != label], _GROUPS)
    candidates = [name for name in columns if name not in (label, group) and name.lower().strip() not in _NUMBERS]
    answers = table.select(pl.col(label).cast(pl.String).str.strip_chars()).collect().to_series()
    known = np.flatnonzero(
        (answers.is_not_null() & ~answers.str.to_lowercase().is_in(["", "nan", "null", "na"])).to_numpy()
    )
    notes = [f"Classes are taken from the column {label!r}" + (f", groups from {group!r}." if group else ".")]
    if missing := len(answers) - len(known):
        notes.append(f"{missing:,} {'row' if missing == 1 else 'rows'} left out: no label.")
    rows, sampled = _sample(
        known, answers.gather(known), min(settings.CURVE_ITEMS, settings.CURVE_VALUES // max(len(candidates), 1))
    )
    notes += [f"{len(rows):,} of {len(known):,} rows are used: a sample with each class in proportion."] * sampled
    found = _rows(table, rows)
    numbers = found.select(_number(found, name, comma) for name in candidates)
    used = [name for name in candidates if numbers[name].is_finite().fill_null(value=False).sum() * 2 > len(rows)]
    if not used and len(rows):
        raise InputError(f"{path.name} has no column of numbers beside the class", "give numeric features")
    if left_out := [name for name in candidates if name not in used]:
        more = f" and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
        notes.append(f"Columns left out, as most of their cells are no numbers: {', '.join(left_out[:_LISTED])}{more}.")
    features = numbers.select(pl.col(used).cast(pl.Float32).fill_null(float("nan"))).to_numpy()
    return TableRows(
        features.reshape(len(rows), len(used)),
        [f"row {row + 1}" for row in rows.tolist()],
        answers.gather(rows).to_list(),
        None if group is None else found[group].cast(pl.String).fill_null("").to_list(),
        tuple(notes),
        _keys(found, label),
    )


def _keys(table: "pl.DataFrame", label: str) -> list[str] | None:
    import polars as pl

    name = _guess([column for column in table.columns if column != label], _IDENTITIES)
    if name is None or table[name].null_count() or table[name].n_unique() < len(table):
        return None
    return table[name].cast(pl.String).to_list()


def _guess(columns: list[str], likely: tuple[str, ...]) -> str | None:
    plain = {name.lower().strip(): name for name in reversed(columns)}
    return next((plain[name] for name in likely if name in plain), None)


def _rows(table: "pl.LazyFrame", rows: Items) -> "pl.DataFrame":
    import polars as pl

    chosen = pl.Series(rows, dtype=pl.get_index_type())
    index = "__row__"
    return (
        table.with_row_index(index)
        .filter(pl.col(index).is_in(chosen.implode()))
        .collect(engine="streaming")
        .sort(index)
    )


def _number(table: "pl.DataFrame", name: str, comma: bool) -> "pl.Expr":
    import polars as pl

    cell = pl.col(name)
    if table.schema[name] == pl.String:
        cell = cell.str.strip_chars()
        cell = cell.str.replace(",", ".", literal=True) if comma else cell
    elif not (table.schema[name].is_numeric() or table.schema[name] == pl.Boolean):
        return pl.lit(None, dtype=pl.Float64).alias(name)
    return cell.cast(pl.Float64, strict=False)


def _sample(known: Items, answers: "pl.Series", limit: int) -> tuple[Items, bool]:
    """At most `limit` of the rows, each class in proportion but with five at least; and whether any were left."""
    if len(known) <= limit:
        return known, False
    labels = answers.rank("dense").to_numpy().astype(np.int64) - 1
    order = stratified_order(labels, None, np.random.default_rng(0))
    place = np.argsort(np.lexsort((np.arange(len(order)), labels[order])))
    begins = np.cumsum(np.bincount(labels)) - np.bincount(labels)
    first = place - begins[labels[order]] < FOLDS
    return np.sort(known[np.concatenate([order[first], order[~first]])[:limit]]), True
