"""Runs of the Learning page and of `tally curve` and `tally audit`, as they came out: to look at again, to compare."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select

from engine.errors import StoreError
from engine.store.database import session
from engine.store.schema import Run

if TYPE_CHECKING:
    from engine.audit.audit import Audit
    from engine.audit.tables import Table
    from engine.curves.curve import Curve

_LISTED = 500  # the newest


def save_curve(data_name: str, curve: "Curve", model: str, seconds: float) -> StoreError | None:
    """Keep a learning curve; `model` is named where it saw photos."""
    human = curve.evidence.human
    settings: dict[str, Any] = {"human": human and list(human), "rounds": curve.rounds}
    if curve.labelled.looks is not None:
        settings["model"] = model
    correct = np.packbits(curve.correct).tobytes()
    run = Run(kind="curve", settings=settings, correct=correct, items=len(curve.correct), seconds=seconds)
    return _save(run, data_name, curve.labelled.digest, curve.as_dict())


def save_audit(sample: "Table", audit: "Audit", settings: Mapping[str, Any], seconds: float) -> StoreError | None:
    """Keep an audit that could test something; `settings` say against what."""
    if not audit.tested:
        return None
    run = Run(kind="audit", settings=dict(settings), items=len(sample), seconds=seconds)
    return _save(run, sample.name, sample.digest, audit.as_dict())


def _save(run: Run, name: str, digest: str, figures: dict[str, Any]) -> StoreError | None:
    """Keep a run, but not twice where it came out as the last one of its kind, data and settings.

    Gives why it could not be kept, as the result is good all the same.
    """
    run.data_name, run.data, run.figures, run.created_at = name[:400], digest, figures, datetime.now(UTC)
    try:
        with session() as opened:
            alike = select(Run).where(Run.kind == run.kind, Run.data == digest).order_by(Run.id.desc())
            last = next((kept for kept in opened.scalars(alike) if kept.settings == run.settings), None)
            if last is None or last.figures != figures:
                opened.add(run)
    except StoreError as error:
        return error
    return None


def list_runs() -> list[Run]:
    """The newest runs first."""
    with session() as opened:
        return list(opened.scalars(select(Run).order_by(Run.id.desc()).limit(_LISTED)))


def delete_run(run_id: int) -> None:
    """Forget a run."""
    with session() as opened:
        opened.execute(delete(Run).where(Run.id == run_id))


def wrong_of(run: Run) -> NDArray[np.bool_] | None:
    """[items] which items the run's model got wrong; None where that was not kept."""
    if run.correct is None:
        return None
    wrong: NDArray[np.bool_] = np.unpackbits(np.frombuffer(run.correct, dtype=np.uint8), count=run.items) == 0
    return wrong
