"""Runs of the Learning page and of `tally curve` and `tally audit`, as they came out: to look at again, to compare."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from engine.store.database import session
from engine.store.schema import Run

if TYPE_CHECKING:
    from engine.audit.audit import Audit
    from engine.audit.tables import Table
    from engine.curves.curve import Curve

_LISTED = 500  # the newest


def save_curve(data_name: str, curve: "Curve", model: str, seconds: float) -> None:
    """Keep a learning curve; `model` is named where it saw photos."""
    given, human = curve.labelled, curve.evidence.human
    _save(
        Run(
            kind="curve",
            data_name=data_name,
            data=given.digest,
            settings={"human": human and list(human), "rounds": curve.rounds}
            | ({} if given.looks is None else {"model": model}),
            figures=curve.as_dict(),
            correct=np.packbits(curve.correct).tobytes(),
            items=len(curve.correct),
            seconds=seconds,
        )
    )


def save_audit(sample: "Table", audit: "Audit", settings: Mapping[str, Any], seconds: float) -> None:
    """Keep an audit that could test something; `settings` say against what."""
    if audit.tested:
        _save(
            Run(
                kind="audit",
                data_name=sample.name,
                data=sample.digest,
                settings=dict(settings),
                figures=audit.as_dict(),
                items=len(sample),
                seconds=seconds,
            )
        )


def _save(run: Run) -> None:
    """Keep a run, but not twice where it came out as the last one of its kind, data and settings."""
    with session() as opened:
        alike = select(Run).where(Run.kind == run.kind, Run.data == run.data).order_by(Run.id.desc())
        last = next((kept for kept in opened.scalars(alike) if kept.settings == run.settings), None)
        if last is None or last.figures != run.figures:
            run.data_name, run.created_at = run.data_name[:400], datetime.now(UTC)
            opened.add(run)


def list_runs() -> list[Run]:
    """The newest runs first."""
    with session() as opened:
        return list(opened.scalars(select(Run).order_by(Run.id.desc()).limit(_LISTED)))


def delete_run(run_id: int) -> None:
    """Forget a run."""
    with session() as opened:
        if found := opened.get(Run, run_id):
            opened.delete(found)


def wrong_of(run: Run) -> NDArray[np.bool_] | None:
    """[items] which items the run's model got wrong; None where that was not kept."""
    if run.correct is None:
        return None
    wrong: NDArray[np.bool_] = np.unpackbits(np.frombuffer(run.correct, dtype=np.uint8), count=run.items) == 0
    return wrong
