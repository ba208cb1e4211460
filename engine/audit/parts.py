"""The three ways a sample lies, each against what it takes to see it: a verdict with its figures, ready for JSON."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audit import shift
from engine.audit.compare import Array, Column
from engine.audit.tables import Margins
from engine.curves.paired import rounded, wilson

Rows = NDArray[np.bool_]
Cells = set[tuple[str, str]]  # columns and values

UNTESTED = "cannot be tested"
_ALMOST = 0.1  # of its share in the population: a cell that thin is left out rather than drawn less often
_EXAMPLES = 5
_NOBODY = 0.02  # did not answer: too few to move any share by more than two points


@dataclass(frozen=True)
class Goal:
    """How a column is distributed in the population, as far as is known."""

    shares: Array  # [values], of all
    rows: float  # that tell so; infinite for margins


@dataclass(frozen=True)
class Drawn:
    """What was drawn from the population: the invited where they are known, else the sample."""

    role: str
    rows: int
    columns: dict[str, Column] = field(repr=False)  # that it has
    groups: list[str]  # names of columns whose values are cells

    def counts(self, name: str, rows: Rows | None = None) -> Array:
        return self.columns[name].counts(self.role, rows)


@dataclass(frozen=True)
class Outside:
    """Whom of the population the sample cannot speak for, and who of the sample is not of the population."""

    cells: Cells
    share: float  # of the population
    reference: Rows  # [reference rows]
    drawn: Rows  # [drawn rows]


def goals(
    columns: dict[str, Column], margins: Margins, rows: Rows | None = None, cells: Collection[tuple[str, str]] = ()
) -> dict[str, Goal]:
    """What is known of each column over the population without `cells`; `rows` are the reference's that count.

    Margins are exact, but of everybody: where a part of everybody is outside, the rest of the reference tells more.
    """
    found = {}
    for name, column in columns.items():
        in_reference = "reference" in column.codes
        if name in margins and not (cells and in_reference):
            shares = np.array([margins[name].get(value, 0.0) * ((name, value) not in cells) for value in column.values])
            found[name] = Goal(shares / shares.sum(), np.inf)
        elif in_reference:
            counts = column.counts("reference", rows)
            found[name] = Goal(counts / counts.sum(), counts.sum())
    return found


def coverage(drawn: Drawn, known: dict[str, Goal], both: list[Array] | None) -> tuple[dict[str, Any], Outside]:
    """Empty and almost empty cells, regions of the population without neighbours in the sample, and new values.

    `both`: the reference and what was drawn, as numbers, [rows, width]; None without a reference.
    """
    cells = _cells(drawn, known)
    lacking = {(cell["column"], cell["value"]) for cell in cells if cell["state"] in ("empty", "almost empty")}
    new = {(cell["column"], cell["value"]) for cell in cells if cell["state"] == "new"}
    foreign = _among(drawn, drawn.role, new, drawn.rows)
    found: dict[str, Any] = {"verdict": "unsure", "cells": cells, "holes": [], "nearest": []}
    if both is None:
        sums = [
            sum(c["target"] for c in cells if c["column"] == name and (name, c["value"]) in lacking) for name in known
        ]
        outside = Outside(lacking | new, max(sums, default=0.0), np.zeros(0, dtype=bool), foreign)
        clear = bool(cells)
    else:
        holes = _regions(drawn, *both)
        rows = _among(drawn, "reference", lacking, len(both[0]))
        for name, hole in holes.items():
            if hole.uncovered.mean() > shift.UNCOVERED:
                deepest = np.argsort(-hole.distance * hole.uncovered)[:_EXAMPLES]
                found["nearest"] = [(int(row), int(hole.nearest[row])) for row in deepest]
                if (more := float((hole.uncovered & ~rows).mean())) > shift.UNCOVERED:  # than the cells name
                    found["holes"].append({"column": name, "share": rounded(more)})
                rows |= hole.uncovered
        outside = Outside(lacking | new, float(rows.mean()), rows, foreign)
        found["interval"] = _interval(rows.sum(), len(rows))
        clear = None in holes and found["interval"][1] < shift.UNCOVERED
    found |= {"missing_share": rounded(outside.share), "foreign_share": rounded(foreign.mean())}
    noticed = (1 - shift.UNCOVERED) ** drawn.rows < shift.ALPHA  # an empty cell of that share is no accident
    if max(outside.share, foreign.mean()) > shift.UNCOVERED:
        found["verdict"] = "yes"
    elif clear and noticed:
        found["verdict"] = "no"
    return found, outside


def _cells(drawn: Drawn, known: dict[str, Goal]) -> list[dict[str, Any]]:
    """Every value of every group, with its share in the population and in what was drawn."""
    names = [name for name in drawn.groups if name in known]
    tests = sum(len(known[name].shares) for name in names)
    cells = []
    for name in names:
        values, shares, counts = drawn.columns[name].values, known[name].shares, drawn.counts(name)
        together = shift.unseen(counts, shares, known[name].rows)[1] < shift.ALPHA / len(names)
        for value, share, count in zip(values, shares, counts, strict=True):
            interval = _interval(count, drawn.rows)
            state = "covered"
            if not share and count:
                chance = (1 - count / drawn.rows) ** known[name].rows
                state = "new" if chance < shift.ALPHA / tests else "rare"
            elif not count:
                state = "empty" if together or (1 - share) ** drawn.rows < shift.ALPHA / tests else "rare"
            elif interval[1] < _ALMOST * share:
                state = "almost empty"
            row = {"column": name, "value": value, "target": rounded(share), "sample": rounded(count / drawn.rows)}
            cells += [{**row, "interval": interval, "state": state}] if share or count else []
    return cells


def _regions(drawn: Drawn, target: Array, sample: Array) -> dict[str | None, shift.Holes]:
    """Holes in each column of numbers, where they are sharp, and under None in all columns together."""
    pairs: dict[str | None, tuple[Array, Array]] = {
        name: (column.numbers["reference"][:, None], column.numbers[drawn.role][:, None])
        for name, column in drawn.columns.items()
        if "reference" in column.numbers
    }
    found = {name: shift.holes(*pair) for name, pair in (pairs | {None: (target, sample)}).items()}
    return {name: hole for name, hole in found.items() if hole is not None}


def _among(drawn: Drawn, role: str, cells: Cells, rows: int) -> Rows:
    inside = np.zeros(rows, dtype=bool)
    for name, value in cells:
        column = drawn.columns[name]
        if role in column.codes:
            inside |= column.codes[role] == column.values.index(value)
    return inside


def sampling(drawn: Drawn, known: dict[str, Goal], outside: Outside, told: shift.Separability | None) -> dict[str, Any]:
    """Whether what is covered was drawn evenly; `told` tells what was drawn from the covered part of the reference.

    `known` is of the covered part.
    """
    columns = []
    for name, goal in known.items():
        counts = drawn.counts(name, ~outside.drawn)
        p = shift.differs(counts, goal.shares, goal.rows)
        columns.append(_row(name, counts, goal.shares, goal.rows, p if name in drawn.groups else None))
    return _judged(columns, told) | {"with_participation": drawn.role == "sample"}


def participation(
    columns: dict[str, Column], groups: Collection[str], answered: Rows, told: shift.Separability | None
) -> dict[str, Any]:
    """Whether those who answered are like those invited; `told` tells who answers from who does not.

    The R-indicator is 1 - 2 SD of the response propensities (Schouten, Cobben and Bethlehem 2009): 1 if all are equal.
    """
    rows, cells = [], []
    for name, column in columns.items():
        yes, invited = column.counts("frame", answered), column.counts("frame")
        silent = (~answered).sum()
        p = shift.differs(yes, (invited - yes) / max(silent, 1), silent)
        rows.append(_row(name, yes, invited / invited.sum(), invited.sum(), p if name in groups else None))
        cells += [
            {"column": name, "value": value, "invited": int(of), "rate": rounded(count / of),
             "interval": _interval(count, of)}
            for value, count, of in zip(column.values, yes, invited, strict=True) if of
        ]  # fmt: skip
    found = _judged(rows, told)
    if answered.mean() >= 1 - _NOBODY:
        found["verdict"] = "no"
    rate = {"rate": rounded(answered.mean()), "invited": len(answered), "groups": cells}
    return found | rate | {"r_indicator": None if told is None else rounded(r_indicator(told.scores))}


def r_indicator(propensities: Array) -> float:
    """1 if all are as likely to answer; 0 if half of them always do and half never."""
    return float(1 - 2 * propensities.std())


def _row(name: str, counts: Array, shares: Array, rows: float, p: float | None) -> dict[str, Any]:
    chance = shift.chance_psi(int((counts + shares > 0).sum()), counts.sum(), rows)
    return {"column": name, "psi": rounded(shift.psi(counts, shares)), "chance": rounded(chance), "p": p}


def _judged(columns: list[dict[str, Any]], told: shift.Separability | None) -> dict[str, Any]:
    """Yes for a difference beyond chance that one of the effect sizes names, no where both are surely small."""
    tests = [row["p"] for row in columns if row["p"] is not None] + ([told.p] if told else [])
    significant = bool(tests) and min(tests) * len(tests) < shift.ALPHA
    auc, interval = (told.auc, told.interval) if told else (0.5, (0.5, 0.5))
    large = auc > shift.AUC_EFFECT or any(row["psi"] > max(shift.PSI_EFFECT, row["chance"]) for row in columns)
    small = interval[1] < shift.AUC_EFFECT and all(max(row["psi"], row["chance"]) < shift.PSI_EFFECT for row in columns)
    verdict = "yes" if significant and large else "no" if tests and small and not significant else "unsure"
    return {
        "verdict": verdict,
        "significant": significant,
        "auc": told and rounded(auc),
        "interval": told and [rounded(end) for end in interval],
        "columns": sorted(columns, key=lambda row: -row["psi"]),
    }


def _interval(count: float, of: float) -> list[float]:
    return [rounded(end) for end in wilson(count / of, of, 0.05)]
