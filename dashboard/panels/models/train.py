"""The tab "Train your own": ZIPs of photos by class in, a model with its report out. No page need stay open for it."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard import charts, model_choice
from dashboard.charts import models as figures
from dashboard.dropzone import dropzone
from dashboard.problems import tell, told
from dashboard.samples import drawn_classes
from dashboard.text import capital, escape, sentence, share, soon
from dashboard.uploads import Upload, admit_together
from engine import settings
from engine.errors import InputError
from engine.models import jobs
from engine.models.gather import FEWEST
from engine.models.jobs import Job

_EVERY = 1  # s between two looks at a job that goes on
_LAYOUT = """```text
photos.zip
    mug/      1.jpg  2.jpg  3.jpg ...
    kettle/   1.jpg  2.jpg  3.jpg ...
```"""

state = st.session_state


def draw(base: str) -> None:
    """The whole tab; `base` is the model that is proposed to start from."""
    state.setdefault("train_drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader
    with told("train"):
        jobs.resume_interrupted()
    found = jobs.jobs()
    active = [job for job in found if job.active]
    tell("train")
    if active:
        _watch([job.id for job in active])
    else:  # in the same place, or two headings would stand there until the page is drawn
        st.title(_headline(found[0]) if found else "Make a model of your own")
    for job in found:
        if not job.active:
            _ended(job)
    if found:
        st.subheader("Another one" if active else "Train another")
    else:
        st.markdown(
            f"Drop a ZIP with **a folder for each class**, its photos inside: {FEWEST} of a class at least, 20 or more "
            "do well. In a minute you have a model that tells your classes apart, and a report of how good it is."
        )
    _form(base)
    if not found:
        st.markdown(_LAYOUT)
        st.markdown("No photos at hand? Try 36 drawings of bicycles, mugs and tires.")
        st.button("Train on the drawings", icon=":material/draw:", on_click=_try, args=(base,))


def _form(base: str) -> None:
    with dropzone():
        files = st.file_uploader(
            f"ZIPs of class folders, each up to {settings.REQUEST_MEGABYTES} MB",
            ["zip"],
            accept_multiple_files=True,
            key=f"train-{state.train_drops}",
            help=f"Several ZIPs are one set, together up to {settings.TRAIN_MEGABYTES} MB; photos of 1,000 px teach as "
            "much as larger ones. More goes through the command line: `tally train FOLDER --name NAME`.",
        )
    if not files:
        return
    usable = model_choice.usable()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the model",
            _proposed(files[0].name),
            max_chars=64,
            key=f"train-name-{state.train_drops}",
            width=260,
        )
        if len(usable) > 1:
            base = st.selectbox("Start from", usable, usable.index(base), key="train-base", width=220)
    full = st.checkbox(
        "Train the whole network too: minutes to hours",
        key="train-full",
        help="Its last layer alone takes seconds and does well on few photos. The whole network is kept only if it is "
        "better on photos held out: some hundred a class help.",
    )
    why = _refused(name)
    if why:
        st.warning(f"{capital(escape(why.message))}: {escape(why.remedy)}.")
    begin = partial(_begin, files, name, base, full=full)
    st.button("Train", icon=":material/play_arrow:", type="primary", on_click=begin, disabled=why is not None)


def _begin(files: Sequence[Upload], name: str, base: str, *, full: bool) -> None:
    state.train_drops += 1
    with told("train"):
        archives = []
        for file, content in admit_together(files, "ZIPs", settings.TRAIN_MEGABYTES):
            if isinstance(content, InputError):
                raise InputError(f"{file} was {content.message}", "make the photos smaller, or use `tally train`")
            archives.append((file, content))
        jobs.start(archives, name, base, full=full)


def _try(base: str) -> None:
    with told("train"):
        jobs.start([("drawings.zip", drawn_classes())], _proposed("drawings"), base)


def _proposed(file: str) -> str:
    """A name that can be had."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(file).stem).strip("._-")[:50] or "ours"
    return next(name for name in (stem, *(f"{stem}-{number}" for number in range(2, 1000))) if not _refused(name))


def _refused(name: str) -> InputError | None:
    """Why a model cannot be called so."""
    try:
        jobs.check_new(name)
    except InputError as error:
        return error
    return None


