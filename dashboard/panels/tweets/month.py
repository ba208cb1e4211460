"""The tab "Month and goals": a month's figures, its goals and where it will end."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboard.account import Opened, forecast_of, series_of
from dashboard.charts import tweets as figures
from dashboard.panels.tweets.words import LABELS, chart, numbers
from dashboard.text import change, month_name, percent, short
from engine.errors import InputError
from engine.store import accounts
from engine.tweets.daily import last_day, of_days
from engine.tweets.forecast import CannotTell, Forecast, goal_line
from engine.tweets.forecast import pace as pace_of
from engine.tweets.goals import METRICS, TOTALS, Outcome, carried_over, outcome, read_target
from engine.tweets.metrics import Month

CARDS = ("impressions", "tweets", "impressions_per_tweet", "new_followers", "followers_per_tweet", "engagement_rate")
_SHORT = {"impressions_per_tweet": "Impr. per tweet", "followers_per_tweet": "Followers per tweet"}  # on a card
_ABOVE = {
    "impressions_per_tweet": "impressions",
    "followers_per_tweet": "new_followers",
    "engagement_rate": "engagements",
}
_SOURCES = {"overview": "from the account overview", "sheet": "from a sheet by hand"}
_STATES = {
    "met": ("met", ":material/check:", "green"),
    "missed": ("missed", ":material/close:", "orange"),
    "on pace": ("on pace", ":material/trending_up:", "green"),
    "behind": ("behind", ":material/trending_down:", "orange"),
    "cannot tell": ("cannot tell", ":material/question_mark:", "grey"),
}
MAIN = "impressions"  # the goal that the headline tells, where there is one
Course = tuple[pd.Series, pd.Series, Forecast | None]  # the known days, the goal by each day, and the likely end


def outcomes(opened: Opened, month: Month) -> dict[str, Outcome]:
    """What became of each goal of a month."""
    return {
        metric: outcome(month, metric, target, forecast_of(opened, metric, month))
        for metric, target in opened.goals_of(month.month).items()
    }


def headline(month: Month, aims: dict[str, Outcome]) -> str:
    """The page's answer: how the month stands."""
    aim = aims.get(MAIN) or next(iter(aims.values()), None)
    if aim is None:
        if month.impressions is None:
            return f"{month_name(month.month)}: impressions are not known"
        rest = "" if month.complete is not False else " so far"
        return f"{short(month.impressions)} impressions in {month_name(month.month)}{rest}"
    what = LABELS[aim.metric].lower()
    if aim.value is None:
        return f"{month_name(month.month)}: {what} are not known"
    if aim.status in ("met", "missed"):
        return f"{figures.figure_text(aim.value, aim.metric)} {what}, goal {aim.status}"
    if aim.status == "cannot tell":
        return f"{short(aim.value)} {what} so far, goal {short(aim.target)}"
    return f"{'On pace' if aim.status == 'on pace' else 'Behind the pace'} for {short(aim.target)} {what}"


def cards(opened: Opened, month: Month) -> None:
    """A card a metric: its figure, the change on the month before, and how it went."""
    before, words = _compared(opened, month)
    names = [name for name in CARDS if name != "engagement_rate" or not opened.rate_demoted]
    history = [one for one in opened.complete_months() if one.month <= month.month][-13:]
    with st.grid("auto", min_column_width=165, gap="small"):
        for name in names:
            value, known = getattr(month, name), [getattr(one, name) for one in history]
            missing = f"No file holds {LABELS[name].lower()} of this month"
            card(
                _SHORT.get(name, LABELS[name]),
                name,
                (before.get(name), value),
                words,
                missing if value is None else f"{figures.exact(value, name)}, {_counted(month, name)}",
                [entry for entry in known if entry is not None],
            )
    if opened.rate_demoted:
        rate = figures.figure_text(month.engagement_rate, "engagement_rate")
        st.caption(f"Engagement rate (not watched): {rate}. {opened.rate_demoted}")


