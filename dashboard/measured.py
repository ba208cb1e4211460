"""Labelled sets and their curves as the Learning page keeps them: read once, measured once, stored as a run."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from dashboard.cached import model_in_background
from dashboard.text import escape
from engine.curves.curve import Curve, learning_curve
from engine.curves.data import DIGITS, Labelled, load
from engine.errors import StoreError
from engine.models.registry import STARTER
from engine.photos.files import file_name
from engine.store import runs

_UPLOADS = 12  # files kept for the visits of a process, each at most settings.REQUEST_MEGABYTES

Value = TypeVar("Value")


@dataclass(frozen=True)
class Data:
    """What a visitor chose to measure."""

    name: str
    path: str  # of the file, or "digits"
    label: str | None = None  # a table's column of classes
    model: str = STARTER  # whose features photos get
    rounds: int | None = None  # of folds; None: as many as are usual


BUILT_IN = Data("Handwritten digits", DIGITS)


def keep(name: str, content: bytes) -> Data:
    """An upload as a file, so that its pictures can be looked up later."""
    uploads = Path(_folder().name)
    folder = uploads / hashlib.sha256(content).hexdigest()[:32]
    folder.mkdir(exist_ok=True)
    path = folder / file_name(name)  # messages name it
    path.write_bytes(content)
    os.utime(folder)
    for old in sorted(uploads.iterdir(), key=lambda file: file.stat().st_mtime)[:-_UPLOADS]:
        shutil.rmtree(old, ignore_errors=True)
    return Data(name, str(path))


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="tally-")


@st.cache_resource(max_entries=8, show_spinner=False)
def _kept(*key: object) -> dict[str, Any]:  # noqa: ARG001 - the cache goes by it
    """A place for a value. What fills it draws progress, which a cached function must not."""
    return {}


def once(work: Callable[[], Value], *key: object) -> Value:
    """The value of `work`, done once for the key. It may draw progress."""
    place = _kept(*key)
    if "value" not in place:
        place["value"] = work()
    value: Value = place["value"]
    return value


def labelled(data: Data, progress: Callable[[int], None]) -> Labelled:
    """The set, read. Raises as `engine.curves.data.load` does."""

    def work() -> Labelled:
        progress(0)
        model = model_in_background(data.model)
        return load(data.path, label=data.label, model=model.result, progress=progress)

    return once(work, "data", replace(data, rounds=None))


def measured(data: Data, given: Labelled, progress: Callable[[float], None]) -> Curve:
    """The curve, and a run of it in the history, or a line that says why not. Raises as `learning_curve` does."""

    def work() -> tuple[Curve, StoreError | None]:
        progress(0)
        started = time.monotonic()
        curve = learning_curve(given, rounds=data.rounds, progress=progress)
        return curve, runs.save_curve(data.name, curve, data.model, time.monotonic() - started)

    curve, why = once(work, "curve", data)
    say_not_kept(why)
    return curve


def say_not_kept(why: StoreError | None) -> None:
    """The line beside a result whose run is not in the history."""
    if why:
        st.warning(f"The run is not kept: {escape(str(why))}")
