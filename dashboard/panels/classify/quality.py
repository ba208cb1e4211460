"""The tab "Quality and costs": the dial, the policy, what reviews propose, and the log of changes."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.measured import once
from dashboard.panels.classify import changes, dial, policy, proposals
from dashboard.problems import show
from engine.errors import StoreError
from engine.listings.operating import Judged
from engine.listings.terms import Terms
from engine.store.terms import terms_in_force
from engine.store.verdicts import reviewed

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_PARTS = ("Dial", "Catalogue", "Proposals", "Changes")


def draw(model: "Classifier") -> None:
    """The whole tab."""
    try:
        terms, trouble = terms_in_force(model), None
    except StoreError as error:  # a change that cannot be used is rolled back here
        terms, trouble = Terms(), error
    own = _own(model, terms)
    tried = dial.judged(model, own)
    st.title(dial.headline(tried, model, terms))
    if trouble:
        show(trouble)
    changes.outcome()
    part = st.segmented_control(
        "Part",
        _PARTS,
        default=_PARTS[0],
        required=True,
        key="quality-part",
        label_visibility="collapsed",
        persist_state="session",
    )
    if part == "Dial":
        dial.draw(tried, model, terms)
    elif part == "Catalogue":
        policy.draw(model, terms)
    elif part == "Proposals":
        proposals.draw(model, terms)
    else:
        changes.draw()


def _own(model: "Classifier", terms: Terms) -> Judged | None:
    """This shop's reviewed listings under the terms in force, decided anew once for each newest decision."""
    key = proposals.state_of(model, terms)
    return once(lambda: Judged.of_reviewed(reviewed(model), model, terms), "judged", *key)
