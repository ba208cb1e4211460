"""A sample and what is known outside it -> how the sample lies, what its labels allow, and what weights can repair."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.audit.compare import Array, Column, align, axes, matrix
from engine.audit.labels import labels
from engine.audit.names import meet
from engine.audit.parts import UNTESTED, Drawn, Goal, coverage, goals, participation, sampling
from engine.audit.sentences import tell
from engine.audit.shift import ALPHA, UNCOVERED, separability
from engine.audit.tables import Margins, Table, as_binary, split_frame
from engine.audit.weights import balance, estimate, weigh
from engine.curves.paired import rounded
from engine.curves.tables import guess_label
from engine.errors import InputError

LOGISTIC = "error of a logistic regression"
_OUTCOMES = ("wrong", "error", "correct", "score")  # columns of a sample that say how a model did
_WRONG, _RIGHT = ("wrong", "error", LOGISTIC), "correct"  # 1 where a model is
_SEED = 0
_FEW_CLASSES = 5  # whose shares are estimates of interest
_LEAST = 5  # items of a class, to learn it and score it on others

# The reference [rows, 2] and what was drawn [rows, 2] on their two main axes, and which reference rows are outside
Points = tuple[Array, Array, NDArray[np.bool_]]


@dataclass(frozen=True)
class Audit:
    """Each part is a dictionary of JSON values with its `verdict`: is this bias there? yes, no, unsure, or untested."""

    coverage: dict[str, Any]
    sampling: dict[str, Any]
    participation: dict[str, Any]
    labels: dict[str, Any]
    weights: dict[str, Any] | None  # None without columns that are known outside
    sentences: list[str]
    points: Points | None = field(default=None, repr=False)

    @property
    def tested(self) -> bool:
        """Whether any bias could be looked for."""
        return any(part["verdict"] != UNTESTED for part in (self.coverage, self.sampling, self.participation))

    def as_dict(self) -> dict[str, Any]:
        """The contract's JSON."""
        names = ("coverage", "sampling", "participation", "labels", "weights", "sentences")
        return {name: getattr(self, name) for name in names}


def audit_selection(
    sample: Table,
    *,
    reference: Table | None = None,
    margins: Margins | None = None,
    frame: Table | None = None,
    responded: str | None = None,
    label: str | None = None,
    groups: Sequence[str] = (),
) -> Audit:
    """Test a sample for coverage, sampling and participation bias, each if what it takes is given.

    `reference` is an even sample of the population, `margins` its known shares, `frame` everybody who was invited with
    the column `responded`. `label` names the sample's classes; without it, one called label, class, target or y is
    taken. `groups` are the columns whose values must all be there; by default every column of text.
    Raises InputError for columns that are not there and for tables that have nothing in common.
    """
    label = _label(sample, label)
    given = {"sample": sample, "reference": reference, "frame": frame}
    whole, margins, named = meet({role: table for role, table in given.items() if table is not None}, margins or {})
    tables = {role: table.thinned(_SEED) for role, table in whole.items()}
    answered = None
    if "frame" in tables:
        tables["frame"], answered = split_frame(tables["frame"], responded)
    outcomes = [
        name
        for name in _OUTCOMES
        if name != label and [role for role in tables if name in tables[role].columns.columns] == ["sample"]
    ]
    known = {name: shares for name, shares in margins.items() if name != label}
    columns, notes = align(tables, known, groups, {name for name in (label, responded, *outcomes) if name})
    cells = list(groups) or [name for name, column in columns.items() if not column.numbers]

    cover, even, known_inside, points = _against_population(tables, columns, cells, margins, label)
    silent = _against_invited(tables, columns, cells, answered)
    values = _outcomes(tables["sample"], columns, outcomes, label)
    counted = labels(sample, label, whole.get("reference"), margins, _accuracy(values))
    if "frame" not in tables:
        cover = _with_classes(cover, counted)
    unheard = max(cover.get("missing_share", 0.0), cover.get("classes_missing", 0.0)), silent.get("rate")
    found: dict[str, Any] = {
        "coverage": cover,
        "sampling": even,
        "participation": silent,
        "labels": counted,
        "weights": _repair(tables, columns, known_inside, values, unheard),
    }
    notes = [note for table in tables.values() for note in table.notes] + named + notes
    return Audit(**found, sentences=[*tell(found, sample.unit), *notes], points=points)