@st.fragment(run_every=_EVERY)
def _watch(shown: list[str]) -> None:
    """The jobs that go on; the page is drawn anew when one ends."""
    with told("train"):
        jobs.resume_interrupted()
    active = [job for job in jobs.jobs() if job.active]
    if [job.id for job in active] != shown:
        st.rerun()
    running = any(job.state == "running" for job in active)
    for job in active:
        _going_on(job, waits=running and job.state != "running")


def _going_on(job: Job, *, waits: bool) -> None:
    st.title(f"{escape(job.name)} waits for its turn" if waits else f"Training {escape(job.name)}")
    with st.container(horizontal=True, vertical_alignment="center", key=f"train-bar-{job.id}"):
        said = "One training runs at a time" if waits else f"{capital(job.what)}{soon(job.left)}"
        st.progress(job.share, f"{said}. You may close this page.")
        _button("Cancel", "stop", jobs.cancel, job)
    if job.history:
        _chart(job)


def _chart(job: Job) -> None:
    last = job.history[-1]
    passes = last.get("epochs", 0)
    place = (
        f"after {passes:.0f} pass{'' if passes == 1 else 'es'}" if passes else f"on fifth {last['fold']:.0f} of five"
    )
    findings = {"error": f"{share(last['error'])} errors {place}", "loss": f"Loss of {abs(last['loss']):.2f} {place}"}
    for column, (measure, finding) in zip(st.columns(2), findings.items(), strict=True):
        with column:
            st.markdown(f"**{finding}**")
            figure = figures.training(job.history, measure)
            st.plotly_chart(figure, key=f"train-{measure}-{job.id}", config=charts.CONFIG, alt=finding)
    with st.expander("Show the numbers", key=f"train-numbers-{job.id}"):
        st.dataframe(pd.DataFrame(job.history), hide_index=True, alt="Figures of the training so far")


def _right(job: Job) -> str:
    """In numbers that are small: 33 of 36 photos, 93 of 100."""
    of = min(job.photos, 100)
    return f"{round(job.accuracy * of)} of {of} photos right"


def _headline(job: Job) -> str:
    if job.state == "done":
        return f"Ready: {_right(job)}"
    return f"{escape(job.name)} was stopped" if job.state == "stopped" else f"{escape(job.name)} could not be trained"


def _ended(job: Job) -> None:
    """A job that is over: what came of it, and what can be done."""
    with st.container(border=True, key=f"train-{job.id}"):
        if job.state == "done":
            _ready(job)
        else:
            if job.state == "failed":
                st.error(escape(sentence(job.remedy)), title=escape(f"{job.name}: {job.sentence}"))
            else:
                st.markdown(f"**{escape(job.name)}** was stopped. What was computed is kept.")
            with st.container(horizontal=True):
                _button("Go on", "play_arrow", jobs.resume, job)
                _button("Delete it and its photos", "delete", jobs.forget, job)


def _ready(job: Job) -> None:
    st.markdown(
        f"**{escape(job.name)}** gets {_right(job)} that it had not seen: it was measured on {job.photos:,} of yours. "
        f"Training took {job.seconds:.0f} s. The photos you dropped are deleted."
    )
    for note in job.notes:
        st.markdown(f":material/info: {escape(sentence(note))}")
    with st.container(horizontal=True):
        if job.name in model_choice.usable():
            used = model_choice.chosen() == job.name
            st.button(
                "In use" if used else "Use this model",
                icon=":material/check:",
                key=f"use-{job.id}",
                type="primary",
                on_click=model_choice.use,
                args=(job.name,),
                disabled=used,
            )
            st.button(
                "Its report", icon=":material/monitoring:", key=f"report-{job.id}", on_click=_report, args=(job.name,)
            )
        _button("Dismiss", "close", jobs.forget, job)


def _report(name: str) -> None:
    model_choice.use(name)
    state["models-tab"] = "Report"


def _button(label: str, icon: str, act: Callable[[str], None], job: Job) -> None:
    st.button(label, icon=f":material/{icon}:", key=f"{icon}-{job.id}", on_click=_do, args=(act, job.id))


def _do(act: Callable[[str], None], job: str) -> None:
    with told("train"):
        act(job)
