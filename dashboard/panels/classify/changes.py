"""What people set and accepted: a button for it, the log of it, and one click to roll it back."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashboard import person as people
from dashboard.problems import show, tell, told
from dashboard.text import capital, escape
from dashboard.uploads import Upload, admit_tables
from engine.errors import InputError
from engine.store import changes as store
from engine.store.schema import Change

_NAMES = {"text": "weight of the description", "head": "correction of the model"}
_SHOWN = 200  # lines of the log
state = st.session_state


def who() -> None:
    """Whose name a change bears: asked for once, then said."""
    if people.person() is None:
        people.ask(sorted({change.person for change in store.log()}))
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            people.here("As")


def accept_button(
    label: str, kind: store.Kind, content: bytes, summary: str, then: Callable[[], None] = lambda: None, **of: Any
) -> None:
    """A button that puts a change in force, and does `then`; `of` goes with it. `who` must have been drawn."""

    def accept(person: str) -> None:
        store.accept(kind, content=content, summary=summary, person=person, **of)
        then()

    _button(label, f"accept-{kind}", (accept, "In force"), icon=":material/check:", type="primary")


def _button(label: str, key: str, work: tuple[Callable[[str], None], str], **look: Any) -> None:
    """A button for those who said who they are: what it does with the name, and what is said then."""
    person = people.person()
    if not person:
        look["help"] = "Say who you are first: the log of changes names you."
    st.button(label, key=key, disabled=person is None, on_click=_do, args=(*work, person), **look)


def _do(work: Callable[[str], None], done: str, person: str) -> None:
    with told("changes"):
        work(person)
        state["changes-done"] = done


def outcome() -> None:
    """What went wrong in a button's work, or was done: callbacks cannot draw."""
    tell("changes")
    if done := state.pop("changes-done", None):
        st.toast(done, icon=":material/check:")


def take_table(files: Sequence[Upload], place: str, read: Callable[[str, bytes], None]) -> None:
    """Read the table that was dropped, by its name and content. Why it is not taken stands here in the next run."""
    if refused := state.pop(f"{place}-refused", None):
        name, error = refused
        show(error, name)
    if files:
        (name, content), *_ = admit_tables(files)
        assert isinstance(content, bytes)  # the first is never one too many
        try:
            read(name, content)
        except InputError as error:
            state[f"{place}-refused"] = name, error
        st.rerun()


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
    work = partial(store.roll_back, change.id), "Rolled back"
    _button(label, f"roll-back-{change.id}", work, icon=":material/undo:", help="What held before holds again.")


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
    said = f"**{what}**: {escape(change.summary)}" if back is None else f"~~{what}: {escape(change.summary)}~~"
    by = f"; rolled back by {escape(change.rolled_back_by or '')}, {back:%-d %b %Y, %H:%M} UTC" if back else ""
    with st.container(horizontal=True, vertical_alignment="center", key=f"change-{change.id}"):
        st.markdown(f"{said}  \n:small[{said_of(change)}{by}]", width="stretch")
        if back is None:
            roll_back_button(change)