def _against_population(
    tables: dict[str, Table], columns: dict[str, Column], groups: list[str], margins: Margins, label: str | None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Goal], Points | None]:
    """Coverage, sampling, goals of the sample's columns over the part that it can speak for, and a map."""
    about = _common(tables, columns, margins, label)
    if "verdict" in about:
        return about, about, {}, None
    role = about["drawn"]
    drawn = Drawn(role, len(tables[role]), _of(columns, role), groups)
    both, points = matrix(columns, tables, "reference", role) if "reference" in tables else None, None
    cover, outside = coverage(drawn, goals(drawn.columns, margins), both)
    by_cells = [name for name in about["compared"] if name in groups]
    cover |= about | ({"compared": by_cells} if both is None else {})
    cover["nearest"] = [
        {"item": tables["reference"].item(row), "nearest": tables[role].item(near)} for row, near in cover["nearest"]
    ]
    if both is not None:
        target, sample = np.split(axes(np.vstack(both), 2), [len(both[0])])
        points = target, sample, outside.reference
    if outside.share >= 1 or outside.drawn.all():
        return cover, {"verdict": UNTESTED, "reason": "nothing of the population is in what was drawn"}, {}, points
    inside, cells = ~outside.reference, outside.cells if cover["verdict"] == "yes" else ()
    told = None if both is None else separability(both[0][inside], both[1][~outside.drawn], _SEED)
    even = sampling(drawn, goals(drawn.columns, margins, inside, cells), outside, told) | about
    if even["significant"] and even["verdict"] == "unsure" and cover["verdict"] == "no":
        cover["verdict"] = "unsure"  # what differs has no name yet, and may be a part that is missing
    return cover, even, goals(_of(columns, "sample"), margins, inside, cells), points


def _common(
    tables: dict[str, Table], columns: dict[str, Column], margins: Margins, label: str | None
) -> dict[str, Any]:
    """Who is compared with the population by what, and what nothing outside tells of; or why nothing is."""
    known = [column for name, column in columns.items() if name in margins or "reference" in column.codes]
    role = "frame" if any("frame" in column.codes for column in known) else "sample"
    shared = [column.name for column in known if role in column.codes]
    if all(other in tables and tables[other].features is not None for other in (role, "reference")):
        shared.append("features")
    left = [name for name, column in columns.items() if name not in shared and {"sample", role} & set(column.codes)]
    if shared:
        return {"drawn": role, "compared": shared, "not_compared": left}
    if label in margins or ("reference" in tables and label in tables["reference"].columns.columns):
        return {"verdict": UNTESTED, "reason": f"only the answers, {label!r}, are known outside"}
    if "reference" in tables:
        raise InputError(
            f"{tables[role].name} and {tables['reference'].name} share no column that varies",
            "give both the same columns, or photos in both",
        )
    return {"verdict": UNTESTED, "reason": "it takes a reference sample of the population, or its margins"}


def _with_classes(cover: dict[str, Any], counted: dict[str, Any]) -> dict[str, Any]:
    """Classes that the population has and the sample has not are a fault of coverage too."""
    moved = counted.get("shift", {})
    if moved.get("missing_share", 0) <= UNCOVERED or moved["missing_p"] >= ALPHA:
        return cover
    nothing = {"cells": [], "holes": [], "nearest": [], "missing_share": 0.0, "foreign_share": 0.0}
    return nothing | cover | {"verdict": "yes", "classes_missing": moved["missing_share"]}


def _of(columns: dict[str, Column], role: str) -> dict[str, Column]:
    """The columns that the table has."""
    return {name: column for name, column in columns.items() if role in column.codes}


