"""Am I getting better per tweet, and will I make this month's goal?"""

import streamlit as st

from dashboard.account import SAMPLE, open_account
from dashboard.dropzone import dropzone
from dashboard.imports import Outcome, import_files, import_sheet
from dashboard.panels.tweets import changed, data, month, posts, reach, settings_row
from dashboard.panels.tweets.words import story
from dashboard.problems import show
from dashboard.report import download
from dashboard.text import month_name
from dashboard.uploads import admit_tables
from engine import settings
from engine.errors import TallyError
from engine.store import accounts
from engine.tweets.daily import of_months
from engine.tweets.rows import signature

TABS = ("Month and goals", "What changed", "Engagement and reach", "Posts", "Data and imports")

state = st.session_state
state.setdefault("tweets_drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader
state.setdefault("tweets_outcome", None)  # what came of the last import
state.setdefault("tweets_account", None)


def look_at(name: str | None) -> None:
    state.tweets_account = name
    state.tweets_outcome = None


def imported(outcome: Outcome) -> None:
    state.tweets_outcome = outcome
    if outcome.done:
        state.tweets_account = outcome.account
    state["tweets-newest"] = True  # show the newest month, which may be a new one


def read_link(link: str) -> None:
    with st.spinner("Asking Google for the sheet"):
        imported(import_sheet(link, state.tweets_account or SAMPLE))


def name_columns(answer: dict[str, str]) -> None:
    """A person said what the columns of the first unknown file hold: read all waiting files again."""
    asked: Outcome = state.tweets_outcome
    header = signature(asked.unknown[0][2].header)
    if asked.link:
        outcome = import_sheet(asked.link, asked.account, {header: answer})
    else:
        waiting = [(name, content) for name, content, _ in asked.unknown]
        outcome = import_files(waiting, asked.account, {header: answer})
    if outcome.done:  # an answer that leads nowhere is not remembered
        accounts.remember_mapping(header, answer)
    imported(outcome)


def undo(import_id: int, undone: bool) -> None:
    accounts.undo_import(import_id, undone=undone)
    state.tweets_outcome = None


def demote(reason: str | None) -> None:
    if state.tweets_account in (None, SAMPLE):
        state.sample_demoted = reason
    else:
        accounts.change_account(state.tweets_account, rate_demoted=reason)


top = st.container()
files_column, rest_column = st.columns([3, 8], vertical_alignment="bottom")
with files_column, dropzone():
    files = st.file_uploader(
        "Exports and spreadsheets (CSV, TSV, XLSX, ODS)",
        accept_multiple_files=True,
        key=f"tables-{state.tweets_drops}",
        help="Drop or paste several at once, in any mix, anywhere on this page: exports of X by tweet, by day, content "
        "or account overview, old and new, and your own sheets by month. "
        f"Up to {settings.REQUEST_MEGABYTES} MB a file; larger ones by `tally tweets FILE --save --account NAME`.",
    )
tools = rest_column.container(horizontal=True, vertical_alignment="bottom")
cards = st.container()
try:
    with tools:
        settings_row.account(state.tweets_account, look_at)
        data.connect(read_link)
    if files:
        state.tweets_drops += 1
        given = admit_tables(files)
        with st.spinner(f"Reading {len(given)} files"):
            imported(import_files(given, state.tweets_account or SAMPLE))
        st.rerun()

    if problem := state.pop("tweets_problem", None):
        with top:
            show(problem)
    if outcome := state.tweets_outcome:
        with top:
            data.said(outcome)
        if outcome.unknown and outcome.asking:
            data.ask(outcome, name_columns)

    name = state.tweets_account
    opened = open_account(name, settings_row.basis()) if name else None
except TallyError as error:
    with top:
        show(error)
    st.stop()

if opened is None or not opened.months:
    with top:
        st.title("Are you getting better per tweet?")
        st.markdown(
            "Drop your exports of X or a spreadsheet of your own anywhere on this page. You see each month's "
            "impressions, new followers and engagement against your goals, what changed and why, and how far the "
            "numbers can be trusted."
        )
    if opened is not None:
        st.info("Nothing counts in this account yet. Drop an export or connect a Google Sheet.")
        if opened.imports:
            data.draw(opened, undo)
    else:
        st.markdown("No export at hand? Try the sample: made-up posts with the months of a real creator's story.")
        st.button("Try the sample account", icon=":material/draw:", on_click=look_at, args=(SAMPLE,))
    st.stop()

with tools:
    chosen = settings_row.month(opened)
    aims = month.outcomes(opened, chosen)
    download(opened, chosen, aims)
with top:
    st.title(month.headline(chosen, aims))
    whole = opened.complete_months()
    with st.container(horizontal=True, vertical_alignment="center"):
        if opened.is_sample:
            st.badge("Sample: made up, no real posts", icon=":material/draw:", color="grey")
        if len(whole) > 1:
            since = f"{month_name(whole[-1].month)} against {month_name(whole[0].month)}"
            st.markdown(f"{since}: {story(of_months(whole[:1]), of_months(whole[-1:]))}", width="stretch")
    st.caption(data.summary(opened))
with cards:
    month.cards(opened, chosen)

tabs = dict(zip(TABS, st.tabs(TABS, key="tweets-tab", on_change="rerun"), strict=True))
with tabs["Month and goals"] as tab:
    if tab.open:
        month.trend(opened, [(day[:7], words) for day, words in posts.marks(opened)])
        month.goals(opened, chosen, aims)
        if opened.is_sample:
            st.caption("Goals of the sample stay as they are; in an account of your own you set them here.")
        else:
            month.edit(opened, chosen)
with tabs["What changed"] as tab:
    if tab.open and (periods := changed.choose(opened, "change")):
        changed.draw(*periods)
with tabs["Engagement and reach"] as tab:
    if tab.open:
        if periods := changed.choose(opened, "reach", changed.KINDS[:2]):
            reach.draw(opened, *periods)
        reach.demote(opened, demote)
with tabs["Posts"] as tab:
    if tab.open:
        posts.draw(opened)
with tabs["Data and imports"] as tab:
    if tab.open:
        data.draw(opened, undo)
