"""Training in a process of its own: it can be stopped, killed and resumed, and what cannot be done is said."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import engine
from engine.models import jobs
from engine.models.jobs import Job
from engine.models.registry import list_models
from tests.engine.test_train import fill

WAIT = 120  # s, of a loaded machine


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """A ZIP of two classes."""
    folder = fill(tmp_path_factory.mktemp("photos"), {"disc": 8, "frame": 8})
    archive = Path(shutil.make_archive(str(folder.parent / "drawn"), "zip", folder))
    return [(archive.name, archive.read_bytes())]


@pytest.fixture(autouse=True)
def _no_worker_is_left(home: Path):
    yield
    for job in jobs.jobs():
        jobs.forget(job.id)


def when(job: Job, holds: Callable[[Job], bool]) -> Job:
    """The job, once this holds of it."""
    for _ in range(WAIT * 50):
        found = next(found for found in jobs.jobs() if found.id == job.id)
        if holds(found):
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def ended(job: Job) -> Job:
    return when(job, lambda found: not found.active)


def names() -> list[str]:
    return [row["name"] for row in list_models()]


def test_done(photos, home):
    job = jobs.start(photos, "ours", "starter")
    assert job.active
    done = ended(job)
    assert (done.state, done.photos, done.sentence) == ("done", 16, "")
    assert {"fold", "error", "loss"} <= done.history[0].keys()
    assert engine.load_model("ours").classes == ("disc", "frame")
    assert not (home / "training" / job.id / "photos").exists()


def test_a_killed_worker_is_found_and_goes_on_to_the_same_model(photos, home):
    whole = ended(jobs.start(photos, "whole", "starter"))
    job = when(jobs.start(photos, "killed", "starter"), lambda found: found.what == "training")
    os.kill(pid(job, home), 9)
    assert when(job, lambda found: found.state != "running").state == "interrupted"
    assert names() == ["starter", "whole"]
    jobs.resume_interrupted()
    done = ended(job)
    assert (done.state, done.tries) == ("done", 2)
    assert done.accuracy == whole.accuracy
    checksums = {engine.load_model(name).card.sha256 for name in ("whole", "killed")}
    assert len(checksums) == 1


def pid(job: Job, home: Path) -> int:
    return int((home / "training" / job.id / "worker").read_text())


def test_a_worker_that_always_dies_is_left_alone(photos, home):
    job = jobs.start(photos, "ours", "starter")
    for _ in range(3):
        os.kill(pid(job, home), 9)
        last = when(job, lambda found: found.state in ("interrupted", "failed"))
        jobs.resume_interrupted()
    assert last.state == "failed"
    assert "memory" in last.sentence
    jobs.resume(job.id)  # a person may try again all the same
    assert ended(job).state == "done"


def test_stopped_and_resumed(photos, home):
    job = when(jobs.start(photos, "ours", "starter"), lambda found: found.state == "running")
    jobs.cancel(job.id)
    assert jobs.jobs()[0].state == "stopped"
    with pytest.raises(ProcessLookupError):
        os.kill(pid(job, home), 0)
    jobs.resume_interrupted()
    assert jobs.jobs()[0].state == "stopped"  # as a person wanted it
    jobs.resume(job.id)
    assert ended(job).state == "done"


def test_a_second_job_waits_for_the_first(photos, home):
    first = jobs.start(photos, "first", "starter")
    with pytest.raises(engine.InputError, match="is being trained"):
        jobs.start(photos, "first", "starter")
    os.kill(pid(first, home), 19)  # it sleeps
    second = jobs.start(photos, "second", "starter")
    when(first, lambda found: found.active)
    assert next(found for found in jobs.jobs() if found.id == second.id).state == "waiting"
    os.kill(pid(first, home), 18)
    assert [ended(job).state for job in (first, second)] == ["done", "done"]
