"""Would more data help this model, or is it bias or variance?"""

import tempfile
from pathlib import Path

import streamlit as st

from dashboard.cached import model_in_background
from dashboard.dropzone import dropzone
from dashboard.panels import learning as panels
from dashboard.uploads import admit_tables
from engine.curves.curve import Curve, learning_curve
from engine.curves.data import Labelled, load
from engine.errors import TallyError

DIGITS = "digits"

state = st.session_state
state.setdefault("learning_data", None)  # name and contents of what is measured; no contents for what is built in
state.setdefault("learning_drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader


def choose(name: str, content: bytes | None = None) -> None:
    state.learning_data = (name, content)


@st.cache_resource(max_entries=4, show_spinner="Reading the data")
def read(name: str, content: bytes | None) -> Labelled:
    if content is None:
        return load(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{Path(name).suffix}"
        path.write_bytes(content)
        return load(path, model=model_in_background().result)


@st.cache_resource(max_entries=16, show_spinner="Training on ten sizes; some seconds for a few thousand items")
def measure(name: str, content: bytes | None, human: tuple[float, int] | None) -> Curve:
    return learning_curve(read(name, content), human=human)


top = st.container()
data_column, human_column, items_column = st.columns([4, 2, 2], vertical_alignment="bottom")
with data_column, dropzone():
    files = st.file_uploader(
        "Labelled data: a table of features (CSV, Parquet), or photos by class (ZIP, Parquet)",
        accept_multiple_files=True,
        key=f"learning-{state.learning_drops}",
        help="A table needs a column of classes called label, class, target or y; a ZIP a folder a class. Photos are "
        "measured by the features of the built-in model. Larger sets: `tally curve DATA`.",
    )
with human_column:
    share = st.number_input("People's error, %", 0.0, 100.0, None, 0.5, key="human-error", persist_state="session")
with items_column:
    items = st.number_input("of so many answers", 1, 1_000_000, 300, key="human-items", persist_state="session")
human = None if share is None else (share / 100 * items, int(items))

if files:
    state.learning_drops += 1
    (name, content), *_ = admit_tables(files)
    if isinstance(content, bytes):
        choose(name, content)
    else:
        state.learning_problem = content
    st.rerun()

if problem := state.pop("learning_problem", None):
    top.error(problem.remedy, title=problem.message)
if state.learning_data is None:
    with top:
        st.title("Would more data help?")
        st.markdown(
            "Drop labelled data anywhere on this page. You see how the error falls with more of it, whether that is "
            "worth it, and whether what holds you back is bias or variance. How well people do tells where bias begins."
        )
    st.markdown("Nothing at hand? Try handwritten digits, 1,797 real ones that come with Tally.")
    st.button("Try the digits", icon=":material/pin:", on_click=choose, args=(DIGITS,))
    st.stop()

name, content = state.learning_data
try:
    found = measure(name, content, human)
except TallyError as error:
    top.error(error.remedy, title=f"{name}: {error.message}")
    st.button("Try the digits", icon=":material/pin:", on_click=choose, args=(DIGITS,))
    st.stop()
with top:
    st.title(panels.headline(found))
    panels.verdicts(found)
    st.caption(f"{name}: {len(found.correct):,} items")
panels.draw(found, human, Path(name).stem)
