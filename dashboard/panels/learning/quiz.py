"""The tab to label it yourself: pictures one at a time, answered by keys; then how people did."""

import string
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import person
from dashboard.keys import each_press_once
from dashboard.panels.learning.people import results
from dashboard.panels.learning.pictures import reading
from dashboard.problems import show, tell, told
from dashboard.text import escape
from engine.curves.agreement import Answer
from engine.curves.data import Labelled
from engine.curves.people import HALF_WIDTHS, answers_needed, pooled_error, questions
from engine.errors import TallyError
from engine.store import answers as store

_AT_ONCE = 20  # pictures read together, and the next so many in advance
_USUAL = 100  # pictures to answer
_TYPICAL = 0.05  # error of people that the progress counts on: telling their own would tell what was right
# C and R are the framework's own, S skips, U undoes.
_KEYS = [*"1234567890", *sorted(set(string.ascii_lowercase) - set("crsu"))]

state = st.session_state


@dataclass(frozen=True)
class _Quiz:
    data: str  # digest of the set
    known: dict[str, str] = field(repr=False)  # key -> class, in the order of the quiz
    classes: list[str]
    unit: str
    source: str | Path  # of the pictures


def draw(labelled: Labelled, data: str | Path, name: str) -> None:
    """The quiz and what came of it; `data` is where the pictures are, `name` names the download."""
    _tab(_Quiz(labelled.digest, _questions(labelled.digest, labelled), labelled.classes, labelled.unit, data), name)


def human_of(labelled: Labelled) -> tuple[float, int] | None:
    """Errors and items of all who answered, as `learning_curve` takes them; None before the first answer."""
    return pooled_error(store.answers(labelled.digest), _questions(labelled.digest, labelled))


@st.cache_resource(max_entries=4, show_spinner=False)
def _questions(digest: str, _labelled: Labelled) -> dict[str, str]:  # noqa: ARG001 - the cache goes by it
    return questions(_labelled)


def keys_of(classes: list[str]) -> list[str] | None:
    """The key of each class: its own name if that is a key, the next free one otherwise; None for too many classes."""
    if len(classes) > len(_KEYS):
        return None
    names = [label.lower() for label in classes]
    own = {name for name in names if name in _KEYS and names.count(name) == 1}
    free = iter([key for key in _KEYS if key not in own])
    return [name if name in own else next(free) for name in names]


@st.fragment
def _tab(quiz: _Quiz, name: str) -> None:
    tell("quiz")
    try:
        if not _read(quiz, 0):
            st.info(
                f"There are no pictures of these {quiz.unit} to answer. If you know how often people are wrong on "
                "them, type it above as people's error.",
                icon=":material/image_not_supported:",
            )
            return
        given = store.answers(quiz.data)
        if "person" not in state:
            _who(quiz)
        elif (item := _turn(quiz, given)) and "quiz-paused" not in state:
            _ask(quiz, item, given)
            return
        elif state.pop("quiz-changed", False):
            st.rerun()  # the whole page: its human line knows more now
        else:
            _finished(quiz, item, given)
        if given:
            results(quiz.data, quiz.known, quiz.unit, given, name)
    except TallyError as error:
        show(error)


def _who(quiz: _Quiz) -> None:
    st.markdown(
        f"How often are people right on these {quiz.unit}? Answer some yourself, better with two or three others: that "
        "is the mark for the model, and it tells how clear the labels are. Everybody gets the same pictures in the "
        "same order; each answer is kept at once, so you can stop and go on later."
    )
    person.ask(store.people(quiz.data), then=partial(state.pop, "quiz-paused", None))


def _turn(quiz: _Quiz, given: list[Answer]) -> str | None:
    """The item to ask about; None at the end."""
    passed = {item for who, item, _ in given if who == state["person"]}.union(_skipped(quiz))
    return next((item for item in list(quiz.known)[: _wanted(quiz)] if item not in passed), None)


def _wanted(quiz: _Quiz) -> int:
    return int(state.get(f"quiz-wanted-{quiz.data}", min(_USUAL, len(quiz.known))))


