"""The tab "Posts": the best and the worst, when they were made, and days that stand out."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboard.account import Opened, series_of
from dashboard.charts import tweets as figures
from dashboard.panels.tweets.words import LABELS, chart, numbers
from dashboard.text import count, short
from engine.tweets.breaks import anomalies, change_points, definition_changes
from engine.tweets.posts import hours, ranked, spread

_SHOWN = 20  # posts in a list
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def draw(opened: Opened) -> None:
    """The whole tab."""
    posts = opened.history.posts
    if posts.empty:
        st.info("This needs an export by tweet: import one under Data and imports.")
    else:
        _lists(posts)
        _spread(posts)
        _hours(posts)
    _days(opened)


def _lists(posts: pd.DataFrame) -> None:
    which, by, kind = st.columns(3)
    order = which.segmented_control("Show", ("Best", "Worst"), default="Best", required=True, key="which-posts")
    best = order == "Best"
    measure = by.segmented_control(
        "By",
        ("impressions", "rate"),
        default="impressions",
        required=True,
        key="posts-by",
        format_func={"impressions": "Reach", "rate": "Engagement rate"}.__getitem__,
        help="Reach: against what posts of its type usually got at the time. Engagement rate: its lower bound, drawn "
        "towards the rate of its type the fewer impressions it has, so that a lucky post with ten views does not lead.",
    )
    types = ["all", *posts["type"].value_counts().index]
    chosen = kind.selectbox("Type", types, key="posts-type", help="Replies start with @. Compare like with like.")
    as_of, only = posts["day"].max().date() + timedelta(days=1), None if chosen == "all" else chosen
    found = ranked(posts, as_of=as_of, best=best, by="rate" if measure == "rate" else "impressions", type=only)
    if found.empty:
        old = "" if best else " The worst are looked for among posts a week old with 100 impressions or more."
        st.info(f"There are too few posts to compare.{old}")
        return
    st.dataframe(
        _list(found.head(_SHOWN)),
        hide_index=True,
        alt=f"The {'best' if best else 'worst'} posts by {measure}",
        column_config={
            "impressions": st.column_config.NumberColumn(format="localized"),
            "engagements": st.column_config.NumberColumn(format="localized"),
            "rate": st.column_config.NumberColumn("rate", format="percent"),
            "at least": st.column_config.NumberColumn(format="percent", help="lower bound of the rate"),
            "post": st.column_config.TextColumn(width="large"),
            "link": st.column_config.LinkColumn(display_text="open"),
            "day": st.column_config.DateColumn(format="DD MMM YYYY"),
        },
    )


def _list(found: pd.DataFrame) -> pd.DataFrame:
    table = found.filter(["day", "type", "text", "impressions", "engagements"]).rename(columns={"text": "post"})
    if "excess" in found:
        table["times the usual"] = (2.718281828 ** found["excess"]).round(1)
    if "low" in found:
        table["rate"], table["at least"] = found["rate"], found["low"]
    if "url" in found:
        table["link"] = found["url"].where(found["url"].str.match(r"https?://(www\.)?(twitter|x)\.com/", na=False))
    return table


def _spread(posts: pd.DataFrame) -> None:
    found = spread(posts)
    if found:
        st.caption(
            f"{count(found.posts, 'post')}: {short(found.mean)} impressions each on average "
            f"({short(found.low)} to {short(found.high)}), {short(found.median)} in the median. "
            f"The top 5 % hold {found.top_share * 100:.0f} % of all impressions."
        )


def _hours(posts: pd.DataFrame) -> None:
    found = hours(posts)
    st.markdown("**Weekday and hour**")
    st.markdown(found.sentence)
    if found.p_value is None:
        return
    table = found.grid.assign(
        day=[_WEEKDAYS[day] for day in found.grid["weekday"]],
        block=[f"{hour:02}-{hour + 4:02} h" for hour in found.grid["hour"]],
    )
    grid = table.pivot(index="day", columns="block", values="effect").reindex(_WEEKDAYS)
    counts = table.pivot(index="day", columns="block", values="n").reindex(_WEEKDAYS).fillna(0)
    chart(figures.hours(grid, counts), "hours", found.sentence)


def marks(opened: Opened) -> list[figures.Mark]:
    """Days that a chart should mark: the export's definition changed, or the visitor noted something."""
    names = {"old": "old export", "new": "new export", "sheet": "own sheet"}
    changes = [
        (f"{day}", f"{names[old]} to {names[new]}")
        for frame in (opened.history.posts, opened.history.days)
        if not frame.empty
        for day, old, new in definition_changes(frame)
    ]
    return [*dict.fromkeys(changes), *((f"{note.day}", note.text[:40]) for note in opened.notes)]


def _days(opened: Opened) -> None:
    st.markdown("**Days that stand out**")
    metric = st.selectbox(
        "Metric", ("impressions", "engagements", "new_followers"), format_func=LABELS.__getitem__, key="days-metric"
    )
    month = next((one for one in reversed(opened.months) if one.source.get(metric)), opened.months[-1])
    series = series_of(opened, metric, month)
    if series.empty:
        st.info("No file holds this by day.")
        return
    odd = anomalies(series)
    turns = change_points(series)
    said = [f"{count(len(odd), 'day')} far from what was to be expected"]
    if turns:
        said.append(f"the level changed about {', '.join(f'{day:%-d %b %Y}' for day in turns)}")
    sentence = f"{LABELS[metric]}: {'; '.join(said)}."
    st.markdown(sentence)
    drawn = [*marks(opened), *((f"{day}", "level changed") for day in turns)]
    days = [pd.Timestamp(day).date() for day in odd["day"]]
    chart(figures.days(series, days, drawn, metric), "days", sentence)
    if len(odd):
        numbers(odd.round({"expected": 0, "z": 1}), "Days that stand out")
