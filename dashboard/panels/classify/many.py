"""The tab "Many listings": ZIPs of listings in, a row each out."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.cached import terms
from dashboard.downloads import csv
from dashboard.keeping import classify, named, unopened
from dashboard.panels.classify import words
from dashboard.text import count, percent
from dashboard.uploads import admit_together
from engine import settings
from engine.errors import InputError
from engine.listings.pipeline import RULES
from engine.listings.sources import Listing, find_listings
from engine.listings.verdict import Verdict
from engine.listings.vote import readable

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_SIGNS = {"accept": "✓", "review": "☺", "unknown": "?"}  # tables cannot draw the page's own
_COUNTED = {"accept": "accepted", "review": "for a person", "unknown": "not in the catalogue"}

state = st.session_state


@dataclass
class _Work:
    """A drop: what waits, what is done with its id in the store, and the folder of the ZIPs, which goes with it."""

    waiting: list[Listing]
    folder: "tempfile.TemporaryDirectory[str]"
    done: list[tuple[str, Verdict]] = field(default_factory=list)
    stopped: bool = False

    @property
    def total(self) -> int:
        return len(self.waiting) + len(self.done)

    @property
    def photos(self) -> int:
        """Still to be looked at."""
        return sum(len(listing.files[: settings.PHOTOS_PER_LISTING]) for listing in self.waiting)


def draw(model: "Classifier") -> None:
    """The whole tab."""
    state.setdefault("many", None)
    state.setdefault("many_drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader
    work: _Work | None = state.many
    heading = st.empty()
    if work and work.waiting and not work.stopped:
        _go_on(work, model, heading)
        st.rerun()
    heading.title(_headline(work) if work else "What is in all of these?")
    if work is None:
        st.markdown(
            "Drop a ZIP with **a folder for each listing**, its photos inside. You get a row for each: what it is, "
            "whether it goes without a person, and why not."
        )
    _uploader()
    if work:
        _result(work)


def _uploader() -> None:
    files = st.file_uploader(
        f"ZIPs of listings, together up to {settings.REQUEST_MEGABYTES} MB",
        ["zip"],
        accept_multiple_files=True,
        key=f"many-{state.many_drops}",
        help="A folder in the ZIP is a listing, and so is a ZIP of loose photos. There is no limit on the command "
        "line, which gives the same verdicts: `tally classify FOLDER --json`.",
    )
    if files:
        state.many_drops += 1
        state.many = _opened(admit_together(files, "ZIPs"))
        st.rerun()


def _opened(archives: Sequence[tuple[str, bytes | InputError]]) -> _Work:
    """The listings of what was dropped. Each ZIP keeps its name, which names a listing of loose photos."""
    folder = tempfile.TemporaryDirectory(prefix="tally-")
    paths, refused = [], []
    for number, (name, content) in enumerate(archives):
        stem = Path(name).stem.replace("\0", "").encode()[:240].decode(errors="ignore") or "listings"
        if isinstance(content, bytes):
            path = Path(folder.name, str(number), f"{stem}.zip")
            path.parent.mkdir()
            path.write_bytes(content)
            paths.append(path)
        else:
            refused.append(Listing(stem, error=content))
    return _Work([*find_listings(paths), *refused], folder)


def _go_on(work: _Work, model: "Classifier", heading: DeltaGenerator) -> None:
    """Look at what waits. Streamlit ends the run at any step if the visitor stops it; what is done stays."""
    photos, started = work.photos, time.monotonic()
    heading.title(f"Reading {count(work.total, 'listing')}")
    bar = st.progress(len(work.done) / work.total)
    st.button("Stop", icon=":material/stop:", key="many-stop", on_click=setattr, args=(work, "stopped", True))
    st.skeleton(height=300)

    def progress(before: int, done: int) -> None:
        passed = before + done
        left = (time.monotonic() - started) / passed * (photos - passed) if passed else 0
        soon = f", {left:.0f} s left" if left >= 1 else ""
        at = len(work.done)
        bar.progress(at / work.total, f"Listing {at + 1:,} of {work.total:,}{soon}")

    while work.waiting:
        step = partial(progress, photos - work.photos)
        step(0)
        work.done.append(_classified(work.waiting[0], model, step))
        del work.waiting[0]


def _classified(listing: Listing, model: "Classifier", progress: Callable[[int], None]) -> tuple[str, Verdict]:
    """The verdict with its id in the store; what could not be opened is not kept."""
    if listing.error:
        return "", unopened(listing, model, RULES[0])
    in_force = terms(model)
    verdict, keep = classify(
        named(listing),
        "",
        model=model,
        rule=RULES[0],
        terms=in_force,
        origin="page",
        listing=listing.name,
        progress=progress,
    )
    return keep(), verdict


def _headline(work: _Work) -> str:
    if not work.done:
        return "Stopped before the first listing"
    counts = Counter(verdict.decision for _, verdict in work.done)
    parts = [f"{counts[kind]:,} {said}" for kind, said in _COUNTED.items() if counts[kind]]
    return f"{count(len(work.done), 'listing')}: {', '.join(parts)}"


def _result(work: _Work) -> None:
    """What is left to do, the table, and its downloads."""
    if work.waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Stopped: {count(len(work.waiting), 'listing')} of {work.total:,} were not looked at.")
            st.button("Go on", icon=":material/play_arrow:", on_click=setattr, args=(work, "stopped", False))
    if not work.done:
        return
    there = {verdict.decision for _, verdict in work.done}
    chosen = st.pills(
        "Show",
        [kind for kind in _SIGNS if kind in there],
        selection_mode="multi",
        format_func=lambda kind: f"{words.DECISIONS[kind][1]} {words.DECISIONS[kind][0]}",
        key="many-shown",
        label_visibility="collapsed",
    )
    st.dataframe(
        table([pair for pair in work.done if not chosen or pair[1].decision in chosen]),
        hide_index=True,
        column_config={
            "open": st.column_config.LinkColumn("", display_text="Open", width="small"),
            "why": st.column_config.TextColumn("first reason", width="large"),
        },
        key="many-table",
        placeholder="",
        alt="A row for each listing: its decision, label, certainty, photos read, price, and the first reason",
    )
    with st.container(horizontal=True):
        st.download_button(
            "CSV: a row a listing",
            partial(csv, table(work.done).drop(columns="open")),
            "listings.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "JSON Lines: every number",
            partial(json_lines, [verdict for _, verdict in work.done]),
            "listings.jsonl",
            "application/jsonl",
            icon=":material/download:",
            on_click="ignore",
            help="As `tally classify --json` prints them.",
        )


def json_lines(verdicts: Sequence[Verdict]) -> str:
    """A verdict a line, as the command line prints them."""
    return "".join(f"{json.dumps(verdict.as_dict())}\n" for verdict in verdicts)


def table(done: Sequence[tuple[str, Verdict]]) -> pd.DataFrame:
    """A row a listing."""
    return pd.DataFrame(
        {
            "listing": verdict.listing,
            "decision": f"{_SIGNS[verdict.decision]} {words.DECISIONS[verdict.decision][0]}",
            "label": readable(verdict.label or ""),
            "sure": "" if verdict.confidence is None else percent(verdict.confidence),
            "photos read": f"{sum(photo.status != 'unreadable' for photo in verdict.photos)} of {len(verdict.photos)}",
            "price": words.price(verdict),
            "open": f"?verdict={key}" if key else None,
            "why": next(iter(verdict.reasons), ""),
        }
        for key, verdict in done
    )
