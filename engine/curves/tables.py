"""Tables of features and a column of classes: CSV and its kin, or Parquet."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine import settings
from engine.curves.delimited import NOTHING, Delimited, readable, scan, without_separators
from engine.curves.subsets import FOLDS, Items, stratified_order
from engine.curves.words import LISTED, counted, listed
from engine.errors import InputError, UnreadableData

if TYPE_CHECKING:
    import polars as pl

_TEXT = (".csv", ".tsv", ".txt")
_BOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
_LABELS = ("label", "labels", "class", "target", "y")
_GROUPS = ("group", "groups", "group_id")
_IDENTITIES = ("id", "name", "file", "filename", "path")
_NUMBERS = ("", "id", "index", "row", "unnamed: 0", "column_1", "column 1 (no heading)")  # of rows: no features
_LOST = 0.2  # of the rows: a column that lacks more numbers is left out, rather than its rows
_DISTINCT = 20  # rows: fewer are the values that columns can take, and no rows that were copied
_COPIED = 0.01  # of the rows: fewer copies do not show in an error
_CHANCE = 0.1  # pairs of equal rows that may be expected by chance where equal rows are said to be copies


def is_table(path: Path) -> bool:
    """Whether it is a table of features, not of photos. Raises UnreadableData for damaged Parquet and workbooks."""
    import polars as pl

    if path.suffix.lower() in _BOOKS:
        raise UnreadableData(f"{path.name} is a workbook, no text", "save its sheet as CSV")
    if path.suffix.lower() == ".parquet" and path.is_file():
        with readable(path, path.name):
            return "jpeg" not in pl.read_parquet_schema(path)
    return path.is_file() and path.suffix.lower() in _TEXT


def columns(path: Path) -> list[str]:
    """The names of a table's columns. Raises UnreadableData, and InputError without headings."""
    with readable(path, path.name):
        return scan(path, path.name).table.collect_schema().names()


def guess_label(columns: list[str]) -> str | None:
    """The column that is likely to hold the class."""
    return _guess(columns, _LABELS)


def read_table(path: Path, label: str | None) -> dict[str, Any]:
    """What `engine.curves.data.labelled` takes of the rows with a class; of a sample past the limits of settings.py.

    Raises UnreadableData for what is no table, and InputError without a column of classes or of numbers.
    """
    with readable(path, path.name):
        return _rows_of(path, scan(path, path.name), label)


