"""How good is the model, where does it fail, and how does a team get its own?"""

import streamlit as st

from dashboard import model_choice
from dashboard.panels.models import registry, report, train
from dashboard.problems import show
from engine.errors import TallyError

model_choice.draw()
PANELS = {"Report": report.draw, "Train your own": train.draw, "All models": registry.draw}
for draw, tab in zip(PANELS.values(), st.tabs(list(PANELS), key="models-tab", on_change="rerun"), strict=True):
    if tab.open:
        with tab:
            try:
                draw(model_choice.chosen())
            except TallyError as error:
                show(error)
