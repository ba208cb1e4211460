"""Which model the pages ask: chosen in their first row, and part of the address."""

from concurrent.futures import Future
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cached import model_in_background
from engine.models.registry import STARTER, list_models

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_KEY = "model"
state = st.session_state


def usable() -> list[str]:
    """The models that can be asked, the starter first."""
    return [row["name"] for row in list_models() if "error" not in row]


def chosen() -> str:
    """The model the visitor chose; the starter where it is gone."""
    name: str = state.get(_KEY, STARTER)
    return name if name == STARTER or name in usable() else STARTER


def chosen_model() -> "Future[Classifier]":
    """Loading or loaded."""
    return model_in_background(chosen())


def use(name: str) -> None:
    """Ask this model from now on. For callbacks: the widget takes it up when it is drawn."""
    state[_KEY] = name


def draw() -> None:
    """The first row of a page: the model, and the way to all of them."""
    names = usable()
    if state.get(_KEY, STARTER) not in names:
        st.warning(f"There is no model {state[_KEY]!r} any more: the starter answers.")
        state[_KEY] = STARTER
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        if len(names) > 1:
            st.caption("Model", width="content")
            st.selectbox(
                "Model",
                names,
                key=_KEY,
                bind="query-params",
                persist_state="session",
                label_visibility="collapsed",
                width=220,
            )
        st.page_link("../pages/models.py", label="Models" if len(names) > 1 else f"Model: {STARTER}", width="content")
