"""The History tab: every verdict that was kept, and every decision of people."""

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.cached import thumbnail
from dashboard.downloads import download
from dashboard.panels.classify import words
from dashboard.problems import tell, told
from dashboard.text import count, escape
from engine.listings.vote import readable
from engine.store import queue, verdicts
from engine.store.schema import Decision
from engine.store.verdicts import Kept

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_PAGE = 25  # verdicts
_ICON = (72, 54)  # px of a photo in the table
_ALL = 1_000_000  # rows a worksheet has room for
_WHEN = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC", help="UTC")
_SURE = st.column_config.NumberColumn(format="percent", step=0.01, help="that it is what Tally says")
_COLUMNS = {"when": _WHEN, "undone": _WHEN, "sure": _SURE, "seconds": st.column_config.NumberColumn(format="%.1f")}
_DECIDED = {"decided": True, "not decided": False}

state = st.session_state


def draw(_: "Classifier") -> None:
    """The whole tab."""
    heading = st.empty()
    tell("history")
    text_column, decision_column, decided_column = st.columns([5, 8, 5], vertical_alignment="bottom")
    with text_column:
        text = st.text_input("Search", key="history-text", placeholder="A name, a class, a word of the description")
    with decision_column:
        decision = st.pills(
            "Tally says",
            list(words.DECISIONS),
            format_func=lambda name: words.DECISIONS[name][0],
            key="history-decision",
        )
    with decided_column:
        decided = st.pills("People", list(_DECIDED), format_func=str.capitalize, key="history-decided")
    wanted = partial(verdicts.search, text, decision, _DECIDED.get(decided or ""))
    rows, total = wanted(limit=_PAGE)
    heading.title(_headline(total, filtered=bool(text or decision or decided)))
    if total:
        page = 1
        if total > _PAGE:
            page = st.pagination(-(-total // _PAGE), key=f"history-page-{text}-{decision}-{decided}")
        if page > 1:
            rows, _total = wanted(limit=_PAGE, offset=(page - 1) * _PAGE)
        _verdicts(rows)
        download(f"CSV: {count(total, 'verdict')}", lambda: table(wanted(limit=_ALL)[0]), "verdicts.csv")
    elif not (text or decision or decided):
        st.markdown(
            "Each verdict is kept with its photos as soon as there is one: of listings dropped here, of those that "
            "programs send, and of `tally classify --save`. It has an address of its own, and can be corrected there."
        )
    with st.expander("Decisions of people: the audit log"):
        _log(queue.decisions())


def _headline(total: int, *, filtered: bool) -> str:
    if filtered:
        return f"{count(total, 'verdict')} found" if total else "Nothing found"
    return f"{count(total, 'verdict')} so far" if total else "No verdict yet"


def _verdicts(rows: Sequence[Kept]) -> None:
    shown = table(rows)
    shown.insert(0, "photo", pd.Series([_icon(row.id) for row in rows], dtype=object))
    event = st.dataframe(
        shown,
        row_height=56,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="history-table",
        column_config={
            "when": _WHEN,
            "sure": _SURE,
            "photo": st.column_config.ImageColumn("", width="small"),
            "address": st.column_config.LinkColumn("", display_text="Open", width="small"),
        },
        alt="Verdicts, newest first: when, listing, what Tally says, what people say, and the address",
    )
    chosen = [rows[row] for row in event["selection"]["rows"] if row < len(rows)]
    if not chosen:
        st.caption("Choose a row to open it here or to delete it.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        row = chosen[0]
        st.button("Open here", icon=":material/open_in_full:", on_click=_open, args=(row.id,))
        with st.popover(f"Delete {escape(row.verdict.listing)}", icon=":material/delete:", key="history-delete"):
            st.markdown("The verdict and its photos are gone for good. What people decided stays in the log.")
            st.button("Delete it", type="primary", on_click=_delete, args=(row.id,), key="history-gone")


@lru_cache(maxsize=500)
def _icon(key: str) -> str | None:
    """Its first photo, as an address that holds it."""
    jpegs = [jpeg for jpeg in verdicts.pictures_of(key) if jpeg]
    return f"data:image/jpeg;base64,{b64encode(thumbnail(jpegs[0], _ICON)).decode()}" if jpegs else None


def _open(key: str) -> None:
    st.query_params["verdict"] = key
    state["classify-tab"] = "Result"


def _delete(key: str) -> None:
    with told("history"):
        verdicts.delete_verdict(key)


def table(rows: Sequence[Kept]) -> pd.DataFrame:
    """A row a verdict."""
    return pd.DataFrame(
        {
            "address": f"/classify?verdict={row.id}",
            "Tally says": readable(row.verdict.label or ""),
            "sure": row.verdict.sure,
            "decision": words.DECISIONS[row.verdict.decision][0],
            "people say": words.thing(row.decision.label) if row.decision else "waits" if row.waits else "",
            "who": row.decision.person if row.decision else "",
            "when": row.made_at,
            "listing": row.verdict.listing,
            "from": row.origin,
            "model": row.verdict.model,
        }
        for row in rows
    )


def _log(lines: Sequence[Decision]) -> None:
    if not lines:
        st.markdown("Nobody decided yet. What people say in *Review*, or at a verdict, stands here with who and when.")
        return
    st.dataframe(
        log_table(lines), hide_index=True, column_config=_COLUMNS, placeholder="", alt="Decisions, newest first"
    )
    download("CSV: the whole log", lambda: log_table(queue.decisions(_ALL)), "decisions.csv")


def log_table(lines: Sequence[Decision]) -> pd.DataFrame:
    """A row a decision, those that were undone too."""
    return pd.DataFrame(
        {
            "when": line.decided_at,
            "who": line.person,
            "listing": line.listing or "(deleted)",
            "people say": "skipped" if line.skipped else words.thing(line.label),
            "undone": line.undone_at,
            "Tally says": readable(line.said["label"] or ""),
            "sure": line.said.get("sure", line.said["confidence"]),
            "decision": words.DECISIONS[line.said["decision"]][0],
            "saw what Tally says": line.seen,
            "model": line.model.partition("@")[0],
            "weights": line.model.partition("@")[2],
            "terms": line.terms,
            "seconds": line.seconds,
        }
        for line in lines
    )
