"""What do these photos of one object show, and why? One listing, many, those that wait for a person, and those past."""

import streamlit as st

from dashboard import model_choice
from dashboard.panels.classify import history, listing, many, prices, quality, review
from dashboard.problems import show
from engine.errors import TallyError

PANELS = {  # each draws a headline and what stands under it, from the model
    "Many listings": many.draw,
    "Review": review.draw,
    "History": history.draw,
    "Quality and costs": quality.draw,
    "Prices": prices.draw,
}
names = {name: review.name_of_tab() if name == "Review" else name for name in ["Result", *PANELS]}

model_choice.draw()
if shown := st.session_state.get("classify-tab"):  # the open tab stays open when its name counts anew
    st.session_state["classify-tab"] = next((names[name] for name in names if shown.startswith(name)), "Result")
for name, tab in zip(names, st.tabs(list(names.values()), key="classify-tab", on_change="rerun"), strict=True):
    if not tab.open:
        continue
    with tab:
        try:
            if name == "Result":  # needs no model before there are photos
                listing.draw()
            else:
                with st.spinner("Loading the model, which takes some seconds"):
                    model = model_choice.chosen_model().result()
                PANELS[name](model)
        except TallyError as error:
            show(error)
