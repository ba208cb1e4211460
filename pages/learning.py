"""Would more data help this model, or is it bias or variance? Who is better at it, and who is missing from the data?"""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard.dropzone import dropzone
from dashboard.measured import BUILT_IN, Data, keep, labelled, measured
from dashboard.panels.learning import audit, baselines, choice, curve, quiz, runs
from dashboard.problems import show
from dashboard.text import escape
from dashboard.text import share as percentage
from dashboard.uploads import admit_tables
from engine.errors import InputError, StoreError, TallyError

TABS = ("Curve", "Baselines", "Label it yourself", "Who is missing", "Runs")
OF_A_CURVE = ("Baselines", "Label it yourself")

state = st.session_state
state.setdefault("learning_data", None)  # what is measured
state.setdefault("learning_drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader
state.setdefault("learning_stopped", None)  # what a visitor did not want to wait for


def choose(data: Data) -> None:
    state.learning_data = data
    state.learning_stopped = None


def repeat(data: Data, rounds: int) -> None:
    choose(replace(data, rounds=rounds))


top = st.container()
heading = top.empty()  # one place, so that a wait and its result do not move the page
data_column, human_column, items_column = st.columns([4, 2, 2], vertical_alignment="bottom")
with data_column, dropzone():
    files = st.file_uploader(
        "Labelled data: a table of features (CSV, Parquet), or photos by class (ZIP, Parquet)",
        accept_multiple_files=True,
        key=f"learning-{state.learning_drops}",
        help="A table needs a column of classes; a ZIP a folder a class. Photos are measured by the features of a "
        "model. Larger sets: `tally curve DATA`.",
    )
with human_column:
    share = st.number_input("People's error, %", 0.0, 100.0, None, 0.5, key="human-error", persist_state="session")
with items_column:
    items = st.number_input("of so many answers", 1, 1_000_000, 300, key="human-items", persist_state="session")
typed = None if share is None else (share / 100 * items, int(items))

if files:
    state.learning_drops += 1
    (name, content), *others = admit_tables(files)
    if others:
        left = f"{len(others)} more {'file was' if len(others) == 1 else 'files were'} dropped and not read"
        state.learning_problem = InputError(left, "a set is one file: put photos by class into one ZIP")
    if isinstance(content, bytes):
        choose(keep(name, content))
    else:
        state.learning_problem = content
    st.rerun()

if problem := state.pop("learning_problem", None):
    with top:
        show(problem)
data, given, found, human = state.learning_data, None, None, typed
if data is None:
    heading.title("Would more data help?")
    with top:
        st.markdown(
            "Drop labelled data anywhere on this page. You see how the error falls with more of it, whether that is "
            "worth it, and whether what holds you back is bias or variance. How well people do tells where bias begins."
        )
else:
    try:
        data = choice.refine(data, heading)
        if data and data == state.learning_stopped:
            heading.title("Stopped")
            with top:
                st.markdown(f"{choice.described(data)} was not measured to the end. What was looked at so far is kept.")
                st.button("Measure it", icon=":material/play_arrow:", type="primary", on_click=choose, args=(data,))
        elif data:
            measuring = partial(heading.title, f"Measuring {escape(data.name)}")
            with top, choice.waiting(partial(state.update, learning_stopped=data), "curve", measuring) as progress:
                given = labelled(data, progress.photos)
                trained = measured(data, given, progress.share)
            with suppress(StoreError):  # `measured` and the quiz say so
                human = typed or quiz.human_of(given)
            found = trained.with_human(human)
    except TallyError as error:
        heading.title("This set cannot be measured")
        with top:
            show(error, state.learning_data.name)

if given and found:
    heading.title(curve.headline(found))
    with top:
        curve.verdicts(found)
        st.caption(choice.described(data, given))
        if human and not typed:
            wrong = percentage(human[0] / human[1])
            st.caption(
                f"People are wrong on {wrong} of {human[1]:,} {given.unit}, by the answers in *Label it yourself*."
            )

shown = TABS if found else [name for name in TABS if name not in OF_A_CURVE]
key = "learning-tab" if found else "learning-start"  # of two sets of tabs
for name, tab in zip(shown, st.tabs(shown, key=key, on_change="rerun"), strict=True):
    if not tab.open:
        continue
    with tab:
        if name == "Who is missing":
            audit.draw(given, data)
        elif name == "Runs":
            runs.draw()
        elif not (data and given and found):
            st.markdown("Nothing at hand? Try handwritten digits, 1,797 real ones that come with Tally.")
            st.button("Try the digits", icon=":material/pin:", on_click=choose, args=(BUILT_IN,))
        elif name == "Curve":
            curve.draw(found, human, Path(data.name).stem, partial(repeat, data))
        elif name == "Baselines":
            baselines.draw(found, Path(data.name).stem)
        else:
            quiz.draw(given, data.path, Path(data.name).stem)
