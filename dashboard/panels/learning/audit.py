"""The tab "Who is missing": a sample, what is known outside it, and how the sample lies."""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import audit as figures
from dashboard.downloads import download
from dashboard.measured import Data, keep, once, say_not_kept
from dashboard.model_choice import chosen, chosen_model
from dashboard.panels.learning.choice import waiting
from dashboard.panels.learning.curve import ANSWERS
from dashboard.problems import show
from dashboard.text import capital, escape, share
from dashboard.uploads import Upload, admit_tables
from engine.audit.audit import Audit, audit_selection
from engine.audit.parts import UNTESTED
from engine.audit.tables import Margins, Table, from_labelled, read, read_margins
from engine.audit.theatre import Survey, survey
from engine.curves.data import Labelled
from engine.curves.tables import guess_label, is_table
from engine.curves.words import listed
from engine.errors import InputError, StoreError, TallyError
from engine.store.runs import save_audit

_FILES = {
    "sample": ("Sample", "What you have: CSV, Parquet, or photos (ZIP, Parquet)."),
    "reference": ("Reference", "An even sample of those it should speak for: the same columns, or photos. No labels."),
    "margins": (
        "Margins",
        'Known shares of the population: CSV with the columns column, value, share (or count), or JSON {"region": '
        '{"north": 0.3}}.',
    ),
    "frame": ("Everybody invited", "CSV or Parquet of all who were asked, with a column of yes and no: who answered."),
}
_PARTS = ("coverage", "sampling", "participation")
_ANSWERS = {**ANSWERS, UNTESTED: (UNTESTED, ":material/block:", "grey")}
_THEATRE = "Try the theatre survey (made up)"
_TEMPLATE = "column,value,share\nregion,north,30 %\nregion,south,70 %\n"
_THREE = """A sample can lie in three ways. Each shows only against something outside it.
- **Coverage**: some could never get in. It takes a reference sample of the population, or its margins.
- **Sampling**: some were drawn more often than others. It takes the same.
- **Participation**: some did not care to answer. It takes the list of everybody invited."""

state = st.session_state


def draw(given: Labelled | None = None, data: Data | None = None) -> None:
    """The tab; `given` is the set that is open, and `data` where it is from."""
    state.setdefault("audit_files", {})
    state.setdefault("audit_drops", 0)  # counts what was dropped: each drop gets fresh, empty uploaders
    state.setdefault("audit_theatre", False)
    st.markdown(_THREE)
    _files(data)
    try:
        if state.audit_theatre:
            _result(_theatre().audit(), "theatre", _theatre())
            return
        sample = _sample(given, data)
        if sample is None:
            st.info("Drop a sample to begin, with one of the others beside it. Or look at the theatre survey first.")
            return
        _result(_chosen(sample), Path(sample.name).stem)
    except TallyError as error:
        show(error)


def _files(data: Data | None) -> None:
    """What is held of each kind, or a place to drop it."""
    with st.grid(4, min_column_width=220):
        for role, (label, needs) in _FILES.items():
            with st.container(border=True):
                held: Data | None = state.audit_files.get(role)
                if held is None:
                    name = f"{label} (now: the open set)" if role == "sample" and data is not None else label
                    if file := st.file_uploader(name, help=needs, key=f"audit-{role}-{state.audit_drops}"):
                        _take(role, file)
                else:
                    st.markdown(f"**{label}**: {escape(held.name)}")
                    st.button("Remove", key=f"audit-remove-{role}", on_click=_drop, args=(held,))
    with st.container(horizontal=True):
        label, icon = ("Leave the theatre", "close") if state.audit_theatre else (_THEATRE, "theater_comedy")
        switched = {"audit_theatre": not state.audit_theatre}
        st.button(label, icon=f":material/{icon}:", on_click=state.update, args=(switched,))
        download("Template of margins", _TEMPLATE, "margins.csv")


def _take(role: str, file: Upload) -> None:
    ((name, content),) = admit_tables([file])
    if isinstance(content, bytes):
        state.audit_files[role] = keep(name, content)
    state.audit_drops += 1
    state.audit_theatre = False
    st.rerun()


