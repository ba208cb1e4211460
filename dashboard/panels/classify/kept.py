"""Verdicts in the store: the one on the page, those of the past at their address, and what people say of them."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import person
from dashboard.cached import Picture, thumbnail
from dashboard.keeping import keep
from dashboard.panels.classify import result, words
from dashboard.problems import show, tell, told
from dashboard.text import capital, escape
from engine.errors import InputError, TallyError
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.listings.weigh import Look
from engine.models.registry import classes_of
from engine.store import queue, verdicts
from engine.store.verdicts import Kept

state = st.session_state


def live(pictures: Sequence[Picture], verdict: Verdict, description: str, terms: Terms, tools: DeltaGenerator) -> None:
    """Keep the verdict on the page; show its address and what people say of it. Where the store fails one line says so.

    `tools` is where it can be corrected and its address copied.
    """
    try:
        kept = verdicts.verdict(_keep(pictures, verdict, description, terms))
        with tools:
            correction(kept)
            address(kept.id)
    except TallyError as error:
        st.caption(f":material/cloud_off: Not kept, so it has no address: {escape(str(error))}.")
    else:
        decided(kept)


def _keep(pictures: Sequence[Picture], verdict: Verdict, description: str, terms: Terms) -> str:
    """The id of the verdict, which takes the place of the one before it. What is kept already costs nothing."""
    this = verdict, description, terms.version
    before, key = state.get("kept", (None, None))
    if before != this:
        key = keep(verdict, pictures, description, terms, replaces=key)
        state["kept"] = this, key
    return str(key)


def address(key: str) -> None:
    """Where the verdict is found again, to be copied."""
    base = (st.context.url or "").rstrip("/").removesuffix("/classify")
    with st.popover("Link", icon=":material/link:", key="verdict-link"):
        st.code(f"{base}/classify?verdict={key}", language=None, wrap_lines=True)


def past(key: str) -> None:
    """A verdict of the past as it was, at its address."""
    try:
        kept = verdicts.verdict(key)
        pictures, looks = verdicts.pictures_of(key), verdicts.looks_of(key)
    except TallyError as error:
        st.title("This verdict is not here")
        show(error)
        st.button("New listing", icon=":material/add:", on_click=_leave)
        return
    st.title(words.headline(kept.verdict))
    with st.container(horizontal=True, vertical_alignment="center"):
        result.badges(kept.verdict)
        st.caption(f"{kept.made_at:%Y-%m-%d %H:%M} UTC, model {escape(kept.verdict.model)}", width="stretch")
        result.downloads(kept.verdict, kept.description)
        correction(kept)
        address(key)
        st.button("New listing", icon=":material/add:", on_click=_leave)
    decided(kept)
    result.why(kept.verdict)
    if kept.description:
        st.markdown(f"The sender says: {escape(kept.description)}")
    result.body(kept.verdict, shown(looks, [jpeg and thumbnail(jpeg) for jpeg in pictures], kept.verdict))


def shown(
    looks: Sequence[Look | InputError], thumbnails: Sequence[bytes | None], verdict: Verdict
) -> list[result.Shown]:
    """What cards show; the nearest classes are called as the model that gave the verdict does."""
    classes = classes_of(verdict.model)
    return [
        result.Shown(picture, [classes[near] for near in look.nearest] if classes and isinstance(look, Look) else [])
        for look, picture in zip(looks, thumbnails, strict=True)
    ]


def decided(kept: Kept) -> None:
    """What a person said of the verdict."""
    if decision := kept.decision:
        said = f"{decision.person} says {words.thing(decision.label)}"
        st.markdown(f":material/person_check: **{escape(said)}**, {decision.decided_at:%Y-%m-%d %H:%M} UTC.")
    elif kept.waits:
        st.caption(":material/hourglass: It waits in *Review* for a person.")


def correction(kept: Kept) -> None:
    """Wrong? It is ...: a decision like those of the queue."""
    with st.popover("Wrong? It is …", icon=":material/edit:", key="correction"):
        tell("correction")
        options = sorted({*classes_of(kept.verdict.model), *kept.verdict.scores})
        choice = choose("It is", options, "correction-label")
        person.ask(people())
        st.button(
            "Say so",
            type="primary",
            disabled=not (choice and person.person()),
            on_click=_say,
            args=(kept.id,),
            key="correction-say",
        )


def choose(
    label: str, classes: Sequence[str], key: str, on_change: Callable[[], None] | None = None, *, hidden: bool = False
) -> str | None:
    """A searchable choice of a class, or of none of them (`words.NONE`)."""
    return st.selectbox(
        label,
        [*classes, words.NONE],
        index=None,
        key=key,
        format_func=lambda name: capital(words.thing(name)),
        placeholder=f"{label}: type to search" if hidden else "Type to search",
        label_visibility="collapsed" if hidden else "visible",
        on_change=on_change,
    )


def label_of(choice: str) -> str | None:
    """The class that was chosen; None for none of them."""
    return None if choice == words.NONE else choice


def people() -> list[str]:
    """Who decided lately, to choose a name from."""
    return sorted({line.person for line in queue.decisions()})


def _say(key: str) -> None:
    with told("correction"):
        queue.settle(key, state["person"], label_of(state["correction-label"]))
        state["correction-label"] = None


def _leave() -> None:
    del st.query_params["verdict"]
