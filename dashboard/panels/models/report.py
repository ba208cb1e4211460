"""The tab "Report": how good a model is on photos it had not seen, and where it fails."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import models as figures
from dashboard.downloads import download
from dashboard.text import capital, count, escape, percent, sentence
from engine.listings.vote import readable
from engine.models.checkpoint import Card, read_card
from engine.models.registry import find, report_of

_CARDS = 12  # pictures of a kind
_FIGURES = {  # of a report: what it is called, and what it means
    "accuracy": ("Right", "Of all photos, how many get their class"),
    "balanced_accuracy": ("Mean over classes", "Every class counts the same, however many photos it has"),
    "top5": ("Among its first five", "The class is one of the five likeliest"),
    "ece": ("Probabilities are off by", "The mean gap between how sure it is and how often it is right (ECE, 15 bins)"),
}


def draw(name: str) -> None:
    """The whole tab. Raises ModelNotFound, DamagedModel."""
    folder = find(name)
    card, report = read_card(folder), report_of(name)
    told = report or card.raw.get("figures", {}).get("validation") or {}
    if "accuracy" in told:
        st.title(f"Right on {100 * told['accuracy']:.0f} of 100 photos it had not seen")
        with st.container(horizontal=True):
            for key, (label, meaning) in _FIGURES.items():
                if key in told:
                    st.metric(label, f"{100 * told[key]:.1f} %", help=meaning, width=190)
    else:
        st.title(f"Nobody measured yet how good {escape(name)} is")
    _about(name, card, report)
    if report is None:
        st.markdown(f"It has no report. `tally evaluate DATA --model {name}` makes one of labelled photos.")
        return
    for note in report.get("notes", []):
        st.markdown(f":material/info: {escape(sentence(note))}")
    left, right = st.columns(2, gap="medium")
    with left:
        _classes(report["per_class"])
    with right:
        _confusions(report["confusions"])
    if len(report["per_source"]) > 1:
        _sources(report["per_source"])
    suspects = report.get("suspects") or {"photos": 0, "worst": []}
    _photos(
        f"{count(suspects['photos'], 'label')} likely wrong",
        "A model that had not seen the photo is surer of another class than it usually is (confident learning). "
        "Mend the labels and train again.",
        suspects["worst"],
        ("labelled **{label}**, rather **{proposed}**", folder),
    )
    _photos(
        "Photos that surprised it most",
        "They get another class than their own with great certainty: errors of the model, and often of the labels.",
        report["worst"],
        ("**{label}**, taken for **{predicted}**", folder),
    )
    _left_out(report)


def _about(name: str, card: Card, report: Mapping[str, Any] | None) -> None:
    """What the model is, what the figures are of, and the report as a file."""
    trained, measured = card.raw.get("trained", {}), card.raw.get("figures", {})
    photos = (report or measured.get("validation") or {}).get("photos")
    parts = [
        card.id,
        f"{len(card.classes)} classes",
        *([f"{trained['kind']} on the features of {trained['on']}"] if {"kind", "on"} <= set(trained) else []),
        *([str(trained["date"])] if "date" in trained else []),
        *([f"figures of {count(photos, 'photo')}"] if photos else []),
        *([str(measured["note"])] if "note" in measured else []),
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(escape(" · ".join(parts)), width="stretch")
        if report:
            download("Report (JSON)", json.dumps(report), f"{name}-report.json")


def _classes(per_class: Mapping[str, Mapping[str, Any]]) -> None:
    """By class, the hardest first."""
    table = pd.DataFrame.from_dict(dict(per_class), orient="index").sort_values("recall").reset_index(names="class")
    table["class"] = table["class"].map(readable)
    found, right = "Of its photos, how many get its name", "Of the photos that get its name, how many show it"
    columns = {
        "class": st.column_config.TextColumn("Class"),
        "photos": st.column_config.NumberColumn("Photos"),
        "recall": _share("Found", f"{found} (recall)"),
        "precision": _share("Right when said", f"{right} (precision)"),
    }
    st.subheader(f"Hardest to find: {escape(table['class'][0])}")
    table[["recall", "precision"]] *= 100
    st.dataframe(table[list(columns)], hide_index=True, column_config=columns, height=388, alt="Figures by class")


def _confusions(pairs: Sequence[Mapping[str, Any]]) -> None:
    if not pairs:
        st.subheader("No photo was taken for another class")
        return
    first = pairs[0]
    title = f"{capital(readable(first['label']))} is taken for {readable(first['predicted'])}"
    st.subheader(escape(title))
    st.plotly_chart(figures.confusions(pairs), config=charts.CONFIG, key="models-confusions", alt=f"{title} most often")
    with st.expander("Show the numbers"):
        st.dataframe(pd.DataFrame(pairs), hide_index=True, alt="What was taken for what")


def _sources(per_source: Mapping[str, Mapping[str, Any]]) -> None:
    """By the collection that photos come from: a model may know one better than another."""
    table = pd.DataFrame.from_dict(dict(per_source), orient="index").sort_values("accuracy").reset_index(names="source")
    st.subheader(f"Weakest on photos from {escape(str(table['source'][0]))}")
    columns: dict[str, Any] = {
        "source": st.column_config.TextColumn("Photos from"),
        "photos": st.column_config.NumberColumn("Photos", format="localized"),
        **{key: _share(*_FIGURES[key]) for key in _FIGURES},
    }
    table[list(_FIGURES)] *= 100
    st.dataframe(table[list(columns)], hide_index=True, column_config=columns, alt="Figures by collection")


def _photos(title: str, meaning: str, photos: Sequence[Mapping[str, Any]], shown: tuple[str, Path]) -> None:
    """The first of them as pictures, where the model's folder has them, and all as a table.

    `shown`: what is said of each, with its columns in braces; and the folder.
    """
    if not photos:
        return
    st.subheader(title)
    st.caption(meaning)
    said, folder = shown
    with st.grid("auto", min_column_width=170, gap="small"):
        for photo in photos[:_CARDS]:
            path = folder / "pictures" / f"{Path(str(photo.get('picture'))).name}.jpg"
            if path.is_file():
                words = said.format_map({key: escape(readable(str(value))) for key, value in photo.items()})
                with st.container(gap="xxsmall"):
                    st.image(path.read_bytes(), width=160, alt=str(photo["name"]))
                    st.caption(f"{words}, {percent(photo['score'])} sure  \n{escape(Path(str(photo['name'])).name)}")
    with st.expander("Show the names"):
        table = pd.DataFrame(photos).drop(columns="picture", errors="ignore")
        st.dataframe(table, hide_index=True, alt=title)


def _left_out(report: Mapping[str, Any]) -> None:
    """Photos that taught nothing, with the reason."""
    pairs = [{"photo": one, "the same picture": other} for one, other in report.get("in_two_classes", [])]
    for title, rows in (("Photos that cannot be read", report["unreadable"]), ("The same photo in two classes", pairs)):
        if rows:
            with st.expander(f"{title} ({len(rows):,})", icon=":material/warning:"):
                st.dataframe(pd.DataFrame(rows), hide_index=True, alt=title)


def _share(label: str, meaning: str) -> Any:
    return st.column_config.ProgressColumn(label, format="%.0f %%", min_value=0, max_value=100, help=meaning)