@st.cache_resource(max_entries=1, show_spinner="Asking the theatre's visitors")
def _theatre() -> Survey:
    return survey()


def _read(data: Data) -> Table:
    def work(progress: Callable[[int], None]) -> Table:
        progress(0)
        return read(Path(data.path), chosen_model().result, data.name, progress)

    with waiting(partial(_drop, data), data.path) as progress:
        return once(partial(work, progress.photos), "audit", data, chosen())


def _drop(data: Data) -> None:
    """Nobody waits for this file."""
    state.audit_files = {role: held for role, held in state.audit_files.items() if held != data}


def _sample(given: Labelled | None, data: Data | None) -> Table | None:
    if held := state.audit_files.get("sample"):
        return _read(held)
    if given is None or data is None:
        return None
    return _read(data) if is_table(Path(data.path)) else from_labelled(given, data.name)


def _chosen(sample: Table) -> Audit:
    """Ask for the columns, and audit."""
    held = {role: _read(state.audit_files[role]) for role in ("reference", "frame") if role in state.audit_files}
    known = state.audit_files.get("margins")
    margins = read_margins(Path(known.path), known.name) if known else {}
    names = sample.columns.columns
    responded = None
    with st.container(horizontal=True):
        key, guessed = f"audit-label-{sample.digest[:8]}", guess_label(names)
        place = names.index(guessed) if guessed else None
        label = st.selectbox("Labels or answers", names, place, placeholder="none", key=key, width=260)
        groups = st.multiselect(
            "Groups that must all be there",
            [name for name in names if name != label],
            placeholder="every column of text",
            key=f"audit-groups-{sample.digest[:8]}",
            width=360,
        )
        if frame := held.get("frame"):
            columns, key = frame.columns.columns, f"audit-responded-{frame.digest[:8]}"
            place = next((place for place, name in enumerate(columns) if "respon" in name.lower()), None)
            responded = st.selectbox("Who answered", columns, place, placeholder="choose", key=key, width=260)
            if responded is None:
                raise InputError(f"which column of {frame.name} says who answered is not clear", "choose it")
    content = (sample.digest, *(f"{role} {table.digest}" for role, table in held.items()), json.dumps(margins))
    found, why = _audited(content, label, responded, tuple(groups), _tables=(sample, held, margins))
    say_not_kept(why)
    return found


@st.cache_resource(max_entries=8, show_spinner="Comparing the sample with what lies outside it")
def _audited(
    key: tuple[str, ...],
    label: str | None,
    responded: str | None,
    groups: tuple[str, ...],
    _tables: tuple[Table, dict[str, Table], Margins],
) -> tuple[Audit, StoreError | None]:
    """The audit, with a run of it in the history or why there is none; the tables are known by `key`."""
    sample, held, margins = _tables
    started = time.monotonic()
    found = audit_selection(sample, **held, margins=margins, responded=responded, label=label, groups=groups)
    given = {"label": label, "responded": responded, "groups": list(groups), "against": list(key[1:])}
    return found, save_audit(sample, found, given, time.monotonic() - started)


def _result(found: Audit, name: str, made: Survey | None = None) -> None:
    """The verdicts, what they rest on, and what weights can repair."""
    st.subheader(_headline(found))
    with st.container(horizontal=True):
        for part in _PARTS:
            text, icon, colour = _ANSWERS[getattr(found, part)["verdict"]]
            st.badge(f"{part.capitalize()}: {text}", icon=icon, color=colour)  # type: ignore[arg-type]
    for sentence in found.sentences[: len(_PARTS)]:
        st.markdown(escape(sentence))
    if made is not None:
        _truth(found, made)
    with st.grid("auto", min_column_width=420):
        for finding, key, figure in _charts(found):
            with st.container():
                st.markdown(f"**{escape(capital(finding))}**")
                st.plotly_chart(figure(), key=f"audit-{key}", config=charts.CONFIG, alt=finding)
    for sentence in found.sentences[len(_PARTS) :]:
        st.markdown(escape(sentence))
    _numbers(found)
    download("JSON: the whole audit", json.dumps(found.as_dict(), indent=2), f"audit-{name}.json")


