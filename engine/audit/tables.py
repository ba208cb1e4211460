"""What an audit reads: tables of people or things, photos, margins of a population, and who answered."""

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine import settings
from engine.curves.delimited import NOTHING, readable, scan, without_separators
from engine.curves.tables import is_table
from engine.errors import InputError, UnreadableData
from engine.models.registry import load_model

if TYPE_CHECKING:
    from engine.curves.data import Labelled
    from engine.models.classifier import Classifier

Margins = dict[str, dict[str, float]]  # column -> value -> share of the population; shares of a column sum to 1

_NUMERIC = 0.9  # of the cells that are filled: a column of so many numbers is one of numbers
_YES, _NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")
_WRITTEN = 'write {"region": {"north": 0.3, ...}}'
_RESPONDED = ("responded", "response", "answered")


@dataclass(frozen=True)
class Table:
    """Rows to compare. A column is of numbers (Float64) or of text (String); what is not known is null."""

    name: str
    columns: pl.DataFrame = field(repr=False)
    features: NDArray[np.float32] | None = field(default=None, repr=False)  # [rows, width] what has no names
    items: list[str] | None = field(default=None, repr=False)  # names; None: rows are known by their number
    unit: str = "rows"
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.columns.height if self.columns.width else len(self.features if self.features is not None else ())

    def item(self, row: int) -> str:
        return self.items[row] if self.items else f"row {row + 1}"

    def text(self, column: str) -> pl.Series:
        """A column as text, whatever it is: 2.0 is "2"."""
        return self.columns[column].cast(pl.String).str.replace(r"^(-?\d+)\.0$", "$1")

    @cached_property
    def digest(self) -> str:
        """What the table's content is known by: sha256, hex."""
        content = hashlib.sha256(self.columns.write_csv().encode())
        content.update(b"" if self.features is None else self.features.tobytes())
        return content.hexdigest()

    def thinned(self, seed: int) -> "Table":
        """The table, or as many of its rows as are compared, at random."""
        most = settings.AUDIT_ROWS
        if len(self) <= most:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False))
        return replace(
            self,
            columns=self.columns[rows.tolist()],
            features=None if self.features is None else self.features[rows],
            items=[self.item(row) for row in rows.tolist()],
            notes=(*self.notes, f"{self.name}: {most:,} of {len(self):,} {self.unit} are compared, drawn at random."),
        )


def read(
    path: Path,
    model: Callable[[], "Classifier"] = load_model,
    name: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Table:
    """Read a CSV or Parquet table, or photos (a folder, a ZIP, Parquet with `jpeg`), which need no labels here.

    Photos get the columns label, source and brightness, and the features of `model`, which is called only for them;
    `progress` hears how many are done.
    Raises InputError and UnreadableData for what cannot be compared, ModelNotFound and DamagedModel as `model` does.
    """
    name = name or path.name
    with readable(path, name):
        if is_table(path):
            text = scan(path, name)
            found = from_frame(text.table.collect(), name, comma=text.comma)
            found = replace(found, notes=(*text.notes, *found.notes))
        elif path.is_dir() or path.suffix.lower() in (".zip", ".parquet"):
            found = _photos(path, name, model(), progress)
        else:
            raise UnreadableData(f"{name} is no table and no photos", "give CSV, Parquet, or a folder or ZIP of photos")
    if not len(found):
        raise UnreadableData(f"{name} has no rows", "export it again")
    return found


def from_frame(frame: pl.DataFrame, name: str, *, comma: bool = False) -> Table:
    """A table from any columns. Those of dates and lists are left out, and said. `comma`: decimal commas."""
    kept, left_out, odd = [], [], []
    for series in frame:
        cells = _cells(series)
        if cells is None:
            left_out.append(series.name)
            continue
        kept.append(_numbers(cells, comma))
        if lost := kept[-1].null_count() - cells.null_count():
            odd.append(f"{name}: {lost:,} cells of {series.name!r} are no finite numbers and count as missing.")
    if not kept:
        raise UnreadableData(f"{name} has no column of numbers or text", "save it as CSV or Parquet again")
    if left_out:
        odd.append(f"{name}: columns left out, as they hold neither numbers nor text: {', '.join(left_out)}.")
    return Table(name, pl.DataFrame(kept), notes=tuple(odd))


def from_labelled(labelled: "Labelled", name: str) -> Table:
    """The set of a learning curve, with its photos' sources and brightness."""
    label = pl.Series("label", [labelled.classes[label] for label in labelled.labels])
    columns = [label, *_looked(labelled.looks, labelled.sources)]
    return Table(name, pl.DataFrame(columns), labelled.features, labelled.names, labelled.unit, tuple(labelled.notes))


def read_margins(path: Path, name: str | None = None) -> Margins:
    """Shares of a population from a CSV (column, value, share or count) or JSON ({column: {value: share or count}}).

    Raises InputError for what are no shares, UnreadableData for what is no such file.
    """
    name = name or path.name
    entries: Iterable[tuple[str, str, object]]
    if path.suffix.lower() == ".json":
        try:
            held = json.loads(path.read_text("utf-8"))
        except (ValueError, OSError) as error:
            raise UnreadableData(f"{name} holds no margins: it is no JSON ({error})", _WRITTEN) from error
        if not isinstance(held, dict) or not all(isinstance(sizes, dict) for sizes in held.values()):
            raise UnreadableData(f"{name} holds no margins: a column is to have a share for each value", _WRITTEN)
        entries = [(column, value, size) for column, sizes in held.items() for value, size in sizes.items()]
    else:
        table = read(path, name=name)
        headings = {heading.strip().lower(): heading for heading in table.columns.columns}
        sizes = "share" if "share" in headings else "count"
        if not {"column", "value", sizes} <= set(headings):
            raise InputError(f"{name} has no columns column, value and share (or count)", "start from the template")
        entries = zip(*(table.text(headings[key]).to_list() for key in ("column", "value", sizes)), strict=True)
    found: Margins = defaultdict(dict)
    for column, value, size in entries:
        if value in found[str(column)]:
            raise InputError(f"{name} gives {value!r} of {column!r} twice", "keep one line a value")
        found[str(column)][str(value)] = _size(size, f"{name}, {column} {value}")
    return {column: _shares(sizes, f"{name}, column {column!r}") for column, sizes in found.items()}


def split_frame(frame: Table, responded: str | None) -> tuple[Table, NDArray[np.bool_]]:
    """The invited without the column `responded`, and who answered: [rows].

    Raises InputError where the column is missing, says anything but yes and no, or says no of everybody.
    """
    column = responded or next((name for name in frame.columns.columns if name.lower() in _RESPONDED), None)
    if column not in frame.columns.columns:
        raise InputError(
            f"{frame.name} has no column {column or 'responded'!r}",
            f"name the one that says who answered; there are {', '.join(frame.columns.columns[:8])}",
        )
    said = frame.text(column).str.to_lowercase().fill_null("")
    if odd := [value for value in said.unique(maintain_order=True) if value not in (*_YES, *_NO)]:
        raise InputError(f"{frame.name} says {odd[0]!r} in column {column!r}", "write yes or no, or 1 or 0")
    answered = said.is_in(list(_YES)).to_numpy()
    if not answered.any():
        raise InputError(f"nobody in {frame.name} answered", f"look at column {column!r}")
    return replace(frame, columns=frame.columns.drop(column)), answered


def as_binary(series: pl.Series) -> NDArray[np.float64] | None:
    """Yes and no, or any numbers, as numbers: [rows], NaN for what is missing; None for other text."""
    numbers = series
    if series.dtype != pl.Float64:
        known = dict.fromkeys(_YES, 1.0) | dict.fromkeys(_NO, 0.0)
        numbers = series.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Float64)
    if numbers.null_count() > series.null_count():
        return None
    return numbers.fill_null(float("nan")).to_numpy()


