"""The Result tab: photos of one object are taken in and read, then their verdict is drawn."""

import time
from collections.abc import Sequence
from concurrent.futures import wait

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.cached import look_again, look_at
from dashboard.dropzone import dropzone
from dashboard.model_choice import chosen_model
from dashboard.panels.classify import kept, result, review, words
from dashboard.panels.classify.whatif import what_if
from dashboard.problems import show
from dashboard.samples import drawn_listing
from dashboard.text import escape, soon
from dashboard.uploads import Upload, admit
from engine import settings
from engine.errors import InputError, TallyError
from engine.listings.pipeline import RULES, Rule, decide
from engine.listings.terms import Terms
from engine.store.terms import terms_in_force

_Photos = Sequence[tuple[str, bytes | InputError]]

state = st.session_state


def draw() -> None:
    """The visitor's listing, where its photos are dropped and what they show; or the past verdict of the address."""
    if key := st.query_params.get("verdict"):
        kept.past(key)
        return
    state.setdefault("pictures", [])  # the listing: what each photo showed
    state.setdefault("drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader
    state.setdefault("sample", None)  # the drawn listing it is, if any
    state.setdefault("waiting", [])  # photos to be read in this run
    top = st.container()
    files, description, rule = _asked()
    if files:
        if state.sample:  # a visitor's own photos take its place
            state.pictures = []
        _take(admit(files, len(state.pictures)), None)
    if state.waiting:
        try:
            _read(state.waiting)
        except TallyError as error:
            state.waiting, state.problem = [], error
        st.rerun()
    if problem := state.pop("problem", None):
        with top:
            show(problem)
    if state.pictures:
        _answer(top, description, rule)
    else:
        with top:
            st.title("What do your photos show?")
            st.markdown(
                "Drop or paste several photos of **one object** anywhere on this page. "
                "You see what it is, how each photo voted, and why."
            )
        result.samples(_try_sample)


def _asked() -> tuple[Sequence[Upload], str, Rule]:
    photos_column, text_column, rule_column = st.columns([4, 3, 2])
    with photos_column, dropzone():
        files = st.file_uploader(
            f"Up to {settings.PHOTOS_PER_LISTING} photos of one object (JPEG, PNG, WebP, HEIC)",
            accept_multiple_files=True,
            key=f"photos-{state.drops}",
            help="Drop or paste them anywhere on this page, or browse. Photos from several sides help. AVIF works too, "
            f"and the first frame of a GIF; a photo may have up to {settings.PHOTO_MEGABYTES} MB.",
        )
    with text_column:
        description = st.text_area(
            "Description (optional)",
            key="description",
            height=76,
            max_chars=settings.DESCRIPTION_CHARACTERS,
            placeholder="What the sender says of it",
            help="One more voter, which may be wrong: if it names something else than the photos, a person decides.",
            persist_state="session",
        )
    with rule_column:
        rule = st.segmented_control(
            "Decide by",
            RULES,
            default="pooled",
            required=True,
            key="rule",
            bind="query-params",
            persist_state="session",
            format_func=lambda name: {"pooled": "All evidence", "majority": "Majority"}[name],
            help="All evidence adds up what every photo says of every class. Majority counts one vote a photo.",
        )
    return files, description or "", rule


def _answer(top: DeltaGenerator, description: str, rule: Rule) -> None:
    model = chosen_model().result()
    if any(picture.model != model.id for picture in state.pictures):
        with top, st.spinner("Looking at the photos with the other model"):
            state.pictures = look_again(state.pictures, model)
    names, looks = zip(*((picture.name, picture.look) for picture in state.pictures), strict=True)
    try:
        in_force, trouble = terms_in_force(model), None
    except TallyError as error:  # the visitor gets a verdict all the same
        in_force, trouble = Terms(), error
    with top:
        heading = st.empty()
        with st.container(horizontal=True, vertical_alignment="center"):
            about = st.container(horizontal=True, vertical_alignment="center", width="stretch")
            tools = st.container(horizontal=True, width="content")
    with tools:
        weighed = what_if(in_force, model)
    verdict = decide(names, looks, model, rule=rule, description=description, terms=weighed)
    heading.title(words.headline(verdict))
    with about:
        result.badges(verdict)
        if state.sample:
            st.badge("Sample: drawings, not photos", icon=":material/draw:", color="grey")
        st.caption(f"Model {model.id}", width="content")
    with tools:
        result.downloads(verdict, description)
        said = st.container(horizontal=True, width="content")
        st.button("Start over", icon=":material/restart_alt:", on_click=_start_over)
    with top:
        result.why(verdict)
        if trouble:
            st.caption(f":material/cloud_off: Decided as if nothing was set: {escape(str(trouble))}.")
        elif weighed is not in_force:
            st.caption(":material/tune: Weighed otherwise, as set under *What if*: this verdict is not kept.")
        elif not state.sample:
            kept.live(state.pictures, verdict, description, in_force, said)
            review.count_in_tab()
    thumbnails = [picture.thumbnail for picture in state.pictures]
    result.body(verdict, kept.shown(looks, thumbnails, verdict), _remove)


def _take(photos: _Photos, sample: str | None) -> None:
    state.waiting = photos
    state.sample = sample
    state.drops += 1


def _try_sample(name: str) -> None:
    _take(drawn_listing(name), name)


def _cancel() -> None:
    state.waiting = []


def _start_over() -> None:
    state.pictures = []
    state.description = ""
    state.pop("kept", None)
    _take([], None)


def _remove(index: int) -> None:
    del state.pictures[index]
    if not state.pictures:
        _start_over()


def _read(photos: _Photos) -> None:
    """Look at the photos and add them to the listing, telling how far it is."""
    model = chosen_model()
    loading = "Loading the model, which takes some seconds"
    bar = st.progress(0.0, "Reading the photos" if model.done() else loading)
    st.button("Cancel", key="cancel", on_click=_cancel)
    st.skeleton(height=300)
    while not model.done():
        wait([model], timeout=0.2)
        bar.progress(0.0, loading)  # here Streamlit lets go of a run that was cancelled
    loaded, started = model.result(), time.monotonic()

    def progress(done: int) -> None:
        left = (time.monotonic() - started) / done * (len(photos) - done)
        bar.progress(done / len(photos), f"Reading photo {done} of {len(photos)}{soon(left)}")

    state.pictures = state.pictures + look_at(photos, loaded, progress)
    state.waiting = []
