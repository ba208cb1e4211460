"""What reviews propose: a card each, with before and after, to be accepted or not."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import charts
from dashboard.charts import routing as figures
from dashboard.measured import once
from dashboard.panels.classify import changes
from dashboard.text import capital, escape, sentence
from engine.errors import InputError
from engine.listings.lessons import percent
from engine.listings.proposals import Proposal, propose
from engine.listings.terms import Terms
from engine.store import database, queue
from engine.store.verdicts import reviewed

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

NAMES = {
    "prior": "How common classes are",
    "text": "Trust in descriptions",
    "thresholds": "Thresholds",
    "head": "Correction of the model",
}
_BETTER = {
    True: ("Better", ":material/check:", "green"),
    False: ("Worse", ":material/close:", "grey"),
    None: ("Cannot be told", ":material/question_mark:", "orange"),
}
_ROWS = {
    "accuracy": "right label, of listings that are in a class",
    "aurc": "mean error over all shares accepted (AURC)",
    "automatic": "could go without a person at the dial's rate of errors",
    "accepted": "go without a person, as the dial stands",
    "errors": "wrong among these",
}


def draw(model: "Classifier", terms: Terms) -> None:
    """A button that looks for proposals, and a card for each found; above them those in force."""
    st.markdown(
        "What people decide teaches Tally: how common each class is here, how far descriptions can be trusted, how "
        "sure is sure enough, and what the model confuses. Each is learned from one half of the reviewed listings and "
        "measured on the other. Nothing changes until somebody accepts it."
    )
    held = [made for kind in NAMES if (made := changes.standing(kind, model.id))]
    if held:
        changes.who()
        st.markdown("**In force**")
        for made in held:
            changes.line(made)
    key = "proposals", *state_of(model, terms)
    asked = st.session_state.get("proposals-asked") == key
    if not asked:
        st.button("Look for proposals", icon=":material/search:", key="proposals-look", on_click=_ask, args=(key,))
        return
    try:
        with st.spinner("Learning from what people decided", show_time=True):
            found = once(lambda: propose(reviewed(model), model, terms), *key)
    except InputError as error:
        st.info(f"{escape(sentence(error.message))} {escape(sentence(error.remedy))}", icon=":material/hourglass:")
        return
    if not held:
        changes.who()
    for proposal in found:
        _card(proposal, model)


def state_of(model: "Classifier", terms: Terms) -> tuple[object, ...]:
    """What tells one state of the terms and of people's decisions from another; undone ones count no longer."""
    decided = tuple((line.id, line.undone_at is None) for line in queue.decisions())
    return database.address(), model.id, terms.version, decided


def _ask(key: tuple[object, ...]) -> None:
    st.session_state["proposals-asked"] = key


def _card(proposal: Proposal, model: "Classifier") -> None:
    with st.container(border=True, key=f"proposal-{proposal.kind}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{NAMES[proposal.kind]}**", width="content")
            if proposal.content:
                text, icon, colour = _BETTER[proposal.better]
                st.badge(text, icon=icon, color=colour)  # type: ignore[arg-type]
        st.markdown(sentence(escape(capital(proposal.sentence))))
        if not proposal.content:
            return
        curve, numbers = st.columns([3, 2], gap="medium")
        with curve:
            st.plotly_chart(
                figures.risk_coverage({"before": proposal.before, "after": proposal.after}, {}),
                key=f"proposal-chart-{proposal.kind}",
                config=charts.CONFIG,
                alt=f"Errors among what goes without a person, before and after. {proposal.sentence}.",
            )
        with numbers:
            pairs = {words: proposal.figures[name] for name, words in _ROWS.items() if name in proposal.figures}
            lines = [
                f"| {words} | {percent(before, 1)} | {percent(after, 1)} |" for words, (before, after) in pairs.items()
            ]
            st.markdown("\n".join(["| | before | after |", "|---|---:|---:|", *lines]))
            given = proposal.kind, proposal.content, proposal.sentence
            changes.accept_button("Accept", *given, model=model.id, figures=proposal.figures)
