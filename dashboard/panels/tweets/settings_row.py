"""What a visitor chooses for the whole Tweets page: account, month, basis, time zone."""

from collections.abc import Callable
from zoneinfo import available_timezones

import streamlit as st

from dashboard.account import SAMPLE, Opened
from dashboard.problems import show
from dashboard.text import escape, month_name
from engine.errors import TallyError
from engine.store import accounts
from engine.tweets.metrics import BASES, Basis, Month

_AUTOMATIC = "automatic"


def account(current: str | None, on_choose: Callable[[str | None], None]) -> None:
    """The picker of accounts, with what is set about one."""
    names = [*accounts.list_accounts(), SAMPLE]
    if current not in names:  # none yet, or deleted in another tab
        shared = st.query_params.get("account")
        current = shared if shared in names else names[0] if len(names) > 1 else None
        if current is not None:
            on_choose(current)
    if current is not None:
        st.query_params["account"] = current  # so that the address can be shared
    key = f"account-{len(names)}-{current}"  # drawn anew when accounts come and go
    st.selectbox(
        "Account",
        names,
        index=names.index(current) if current in names else None,
        key=key,
        placeholder="None yet",
        width=175,
        on_change=lambda: on_choose(st.session_state[key]),
    )
    with st.popover("Settings", icon=":material/settings:", key=f"settings-{current}"):
        _settings(current, on_choose)


def _settings(current: str | None, on_choose: Callable[[str | None], None]) -> None:
    zones = sorted(available_timezones())
    if current not in (None, SAMPLE):
        found = accounts.account(str(current))
        zone = st.selectbox(
            "Time zone",
            zones,
            index=zones.index(found.time_zone) if found.time_zone in zones else None,
            key=f"zone-{current}",
            help="For posts with a time of day: exports give it in UTC. Dates without a time stay as they are.",
        )
        if zone and zone != found.time_zone:
            accounts.change_account(str(current), time_zone=zone)
            st.rerun()
    st.segmented_control(
        "Count by",
        (_AUTOMATIC, *BASES),
        default=_AUTOMATIC,
        required=True,
        key="tweets-basis",
        bind="query-params",
        persist_state="session",
        format_func=str.capitalize,
        help="By tweet: all a post ever got, in its month. By day: what happened in the month, older posts too. "
        "Automatic takes by tweet where there are posts, and by day elsewhere.",
    )
    with st.form("new-account", border=False, clear_on_submit=True):
        name = st.text_input("New account", max_chars=120, placeholder="Its name")
        if st.form_submit_button("Make the account", icon=":material/add:"):
            try:
                accounts.create_account(name)
            except TallyError as error:
                show(error)
            else:
                on_choose(name.strip())
                st.rerun()
    if current not in (None, SAMPLE):
        sure = st.checkbox(f"Delete {escape(str(current))} with everything imported", key=f"sure-{current}")
        if st.button("Delete the account", disabled=not sure, icon=":material/delete:"):
            accounts.delete_account(str(current))
            on_choose(None)
            st.rerun()


def basis() -> Basis | None:
    """What the months are counted by; None where Tally chooses."""
    chosen = str(st.session_state.get("tweets-basis") or _AUTOMATIC).lower()
    return next((one for one in BASES if one == chosen), None)


def month(opened: Opened) -> Month:
    """The month that the page is about: the newest with figures unless another is chosen."""
    names = [one.month for one in reversed(opened.months)]
    if st.session_state.pop("tweets-newest", False) or st.session_state.get("tweets-month") not in names:
        st.session_state["tweets-month"] = names[0]
    chosen = st.selectbox(
        "Month", names, key="tweets-month", format_func=month_name, width=125, persist_state="session"
    )
    return opened.month(chosen or names[0])