def card(
    label: str,
    name: str,
    pair: tuple[float | None, float | None],
    words: str,
    told: str,
    course: Sequence[float] = (),
    fine: float = 10,
) -> None:
    """One figure, before and now; `words` say what it is compared with. More is better, but for the number of tweets,
    which is the creator's choice. Red is for errors."""
    old, value = pair
    compared = bool(old) and value is not None
    st.metric(
        label,
        figures.figure_text(value, name, "–"),  # noqa: RUF001
        delta=change(old or 0, value or 0, fine=fine).replace("\N{MINUS SIGN}", "-") if compared else None,
        delta_color="grey" if name == "tweets" or not compared else "green" if (value or 0) >= (old or 0) else "orange",
        delta_description=words if compared else None,
        border=True,
        height="stretch",
        help=told,
        chart_data=course if len(course) > 2 else None,
    )


def _counted(month: Month, name: str) -> str:
    base = _ABOVE.get(name, name)
    if base in month.derived:
        return "worked out from the sheet's ratios"
    source = str(month.source.get(base))
    return _SOURCES.get(source, f"counted {source}")


def _compared(opened: Opened, month: Month) -> tuple[dict[str, float | None], str]:
    """The figures a month is compared with: the month before, or for a part of a month the same days of it."""
    previous = opened.before(month)
    last = last_day(opened.history, month)
    if previous is None:
        return {}, ""
    if month.complete is not False or last is None:
        return {name: getattr(previous, name) for name in CARDS}, f"on {previous.period:%b}"
    first = previous.period.start_time.date()
    until = min(first + timedelta(days=last.day - 1), previous.period.end_time.date())
    sums = of_days(opened.history, first, until, previous.source)
    part = Month(previous.month, sums["tweets"], sums["impressions"], sums["engagements"], sums["new_followers"])
    return {name: getattr(part, name) for name in CARDS}, f"{first.day}–{until.day} {until:%b}"  # noqa: RUF001


def goals(opened: Opened, month: Month, aims: dict[str, Outcome]) -> None:
    """Each goal of the month: how it stands, what it asks for each day, and where the month will end."""
    if not aims:
        st.info("No goal is set for this month. Set one below.", icon=":material/flag:")
    for metric, aim in aims.items():
        with st.container(border=True, key=f"goal-{metric}"):
            text, icon, colour = _STATES[aim.status]
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{LABELS[metric]}: goal {figures.figure_text(aim.target, metric)}**", width="content")
                st.badge(text, icon=icon, color=colour)  # type: ignore[arg-type]
            st.markdown(standing(opened, month, aim))
            _pace_chart(opened, month, metric, aim.target)


def standing(opened: Opened, month: Month, aim: Outcome) -> str:
    """A goal's state in sentences."""
    if aim.value is None:
        return f"No file holds {LABELS[aim.metric].lower()} of this month."
    share = "" if aim.share is None else f", {aim.share * 100:.0f} % of the goal"
    parts = [f"{figures.figure_text(aim.value, aim.metric)}{' so far' if month.complete is False else ''}{share}."]
    if aim.metric not in TOTALS:
        return parts[0]
    previous = opened.before(month)
    old = getattr(previous, aim.metric) if previous and previous.complete is not False else None
    last = last_day(opened.history, month) if month.complete is False else month.period.end_time.date()
    asked = pace_of(aim.target, month.period, aim.value if last else None, last, old)
    if asked.days_left and asked.needed_per_day:
        parts.append(f"{asked.days_left} days left: {short(asked.needed_per_day)} a day are needed.")
    if asked.per_day_so_far is not None and asked.days_left:
        parts.append(f"So far it is {short(asked.per_day_so_far)} a day.")
    if asked.change_over_previous is not None and previous:
        parts.append(
            f"The goal is {short(aim.target / asked.days_in_month)} a day over {asked.days_in_month} days, "
            f"{change(1, 1 + asked.change_over_previous)} on {month_name(previous.month)}."
        )
    parts += _outlook(opened, month, aim)
    return " ".join(parts)


def _outlook(opened: Opened, month: Month, aim: Outcome) -> list[str]:
    found = forecast_of(opened, aim.metric, month)
    if found is None or aim.status == "met":
        return []
    if isinstance(found, CannotTell):
        spread = ""
        if found.low and found.high and aim.value:
            ends = [short(aim.value * ratio) for ratio in (found.low, found.high)]
            spread = f" At the pace of past months it ends at {ends[0]} to {ends[1]}."
        return [f"Whether it will be reached cannot be told: {found.reason.rstrip('.')}.{spread}"]
    tested = "not yet tested on past months"
    if found.coverage is not None:
        tested = f"such ranges held in {found.coverage * found.months_tested:.0f} of {found.months_tested} past months"
    return [
        f"Likely end: {short(found.mid)} ({short(found.low)} to {short(found.high)}; {tested}).",
        f"Chance of the goal: {percent(found.probability(aim.target))}.",
    ]


