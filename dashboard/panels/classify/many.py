"""The tab "Many listings": ZIPs of listings in, a row each out."""

import io
import json
import shutil
import tempfile
import time
import weakref
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.downloads import download
from dashboard.dropzone import dropzone
from dashboard.keeping import classify, unopened
from dashboard.panels.classify import words
from dashboard.samples import TITLES, drawn_listing
from dashboard.text import count, escape, percent, sentence, soon
from dashboard.uploads import admit_together
from engine import settings
from engine.errors import InputError, StoreError
from engine.listings.sources import Listing, find_listings
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.listings.vote import readable
from engine.store.terms import terms_in_force

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_SIGNS = {"accept": "✓", "review": "☺", "unknown": "?"}  # tables cannot draw the page's own
_COUNTED = {"accept": "accepted", "review": "for a person", "unknown": "not in the catalogue"}

state = st.session_state


@dataclass
class _Work:
    """A drop: its listings, and those that are done with their ids in the store."""

    listings: list[Listing]
    done: list[tuple[str, Verdict]] = field(default_factory=list)
    stopped: bool = False
    terms: str = ""  # version of those that the verdicts rest on
    trouble: StoreError | None = None  # why verdicts were not kept, or the terms in force not used

    @property
    def left(self) -> list[Listing]:
        return self.listings[len(self.done) :]

    def again(self) -> None:
        """Decide on all of them anew: what their photos showed is still known."""
        self.done, self.stopped, self.trouble = [], False, None


def draw(model: "Classifier") -> None:
    """The whole tab."""
    state.setdefault("many", None)
    state.setdefault("many_drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader
    work: _Work | None = state.many
    heading = st.empty()
    if work and work.left and not work.stopped:
        st.empty()  # takes the place of what stood below, which else would stay during the wait
        _go_on(work, model, heading)
        st.rerun()
    with st.container():
        if work:
            heading.title(_headline(work))
            _uploader()
            _result(work, model)
        else:
            heading.title("What is in all of these?")
            st.markdown(
                "Drop a ZIP with **a folder for each listing**, its photos inside. You get a row for each: what it is, "
                "whether it goes without a person, and why not."
            )
            _uploader()
            st.caption("More than that? `tally classify FOLDER` gives the same verdicts on the command line.")
            st.markdown("No photos at hand? Try three drawn listings.")
            st.button("Try the drawings", icon=":material/draw:", key="many-try", on_click=_try)


def _uploader() -> None:
    with dropzone():
        files = st.file_uploader(
            f"ZIPs of listings, together up to {settings.REQUEST_MEGABYTES} MB",
            ["zip"],
            accept_multiple_files=True,
            key=f"many-{state.many_drops}",
            help="A folder in the ZIP is a listing, and so is a ZIP of loose photos. More goes through the command "
            "line: `tally classify FOLDER --json`.",
        )
    if files:
        state.many_drops += 1
        state.many = _opened(admit_together(files, "ZIPs"))
        st.rerun()


def _try() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in TITLES:
            for photo, jpeg in drawn_listing(name):
                archive.writestr(f"{name}/{photo}", jpeg)
    state.many = _opened([("drawings.zip", buffer.getvalue())])


def _opened(archives: Sequence[tuple[str, bytes | InputError]]) -> _Work:
    """The listings of what was dropped. Each ZIP keeps its name, which names a listing of loose photos."""
    folder = Path(tempfile.mkdtemp(prefix="tally-"))
    paths, refused = [], []
    for number, (name, content) in enumerate(archives):
        stem = Path(name).stem.replace("\0", "").encode()[:240].decode(errors="ignore") or "listings"
        if isinstance(content, bytes):
            path = folder / str(number) / f"{stem}.zip"
            path.parent.mkdir()
            path.write_bytes(content)
            paths.append(path)
        else:
            refused.append(Listing(stem, error=content))
    work = _Work([*find_listings(paths), *refused])
    weakref.finalize(work, shutil.rmtree, folder, ignore_errors=True)
    return work


def _go_on(work: _Work, model: "Classifier", heading: DeltaGenerator) -> None:
    """Look at what is left. Streamlit ends the run at any step if the visitor stops it; what is done stays."""
    total, started = len(work.listings), time.monotonic()
    heading.title(f"Reading {count(total, 'listing')}")
    bar = st.progress(len(work.done) / total)
    st.button("Stop", icon=":material/stop:", key="many-stop", on_click=setattr, args=(work, "stopped", True))
    st.skeleton(height=300)
    try:
        in_force = terms_in_force(model)
    except StoreError as error:
        in_force, work.trouble = Terms(), error
    work.terms = in_force.version
    photos = _photos(work.left)

    def progress(before: int, done: int) -> None:
        passed = before + done
        left = (time.monotonic() - started) / passed * (photos - passed) if passed else 0
        bar.progress(len(work.done) / total, f"Listing {len(work.done) + 1:,} of {total:,}{soon(left)}")

    for listing in work.left:
        step = partial(progress, photos - _photos(work.left))
        step(0)
        work.done.append(_classified(work, listing, model, in_force, step))


def _photos(listings: Sequence[Listing]) -> int:
    """To be looked at."""
    return sum(len(listing.files[: settings.PHOTOS_PER_LISTING]) for listing in listings)


def _classified(
    work: _Work, listing: Listing, model: "Classifier", in_force: Terms, progress: Callable[[int], None]
) -> tuple[str, Verdict]:
    """The verdict with its id in the store; "" where it is not kept: nothing could be opened, or the store fails."""
    if listing.error:
        return "", unopened(listing, model)
    verdict, keep = classify(
        listing.read(), model=model, terms=in_force, origin="page", listing=listing.name, progress=progress
    )
    try:
        return keep(), verdict
    except StoreError as error:
        work.trouble = error
        return "", verdict


def _headline(work: _Work) -> str:
    if not work.done:
        return "Stopped before the first listing"
    counts = Counter(verdict.decision for _, verdict in work.done)
    parts = [f"{counts[kind]:,} {said}" for kind, said in _COUNTED.items() if counts[kind]]
    return f"{count(len(work.done), 'listing')}: {', '.join(parts)}"


def _result(work: _Work, model: "Classifier") -> None:
    """What is left to do, the table, and its downloads."""
    if work.trouble:
        trouble = sentence(escape(str(work.trouble)))
        st.caption(f":material/cloud_off: {trouble} Verdicts without an address are not kept.")
    if work.left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Stopped: {count(len(work.left), 'listing')} of {len(work.listings):,} were not looked at.")
            st.button("Go on", icon=":material/play_arrow:", on_click=setattr, args=(work, "stopped", False))
    elif not work.trouble and terms_in_force(model).version != work.terms:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("The dial, the policy or the prices were changed since.")
            st.button("Decide again", icon=":material/refresh:", on_click=work.again)
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
        download("CSV: a row a listing", lambda: table(work.done).drop(columns="open"), "listings.csv")
        download(
            "JSON Lines: every number",
            lambda: json_lines([verdict for _, verdict in work.done]),
            "listings.jsonl",
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
            "open": f"?verdict={key}" if key else None,
            "decision": f"{_SIGNS[verdict.decision]} {words.DECISIONS[verdict.decision][0]}",
            "label": readable(verdict.label or ""),
            "sure": "" if verdict.sure is None else percent(verdict.sure),
            "photos read": f"{sum(photo.status != 'unreadable' for photo in verdict.photos)} of {len(verdict.photos)}",
            "price": words.price(verdict),
            "why": next(iter(verdict.reasons), ""),
        }
        for key, verdict in done
    )