def _cells(series: pl.Series) -> pl.Series | None:
    """Numbers, or text that is trimmed, null where nothing stands; None for what is neither."""
    if series.dtype == pl.Boolean:
        return series.replace_strict({True: "yes", False: "no"}, return_dtype=pl.String)
    if series.dtype.is_numeric():
        return series.cast(pl.Float64)
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return None
    text = series.cast(pl.String).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(list(NOTHING)), None)


def _numbers(cells: pl.Series, comma: bool) -> pl.Series:
    """Text as finite numbers, if nearly all that stands there is some."""
    text = cells.dtype == pl.String
    plain = without_separators(cells, comma) if text else cells
    numbers = plain.cast(pl.Float64, strict=False).replace([math.nan, math.inf, -math.inf], None)
    few = numbers.count() < max(_NUMERIC * cells.count(), 1)
    return cells if text and few else numbers


def _photos(path: Path, name: str, model: "Classifier", progress: Callable[[int], None]) -> Table:
    from engine.curves.data import left_out
    from engine.curves.photos import look_at_all
    from engine.models.data import LabelledPhoto, read_labelled
    from engine.photos.files import list_files

    flat = path.suffix.lower() != ".parquet" and not any(path.glob("*.parquet"))
    loose = [file for file in list_files(path) if len(file.path.parts) == 1] if flat else []
    photos = (
        (LabelledPhoto(str(file.path), "", None, file.read()) for file in loose) if loose else read_labelled([path])
    )
    seen = look_at_all(photos, model, settings.CURVE_ITEMS, progress)
    if not seen.names:
        raise UnreadableData(f"{name} holds no readable photo", "give JPEG, PNG, WebP or HEIC photos")
    features, looks = seen.arrays()
    labels = pl.Series("label", seen.labels).replace("", None)
    columns = [*([labels] if labels.count() else []), *_looked(looks, seen.sources)]
    notes = tuple(f"{name}: {note}" for note in left_out(seen))
    return Table(name, pl.DataFrame(columns), features, seen.names, "photos", notes)


def _looked(looks: NDArray[np.float32] | None, sources: Sequence[str | None] | None) -> list[pl.Series]:
    brightness = [] if looks is None else [pl.Series("brightness", looks.mean(1).astype(np.float64))]
    return [*brightness, *([pl.Series("source", sources)] if sources and any(sources) else [])]


def _size(size: object, where: str) -> float:
    text = str(size).strip()
    scale = 100 if text.endswith("%") else 1
    plain = re.sub(r"[\s_](?=\d{3}\b)", "", text.removesuffix("%").strip())
    thousands = scale == 1 and re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", plain)
    plain = plain.replace(",", "" if thousands else ".")
    try:
        number = float(plain) / scale
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise InputError(f"{where}: {text!r} is no share and no count", "write 0.3, 30 % or 300")
    return number


def _shares(sizes: dict[str, float], where: str) -> dict[str, float]:
    """Shares that sum to 1, from shares, per cents or counts."""
    total = sum(sizes.values())
    if not total or (total < 10 and not 0.98 <= total <= 1.02 and any(size % 1 for size in sizes.values())):
        raise InputError(f"{where}: its shares sum to {total:g}", "let them sum to 1, or give counts")
    return {value: size / total for value, size in sizes.items()}
