"""Errors of callbacks, which cannot draw: they stand on the page in the run that follows."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

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
        st.error(problem.remedy, title=problem.message)
