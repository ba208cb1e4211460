"""Training in a process of its own, which outlives the page and its server.

A job is a folder under TALLY_HOME/training: `job.json`, the photos as they were dropped, and `worker`, a file that the
process which trains holds locked. The kernel frees the lock when that process ends, however it ends: a job that is
running by its own account while nobody holds its lock was interrupted, and goes on by `resume`. Only who holds the lock
writes the job. Jobs run one at a time; the others wait. A worker may be killed at any moment: features are cached, a
network has its checkpoints, and a model is written in one piece.
"""

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Literal

from engine import settings
from engine.errors import InputError, ModelError, TallyError
from engine.models.data import how_many
from engine.models.registry import find, new_folder
from engine.photos.files import file_name

State = Literal["waiting", "running", "interrupted", "stopped", "failed", "done"]

_JOB, _WORKER, PHOTOS, TURN, SPARE = "job.json", "worker", "photos", "turn", "spare"
_TRIES = 3  # times that a worker may die before it is left alone
_ROOM = 100_000  # bytes held ready, so that a job can say that the disk is full
_DIED = f"its process was ended from outside {_TRIES} times, as happens when memory is short"

_guard = threading.Lock()  # of locks: who looks at one holds it for a moment
_children: dict[str, "subprocess.Popen[bytes]"] = {}  # by job; each is asked for its end, or it would stay a zombie


@dataclass(frozen=True)
class Job:
    """One training, as it was when it was read."""

    id: str
    name: str  # of the model to be
    base: str  # name of the model it starts from
    full: bool  # the whole network too
    created: float  # s since 1970
    state: State = "waiting"
    tries: int = 0
    what: str = "waiting"
    share: float = 0  # of all its work
    left: float | None = None  # s
    seconds: float = 0  # since it began
    history: list[dict[str, float]] = field(default_factory=list)  # figures as `Progress` has them
    sentence: str = ""  # why it failed
    remedy: str = ""
    accuracy: float = 0  # of the model that is done
    photos: int = 0  # that this was measured on
    notes: list[str] = field(default_factory=list)  # what was left out of them, and why

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running", "interrupted")


def start(archives: Sequence[tuple[str, bytes]], name: str, base: str, *, full: bool = False) -> Job:
    """Begin to train the model `name` on ZIPs of class folders (name, content), starting from the model `base`.

    Raises InputError for a name that cannot be used, UnreadableData for what is no ZIP, ModelNotFound, and ModelError
    if the job cannot be stored.
    """
    check_new(name)
    find(base)
    job = Job(f"{name}-{secrets.token_hex(4)}", name, base, full, time.time())
    folder = _home() / job.id
    try:
        for number, (file, content) in enumerate(archives):
            archive = folder / PHOTOS / f"{number:03}" / file_name(file)
            archive.parent.mkdir(parents=True)
            archive.write_bytes(content)
            how_many([archive])
        (folder / _WORKER).write_text(_pid(0))  # on a full disk, what is there can still be written over
        _launch(folder, job)
    except TallyError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        why = f"the photos could not be stored in {folder.parent} ({error.strerror})"
        raise ModelError(why, "make room, and drop them again") from error
    return job


def check_new(name: str) -> None:
    """Raises InputError for a name that a new model cannot have."""
    new_folder(name)
    if any(job.name == name and job.active for job in jobs()):
        raise InputError(f"a model {name!r} is being trained", "choose another name")


def jobs() -> list[Job]:
    """All jobs, the newest first."""
    for job, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(job, None)
    found = [_look(path.parent) for path in _home().glob(f"*/{_JOB}")]
    return sorted(filter(None, found), key=lambda job: -job.created)


def resume_interrupted() -> None:
    """Let jobs go on whose process died, and delete what nobody came back to.

    Raises ModelError if there is no room.
    """
    for path in _home().iterdir() if _home().is_dir() else ():
        old = time.time() - path.stat().st_mtime > settings.TRAINING_DAYS * 86_400
        if path.is_dir() and old and not ((job := _look(path)) and job.active):
            shutil.rmtree(path, ignore_errors=True)
    for job in jobs():
        if job.state == "interrupted":
            _go_on(job.id, job.tries)


