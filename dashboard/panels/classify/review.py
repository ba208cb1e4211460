"""The Review tab: what waits for a person, one listing at a time, answered by keys."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import person
from dashboard.keys import each_press_once
from dashboard.panels.classify import kept as store
from dashboard.panels.classify import result, words
from dashboard.problems import show, tell, told
from dashboard.text import capital, count, escape, percent
from engine import settings
from engine.errors import TallyError
from engine.listings.verdict import PhotoVerdict
from engine.listings.vote import TOP, readable
from engine.store import queue, verdicts
from engine.store.terms import terms_in_force
from engine.store.verdicts import Kept

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

# A decision draws this tab anew, not the page: with another name of the tab all in it would be made anew too, and what
# is in focus lost. So the name on the page is changed in place.
_RENAME = """
export default function ({ data }) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const name = document.createTreeWalker(tab, NodeFilter.SHOW_TEXT).nextNode();
    if (name?.data.startsWith("Review")) name.data = data;
  }
}
"""
_rename = st.components.v2.component("tally_review_name", js=_RENAME)
state = st.session_state


def name_of_tab() -> str:
    """With how many listings wait."""
    try:
        waiting = queue.waiting()
    except TallyError:  # the tab says it when it is open
        waiting = 0
    return f"Review ({waiting:,})" if waiting else "Review"


def count_in_tab() -> None:
    """Put the name of the tab right, where this run changed how many wait."""
    _rename(key="review-name", data=name_of_tab(), height=0)


@st.fragment
def draw(model: "Classifier") -> None:
    """The whole tab."""
    tell("review")
    try:
        count_in_tab()
        name, waiting, done = person.person(), queue.waiting(), queue.decided_today()
        places = terms_in_force(model).dial.places
        if name is None:
            _who(waiting) if waiting else _empty(None, 0, done)
        elif places is not None and done >= places and not state.get("review-on"):
            _enough(name, waiting, places)
        elif listing := queue.claim(name):
            _ask(listing, name, model, _standing(waiting, done, places))
        else:
            _empty(name, waiting, done)
    except TallyError as error:
        show(error)


def _who(waiting: int) -> None:
    st.title(f"{count(waiting, 'listing')} {'waits' if waiting == 1 else 'wait'} for a person")
    st.markdown(_TEACHING)
    person.ask(store.people())


_TEACHING = (
    "Of all listings, those of programs too, the ones come here that Tally is not sure of, that show what is in no "
    "class, or that a random audit drew. You see one at a time, first the one that a look is worth most for, and say "
    "what it is by a key: **1** to **5** for the likeliest classes, **N** for none of these, **S** to skip, **U** to "
    "undo. Nobody else gets the listing you have. What people say is kept in *History*, and *Quality and costs* "
    "proposes what to learn from it."
)


def _standing(waiting: int, done: int, places: int | None) -> tuple[float, str]:
    """Progress to empty, or to what people have time for."""
    if places is not None and done < places:
        return done / places, f"{waiting:,} left, {done:,} of today's {places:,} done"
    return done / (done + waiting), f"{waiting:,} left, {done:,} done today"


def _ask(listing: Kept, name: str, model: "Classifier", standing: tuple[float, str]) -> None:
    """The answers beside the photos. On a phone they stand above them, where a thumb reaches them."""
    state["review-asked"] = listing.id
    answer_column, photo_column = st.columns([2, 5], gap="medium")
    with answer_column:
        st.progress(*standing)
        _answers(listing, name, model)
    with photo_column:
        _why(listing)
        _photos(listing)
    with st.container(horizontal=True, vertical_alignment="center"):
        person.here()
        each_press_once()


def _why(listing: Kept) -> None:
    """Why it is asked, and what the engine and the sender thought."""
    verdict = listing.verdict
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        result.badge(verdict.decision)
        st.markdown(_AUDIT if listing.waits == "audit" else words.explanation(verdict), width="stretch")
    if listing.id in state.get("review-skipped", ()):
        st.caption(":material/skip_next: You skipped it before; only skipped ones are left.")
    if listing.description:
        st.markdown(f":material/format_quote: {escape(listing.description)}")
    if verdict.notes:
        st.caption(words.sentences(verdict.notes))


_AUDIT = "Tally accepted this one. It was drawn at random, to see how often that is wrong."


def _answers(listing: Kept, name: str, model: "Classifier") -> None:
    """A button and a key each. Keys of widgets hold the listing: a second press of a key never answers the next."""
    key, scores = listing.id, listing.verdict.scores
    say, skip = partial(_say, key, name), partial(_skip, key, name)
    answers = {str(number): label for number, label in enumerate(list(scores)[:TOP], start=1)}
    buttons = {
        shortcut: (f"{escape(capital(readable(label)))} {percent(scores[label])}", partial(say, label))
        for shortcut, label in answers.items()
    }
    buttons |= {"N": ("None of these", partial(say, None)), "S": ("Skip", skip), "U": ("Undo", partial(_undo, name))}
    with st.grid("auto", min_column_width=150, gap="xsmall"):
        for shortcut, (text, answer) in buttons.items():
            st.button(text, key=f"review-{shortcut}-{key}", shortcut=shortcut, width="stretch", on_click=answer)
    other = f"review-other-{key}"
    store.choose(
        "Another class",
        sorted({*terms_in_force(model).policy_for(model.classes).names, *scores}),
        other,
        lambda: say(store.label_of(state[other])),
        hidden=True,
    )


def _photos(listing: Kept) -> None:
    photos, pictures = listing.verdict.photos, verdicts.pictures_of(listing.id)
    with st.grid(2 if len(photos) <= 2 else 3, min_column_width=280, gap="small"):
        for photo, jpeg in zip(photos, pictures, strict=True):
            if jpeg:
                with st.container(gap="xxsmall"):
                    st.image(jpeg, width="stretch", alt=f"{photo.name}, to be answered")
                    st.caption(_thought(photo))
    for photo in photos:
        if photo.status == "unreadable":
            st.caption(f":material/block: {escape(photo.name)} was not read. {words.sentences(photo.reasons)}")


def _thought(photo: PhotoVerdict) -> str:
    said = f"{readable(photo.label or '')} {percent(photo.score or 0)}"
    return words.sentences([*filter(None, [said, *photo.reasons, words.strange(photo, ())])])


def _enough(name: str, waiting: int, places: int) -> None:
    st.title(f"Today's {places:,} are done")
    st.markdown(f"That is what people have time for in a day, as set in *Quality and costs*. {waiting:,} more wait.")
    with st.container(horizontal=True):
        st.button("Go on anyway", icon=":material/play_arrow:", on_click=state.update, args=({"review-on": True},))
        _undo_button(name)
        each_press_once()


def _empty(name: str | None, waiting: int, done: int) -> None:
    st.title(
        "Others have the rest" if waiting else f"All done, {done:,} today" if done else "Nothing waits for a person"
    )
    if waiting:
        st.markdown(
            f"{count(waiting, 'listing')} {'is' if waiting == 1 else 'are'} with other reviewers. What they leave "
            f"comes back after {settings.CLAIM_MINUTES} minutes."
        )
    st.markdown(_TEACHING)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Look again", icon=":material/refresh:")
        if name:
            _undo_button(name)
            person.here()
            each_press_once()


def _undo_button(name: str) -> None:
    st.button("Undo", key="review-undo", shortcut="U", icon=":material/undo:", on_click=_undo, args=(name,))


def _say(key: str, name: str, label: str | None) -> None:
    with told("review"):
        if _is_asked(key):
            queue.settle(key, name, label)


def _skip(key: str, name: str) -> None:
    with told("review"):
        if _is_asked(key):
            queue.skip(key, name)
            state.setdefault("review-skipped", set()).add(key)


def _is_asked(key: str) -> bool:
    """Whether it is the listing on the page, once: the second of two quick presses is about what nobody has seen."""
    return bool(state.pop("review-asked", None) == key)


def _undo(name: str) -> None:
    with told("review"):
        if key := queue.undo(name):
            state.get("review-skipped", set()).discard(key)
        else:
            st.toast("There is nothing to undo")
