"""The sentences, names and elements that the tabs of the Tweets page share."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.text import capital, change, short, times
from engine.tweets.change import Change, decompose

LABELS = {
    "tweets": "Tweets",
    "impressions": "Impressions",
    "impressions_per_tweet": "Impressions per tweet",
    "new_followers": "New followers",
    "followers_per_tweet": "New followers per tweet",
    "engagements": "Engagements",
    "engagement_rate": "Engagement rate",
    "new_followers by reach": "New followers, by reach",
}
Sums = Mapping[str, float | None]


# How each total is a product: factor in words -> the sum that it leads to, and that the next ratio is over.
_REACH = {"tweets": "tweets", "impressions per tweet": "impressions"}
SPLITS = {
    "impressions": _REACH,
    "new_followers": {"tweets": "tweets", "new followers per tweet": "new_followers"},
    "new_followers by reach": _REACH | {"new followers per impression": "new_followers"},
    "engagements": _REACH | {"engagement rate": "engagements"},
}


def chart(figure: charts.Figure, key: str, alt: str) -> None:
    """A chart; `alt` says what it shows."""
    st.plotly_chart(figure, key=key, config=charts.CONFIG, alt=alt)


def numbers(table: pd.DataFrame, alt: str, **options: Any) -> None:
    """The figures that a chart shows."""
    with st.expander("Show the numbers"):
        st.dataframe(table, hide_index=True, alt=alt, **options)


def split_change(name: str, before: Sums, after: Sums) -> Change | None:
    """The change of a total split into its factors; None where a figure is missing on one side."""
    chains = [_chain(SPLITS[name], sums) for sums in (before, after)]
    return decompose(*chains) if chains[0] and chains[1] else None  # type: ignore[arg-type]


def _chain(split: Mapping[str, str], sums: Sums) -> dict[str, float] | None:
    values, over = {}, 1.0
    for factor, total in split.items():
        value = sums[total]
        if value is None:
            return None
        values[factor] = value / over if over else 0.0
        over = value
    return values


def story(before: Sums, after: Sums) -> str:
    """What changed, in a sentence or two; empty where too little is known."""
    parts = []
    old, new = (before["impressions"], after["impressions"])
    tweets = (before["tweets"], after["tweets"])
    if old and new and tweets[0] and tweets[1]:
        ratio, posts = new / old, tweets[1] / tweets[0]
        joined = "with" if (ratio > 1) != (posts > 1) else "and"
        parts.append(f"{capital(_amount(ratio))} impressions {joined} {_amount(posts)} tweets.")
    followers = split_change("new_followers", before, after)
    if followers and followers.before:
        fell = followers.after < followers.before
        amount = change(followers.before, followers.after).lstrip("+\N{MINUS SIGN}")
        causes = [_cause(factor.name, factor.contribution) for factor in followers.factors if factor.contribution]
        parts.append(f"New followers {'fell' if fell else 'rose'} {amount}: {', '.join(causes)}.")
    return " ".join(parts)


def _amount(ratio: float) -> str:
    return "about as many" if abs(ratio - 1) < 0.03 else f"{times(ratio)} the"


def _cause(name: str, contribution: float) -> str:
    more = "more" if contribution > 0 else "fewer" if name == "tweets" else "less"
    what = f"{more} tweets" if name == "tweets" else f"{more} per tweet"
    return f"{what} {'brought' if contribution > 0 else 'cost'} {short(abs(contribution))}"
