"""The catalogue: what each class is called and what to do with it, edited in place or as a table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import pandas as pd
import streamlit as st

from dashboard.downloads import download
from dashboard.panels.classify import changes
from dashboard.problems import show
from dashboard.text import count, escape
from engine.errors import InputError
from engine.listings.policy import Action, Policy
from engine.listings.table import plain
from engine.listings.terms import Terms
from engine.listings.vote import readable
from engine.store.verdicts import search

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_DOES = {"accept": "Accept", "review": "A person looks", "ask": "Ask for a photo of it", "part_of": "Part of others"}
_COUNTED = 1000  # past listings
_TOLD = 20  # classes in the log's line

state = st.session_state


@dataclass
class _Draft:
    """A policy as the visitor has it now. The editor keeps its edits by row, so `start` stays while `shown` does."""

    version: str  # of the terms that it began from
    table: pd.DataFrame  # a row a class, by its name
    shown: tuple[str, bool] | None = None  # what was searched for
    start: pd.DataFrame | None = None


def draw(model: "Classifier", terms: Terms) -> None:
    """The table, what is wrong with it, and the button to use it."""
    state.setdefault("policy_round", 0)  # counts editors and uploads: each begins empty
    state.setdefault("policy_draft", None)
    now = terms.policy_for(model.classes)
    if state.policy_draft is None or state.policy_draft.version != terms.version:
        state.policy_draft = _Draft(terms.version, frame(now))
    draft: _Draft = state.policy_draft
    st.markdown(
        "What to do when a listing is of a class: **accept** it when Tally is sure, let **a person** look at each, "
        "**ask** the sender for a photo of it alone, or count it as **part of** others when another photo shows those. "
        "Classes that are **called** the same are one. **Other words** are what senders call it, with commas between."
    )
    _edit(draft)
    _exchange(draft, model)
    content = written(draft.table)
    try:
        policy = Policy.read(content, model.classes, "the policy")
    except InputError as error:
        show(error)
        return
    changed = [label for label in model.classes if policy.of(label) != now.of(label)]
    if changed:
        rows, _ = search(limit=_COUNTED)
        touched = sum(row.verdict.label in changed for row in rows)
        past = f" Of the newest {count(len(rows), 'listing')}, {touched:,} had such a label." if rows else ""
        summary = _summary(changed, policy)
        st.markdown(f"{count(len(changed), 'change')}: {escape(summary)}.{past}")
        changes.who()
        with st.container(horizontal=True):
            changes.accept_button("Use this catalogue", "policy", content, summary, _forget)
            st.button("Forget the changes", icon=":material/close:", on_click=_forget)
    else:
        changes.in_force("policy")


def _edit(draft: _Draft) -> None:
    """The editor; what is changed in it is in the draft at once."""
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.text_input(
            "Class", placeholder="Search a class", key="policy-class", label_visibility="collapsed", width=260
        )
        special = st.checkbox("Only those that are set", key="policy-special")
    table = draft.table
    if draft.start is None or draft.shown != (wanted, special):
        state.policy_round += 1
        is_set = (table["policy"] != "accept") | (table[["name", "synonyms"]].fillna("") != "").any(axis=1)
        kept = table.index.str.contains(plain(wanted), regex=False) & (is_set | (not special))
        draft.shown, draft.start = (wanted, special), table[kept]
    edited = st.data_editor(
        draft.start,
        key=f"policy-editor-{state.policy_round}",
        column_config={
            "class": st.column_config.TextColumn("Class", disabled=True),
            "name": st.column_config.TextColumn("Called", max_chars=80),
            "policy": st.column_config.SelectboxColumn(
                "What to do", options=get_args(Action), format_func=lambda action: _DOES[str(action)], required=True
            ),
            "part_of": st.column_config.MultiselectColumn(
                "Part of", options=table.index, format_func=readable, width="medium"
            ),
            "synonyms": st.column_config.TextColumn("Other words", width="medium"),
        },
        hide_index=True,
        placeholder="",
        alt="What each class is called, and what to do with it",
    )
    for name in ("name", "policy", "part_of", "synonyms"):
        table[name] = edited[name].reindex(table.index).where(table.index.isin(edited.index), table[name])


def _exchange(draft: _Draft, model: "Classifier") -> None:
    """The table as a file, down and up."""
    with st.container(horizontal=True):
        download("CSV to edit", written(draft.table), "policy.csv")
        with st.popover("Read a CSV", icon=":material/upload:", key=f"policy-upload-{state.policy_round}"):
            st.markdown("A class that the table leaves out is accepted.")
            files = st.file_uploader(
                "A table with the columns class and policy, and where needed part_of, name and synonyms",
                accept_multiple_files=True,
                key=f"policy-file-{state.policy_round}",
            )

    def read(name: str, content: bytes) -> None:
        draft.start = None  # another uploader, whatever comes of it
        state.policy_draft = _Draft(draft.version, frame(Policy.read(content, model.classes, name)))

    changes.take_table(files, "policy", read)


def _forget() -> None:
    """Begin again from the policy in force."""
    state.policy_draft = None


def frame(policy: Policy) -> pd.DataFrame:
    """A row a class, by its name."""
    rules = [policy.of(label) for label in policy.classes]
    return pd.DataFrame(
        {
            "class": [readable(label) for label in policy.classes],
            "name": [rule.name for rule in rules],
            "policy": [rule.action for rule in rules],
            "part_of": [list(rule.wholes) for rule in rules],
            "synonyms": [", ".join(rule.synonyms) for rule in rules],
        },
        index=pd.Index(policy.classes, dtype=str),
    )


def written(table: pd.DataFrame) -> bytes:
    """As `Policy.read` reads it; what is edited need not be a policy yet."""
    wholes = [", ".join(cell) if isinstance(cell, list | tuple) else "" for cell in table["part_of"]]
    texts = {name: table[name].fillna("").tolist() for name in ("name", "synonyms")}
    rows = pd.DataFrame({"class": table.index, "policy": table["policy"].tolist(), "part_of": wholes, **texts})
    return rows.to_csv(index=False, lineterminator="\n").encode()


def _summary(changed: list[str], policy: Policy) -> str:
    """What the change is, for the log."""
    told = []
    for label in changed[:_TOLD]:
        rule = policy.of(label)
        wholes = f" of {', '.join(map(readable, rule.wholes))}" if rule.wholes else ""
        called = f", called {readable(rule.name)}" if rule.name else ""
        words = f", also {', '.join(rule.synonyms)}" if rule.synonyms else ""
        told.append(f"{readable(label)}: {rule.action.replace('_of', '')}{wholes}{called}{words}")
    more = f"; and {len(changed) - _TOLD} more" if len(changed) > _TOLD else ""
    return "; ".join(told) + more
