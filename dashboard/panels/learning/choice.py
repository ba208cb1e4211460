"""What is measured, and how: the class column of a table, the model of photos; and the wait until it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.measured import BUILT_IN, Data
from dashboard.model_choice import chosen, usable
from dashboard.text import escape, soon
from engine.curves.data import Labelled
from engine.curves.tables import columns, guess_label, is_table
from engine.errors import TallyError


def refine(data: Data, heading: DeltaGenerator) -> Data | None:
    """Ask for what the data leave open, with the question in `heading`; None before the answer.

    Raises UnreadableData for a damaged table.
    """
    path = Path(data.path)
    if data == BUILT_IN:
        return data
    if is_table(path):
        names = columns(path)
        place = names.index(guessed) if (guessed := guess_label(names)) else None
        hint = "Choose the column that holds the class"
        label = st.selectbox("Column of classes", names, place, placeholder=hint, key=f"label-{path}", width=360)
        if label is None:
            heading.title("Which column holds the class?")
            return None
        return replace(data, label=label)
    names = usable()
    if len(names) == 1:
        return data
    model = st.selectbox("Features of the model", names, names.index(chosen()), key="learning-model", width=360)
    return replace(data, model=model)


def described(data: Data, given: Labelled | None = None) -> str:
    """The set in a line, for a caption."""
    if given is None:
        return escape(data.name)
    size = f"{len(given.labels):,} {given.unit} of {len(given.classes)} classes"
    features = "" if given.looks is None else f", features of {escape(data.model)}"
    return f"{escape(data.name)}: {size}, four fifths of them to learn from in each fold{features}"


class Progress:
    """A bar and a button to stop, drawn when there is something to wait for.

    Each call lets Streamlit end a run that was stopped.
    """

    def __init__(
        self, place: DeltaGenerator, stop: Callable[[], None], key: str, say: Callable[[], object] | None
    ) -> None:
        self._place, self._stop, self._key, self._say = place, stop, key, say
        self._began = time.monotonic()
        self._bar: DeltaGenerator | None = None

    def photos(self, done: int) -> None:
        """So many were looked at; how many there are is not known before."""
        self._show(0.0, f"Looking at photos: {done:,} so far" if done else "Reading the data")
        self._began = time.monotonic()

    def share(self, done: float) -> None:
        """Such a share of the training is done."""
        left = (time.monotonic() - self._began) / done * (1 - done) if done else 0
        self._show(done, f"Training on ten sizes{soon(left)}")

    def _show(self, done: float, text: str) -> None:
        if self._bar is None:
            if self._say:
                self._say()
            with self._place.container():
                self._bar = st.progress(done, text)
                st.button("Stop", key=f"stop-{self._key}", on_click=self._stop)
        self._bar.progress(done, text)


@contextmanager
def waiting(stop: Callable[[], None], key: str, say: Callable[[], object] | None = None) -> Iterator[Progress]:
    """What the work inside tells its progress to; `key` tells the waits of a run apart, `say` draws their headline."""
    place = st.empty()
    try:
        yield Progress(place, stop, key, say)
    except TallyError:
        place.empty()
        raise
    place.empty()
