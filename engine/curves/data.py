"""Labelled sets for learning curves: the built-in digits, tables of features, and photos.

What cannot be used is left out and said in `notes`; what leaves nothing to measure is an error.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine import settings
from engine.curves.subsets import FOLDS, Items, stratified_order
from engine.errors import InputError, UnreadableData
from engine.models.registry import load_model

if TYPE_CHECKING:
    import polars as pl

    from engine.models.classifier import Classifier

Features = NDArray[np.float32]

DIGITS = "digits"
FEWEST = 20  # items: fewer have no curve
_LABELS = ("label", "labels", "class", "target", "y")
_GROUPS = ("group", "groups", "group_id")
_NUMBERS = ("", "id", "index", "row", "unnamed: 0", "column_1")  # of rows: they say nothing of what an item is
_LISTED = 5


@dataclass(frozen=True)
class Labelled:
    """A set to measure on; every class has at least five items. `labels` index `classes`, which are in name order."""

    features: Features = field(repr=False)  # [items, width], finite
    labels: Items = field(repr=False)  # [items]
    classes: list[str]
    groups: Items | None = field(repr=False)  # [items] from 0; items of a group are not independent
    names: list[str] = field(repr=False)
    unit: str  # what the items are, for sentences
    notes: list[str]  # what was left out, and guesses
    keys: list[str] = field(repr=False)  # what an item is known by on every run: a photo by its content
    looks: Features | None = field(default=None, repr=False)  # [items, 192] photos as 8 x 8 x 3 pixels from 0 to 1
    sources: list[str] | None = field(default=None, repr=False)  # the collection each photo came from
    pixels: bool = False  # whether the features are pixels
    unreadable: list[tuple[str, str]] = field(default_factory=list, repr=False)  # photos left out, and why

    @cached_property
    def digest(self) -> str:
        """What the set is known by, whichever model looks at it."""
        answers = (self.classes[label] for label in self.labels)
        lines = (f"{key}\t{answer}" for key, answer in zip(self.keys, answers, strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load(
    data: str | Path,
    *,
    label: str | None = None,
    model: Callable[[], "Classifier"] = load_model,
    progress: Callable[[int], None] = lambda _: None,
) -> Labelled:
    """Read "digits", a CSV or Parquet table of features, or photos by class (folder, ZIP, Parquet with `jpeg`).

    `label` names a table's column of classes; without it, one called label, class, target or y is taken. `model` is
    called only for photos; `progress` hears how many of them are done.
    Raises InputError and UnreadableData for what cannot be measured, ModelNotFound and DamagedModel as `model` does.
    """
    import polars as pl

    if str(data) == DIGITS:
        return _digits()
    path = Path(data)
    try:
        if not path.exists():
            raise UnreadableData(f"{path} does not exist", f"give a folder, a ZIP, a table, or {DIGITS}")
        if path.suffix.lower() == ".parquet" and "jpeg" not in pl.read_parquet_schema(path):
            return _table(path, pl.scan_parquet(path), label, comma=False)
        if path.is_file() and path.suffix.lower() in (".csv", ".tsv", ".txt"):
            return _text_table(path, label)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableData(f"{path} is not a readable table ({error})", "save it as CSV or Parquet again") from error
    return _photos(path, model(), progress)


def labelled(
    features: Features,
    names: list[str],
    answers: list[str],
    *,
    groups: list[str] | None = None,
    unit: str = "items",
    notes: tuple[str, ...] = (),
    keys: list[str] | None = None,
) -> Labelled:
    """Check a set and number its classes. Items with a feature that is no number are left out, and said.

    Without `keys` an item is known by its name.

    Raises InputError for one class, fewer than 20 items, and classes of fewer than five.
    """
    finite = np.asarray(np.isfinite(features).all(axis=1))
    told = list(notes)
    if dropped := int((~finite).sum()):
        told.append(f"{_count(dropped, unit)} left out: a feature is missing or no finite number.")
    classes, labels = np.unique(np.array(answers, dtype=np.str_)[finite], return_inverse=True)
    _check(labels.astype(np.int64), [str(name) for name in classes], unit, told)
    number = None if groups is None else np.unique(np.array(groups, dtype=np.str_)[finite], return_inverse=True)[1]
    return Labelled(
        features=features[finite],
        labels=labels.astype(np.int64),
        classes=[str(name) for name in classes],
        groups=None if number is None else number.astype(np.int64),
        names=list(compress(names, finite.tolist())),
        unit=unit,
        notes=told,
        keys=list(compress(keys or names, finite.tolist())),
    )


def _check(labels: Items, classes: list[str], unit: str, notes: list[str]) -> None:
    why = f" ({' '.join(notes)})" if notes else ""
    items, counts = len(labels), np.bincount(labels, minlength=len(classes))
    if items < FEWEST:
        raise InputError(f"{_count(items, unit)} can be used{why}", f"give at least {FEWEST}")
    if len(classes) == 1:
        raise InputError(f"all {unit} are of one class, {classes[0]!r}", "give at least two classes")
    if len(classes) > items / FOLDS:
        raise InputError(
            f"{len(classes):,} classes for {items:,} {unit} are too many", "choose the column that holds the class"
        )
    rare = [f"{classes[index]!r} ({counts[index]})" for index in np.argsort(counts) if counts[index] < FOLDS]
    if rare:
        more = f" and {len(rare) - _LISTED} more" if len(rare) > _LISTED else ""
        raise InputError(
            f"classes with fewer than {FOLDS} {unit}: {', '.join(rare[:_LISTED])}{more}",
            f"add {unit} to them, or leave these classes out",
        )


def _digits() -> Labelled:
    from sklearn.datasets import load_digits

    digits = load_digits()
    features = digits.data.astype(np.float32)
    names = [f"digit {number}" for number in range(1, len(features) + 1)]
    found = labelled(features, names, [str(digit) for digit in digits.target], unit="digits")
    return replace(found, pixels=True)


def _text_table(path: Path, label: str | None) -> Labelled:
    import polars as pl

    from engine.tweets.tables import peek, sniff

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
    return _table(path, table, label, comma=dialect.separator != ",")


def _table(path: Path, table: "pl.LazyFrame", label: str | None, *, comma: bool) -> Labelled:
    """`comma`: numbers may be written with a decimal comma."""
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
        notes.append(f"{_count(missing, 'rows')} left out: no label.")
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
    return labelled(
        features.reshape(len(rows), len(used)),
        [f"row {row + 1}" for row in rows.tolist()],
        answers.gather(rows).to_list(),
        groups=None if group is None else found[group].cast(pl.String).fill_null("").to_list(),
        unit="rows",
        notes=tuple(notes),
    )


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


def _photos(path: Path, model: "Classifier", progress: Callable[[int], None]) -> Labelled:
    from engine.curves.photos import look_at_all
    from engine.models.data import read_labelled

    seen = look_at_all(read_labelled([path]), model, settings.CURVE_ITEMS, progress)
    notes = []
    if seen.unreadable:
        names = ", ".join(f"{name} ({reason})" for name, reason in seen.unreadable[:_LISTED])
        more = f" and {len(seen.unreadable) - _LISTED} more" if len(seen.unreadable) > _LISTED else ""
        notes.append(f"{_count(len(seen.unreadable), 'photos')} left out as unreadable: {names}{more}.")
    if seen.passed_over:
        notes.append(f"{len(seen.names):,} of {len(seen.names) + seen.passed_over:,} photos are used: a random sample.")
    copies = len(seen.pictures) - len(set(seen.pictures))
    grouped = any(seen.groups)
    if copies:
        kept = "" if grouped else " They stay on one side of every split."
        notes.append(f"Copies among the photos: {copies:,}.{kept}")
    groups = [group or picture for group, picture in zip(seen.groups, seen.pictures, strict=True)]
    features, looks = seen.arrays()
    found = labelled(
        features,
        seen.names,
        seen.labels,
        groups=groups if copies or grouped else None,
        unit="photos",
        notes=tuple(notes),
        keys=seen.pictures,
    )
    sources = [source or "" for source in seen.sources] if any(seen.sources) else None
    return replace(found, looks=looks, sources=sources, unreadable=seen.unreadable)


def _count(number: int, unit: str) -> str:
    """ "1 photo", "1,200 photos"."""
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"