def _against_invited(
    tables: dict[str, Table], columns: dict[str, Column], groups: list[str], answered: NDArray[np.bool_] | None
) -> dict[str, Any]:
    invited = None if answered is None else matrix(columns, tables, "frame")
    if answered is None or invited is None:
        return {"verdict": UNTESTED, "reason": "it takes the list of everybody invited, with who answered"}
    told = separability(invited[0][~answered], invited[0][answered], _SEED)
    return participation(_of(columns, "frame"), groups, answered, told)


def _outcomes(sample: Table, columns: dict[str, Column], outcomes: list[str], label: str | None) -> dict[str, Array]:
    """What the sample estimates, by name: [rows], NaN where it is not known."""
    numbers = {name: as_binary(sample.columns[name]) for name in outcomes}
    found = {name: values for name, values in numbers.items() if values is not None and np.isfinite(values).any()}
    if label is None:
        return found
    answers = sample.text(label)
    classes = answers.drop_nulls().unique().sort().to_list()
    wrong = None if set(found) & {*_WRONG, _RIGHT} else _logistic_errors(sample, columns, answers)
    if wrong is not None:
        found[LOGISTIC] = wrong
    if len(classes) <= _FEW_CLASSES:
        shown = classes[-1:] if len(classes) == 2 else classes  # of two, one says all: the yes of no and yes
        for name in shown:
            found[f"share with {label} {name}"] = (answers == name).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return found


def _accuracy(values: dict[str, Array]) -> float | None:
    """Of the model that the outcomes are of, where they are 0 and 1."""
    for name, known in values.items():
        if name in (*_WRONG, _RIGHT) and np.isin(known[np.isfinite(known)], (0, 1)).all():
            mean = float(np.nanmean(known))
            return mean if name == _RIGHT else 1 - mean
    return None


def _logistic_errors(sample: Table, columns: dict[str, Column], answers: pl.Series) -> Array | None:
    """Where a logistic regression on the sample's columns, which did not see the row, is wrong; None if it cannot."""
    from engine.curves.heads import score
    from engine.curves.subsets import splits

    known = np.flatnonzero(answers.is_not_null().to_numpy())
    classes, labels = np.unique(answers.drop_nulls().to_numpy().astype(np.str_), return_inverse=True)
    rows = matrix(columns, {"sample": sample}, "sample")
    if rows is None or len(classes) < 2 or np.bincount(labels).min() < _LEAST:
        return None
    repeats = splits(labels, None, _SEED)
    largest = min(len(split.order) for split in repeats)
    scores = score(rows[0][known].astype(np.float32), labels, repeats, [largest])
    wrong = np.full(len(answers), np.nan)
    wrong[known] = scores.predicted != labels
    return wrong


def _repair(
    tables: dict[str, Table],
    columns: dict[str, Column],
    goals: dict[str, Goal],
    values: dict[str, Array],
    unheard: tuple[float, float | None],
) -> dict[str, Any] | None:
    """Weights to the population, or else to the invited, and what they do to each estimate.

    `unheard`: the share of the population that could not be drawn, and the share of the invited who answered.
    """
    known = goals or {
        name: Goal(column.counts("frame") / len(tables["frame"]), float(len(tables["frame"])))
        for name, column in columns.items()
        if {"sample", "frame"} <= set(column.codes)
    }
    weights = weigh(columns, known, len(tables["sample"]))
    if weights is None:
        return None
    return {
        "to": "population" if goals else "invited",
        "columns": weights.columns,
        "effective_n": rounded(weights.effective),
        "design_effect": rounded(weights.design_effect),
        "trimmed": weights.trimmed,
        "off": rounded(weights.off),
        "balance": balance(columns, known, weights),
        "estimates": [
            estimate(name, known, weights, *unheard)
            for name, known in values.items()
            if weights.values[np.isfinite(known)].any()
        ],
    }


def _label(sample: Table, label: str | None) -> str | None:
    names = sample.columns.columns
    if label is not None and label not in names:
        raise InputError(f"{sample.name} has no column {label!r}", f"there are {', '.join(names[:8])}")
    return label or guess_label(names)
