"""Errors as pages show them. Those of callbacks, which cannot draw, stand on the page in the run that follows."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.text import capital, escape, sentence
from engine.errors import TallyError


@contextmanager
def told(place: str) -> Iterator[None]:
    """Keep an error for `tell` at the same place."""
    try:
        yield
    except TallyError as error:
        st.session_state[f"{place}-problem"] = error


def tell(place: str) -> None:
    """Say what went wrong at this place since, once."""
    if problem := st.session_state.pop(f"{place}-problem", None):
        show(problem)


def show(error: TallyError, file: str = "") -> None:
    """What happened, to which file, and what to do."""
    message = error.message if file in error.message else f"{file}: {error.message}"
    title = capital(message) if message.split()[0].isalpha() else message  # not the name of a file
    st.error(escape(sentence(error.remedy)), title=escape(title))
