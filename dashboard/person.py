"""Who is at the keyboard: the name that answers, reviews and corrections bear, asked for once a visit."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.problems import tell, told
from dashboard.text import escape
from engine.store.answers import person_name

state = st.session_state


def person() -> str | None:
    """The visitor's name; None until they gave it."""
    name: str | None = state.get("person")
    return name


def ask(known: Sequence[str], then: Callable[[], None] = lambda: None) -> None:
    """A box for the name; `known` are those to choose from."""
    tell("person")
    name = person()
    names = sorted({*known, *([name] if name else [])})
    st.selectbox(
        "Who are you?",
        names,
        index=names.index(name) if name else None,
        key="person-name",
        placeholder="Type your name, or choose it",
        accept_new_options=True,
        on_change=_enter,
        args=(then,),
        width=420,
    )


def here(said: str = "Answering as") -> None:
    """Who it is, and a button for somebody else."""
    st.markdown(f"{said} **{escape(person() or '')}**", width="content")
    leave()


def leave() -> None:
    """A button for somebody else."""
    st.button(
        "Someone else",
        key="person-leave",
        type="tertiary",
        icon=":material/person:",
        on_click=state.pop,
        args=("person",),
    )


def _enter(then: Callable[[], None]) -> None:
    if name := state["person-name"]:
        with told("person"):
            state["person"] = person_name(name)
            then()
    else:
        state.pop("person", None)
