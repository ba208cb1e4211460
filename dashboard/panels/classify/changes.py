"""What people set and accepted: a button for it, the log of it, and one click to roll it back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import person as people
from dashboard.text import capital, escape, sentence
from engine.errors import InputError, TallyError
from engine.store import changes as store
from engine.store.schema import Change

_NAMES = {"text": "weight of the description", "head": "correction of the model"}
_SHOWN = 200  # lines of the log
state = st.session_state


def who() -> None:
    """Whose name a change bears: asked for once, then said."""
    name = people.person()
    if name is None:
        people.ask(sorted({change.person for change in store.log()}))
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"As **{escape(name)}**", width="content")
            people.leave()


@dataclass(frozen=True)
class Offer:
    """A change that may be accepted."""

    kind: store.Kind
    content: bytes
    summary: str
    model: str | None = None
    figures: Mapping[str, Any] | None = None


def accept_button(label: str, offer: Offer, then: Callable[[], None] = lambda: None) -> None:
    """A button that puts a change in force, and does `then`. `who` must have been drawn."""
    person = people.person()
    st.button(
        label,
        type="primary",
        icon=":material/check:",
        key=f"accept-{offer.kind}",
        disabled=person is None,
        help=None if person else "Say who you are first: the log of changes names you.",
        on_click=_accept,
        args=(offer, person, then),
    )


def told() -> None:
    """Callbacks cannot draw: what went wrong in one, or was done, stands here in the run that follows."""
    if problem := state.pop("changes-problem", None):
        st.error(problem.remedy, title=problem.message)
    if done := state.pop("changes-done", None):
        st.toast(done, icon=":material/check:")


def refused(name: str, error: InputError) -> None:
    """Why a file was not taken."""
    title = error.message if name in error.message else f"{name}: {error.message}"
    st.error(escape(sentence(error.remedy)), title=escape(title))


def standing(kind: str, model: str | None = None) -> Change | None:
    """The newest change of a kind that holds, of one model where the kind is of one."""
    wanted = (kind, model, None)
    return next((made for made in store.log() if (made.kind, made.model, made.rolled_back_at) == wanted), None)


def in_force(kind: str) -> None:
    """Since when this kind of change holds, and its way back."""
    made = standing(kind)
    if made is None:
        st.caption(f"The default {kind} is in force.")
        return
    st.caption(f"In force: {said_of(made)}.")
    who()
    roll_back_button(made)


def said_of(change: Change) -> str:
    """Who and when."""
    return f"{escape(change.person)}, {change.accepted_at:%-d %b %Y, %H:%M} UTC"


def roll_back_button(change: Change, label: str = "Roll back") -> None:
    """A button that ends a change. `who` must have been drawn."""
    person = people.person()
    st.button(
        label,
        icon=":material/undo:",
        key=f"roll-back-{change.id}",
        disabled=person is None,
        help="What held before holds again." if person else "Say who you are first.",
        on_click=_roll_back,
        args=(change.id, person),
    )


def draw() -> None:
    """The whole log, newest first."""
    log: Sequence[Change] = store.log()
    if not log:
        st.markdown("Nothing was changed yet. A dial, a policy, prices or an accepted proposal leaves a line here.")
        return
    who()
    for change in log[:_SHOWN]:
        line(change)


def line(change: Change) -> None:
    """A change: what, who, when, and its end or the button for it."""
    what, back = capital(_NAMES.get(change.kind, change.kind)), change.rolled_back_at
    told = f"**{what}**: {escape(change.summary)}" if back is None else f"~~{what}: {escape(change.summary)}~~"
    by = f"; rolled back by {escape(change.rolled_back_by or '')}, {back:%-d %b %Y, %H:%M} UTC" if back else ""
    with st.container(horizontal=True, vertical_alignment="center", key=f"change-{change.id}"):
        st.markdown(f"{told}  \n:small[{said_of(change)}{by}]", width="stretch")
        if back is None:
            roll_back_button(change)


def _accept(offer: Offer, person: str, then: Callable[[], None]) -> None:
    try:
        store.accept(**vars(offer), person=person)
        state["changes-done"] = "In force"
        then()
    except TallyError as error:
        state["changes-problem"] = error


def _roll_back(change: int, person: str) -> None:
    try:
        store.roll_back(change, person)
        state["changes-done"] = "Rolled back"
    except TallyError as error:
        state["changes-problem"] = error
