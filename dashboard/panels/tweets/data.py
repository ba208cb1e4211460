"""The tab "Data and imports": what was imported and how it was read, undo, notes, downloads; and the mapping dialog."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import pandas as pd
import streamlit as st

from dashboard.account import Opened
from dashboard.downloads import download
from dashboard.imports import Outcome
from dashboard.panels.tweets.words import LABELS
from dashboard.problems import show
from dashboard.text import count, escape, sentence
from engine.errors import InputError, UnknownLayout
from engine.store import accounts
from engine.tweets.read import TableReport
from engine.tweets.tables import read_grids

_NOTHING = "–"  # noqa: RUF001
_LABELS = LABELS | {"rate": "Engagement rate", "date": "Day or time", "url": "Link", "retweets": "Reposts"}
_MAPPED = {
    "month": (
        "month", "tweets", "impressions", "impressions_per_tweet", "engagements", "rate", "new_followers",
        "followers_per_tweet",
    ),
    "day": ("date", "tweets", "impressions", "engagements", "new_followers"),
    "post": ("date", "text", "id", "url", "impressions", "engagements", "likes", "replies", "retweets"),
}  # fmt: skip
TEMPLATE = (
    "Month,Tweets,Impressions,Engagements,New followers,Impressions goal,New followers goal\r\n"
    "Jan 2021,949,14400000,216000,5106,13000000,5000\r\n"
)


def said(outcome: Outcome) -> None:
    """What came of an import."""
    if outcome.done:
        lines = outcome.done
        if len(lines) > 3:
            lines = [f"{len(lines)} files are read. Data and imports tells how."]
        st.success("  \n".join(escape(line) for line in lines), icon=":material/check:")
    for name, error in outcome.refused:
        show(error, name)
    if outcome.unknown and not outcome.asking:
        names = ", ".join(escape(name) for name, *_ in outcome.unknown)
        st.warning(f"Not read, as the columns are not known: {names}.")
        st.button("Name the columns", icon=":material/edit:", on_click=lambda: _ask_again(outcome, again=True))


def summary(opened: Opened) -> str:
    """What the figures rest on, in a line."""
    report = opened.history.report.as_dict()
    counted = [kept for kept in opened.imports if kept.undone_at is None]
    parts = [f"{report['kept']:,} rows"]
    if counted:
        parts = [f"{parts[0]} of {count(len(counted), 'import')}", f"the last on {counted[-1].imported_at:%-d %b %Y}"]
    if report["warnings"] or report["errors"]:
        parts.append(f"{count(len(report['warnings']) + len(report['errors']), 'warning')} under Data and imports")
    return f"{', '.join(parts)}."


def ask(outcome: Outcome, on_answer: Callable[[dict[str, str]], None]) -> None:
    """Let a person name the columns of the first unknown table. `on_answer` gets heading -> field."""
    dialog = st.dialog("What do the columns hold?", width="medium", on_dismiss=lambda: _ask_again(outcome, again=False))
    dialog(_mapping)(*outcome.unknown[0], on_answer)


def _ask_again(outcome: Outcome, *, again: bool) -> None:
    outcome.asking = again


def _mapping(name: str, content: bytes, error: UnknownLayout, on_answer: Callable[[dict[str, str]], None]) -> None:
    st.markdown(f"**{escape(name)}**: {escape(sentence(error.message))}")
    with suppress(InputError):
        first = pd.DataFrame(read_grids(name, content)[0].rows[:6]).fillna("").astype(str)
        st.dataframe(
            first.set_axis([str(number) for number in range(1, first.shape[1] + 1)], axis=1),
            hide_index=True,
            alt="The first rows",
        )
    kind = st.segmented_control("Each row is one", tuple(_MAPPED), default="month", required=True, key="mapping-kind")
    headings = [heading for heading in error.header if heading]
    answer: dict[str, str] = {}
    columns = st.columns(2)
    for at, field in enumerate(_MAPPED[str(kind)]):
        chosen = columns[at % 2].selectbox(
            _LABELS.get(field, field.capitalize()), [_NOTHING, *headings], key=f"mapping-{kind}-{field}"
        )
        if chosen != _NOTHING:
            answer[chosen] = field
    enough = len(answer) > 1 and not {"month", "date", "id", "url"}.isdisjoint(answer.values())
    if not enough:
        st.caption("Name the column of the date, and at least one figure.")
    if st.button("Read it so", disabled=not enough, icon=":material/check:", type="primary"):
        on_answer(answer)
        st.rerun()


def draw(opened: Opened, on_undo: Callable[[int, bool], None]) -> None:
    """The whole tab."""
    _imports(opened, on_undo)
    _named_columns()
    _report(opened)
    _checks(opened)
    _downloads(opened)
    if not opened.is_sample:
        _notes(opened)


def _imports(opened: Opened, on_undo: Callable[[int, bool], None]) -> None:
    st.markdown("**Imports**")
    if opened.is_sample:
        st.caption("The sample is made up: it has no imports.")
    many = len(opened.imports) > 6
    box = st.container(height=420 if many else "content", border=many)
    for kept in reversed(opened.imports):
        with box, st.container(horizontal=True, vertical_alignment="center", key=f"import-{kept.id}"):
            origin = "" if kept.origin == "file" else ", Google Sheet"
            state = ", undone" if kept.undone_at else ""
            st.markdown(
                f"{escape(kept.name)}  \n:small[{kept.imported_at:%-d %b %Y, %H:%M} UTC{origin}{state}]",
                width="stretch",
            )
            with st.popover("How it was read"):
                _tables(accounts.import_reports(kept.id))
            st.button(
                "Count it again" if kept.undone_at else "Undo",
                key=f"undo-{kept.id}",
                icon=":material/redo:" if kept.undone_at else ":material/undo:",
                on_click=on_undo,
                args=(kept.id, kept.undone_at is None),
            )


def _named_columns() -> None:
    """What people said of unknown headers, to be taken back."""
    known = accounts.mappings()
    if known:
        with st.expander(f"Columns that were named by hand: {len(known):,}"):
            for number, (header, fields) in enumerate(known.items()):
                with st.container(horizontal=True, vertical_alignment="center"):
                    said_of = ", ".join(f"{heading} = {field.replace('_', ' ')}" for heading, field in fields.items())
                    st.markdown(escape(said_of), width="stretch")
                    st.button("Forget", key=f"forget-{number}", on_click=accounts.forget_mapping, args=(header,))


def _report(opened: Opened) -> None:
    report = opened.history.report.as_dict()
    dropped = ", ".join(f"{number:,} {reason}" for reason, number in report["dropped"].items() if number)
    st.markdown("**How everything was read together**")
    st.markdown(f"{report['rows']:,} rows: {report['kept']:,} kept" + (f"; left out: {dropped}." if dropped else "."))
    for kind, one, icon in (
        ("errors", "error", "block"),
        ("warnings", "warning", "warning"),
        ("guesses", "guess", "help"),
    ):
        if report[kind]:
            few = kind != "guesses" and len(report[kind]) < 6
            title = f"1 {one}" if len(report[kind]) == 1 else f"{len(report[kind]):,} {kind}"
            with st.expander(title, icon=f":material/{icon}:", expanded=few):
                st.markdown("\n".join(f"- {escape(text)}" for text in report[kind][:200]))


def _tables(reports: Sequence[TableReport]) -> None:
    for table in reports:
        dropped = ", ".join(f"{number:,} {reason}" for reason, number in table.dropped.items() if number)
        st.markdown(
            f"**{escape(table.name)}**  \n{sentence(table.read_as)} {table.kept:,} of {table.rows:,} rows, "
            f"{table.first} to {table.last}." + (f" Left out: {dropped}." if dropped else "")
        )
        for text in [*table.warnings, *table.guesses]:
            st.caption(escape(sentence(text)))


def _checks(opened: Opened) -> None:
    checks = opened.history.report.checks
    if checks:
        with st.expander("By tweet against by day"):
            st.caption("By day also counts older posts' activity of that day, so the two differ by some percent.")
            table = pd.DataFrame(checks)
            ratio = table["by-day"] / table["by-tweet"].where(table["by-tweet"] > 0)
            table["difference"] = (ratio - 1).map("{:+.1%}".format)
            st.dataframe(table, hide_index=True, alt="Figures on both bases")


def _downloads(opened: Opened) -> None:
    st.markdown("**Cleaned tables**")
    tables = {"posts": opened.history.posts, "days": opened.history.days, "months": opened.table()}
    with st.container(horizontal=True):
        for name, table in tables.items():
            if len(table):
                cleaned = partial(table.drop, columns=["key", "own_followers"], errors="ignore")
                download(f"{name.capitalize()} (CSV)", cleaned, f"{opened.name}-{name}.csv", key=f"download-{name}")


def _notes(opened: Opened) -> None:
    st.markdown("**Notes on days**", help="What the figures do not show, such as a new policy; charts mark them.")
    for note in opened.notes:
        with st.container(horizontal=True, vertical_alignment="center", key=f"note-{note.id}"):
            st.markdown(f"{note.day:%-d %b %Y}: {escape(note.text)}", width="stretch")
            remove, mark = accounts.delete_note, ":material/close:"
            st.button("Remove", f"unnote-{note.id}", icon=mark, type="tertiary", on_click=remove, args=(note.id,))
    with st.form("note", border=False, clear_on_submit=True):
        day_column, text_column = st.columns([1, 3])
        last = opened.history.posts["day"].max() if len(opened.history.posts) else pd.Timestamp.today()
        day = day_column.date_input("Day", value=last.date())
        text = text_column.text_input("What happened", max_chars=200, placeholder="Cut down to 30 tweets a day")
        if st.form_submit_button("Add the note") and text.strip():
            accounts.add_note(opened.name, day, text)
            st.rerun()


def connect(on_link: Callable[[str], None]) -> None:
    """Connect a Google Sheet, with the template to copy."""
    with st.popover("Google Sheet", icon=":material/table_chart:"):
        st.markdown(
            "Paste the link of a sheet that is shared by link or published to the web. A private sheet works when this "
            "server has a service account: share the sheet with its address."
        )
        with st.form("sheet", border=False, clear_on_submit=True):
            link = st.text_input("Link", placeholder="https://docs.google.com/spreadsheets/d/...")
            if st.form_submit_button("Read the sheet", icon=":material/sync:") and link.strip():
                on_link(link)
                st.rerun()
        st.caption("No sheet yet? Paste these headings, goals and example row into an empty one, or download them:")
        st.code(TEMPLATE.replace(",", "\t").replace("\r", ""), language=None)
        download("Template (CSV)", TEMPLATE, "tweets-template.csv")