def course(opened: Opened, month: Month, metric: str, target: float) -> Course | None:
    """The way to a goal; None for what does not add up by the day or has no days."""
    series = series_of(opened, metric, month)
    known = series[month.month : month.month]
    if known.empty or metric not in TOTALS:
        return None
    found = forecast_of(opened, metric, month)
    return known, goal_line(series, month.period, target), found if isinstance(found, Forecast) else None


def _pace_chart(opened: Opened, month: Month, metric: str, target: float) -> None:
    found = course(opened, month, metric, target)
    if found is None:
        return
    known, line, end = found
    likely = f", likely end {short(end.mid)}" if end else ""
    said = f"{LABELS[metric]} so far {short(known.sum())} on the way to {short(target)}{likely}."
    chart(figures.pace(known, line, target, end), f"pace-{metric}", said)
    table = pd.DataFrame({"that day": known, "so far": known.cumsum(), "goal by then": line.round()})
    numbers(table.rename_axis("day").reset_index(), f"{LABELS[metric]} by day")


def trend(opened: Opened, marks: list[figures.Mark]) -> None:
    """One metric over all months, with its goals."""
    metric = st.selectbox(
        "Over the months", CARDS, format_func=LABELS.__getitem__, key="trend", persist_state="session"
    )
    names = [month.month for month in opened.months]
    values = [getattr(month, metric) for month in opened.months]
    aims = [opened.goals.get((name, metric)) for name in names]
    known = [(name, value) for name, value in zip(names, values, strict=True) if value is not None]
    if not known:
        st.caption(f"No file holds {LABELS[metric].lower()}.")
        return
    whole = [month.month for month in opened.complete_months()]
    st.markdown(f"**{_finding(metric, [pair for pair in known if pair[0] in whole])}**")
    shown = ", ".join(f"{month_name(name)} {figures.figure_text(value, metric)}" for name, value in known)
    chart(figures.trend(opened.months, aims, marks, metric), "trend-chart", f"{LABELS[metric]} by month: {shown}")
    form = {
        name: st.column_config.NumberColumn(format="percent" if name == "engagement_rate" else "localized")
        for name in METRICS
    }
    numbers(opened.table(), "Figures by month", column_config=form)


def _finding(metric: str, known: list[tuple[str, float]]) -> str:
    if len(known) < 2 or not known[0][1]:
        return f"{LABELS[metric]} by month"
    (first, old), (last, new) = known[0], known[-1]
    return f"{LABELS[metric]}: {change(old, new)} from {month_name(first)} to {month_name(last)}"


def edit(opened: Opened, month: Month) -> None:
    """Set or drop a goal of a month, and see what was set before."""
    next_month = opened.months[-1].period + 1
    options = sorted({str(next_month), *(one.month for one in opened.months)}, reverse=True)
    with st.form("set-goal", border=True):
        when_column, what_column, target_column = st.columns(3)
        when = when_column.selectbox("Month", options, index=options.index(month.month), format_func=month_name)
        metric = what_column.selectbox("Metric", METRICS, format_func=LABELS.__getitem__)
        target = target_column.text_input(
            "Target", placeholder="14.5M", help="14.5M, 5000 or 1.5 %; empty drops the goal"
        )
        if st.form_submit_button("Set the goal", icon=":material/flag:"):
            try:
                accounts.set_goal(opened.name, when, metric, read_target(metric, target))
            except InputError as error:
                st.session_state.tweets_problem = error
            st.rerun()
    old = opened.goals_of(month.month)
    if old:
        to = month.period + 1
        targets = {metric: carried_over(target, metric, month.period, to) for metric, target in old.items()}
        said = [f"{LABELS[name].lower()} {figures.figure_text(value, name)}" for name, value in targets.items()]
        st.caption(f"The same pace in {month_name(str(month.period + 1))} would be: {', '.join(said)}.")
    if opened.goal_log:
        with st.expander("What was set before"):
            st.dataframe(
                pd.DataFrame(
                    {"set": goal.set_at, "month": goal.month, "metric": LABELS[goal.metric], "target": goal.target}
                    for goal in reversed(opened.goal_log)
                ),
                hide_index=True,
                alt="Goals set before",
            )
