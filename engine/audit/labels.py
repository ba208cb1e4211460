"""What the labels of a sample allow: how even they are, which are rare or missing, and how much guessing reaches."""

from typing import Any

import numpy as np
import polars as pl

from engine.audit import shift
from engine.audit.compare import Array
from engine.audit.parts import UNTESTED, rounded
from engine.audit.tables import Margins, Table
from engine.curves.paired import wilson

IMBALANCE = 10  # the commonest class / the rarest, from which a model may pass over the rare one (deepchecks)
RARE = 30  # items of a class: its error is then known to 15 points and no better
_LISTED = 1_000  # classes in the result


def labels(
    table: Table, label: str | None, reference: Table | None, margins: Margins, accuracy: float | None
) -> dict[str, Any]:
    """Counts of each class and what they warn of; `accuracy` is a model's on these items, if known."""
    if label is None:
        return {"verdict": UNTESTED, "reason": "no column of labels", "findings": []}
    counted = table.text(label).drop_nulls().value_counts(sort=True)
    names, counts = counted.to_series(0).to_list(), counted.to_series(1).to_numpy().astype(np.float64)
    shares = counts / counts.sum()
    majority = wilson(shares[0], counts.sum(), 0.05)
    wanted, known = _population(label, reference, margins)
    findings = []
    if counts[0] > IMBALANCE * counts[-1]:
        findings.append({"kind": "severe imbalance", "ratio": rounded(counts[0] / counts[-1])})
    if rare := [name for name, count in zip(names, counts, strict=True) if count < RARE]:
        findings.append({"kind": "rare class", "classes": rare[:_LISTED]})
    if missing := [name for name, size in wanted.items() if size and name not in names]:
        findings.append({"kind": "missing class", "classes": missing[:_LISTED]})
    moved = _moved(names, counts, wanted, known=known) if wanted else None
    if moved and moved["p"] < shift.ALPHA and moved["psi"] > shift.PSI_EFFECT:
        findings.append({"kind": "label shift", **moved})
    if accuracy is not None and accuracy <= majority[1]:
        findings.append({"kind": "no-skill trap", "accuracy": rounded(accuracy), "majority": rounded(shares[0])})
    return {
        "verdict": "yes" if findings else "no",
        "column": label,
        "items": int(counts.sum()),
        "unlabelled": len(table) - int(counts.sum()),
        "classes": {name: int(count) for name, count in zip(names[:_LISTED], counts, strict=False)},
        "majority": {"class": names[0], "share": rounded(shares[0]), "interval": [rounded(end) for end in majority]},
        "imbalance": rounded(counts[0] / counts[-1]),
        "effective_classes": rounded(np.exp(-(shares * np.log(shares)).sum())),
        "shift": moved or {"verdict": UNTESTED},
        "findings": findings,
    }


def _population(label: str, reference: Table | None, margins: Margins) -> tuple[dict[str, float], bool]:
    """Classes with their shares or counts outside the sample, and whether these are exact."""
    if label in margins:
        return margins[label], True
    if reference is None or label not in reference.columns.columns:
        return {}, False
    counted = reference.text(label).drop_nulls().value_counts()
    return dict(
        zip(counted.to_series(0).to_list(), counted.to_series(1).cast(pl.Float64).to_list(), strict=True)
    ), False


def _moved(names: list[str], counts: Array, wanted: dict[str, float], *, known: bool) -> dict[str, float]:
    every = list(dict.fromkeys([*names, *wanted]))
    here = np.array([dict(zip(names, counts, strict=True)).get(name, 0.0) for name in every])
    there = np.array([wanted.get(name, 0.0) for name in every])
    return {"psi": rounded(shift.psi(here, there)), "p": shift.differs(here, there, known=known)}
