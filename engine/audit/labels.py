"""What the labels of a sample allow: how even they are, which are rare or missing, and how much guessing reaches."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.audit import shift
from engine.audit.parts import UNTESTED
from engine.audit.tables import Margins, Table
from engine.curves.paired import rounded, wilson

_IMBALANCE = 10  # the commonest class / the rarest, from which a model may pass over the rare one (deepchecks)
RARE = 30  # items of a class: its error is then known to 15 points and no better
_LISTED = 1_000  # classes in the result


def labels(
    table: Table, label: str | None, reference: Table | None, margins: Margins, accuracy: float | None
) -> dict[str, Any]:
    """Counts of each class and what they warn of; `accuracy` is a model's on these items, if known."""
    counted = {} if label is None else _counts(table, label)
    if label is None or not counted:
        return {"verdict": UNTESTED, "reason": "no column of labels", "findings": []}
    names, counts = list(counted), np.array(list(counted.values()))
    shares = counts / counts.sum()
    majority = wilson(shares[0], counts.sum(), 0.05)
    wanted = margins.get(label) or (_counts(reference, label) if reference else {})
    moved = _moved(counted, wanted, known=label in margins) if wanted else None
    findings = []
    if counts[0] > _IMBALANCE * counts[-1]:
        findings.append({"kind": "severe imbalance", "ratio": rounded(counts[0] / counts[-1])})
    if rare := [name for name, count in zip(names, counts, strict=True) if count < RARE]:
        findings.append({"kind": "rare class", "classes": rare[:_LISTED]})
    if missing := [name for name, size in wanted.items() if size and name not in counted]:
        findings.append({"kind": "missing class", "classes": missing[:_LISTED]})
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


def _counts(table: Table, label: str) -> Mapping[str, float]:
    """Items of each class, the commonest first; none where the table has no such column."""
    if label not in table.columns.columns:
        return {}
    return dict(Counter(table.text(label).drop_nulls()).most_common())


def _moved(here: Mapping[str, float], there: Mapping[str, float], *, known: bool) -> dict[str, float]:
    """How far the classes are from those of the population, whose shares are exact if `known`."""
    every = list(dict.fromkeys([*here, *there]))
    counts, others = (np.array([side.get(name, 0.0) for name in every]) for side in (here, there))
    shares, rows = others / others.sum(), math.inf if known else others.sum()
    missing, chance = shift.unseen(counts, shares, rows)
    p = shift.differs(counts, shares, rows)
    return {"psi": rounded(shift.psi(counts, others)), "p": p, "missing_share": rounded(missing), "missing_p": chance}
