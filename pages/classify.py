"""What do these photos of one object show, and why? One listing, many, those that wait for a person, and those past."""

from importlib import import_module
from importlib.util import find_spec

import streamlit as st

from dashboard.cached import model_in_background
from dashboard.panels.classify import listing, review
from engine.errors import TallyError

PANELS = {  # each draws a headline and what stands under it
    "Many listings": "many",
    "Review": "review",
    "History": "history",
    "Quality and costs": "quality",
    "Prices": "prices",
}
there = [name for name, panel in PANELS.items() if find_spec(f"dashboard.panels.classify.{panel}")]

names = {name: review.name_of_tab() if name == "Review" else name for name in ["Result", *there]}
if shown := st.session_state.get("classify-tab"):  # the open tab stays open when its name counts anew
    st.session_state["classify-tab"] = next((names[name] for name in names if shown.startswith(name)), names["Result"])
for name, tab in zip(names, st.tabs(list(names.values()), key="classify-tab", on_change="rerun"), strict=True):
    if not tab.open:
        continue
    with tab:
        try:
            if name == "Result":
                listing.draw()
            else:
                with st.spinner("Loading the model, which takes some seconds"):
                    model = model_in_background().result()
                import_module(f"dashboard.panels.classify.{PANELS[name]}").draw(model)
        except TallyError as error:
            st.error(error.remedy, title=error.message)
