"""What the Classify page draws of a verdict."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import classify as figures
from dashboard.downloads import csv, download
from dashboard.panels.classify import words
from dashboard.samples import TITLES, cover
from dashboard.text import capital, count, escape, percent, plain, sentence
from engine.listings.verdict import PhotoVerdict, Verdict
from engine.listings.vote import readable

_OnRemove = Callable[[int], None] | None
_LINES = 5  # on what would be without a photo; the rest is in the table


class Shown(NamedTuple):
    """A photo as its card shows it."""

    thumbnail: bytes | None  # JPEG; None where the photo could not be read
    nearest: Sequence[str]  # known classes, nearest first


def samples(on_choose: Callable[[str], None]) -> None:
    """Drawn listings to try, for a visitor with no photos at hand."""
    st.markdown("No photos at hand? Try one of these. They are drawings, made for trying.")
    with st.grid("auto", min_column_width=210, gap="small"):
        for name, title in TITLES.items():
            with st.container(border=True, height="stretch", key=f"sample-{name}"):
                st.image(cover(name), width="stretch", alt=f"Drawing: {title}")
                st.button(
                    title,
                    key=f"try-{name}",
                    width="stretch",
                    icon=":material/draw:",
                    on_click=on_choose,
                    args=(name,),
                )


def badge(decision: str) -> None:
    """A decision, as everywhere."""
    text, icon, colour = words.DECISIONS[decision]
    st.badge(text, icon=icon, color=colour)  # type: ignore[arg-type]


def badges(verdict: Verdict) -> None:
    """The decision, and the price where there is one."""
    badge(verdict.decision)
    if price := words.price(verdict):
        st.markdown(f"**{escape(price)}**", width="content")


def why(verdict: Verdict) -> None:
    """How the answer came about, what to send (a reason says what is asked for), and what was done."""
    st.markdown(words.explanation(verdict))
    if verdict.notes:
        st.caption(words.sentences(verdict.notes))


def body(verdict: Verdict, shown: Sequence[Shown], on_remove: Callable[[int], None] | None = None) -> None:
    """The photos, the votes and the evidence. With `on_remove` photos can be taken out."""
    cards(shown, verdict, on_remove)
    if verdict.label:
        votes_column, evidence_column = st.columns(2, gap="medium")
        with votes_column:
            votes(verdict)
        with evidence_column:
            evidence(verdict)


def cards(shown: Sequence[Shown], verdict: Verdict, on_remove: _OnRemove) -> None:
    """One card a photo that was read; below them, in a line each, those that were not."""
    with st.grid("auto", min_column_width=210, gap="small"):
        for index, (picture, photo) in enumerate(zip(shown, verdict.photos, strict=True)):
            if photo.label and photo.score is not None:
                with st.container(border=True, height="stretch", gap="xsmall", key=f"photo-{index}"):
                    _card(picture, photo, index, on_remove)
    unread = [(index, photo) for index, photo in enumerate(verdict.photos) if photo.status == "unreadable"]
    if unread:
        with st.container(key="unread", gap="xsmall"):
            for index, photo in unread[:5]:
                _not_read(photo, index, on_remove)
            if len(unread) > 5:
                with st.expander(f"{count(len(unread) - 5, 'more file')} not read"):
                    for index, photo in unread[5:]:
                        _not_read(photo, index, on_remove)


def _card(picture: Shown, photo: PhotoVerdict, index: int, on_remove: _OnRemove) -> None:
    label, score = readable(photo.label or ""), percent(photo.score or 0)
    if picture.thumbnail:
        st.image(picture.thumbnail, width="stretch", alt=f"{photo.name}: {label}, {score}")
    st.markdown(f"**{capital(label)}** {score}")
    st.caption(escape(photo.name))
    for reason in filter(None, [*photo.reasons, words.strange(photo, picture.nearest)]):
        st.caption(f":material/info: {sentence(escape(reason))}")
    st.space("stretch")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.caption("Counts in full" if photo.weight == 1 else f"Counts {plain(photo.weight)}", width="stretch")
        if on_remove:
            _remove_button(photo, index, on_remove)


def _not_read(photo: PhotoVerdict, index: int, on_remove: _OnRemove) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(
            f":material/block: **{escape(photo.name)}** was not read. {sentence(escape(photo.reasons[0]))}",
            width="stretch",
        )
        if on_remove:
            _remove_button(photo, index, on_remove)


def _remove_button(photo: PhotoVerdict, index: int, on_remove: Callable[[int], None]) -> None:
    st.button(
        "Remove",
        key=f"remove-{index}",
        icon=":material/close:",
        type="tertiary",
        help=f"Take {escape(photo.name)} out of the listing",
        on_click=on_remove,
        args=(index,),
    )


def votes(verdict: Verdict) -> None:
    """How many photos say what."""
    first = next(iter(verdict.votes))
    tied = verdict.tie_break is not None
    lead = "all" if len(verdict.votes) == 1 else "most"
    finding = "The vote is tied" if tied else f"{capital(readable(first))} has {lead} votes"
    st.markdown(f"**{finding}: {' to '.join(plain(votes) for votes in verdict.votes.values())}**")
    counts = ", ".join(f"{readable(label)} {plain(votes)}" for label, votes in verdict.votes.items())
    st.plotly_chart(figures.votes(verdict), key="votes", config=charts.CONFIG, alt=f"{finding}. Votes: {counts}.")
    with st.expander("Show the numbers"):
        st.dataframe(
            pd.DataFrame({"class": [readable(label) for label in verdict.votes], "votes": verdict.votes.values()}),
            hide_index=True,
            alt="Votes by class",
        )


def evidence(verdict: Verdict) -> None:
    """How much each photo says for the label."""
    label, other = readable(verdict.label or ""), readable(figures.rival(verdict))
    terms = figures.rivalry(verdict)
    total = sum(terms.values())
    winner, loser = (label, other) if total >= 0 else (other, label)
    finding = f"All evidence speaks for {winner} over {loser}"
    spoken = ", ".join(f"{name} {value:+.1f}" for name, value in terms.items())
    st.markdown(
        f"**{finding}**",
        help="Each bar is a photo's log-evidence (in nats) for the one class against the other: +0.7 doubles the odds, "
        "+2.3 makes them ten times higher, and the bars add up exactly.",
    )
    alt = f"{finding}: {spoken}; together {total:+.1f}."
    st.plotly_chart(figures.evidence(verdict), key="evidence", config=charts.CONFIG, alt=alt)
    others = words.without(verdict)
    lines = [f"Without {escape(name)}: {f'**{other}**' if changed else other}" for name, other, changed in others]
    if others and not any(changed for *_, changed in others):
        lines = [f"Without any one of the photos it stays {label}."]
    if lines:
        st.caption("  \n".join(lines[:_LINES]))
    with st.expander("Show the numbers"):
        st.dataframe(
            pd.DataFrame(_evidence_table(verdict)), hide_index=True, alt="Evidence of each photo for each class"
        )


def _evidence_table(verdict: Verdict) -> dict[str, list[str | float | None]]:
    """A row a term, then their sum and the score; a column a class. A score below the best five is not known."""
    terms = figures.terms(verdict)
    columns: dict[str, list[str | float | None]] = {"evidence": [*terms, "together", "score"]}
    for label in next(iter(terms.values())):
        values = [term[label] for term in terms.values()]
        columns[readable(label)] = [*(round(value, 2) for value in [*values, sum(values)]), verdict.scores.get(label)]
    if others := {name: said for name, said, _ in words.without(verdict)}:
        columns["without it"] = [*(others.get(name) for name in terms), None, None]
    return columns


def downloads(verdict: Verdict, description: str) -> None:
    """The verdict as JSON (the API's own format, and the description) and as a table with a row a photo."""
    with st.popover("Download", icon=":material/download:"):
        whole = json.dumps({**verdict.as_dict(), "description": description}, indent=2)
        download("JSON: the whole verdict", whole, f"{verdict.listing}.json", icon=None)
        download("CSV: a row a photo", photos_csv(verdict, description), f"{verdict.listing}.csv", icon=None)


def photos_csv(verdict: Verdict, description: str) -> str:
    """A row a photo, with the listing's answer in each. Text that a spreadsheet would run is made harmless."""
    rows = [
        {
            "decision": verdict.decision,
            "label": verdict.label,
            "confidence": verdict.confidence,
            "photo": photo.name,
            "status": photo.status,
            "says": photo.label,
            "score": photo.score,
            "weight": photo.weight,
            "reasons": "; ".join(photo.reasons),
            "description": description,
        }
        for photo in verdict.photos
    ]
    return csv(pd.DataFrame(rows))
