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
    from engine.curves.curve import Curve

_LISTED = 500  # the newest


def save_run(
    kind: str,
    data_name: str,
    data: str,
    *,
    settings: Mapping[str, Any],
    figures: Mapping[str, Any],
    seconds: float,
    correct: NDArray[np.bool_] | None = None,
) -> None:
    """Keep a run. `kind` is "curve" or "audit", `data` the set's digest, `figures` the contract's JSON.

    `settings` name the model, where there is one. A run that came out as the last one of its kind, data and settings
    is not kept twice.
    """
    with session() as opened:
        alike = select(Run).where(Run.kind == kind, Run.data == data).order_by(Run.id.desc())
        last = next((run for run in opened.scalars(alike) if run.settings == settings), None)
        if last is not None and last.figures == figures:
            return
        opened.add(
            Run(
                kind=kind,
                data_name=data_name[:400],
                data=data,
                settings=dict(settings),
                figures=dict(figures),
                correct=None if correct is None else np.packbits(correct).tobytes(),
                items=None if correct is None else len(correct),
                seconds=seconds,
                created_at=datetime.now(UTC),
            )
        )


def save_curve(data_name: str, curve: "Curve", model: str, seconds: float) -> None:
    """Keep a learning curve; `model` is named where it saw photos."""
    given, human = curve.labelled, curve.evidence.human
    save_run(
        "curve",
        data_name,
        given.digest,
        settings={"human": human and list(human), "rounds": curve.rounds}
        | ({} if given.looks is None else {"model": model}),
        figures=curve.as_dict(),
        seconds=seconds,
        correct=curve.correct,
    )


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