def _standing(quiz: _Quiz, given: list[Answer]) -> None:
    """How far the person is, and how far to go."""
    name, wanted = state["person"], _wanted(quiz)
    planned = set(list(quiz.known)[:wanted])
    done = sum(who == name and item in planned for who, item, _ in given)
    st.progress(done / wanted, _progress(done, wanted, len(quiz.known)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Pictures to answer",
            1,
            len(quiz.known),
            min(_USUAL, len(quiz.known)),
            10,
            key=f"quiz-wanted-{quiz.data}",
            width=150,
            persist_state="session",
        )
        st.markdown(f"Answering as **{escape(name)}**", width="content")
        person.leave()


def _progress(done: int, wanted: int, most: int) -> str:
    told = f"{done:,} of {wanted:,} answered"
    for width in HALF_WIDTHS:
        if done < (enough := answers_needed(_TYPICAL, width)) <= most:
            return f"{told}; {enough:,} give ± {100 * width:.0f} points where people err on {100 * _TYPICAL:.0f} %"
    return told


def _ask(quiz: _Quiz, item: str, given: list[Answer]) -> None:
    """The picture beside the buttons of its classes. No name, guess or label stands there, which would tell."""
    number = list(quiz.known).index(item)
    picture = _read(quiz, number // _AT_ONCE).get(item)
    _begin_reading(quiz, number // _AT_ONCE + 1)
    picture_column, answer_column = st.columns([2, 3], gap="medium")
    with picture_column:
        if picture:
            st.image(picture, alt=f"Picture {number + 1:,}, to be answered")
        else:
            st.warning("This picture cannot be read. Skip it.")
    with answer_column:
        st.markdown("**What is this?**")
        _classes(quiz, item)
        with st.container(horizontal=True):
            st.button("Skip", shortcut="S", icon=":material/skip_next:", on_click=_skip, args=(quiz, item))
            st.button("Undo", shortcut="U", icon=":material/undo:", on_click=_undo, args=(quiz,))
            st.button("Stop here", icon=":material/pause:", on_click=state.update, args=({"quiz-paused": True},))
            each_press_once()
        _standing(quiz, given)


def _finished(quiz: _Quiz, item: str | None, given: list[Answer]) -> None:
    """`item` is what a pause stopped before."""
    _standing(quiz, given)
    skipped = _skipped(quiz)
    with st.container(horizontal=True):
        if item:
            st.button("Go on", icon=":material/play_arrow:", on_click=state.pop, args=("quiz-paused",), type="primary")
        elif skipped:
            st.button(f"Answer the {len(skipped):,} skipped", icon=":material/replay:", on_click=skipped.clear)
        st.button("Undo", shortcut="U", icon=":material/undo:", on_click=_undo, args=(quiz,))


def _classes(quiz: _Quiz, item: str) -> None:
    keys, asked = keys_of(quiz.classes), (quiz, item)
    if keys is None:
        st.selectbox("Class", quiz.classes, None, key="quiz-choice", on_change=_choose, args=asked, width=420)
        return
    with st.container(horizontal=True, gap="small"):
        for number, (label, key) in enumerate(zip(quiz.classes, keys, strict=True)):
            name = f"quiz-class-{number}"
            st.button(escape(label), shortcut=key, key=name, on_click=_say, args=(quiz, item, label))


def _choose(quiz: _Quiz, item: str) -> None:
    if label := state["quiz-choice"]:
        _say(quiz, item, label)
        state["quiz-choice"] = None  # the same box asks about the next picture, so that it stays in focus


def _say(quiz: _Quiz, item: str, label: str) -> None:
    with told("quiz"):
        store.save_answer(quiz.data, item, state["person"], label)
        state["quiz-changed"] = True


def _skip(quiz: _Quiz, item: str) -> None:
    with told("quiz"):
        _skipped(quiz)[item] = _answered(quiz)


def _undo(quiz: _Quiz) -> None:
    """Take back what came last: a skip, if no answer came since."""
    skipped = _skipped(quiz)
    with told("quiz"):
        if skipped and list(skipped.values())[-1] == _answered(quiz):
            skipped.popitem()
        else:
            store.undo_last(quiz.data, state["person"])
            state["quiz-changed"] = True


def _skipped(quiz: _Quiz) -> dict[str, int]:
    """What the person skipped in this session: item -> how many answers they had given by then."""
    skipped: dict[str, int] = state.setdefault(f"quiz-skipped-{quiz.data}-{state['person']}", {})
    return skipped


def _answered(quiz: _Quiz) -> int:
    return sum(who == state["person"] for who, *_ in store.answers(quiz.data))


def _read(quiz: _Quiz, number: int) -> dict[str, bytes]:
    """The pictures of a part of the order."""
    begun = _begin_reading(quiz, number)
    if not begun.done():
        with st.spinner("Reading the pictures"):
            wait([begun])
    if begun.exception():
        reading.clear()
    return begun.result()


def _begin_reading(quiz: _Quiz, number: int) -> "Future[dict[str, bytes]]":
    keys = list(quiz.known)[number * _AT_ONCE :][:_AT_ONCE]
    return reading(quiz.data, number, quiz.source, keys)