def resume(job: str) -> None:
    """Go on with a job that was stopped, or try one again that failed.

    Raises InputError if it is gone, and ModelError if there is no room.
    """
    _go_on(job, 0)


def cancel(job: str) -> None:
    """Stop a job; what it computed is kept, and so are its photos.

    Raises InputError if it is gone.
    """
    folder = _folder(job)
    with _guard, (folder / _WORKER).open("r+b") as worker:
        if not _taken(worker):
            with suppress(ProcessLookupError):
                os.kill(int(worker.read()), 9)
            fcntl.flock(worker, fcntl.LOCK_EX)  # free once the process is gone
        _buried(job)
        if (found := read(folder)).active:
            write(folder, replace(found, state="stopped"))


def forget(job: str) -> None:
    """Delete a job, its photos and what it computed; a model that is done stays.

    Raises InputError if it is gone.
    """
    cancel(job)
    shutil.rmtree(_folder(job), ignore_errors=True)


def _go_on(job: str, tries: int) -> None:
    folder = _folder(job)
    found = read(folder)
    if found.state == "done":
        return
    try:
        _launch(folder, replace(found, tries=tries, sentence="", remedy=""))
    except OSError as error:
        raise ModelError(f"the training cannot go on ({error.strerror})", "make room, and try again") from error


def _launch(folder: Path, job: Job) -> None:
    """Start a worker, if there is none. It inherits the lock, so that there is no moment without one."""
    with _guard, (folder / _WORKER).open("r+b") as worker:
        if not job.active:
            fcntl.flock(worker, fcntl.LOCK_EX)  # its worker has said its last word, and is about to end
        elif not _taken(worker):
            return
        _buried(job.id)
        (folder / SPARE).write_bytes(bytes(_ROOM))
        write(folder, replace(job, state="waiting", what="waiting", share=0, left=None, tries=job.tries + 1))
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "engine.models.worker", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[worker.fileno()],
                start_new_session=True,  # Ctrl-C is for the server
            )
        _children[job.id] = process
        worker.write(_pid(process.pid).encode())


def _buried(job: str) -> None:
    """Take note that a worker's process is at its end."""
    if child := _children.pop(job, None):
        child.wait()


def _look(folder: Path) -> Job | None:
    """The job as it stands; None if it is being forgotten."""
    try:
        with _guard, (folder / _WORKER).open("r+b") as worker:
            orphan = _taken(worker)
        job = read(folder)
    except (OSError, InputError):
        return None
    if not orphan or not job.active:
        return job
    if job.tries < _TRIES:
        return replace(job, state="interrupted")
    remedy = "take fewer photos, or train the last layer alone; or go on where it was"
    return replace(job, state="failed", sentence=_DIED, remedy=remedy)


def _taken(worker: IO[bytes]) -> bool:
    """Take the lock, if nobody has it; it is given back when the file is closed."""
    with suppress(BlockingIOError):
        fcntl.flock(worker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def read(folder: Path) -> Job:
    """The job of a folder, as it was last written. Raises InputError if it is gone."""
    try:
        return Job(**json.loads((folder / _JOB).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError("this training is gone", "it was deleted; start another") from error


def write(folder: Path, job: Job) -> None:
    """Whole or not at all. For who holds its lock; raises OSError."""
    unfinished = folder / f"{_JOB}.part"
    unfinished.write_text(json.dumps(asdict(job)), "utf-8")
    unfinished.replace(folder / _JOB)


def _folder(job: str) -> Path:
    folder = _home() / Path(job).name
    read(folder)
    return folder


def _home() -> Path:
    return settings.home() / "training"


def _pid(number: int) -> str:
    return f"{number:<12}"
