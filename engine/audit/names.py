"""Columns of a sample, of what lies outside it and of margins, by the names that they share."""

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from engine.audit.tables import Margins, Table
from engine.errors import InputError

_LISTED = 8


def meet(tables: dict[str, Table], margins: Margins) -> tuple[dict[str, Table], Margins, list[str]]:
    """Tables and margins with the sample's names where only the case differs, and notes on what is not shared.

    Margins of unknown columns are left out where others are known. `tables` are known by role: sample, reference,
    frame. Raises InputError for margins of bands where the column holds numbers.
    """
    notes: list[str] = []
    for role, table in tables.items():
        if new := _alike(table.columns.columns, tables["sample"].columns.columns):
            notes += [f"{table.name}: {name!r} is taken for {ours!r} of the sample." for name, ours in new.items()]
            tables = tables | {role: replace(table, columns=table.columns.rename(new))}
    names = dict.fromkeys(name for table in tables.values() for name in table.columns.columns)
    new = _alike(margins, names)
    notes += [f"Margins: {name!r} is taken for {ours!r}." for name, ours in new.items()]
    margins = {new.get(name, name): shares for name, shares in margins.items()}
    unknown = [name for name in margins if name not in names]
    if unknown and len(unknown) < len(margins):
        notes.append(f"Margins left out, as no table has such a column: {', '.join(unknown[:_LISTED])}.")
        margins = {name: shares for name, shares in margins.items() if name in names}
    for name, shares in margins.items():
        _refuse_bands(name, list(shares), tables)
    return tables, margins, notes + _compared(tables)


def _alike(theirs: Iterable[str], ours: Iterable[str]) -> dict[str, str]:
    """Each name that we write in another case, with ours; the first of those that differ in nothing else."""
    theirs, here = list(theirs), {name.casefold(): name for name in reversed(list(ours))}
    found = {here[name.casefold()]: name for name in reversed(theirs) if name.casefold() in here}
    return {name: our for our, name in found.items() if our not in theirs}


def _refuse_bands(name: str, values: list[str], tables: dict[str, Table]) -> None:
    having = [table for table in tables.values() if name in table.columns.columns]
    numbers = pl.Series(values).cast(pl.Float64, strict=False).count()
    if not numbers and any(table.columns[name].dtype == pl.Float64 for table in having):
        raise InputError(
            f"the margins of {name!r} are of bands ({', '.join(values[:3])}), but the column holds numbers",
            f"make a column of bands in the tables, such as {name}_band, and name it in the margins",
        )


def _compared(tables: dict[str, Table]) -> list[str]:
    """What the reference alone has, and a warning where it is the sample itself."""
    if "reference" not in tables:
        return []
    reference, notes = tables["reference"], []
    others = {role: table for role, table in tables.items() if role != "reference"}
    every = {name for table in others.values() for name in table.columns.columns}
    if only := [name for name in reference.columns.columns if name not in every]:
        notes.append(f"Not compared, as only {reference.name} has them: {', '.join(only[:_LISTED])}.")
    notes += [
        f"{table.name} and {reference.name} hold the same rows: a sample beside itself shows nothing of what it lacks."
        for table in others.values()
        if _same(table, reference)
    ]
    return notes


def _same(one: Table, other: Table) -> bool:
    shared = [name for name in one.columns.columns if name in other.columns.columns]
    if one.features is not None and other.features is not None:
        return one.features.shape == other.features.shape and bool((one.features == other.features).all())
    return bool(shared) and one.columns.select(shared).equals(other.columns.select(shared))
