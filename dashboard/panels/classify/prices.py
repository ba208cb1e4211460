"""The tab "Prices": a table of sold items in, a range for each class out."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.downloads import download
from dashboard.dropzone import dropzone
from dashboard.measured import once
from dashboard.panels.classify import changes
from dashboard.text import count, escape, percent, sentence
from engine.listings.policy import Policy
from engine.listings.price import TEMPLATE, Prices
from engine.listings.table import plain
from engine.listings.vote import readable
from engine.store import database
from engine.store.terms import terms_in_force

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_UNKNOWN = 20  # names that no class knows, shown at once
state = st.session_state


@dataclass(frozen=True)
class _Dropped:
    name: str
    content: bytes
    prices: Prices


def draw(model: "Classifier") -> None:
    """The whole tab."""
    state.setdefault("prices_drops", 0)  # counts what was dropped: each drop gets a fresh, empty uploader
    state.setdefault("prices_dropped", None)  # read, and not in force yet
    terms = terms_in_force(model)
    dropped: _Dropped | None = state.prices_dropped
    prices = dropped.prices if dropped else terms.prices
    of = hashlib.sha256(dropped.content).hexdigest() if dropped else (database.address(), terms.version)
    policy = terms.policy_for(model.classes)
    table = once(lambda: _table(prices, policy), "prices", model.id, terms.version, of) if prices else None
    st.title(_headline(table))
    changes.outcome()
    if dropped:
        st.caption(f"Read from {escape(dropped.name)}; not in use yet.")
        changes.who()
        with st.container(horizontal=True):
            summary = f"{count(len(dropped.prices.sales), 'sale')} from {dropped.name}"
            changes.accept_button("Use these prices", "prices", dropped.content, summary, _forget)
            st.button("Put it away", icon=":material/close:", on_click=_forget)
    elif made := prices and changes.standing("prices"):
        st.caption(f"In use: {escape(made.summary)}. {changes.said_of(made)}.")
        changes.who()
        changes.roll_back_button(made, "Stop using")
    else:
        st.markdown(
            "Tally names a price only from what such things sold for. Drop a table of **sold items**: a label and a "
            "price in each row, and if you have them currency, condition and date. From nine sales on a class gets "
            "a range, with the share of the next sales that it covers. Without a table there is no price."
        )
    _uploader()
    if prices and table is not None:
        _account(prices, policy)
        _ranges(table)


def _headline(table: pd.DataFrame | None) -> str:
    if table is None:
        return "What do such things sell for?"
    priced = int(table["low"].notna().sum())
    return f"{priced:,} of {len(table):,} classes {'has' if priced == 1 else 'have'} a price"


def _forget() -> None:
    state.prices_dropped = None


def _uploader() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with dropzone():
            files = st.file_uploader(
                "Sold items (CSV, XLSX, ODS)",
                accept_multiple_files=True,
                key=f"prices-{state.prices_drops}",
                help="The columns label and price, and where known currency, condition and date.",
            )
        download("Template (CSV)", TEMPLATE, "sold-items.csv")
    if files:
        state.prices_drops += 1
    changes.take_table(files, "prices", _read)


def _read(name: str, content: bytes) -> None:
    state.prices_dropped = _Dropped(name, content, Prices.read(content, name))


def _account(prices: Prices, policy: Policy) -> None:
    """How the table was read."""
    left = ", ".join(f"{reason} ({number:,})" for reason, number in prices.left_out.items())
    out = count(sum(prices.left_out.values()), "row")
    st.markdown(f"{count(len(prices.sales), 'sale')} read" + (f"; {out} left out: {escape(left)}." if left else "."))
    for guess in prices.guesses:
        st.caption(f":material/help: {sentence(escape(guess))}")
    known = {plain(label) for label in (*policy.classes, *policy.names)}
    strangers = sorted({sale.label for sale in prices.sales} - known)
    if strangers:
        lines = []
        for name in strangers[:_UNKNOWN]:
            near = get_close_matches(name, known, n=1)
            lines.append(f"{escape(name)}" + (f" (perhaps {escape(readable(near[0]))})" if near else ""))
        more = f", and {len(strangers) - _UNKNOWN:,} more" if len(strangers) > _UNKNOWN else ""
        st.warning(f"The model knows no class of these names, so nothing gets their prices: {', '.join(lines)}{more}.")


def _table(prices: Prices, policy: Policy) -> pd.DataFrame:
    """A row a class, those with most sales first."""
    sales, rows = Counter(sale.label for sale in prices.sales), []
    for name in policy.names:
        classes = policy.members(name)
        quote = prices.range(name, classes=classes)
        given = quote.price
        rows.append(
            {
                "class": readable(name),
                "low": given.low if given else None,
                "high": given.high if given else None,
                "currency": given.currency if given else "",
                "sales": given.n if given else sum(sales[label] for label in {*map(plain, (name, *classes))}),
                "covers": percent(given.coverage) if given else "",
                "what it rests on": sentence(quote.sentence),
            }
        )
    return pd.DataFrame(rows).astype({"low": float, "high": float}).sort_values("sales", ascending=False, kind="stable")


def _ranges(table: pd.DataFrame) -> None:
    wanted = st.text_input(
        "Class", placeholder="Search a class", key="prices-class", label_visibility="collapsed", width=260
    )
    st.dataframe(
        table[table["class"].str.contains(wanted.strip().lower(), regex=False)],
        hide_index=True,
        placeholder="",
        key="prices-table",
        column_config={
            "low": st.column_config.NumberColumn(format="%.2f"),
            "high": st.column_config.NumberColumn(format="%.2f"),
            "what it rests on": st.column_config.TextColumn(width="large"),
        },
        alt="Price range, sales and coverage by class",
    )
    download("CSV: a row a class", table, "prices.csv")
