"""The process that trains, for a job: `python -m engine.models.worker FOLDER`. It holds the lock of the job already."""

import fcntl
import os
import shutil
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import ModelNotFound, TallyError
from engine.models.jobs import PHOTOS, SPARE, TURN, Job, read, write
from engine.models.progress import Pace
from engine.models.registry import load_model, report_of

_POINTS = 200  # of the history: more are not seen on a chart
_OFTEN = 0.3  # s between two writings of the progress


class _Teller:
    """The job's `Progress`: keeps it in `job.json`, a few times a second."""

    def __init__(self, folder: Path, job: Job) -> None:
        self.job, self._folder, self._pace = job, folder, Pace()
        self._began, self._written = time.monotonic() - job.seconds, 0.0

    def __call__(self, what: str, share: float, /, **figures: float) -> None:
        now, history, urgent = time.monotonic(), self.job.history, figures or what != self.job.what
        if figures:
            history = [*history, figures]
            history = history[-1::-2][::-1] if len(history) > _POINTS else history
        left = self._pace.left(what, share)
        self.job = replace(
            self.job, what=what, share=min(share, 1), left=left, seconds=now - self._began, history=history
        )
        if urgent or now - self._written > _OFTEN:
            self._written = now
            with suppress(OSError):  # on a full disk the work may still come through
                write(self._folder, self.job)


def _work(folder: Path) -> None:
    os.nice(5)  # the pages go first
    with (folder.parent / TURN).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        job = replace(read(folder), state="running", what="starting", history=[])
        tell = _Teller(folder, job)
        tell("starting", 0)
        try:
            report = _learn(folder, job, tell)
        except Exception as error:
            traceback.print_exc()  # into the job's log
            message, remedy = _said(error)
            (folder / SPARE).unlink(missing_ok=True)
            write(folder, replace(tell.job, state="failed", sentence=message, remedy=remedy))
            return
        done = replace(tell.job, state="done", **{key: report[key] for key in ("accuracy", "photos", "notes")})
        shutil.rmtree(folder / PHOTOS, ignore_errors=True)
        (folder / SPARE).unlink(missing_ok=True)
        write(folder, done)


def _learn(folder: Path, job: Job, tell: _Teller) -> dict[str, Any]:
    from engine.models.learn import learn

    with suppress(ModelNotFound):  # killed after the model was written, and before it said so
        if (report := report_of(job.name)) and report.get("job") == job.id:
            return report
    paths = sorted((folder / PHOTOS).glob("*/*"))
    return learn(paths, job.name, load_model(job.base), tell, full=job.full, scratch=folder)


def _said(error: Exception) -> tuple[str, str]:
    if isinstance(error, TallyError):
        return error.message, error.remedy
    if isinstance(error, MemoryError):
        return "the training ran out of memory", "take fewer photos, or smaller ones"
    if isinstance(error, OSError):
        return f"the training could not go on ({error})", "make room on the disk, and go on: what was computed is kept"
    return f"something went wrong ({error!r})", "go on, or try other photos"


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