def _headline(found: Audit) -> str:
    by = {part: getattr(found, part)["verdict"] for part in _PARTS}
    there = [part for part, verdict in by.items() if verdict == "yes"]
    if there:
        return f"The sample lies by {listed(there, last=' and ')}"
    if set(by.values()) == {UNTESTED}:
        return "Nothing outside the sample is known, so nothing can be tested"
    return "The sample may lie" if "unsure" in by.values() else "The sample does not lie in what could be tested"


def _truth(found: Audit, made: Survey) -> None:
    """What the survey says, what weights make of it, and what its maker knows."""
    answer = (found.weights or {"estimates": []})["estimates"][-1]
    low, high = answer["after_interval"]
    figures_of = {
        "Of those who answered": (share(answer["before"]), "The naive figure."),
        "Weighted to all visitors": (share(answer["after"]), f"95 %: {share(low)} to {share(high)}"),
        "Truth among all visitors": (share(made.reached), "Weights can reach no more: nobody else was asked."),
        "Truth in the town": (share(made.truth), "Those who never come are content least."),
    }
    st.markdown("A made-up survey: *are you content with the theatre?* Its truth is known.")
    with st.grid(4, min_column_width=180, gap="small"):
        for label, (value, meaning) in figures_of.items():
            st.metric(label, value, border=True, help=meaning)


def _charts(found: Audit) -> list[tuple[str, str, Callable[[], charts.Figure]]]:
    """Each chart with the finding it shows."""
    shown: list[tuple[str, str, Callable[[], charts.Figure]]] = []
    if cells := found.coverage.get("cells"):
        worst = max(cells, key=lambda cell: abs(cell["target"] - cell["sample"]))
        drawn = share(worst["sample"]) if worst["sample"] else "none"
        finding = f"{worst['column']} {worst['value']}: {drawn} of what was drawn, "
        shown.append((f"{finding}{share(worst['target'])} of the population", "cells", lambda: figures.cells(found)))
    if points := found.points:
        missing = share(found.coverage["missing_share"])
        shown.append((f"{missing} of the population is not covered", "plane", lambda: figures.plane(points)))
    if found.weights:
        balance = found.weights["balance"]
        before, after = (max(row[name] for row in balance) for name in ("before", "after"))
        finding = f"The largest difference falls from {before:.2f} to {after:.2f} standard deviations by weighting"
        shown.append((finding, "love", lambda: figures.love(balance)))
    if groups := found.participation.get("groups"):
        low, high = (pick(groups, key=lambda cell: cell["rate"]) for pick in (min, max))
        ends = f"{share(high['rate'])} of {high['column']} {high['value']} answered, "
        finding = f"{ends}{share(low['rate'])} of {low['column']} {low['value']}"
        shown.append((finding, "rates", lambda: figures.rates(found)))
    return shown


def _numbers(found: Audit) -> None:
    weights = found.weights or {"balance": [], "estimates": []}
    tables: dict[str, Sequence[dict[str, Any]]] = {
        "Cells: share of the population and of what was drawn": found.coverage.get("cells", []),
        "Least covered, with what is most like them": found.coverage.get("nearest", []),
        "Columns: stability index": found.sampling.get("columns", []),
        "Response rates": found.participation.get("groups", []),
        "Differences before and after weighting, standard deviations": weights["balance"],
        "Estimates": weights["estimates"],
        "Labels": [{"class": name, "items": count} for name, count in found.labels.get("classes", {}).items()],
    }
    with st.expander("Show the numbers"):
        for title, rows in tables.items():
            if rows:
                st.markdown(title)
                st.dataframe(pd.DataFrame(rows).map(_plain), hide_index=True, placeholder="", alt=title)


def _plain(value: object) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value).strip("[]{}").replace('"', "")
    return value
