"""Columns of several tables made comparable: the same values get the same codes, numbers are cut at the same places."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.audit.tables import Margins, Table
from engine.errors import InputError

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

MISSING = "(missing)"
_FEW = 12  # different numbers: so many are values of their own, such as a rating; more are cut into fifths
_MANY = 50  # values of a text: more are names or free text, and no groups
_WIDTH = 64  # of what is compared by a classifier; principal axes beyond
AXES = 16  # of what is compared by distance, where more would make all distances alike
_OUTLYING = 5.0  # standard deviations: one wild number must not stretch the scale of all
_NUMBERS = ("id", "index", "row", "number", "no", "nr", "uuid", "")  # a row's own: no two tables share them


@dataclass(frozen=True)
class Column:
    """One column over tables, which are known by role: sample, reference, frame."""

    name: str
    values: list[str]
    codes: dict[str, Codes] = field(repr=False)  # [rows] index `values`
    numbers: dict[str, Array] = field(repr=False)  # [rows], nothing missing; empty for a column of text

    def counts(self, role: str, rows: NDArray[np.bool_] | None = None) -> Array:
        """How often each value occurs among `rows`: [values]."""
        codes = self.codes[role] if rows is None else self.codes[role][rows]
        return np.bincount(codes, minlength=len(self.values)).astype(np.float64)


def align(
    tables: Mapping[str, Table], margins: Margins, groups: Collection[str], apart: Collection[str]
) -> tuple[dict[str, Column], list[str]]:
    """The columns of all tables but those `apart`, and notes on what was left out or filled in.

    Raises InputError for a group that no table has or that has too many values, and for margins of unknown values.
    """
    names = list(dict.fromkeys(name for table in tables.values() for name in table.columns.columns))
    for name in (*groups, *margins):
        if name not in names:
            raise InputError(f"no table has a column {name!r}", f"there are {', '.join(names[:8])}")
    found: dict[str, Column] = {}
    notes: list[str] = []
    for name in names:
        if name in apart or _is_number_of_row(name):
            continue
        having = {role: table for role, table in tables.items() if name in table.columns.columns}
        if all(table.columns[name].dtype == pl.Float64 for table in having.values()) and name not in margins:
            column = _numeric(name, having, notes)
        else:
            column = _text(name, having, margins.get(name, {}))
        if len(column.values) > _MANY:
            if name in groups or name in margins:
                raise InputError(f"column {name!r} has {len(column.values):,} values", "make coarser groups of them")
            notes.append(f"Column {name!r} is not compared: its {len(column.values):,} values are no groups.")
        elif len(column.values) > 1:
            found[name] = column
    return found, notes


def matrix(columns: Mapping[str, Column], tables: Mapping[str, Table], *roles: str) -> list[Array] | None:
    """Tables by what all of them have, as numbers: [rows, width] each; None if that is nothing.

    Numbers are standardised over the tables together; a text has a column of 0 and 1 for each value. More than 64
    columns become their principal axes. Raises InputError for features of different models.
    """
    blocks = [_block(column, roles) for column in columns.values() if set(roles) <= set(column.codes)]
    features = [features for role in roles if (features := tables[role].features) is not None]
    widths = sorted({part.shape[1] for part in features})
    if len(widths) > 1:
        raise InputError(f"features of {' and '.join(map(str, widths))} numbers", "make them with one model")
    if len(features) == len(roles):
        blocks.append(_standard(np.vstack(features).astype(np.float64)))
    if not blocks:
        return None
    together = np.hstack(blocks)
    ends = np.cumsum([len(tables[role]) for role in roles])
    return np.split(axes(together - together.mean(0), _WIDTH), ends[:-1])


def axes(rows: Array, width: int) -> Array:
    """The first principal axes of centred rows, where these are wider."""
    if rows.shape[1] <= width:
        return rows
    _, turned = np.linalg.eigh(rows.T @ rows)
    result: Array = rows @ turned[:, : -width - 1 : -1]
    return result


def _is_number_of_row(name: str) -> bool:
    return name.lower().replace("_", " ").split(" ")[-1] in _NUMBERS or name.lower().startswith("unnamed")


def _numeric(name: str, having: Mapping[str, Table], notes: list[str]) -> Column:
    numbers = {}
    known = pl.concat([table.columns[name] for table in having.values()]).drop_nulls().to_numpy()
    middle = float(np.median(known)) if len(known) else 0.0
    for role, table in having.items():
        numbers[role] = table.columns[name].fill_null(middle).to_numpy()
        if missing := table.columns[name].null_count():
            notes.append(f"{table.name}: {missing:,} missing cells of {name!r} are filled with the median.")
    values = np.unique(np.concatenate(list(numbers.values())))
    if len(values) <= _FEW:
        shown = [f"{value:g}" for value in values]
        return Column(name, shown, {role: np.searchsorted(values, cells) for role, cells in numbers.items()}, numbers)
    whole = numbers[next(role for role in ("reference", "frame", "sample") if role in numbers)]
    edges = np.unique(np.quantile(whole, (0.2, 0.4, 0.6, 0.8)))
    between = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    shown = [f"below {edges[0]:.4g}", *between, f"from {edges[-1]:.4g}"]
    codes = {role: np.searchsorted(edges, cells, side="right") for role, cells in numbers.items()}
    return Column(name, shown, codes, numbers)


def _text(name: str, having: Mapping[str, Table], known: Mapping[str, float]) -> Column:
    cells = {role: table.text(name).fill_null(MISSING) for role, table in having.items()}
    seen = pl.concat(list(cells.values())).unique().to_list()
    values = [*known, *sorted(set(seen) - set(known))]
    if known and not set(seen) & set(known):
        raise InputError(
            f"none of the margins of {name!r} ({', '.join(list(known)[:3])}) is a value of that column",
            f"write its values as the table does: {', '.join(sorted(seen)[:3])}",
        )
    if len(values) > _MANY:
        return Column(name, values, {}, {})
    place = {value: code for code, value in enumerate(values)}
    codes = {role: column.replace_strict(place, return_dtype=pl.Int64).to_numpy() for role, column in cells.items()}
    return Column(name, values, codes, {})


def _block(column: Column, roles: Sequence[str]) -> Array:
    if column.numbers:
        return _standard(np.concatenate([column.numbers[role] for role in roles])[:, None])
    indicators: Array = np.eye(len(column.values))[np.concatenate([column.codes[role] for role in roles])]
    return indicators


def _standard(rows: Array) -> Array:
    deviation = rows.std(0)
    scale = np.where(deviation > 1e-9 * np.abs(rows).max(0), deviation, np.inf)
    standard: Array = np.clip((rows - rows.mean(0)) / scale, -_OUTLYING, _OUTLYING)
    return standard