def _rows_of(path: Path, text: Delimited, label: str | None) -> dict[str, Any]:
    import polars as pl

    table, comma, remarks = text
    schema = table.collect_schema()
    columns = [name for name, kind in schema.items() if not kind.is_nested()]
    label = label or _guess(schema.names(), _LABELS)
    if label not in columns:
        raise _no_label(path.name, label, schema.names(), columns)
    group = _guess([name for name in columns if name != label], _GROUPS)
    candidates = [name for name in schema if name not in (label, group) and name.lower().strip() not in _NUMBERS]
    answers = table.select(pl.col(label).cast(pl.String).str.strip_chars()).collect().to_series()
    known = np.flatnonzero((answers.is_not_null() & ~answers.str.to_lowercase().is_in(list(NOTHING))).to_numpy())
    notes = [*remarks, f"Classes are taken from the column {label!r}" + (f", groups from {group!r}." if group else ".")]
    if missing := len(answers) - len(known):
        notes.append(f"{counted(missing, 'rows')} left out: no label.")
    limit = min(settings.CURVE_ITEMS, settings.CURVE_VALUES // max(len(candidates), 1))
    rows = known
    if len(known) > limit:
        rows = _sample(known, answers.gather(known), limit)
        notes.append(f"{len(rows):,} of {len(known):,} rows are used: a sample with each class in proportion.")
    found = _rows(table, rows)
    features, whole, told = _features(path.name, found, candidates, comma)
    found, rows, notes = found.filter(whole), rows[whole], notes + told
    chosen = answers.gather(rows).to_list()
    groups = None if group is None else found[group].cast(pl.String).fill_null("").to_list()
    if group is None and (copies := _copies(features, chosen)):
        groups = [str(number) for number in copies]
        notes.append(f"Copies among the rows: {len(rows) - len(set(groups)):,}. They stay on one side of every split.")
    return {
        "features": features,
        "names": [f"row {row + 1}" for row in rows.tolist()],
        "answers": chosen,
        "groups": groups,
        "notes": tuple(notes),
        "keys": _keys(found, label),
    }


def _no_label(table: str, label: str | None, names: list[str], columns: list[str]) -> InputError:
    shown = ", ".join(columns[:LISTED]) + (", ..." if len(columns) > LISTED else "")
    remedy = f"name one with --label; there are {shown}"
    if label is None:
        return InputError(f"it is not clear which column of {table} is the class", remedy)
    if label in names:
        return InputError(f"the column {label!r} of {table} holds lists, no classes", remedy)
    return InputError(f"{table} has no column {label!r}", remedy)


def _features(
    name: str, found: "pl.DataFrame", candidates: list[str], comma: bool
) -> tuple[NDArray[np.float32], NDArray[np.bool_], list[str]]:
    """Features of the rows that have all of them, which rows these are, and notes on what was left out.

    A column that lacks more than a fifth of its numbers is left out; if all do, one that lacks more than half.
    """
    import polars as pl

    columns = {column: _numbers(found[column], comma).cast(pl.Float32) for column in candidates}
    values = {column: cells.fill_null(float("nan")).to_numpy() for column, cells in columns.items()}
    lost = {column: int((~np.isfinite(cells)).sum()) for column, cells in values.items()}
    shares = (_LOST, 0.5)
    used = next((few for share in shares if (few := [key for key in lost if lost[key] <= share * len(found)])), [])
    if not used and len(found):
        raise InputError(f"{name} has no column of numbers beside the class", "give numeric features")
    features = np.array([values[key] for key in used], dtype=np.float32).reshape(len(used), len(found)).T.copy()
    whole = np.asarray(np.isfinite(features).all(axis=1))
    notes = []
    if left_out := [key for key in candidates if key not in used]:
        notes.append(f"Columns left out, as too many of their cells are no numbers: {listed(left_out)}.")
    if gone := int((~whole).sum()):
        worst = sorted((key for key in used if lost[key]), key=lambda key: -lost[key])
        cells = listed([f"{key!r} ({lost[key]:,})" for key in worst], more="more columns")
        notes.append(f"{counted(gone, 'rows')} left out: no finite number in {cells}.")
    return features[whole], whole, notes


def _copies(features: NDArray[np.float32], answers: list[str]) -> list[int] | None:
    """The number of each row's original, or None where rows are not equal because they were copied.

    Equal rows are copies if they agree on the class too, are a hundredth of all at least, and if independent columns
    as varied as those of the distinct rows would hardly give one equal pair. So rows of a few small whole numbers or
    of rounded measures, which are equal by chance, are not.
    """
    known: dict[bytes, int] = {}
    number = [known.setdefault(row.tobytes(), len(known)) for row in features + np.float32(0)]  # -0 is 0
    distinct = len(known)
    if (
        not _DISTINCT <= distinct <= len(number) * (1 - _COPIED)
        or len(set(zip(number, answers, strict=True))) > distinct
    ):
        return None
    kept = features[np.unique(number, return_index=True)[1]]
    pairs = distinct * (distinct - 1) / 2
    equal = [
        (counts * (counts - 1) / 2).sum() for counts in (np.unique(cells, return_counts=True)[1] for cells in kept.T)
    ]
    varied = [share / pairs for share in equal if share < pairs]
    return number if len(varied) > 1 and pairs * np.prod(varied) < _CHANCE else None


def _keys(table: "pl.DataFrame", label: str) -> list[str] | None:
    """Of a column that tells the rows apart, so that tables of other features can be paired."""
    import polars as pl

    name = _guess(
        [column for column, kind in table.schema.items() if column != label and not kind.is_nested()], _IDENTITIES
    )
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


def _numbers(cells: "pl.Series", comma: bool) -> "pl.Series":
    import polars as pl

    if cells.dtype == pl.String:
        cells = without_separators(cells, comma)
    elif not (cells.dtype.is_numeric() or cells.dtype == pl.Boolean):
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Float64)
    return cells.cast(pl.Float64, strict=False)


def _sample(known: Items, answers: "pl.Series", limit: int) -> Items:
    """`limit` of the rows, each class in proportion but with five at least."""
    labels = answers.rank("dense").to_numpy().astype(np.int64) - 1
    order = stratified_order(labels, None, np.random.default_rng(0))
    place = np.argsort(np.lexsort((np.arange(len(order)), labels[order])))
    begins = np.cumsum(np.bincount(labels)) - np.bincount(labels)
    first = place - begins[labels[order]] < FOLDS
    return np.sort(known[np.concatenate([order[first], order[~first]])[:limit]])
