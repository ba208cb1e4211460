"""Training in a process of its own: it can be stopped, killed and resumed, and what cannot be done is said."""

import os
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import engine
from engine.models import jobs
from engine.models.jobs import Job
from engine.models.registry import list_models
from tests.engine.test_train import fill

Archives = list[tuple[str, bytes]]
WAIT = 300  # s, of a loaded machine


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """Two classes in a ZIP."""
    folder = fill(tmp_path_factory.mktemp("photos"), {"disc": 8, "frame": 8})
    archive = Path(shutil.make_archive(str(folder.parent / "drawn"), "zip", folder))
    return [(archive.name, archive.read_bytes())]


@pytest.fixture(autouse=True)
def _no_worker_is_left(home: Path) -> Iterator[None]:
    yield
    for job in jobs.jobs():
        jobs.forget(job.id)


def look(job: Job) -> Job:
    return next(found for found in jobs.jobs() if found.id == job.id)


def when(job: Job, holds: Callable[[Job], bool]) -> Job:
    """The job, once this holds of it."""
    deadline = time.monotonic() + WAIT
    while not holds(found := look(job)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def ended(job: Job) -> Job:
    return when(job, lambda found: not found.active)


def pid(job: Job, home: Path) -> int:
    return int((home / "training" / job.id / "worker").read_text())


def names() -> list[str]:
    return [row["name"] for row in list_models()]


def test_killed_or_not_the_model_is_the_same_and_one_waits_for_the_other(photos, home):
    first = jobs.start(photos, "whole", "starter")
    with pytest.raises(engine.InputError, match="is being trained"):
        jobs.start(photos, "whole", "starter")
    when(first, lambda found: found.state == "running")  # it has the turn
    os.kill(pid(first, home), signal.SIGSTOP)  # it sleeps
    second = jobs.start(photos, "killed", "starter")
    assert look(second).state == "waiting"
    os.kill(pid(first, home), signal.SIGCONT)
    done = ended(first)
    assert (done.state, done.photos, done.sentence) == ("done", 16, "")
    assert {"fold", "error", "loss"} <= done.history[0].keys()
    assert not (home / "training" / first.id / "photos").exists()

    when(second, lambda found: found.state == "running")
    os.kill(pid(second, home), signal.SIGKILL)
    assert when(second, lambda found: found.state != "running").state == "interrupted"
    assert names() == ["starter", "whole"]
    jobs.resume_interrupted()
    done = ended(second)
    assert (done.state, done.tries) == ("done", 2)
    assert len({engine.load_model(name).card.sha256 for name in ("whole", "killed")}) == 1


def test_a_worker_that_always_dies_is_left_alone_and_one_that_is_stopped_goes_on(photos, home):
    job = jobs.start(photos, "ours", "starter")
    for _ in range(3):
        os.kill(pid(job, home), signal.SIGKILL)
        last = when(job, lambda found: found.state in ("interrupted", "failed"))
        jobs.resume_interrupted()
    assert last.state == "failed"
    assert "memory" in last.sentence
    jobs.resume(job.id)  # a person may try again all the same
    when(job, lambda found: found.state == "running")
    jobs.cancel(job.id)
    with pytest.raises(ProcessLookupError):
        os.kill(pid(job, home), 0)
    jobs.resume_interrupted()
    assert look(job).state == "stopped"  # as a person wanted it
    jobs.resume(job.id)
    assert look(job).active


def test_a_full_disk_is_said_and_the_job_goes_on_once_there_is_room(photos, home):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limit[1]))  # of a file, and so for the worker
    try:
        job = ended(jobs.start(photos, "ours", "starter"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert job.state == "failed"
    assert "could not be written" in job.sentence
    assert "make room" in job.remedy
    assert names() == ["starter"]
    assert list((home / "models").iterdir()) == []
    jobs.resume(job.id)
    assert ended(job).state == "done"


def test_photos_that_cannot_be_stored_leave_nothing(photos, home):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limit[1]))
    try:
        with pytest.raises(engine.ModelError, match=r"could not be stored.*make room"):
            jobs.start(photos, "ours", "starter")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list((home / "training").iterdir()) == []


def test_what_nobody_comes_back_to_is_deleted(photos, home):
    kept, old = jobs.start(photos, "kept", "starter"), jobs.start(photos, "old", "starter")
    left_by_a_command = home / "training" / "left"
    left_by_a_command.mkdir()
    for job in (kept, old):
        jobs.cancel(job.id)
    for folder in (home / "training" / old.id, left_by_a_command):
        os.utime(folder, (0, time.time() - 15 * 86_400))
    jobs.resume_interrupted()
    assert [job.id for job in jobs.jobs()] == [kept.id]
    assert not left_by_a_command.exists()
    jobs.forget(kept.id)
    assert [path.name for path in (home / "training").iterdir() if path.is_dir()] == []
    with pytest.raises(engine.InputError, match="gone"):
        jobs.resume(kept.id)


@pytest.mark.parametrize(
    ("file", "name", "base", "error"),
    [
        ("drawn.zip", "starter", "starter", engine.InputError),
        ("drawn.zip", "../x", "starter", engine.InputError),
        ("drawn.zip", "ours", "nobody", engine.ModelNotFound),
        ("drawn.txt", "ours", "starter", engine.UnreadableData),
    ],
)
def test_what_cannot_be_begun_leaves_nothing(photos, home, file, name, base, error):
    content = photos[0][1] if file.endswith("zip") else b"no ZIP"
    with pytest.raises(error):
        jobs.start([(file, content)], name, base)
    assert jobs.jobs() == []
