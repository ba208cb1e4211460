"""What do these photos of one object show, and why? One listing, many, those that wait for a person, and those past."""

from importlib import import_module
from importlib.util import find_spec

import streamlit as st

from dashboard.cached import model_in_background
from dashboard.panels.classify import listing
from engine.errors import TallyError

PANELS = {  # each draws a headline and what stands under it
    "Many listings": "many",
    "Review": "review",
    "History": "history",
    "Quality and costs": "quality",
    "Prices": "prices",
}
there = [name for name, panel in PANELS.items() if find_spec(f"dashboard.panels.classify.{panel}")]

for name, tab in zip(
    ["Result", *there], st.tabs(["Result", *there], key="classify-tab", on_change="rerun"), strict=True
):
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
