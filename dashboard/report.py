"""The report of a month as one HTML file, with its charts, that opens anywhere."""

from functools import partial
from html import escape

import streamlit as st

from dashboard.account import Opened
from dashboard.charts import Figure, as_html
from dashboard.charts import tweets as figures
from dashboard.downloads import csv
from dashboard.panels.tweets import month
from dashboard.panels.tweets.words import LABELS, split_change, story
from dashboard.text import change, month_name, short
from engine.tweets.daily import of_months
from engine.tweets.goals import Outcome
from engine.tweets.metrics import Month

_HEAD = "<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430}
table{border-collapse:collapse}td,th{padding:.25rem .75rem;border-bottom:1px solid #d5dbe1;text-align:right}
td:first-child,th:first-child{text-align:left}small{color:#5b6c7d}"""


def download(opened: Opened, chosen: Month, aims: dict[str, Outcome]) -> None:
    """The buttons for the report and its figures."""
    with st.popover("Report", icon=":material/download:"):
        page, table = partial(html, opened, chosen, aims), partial(csv, opened.table())
        name = f"{opened.name}-{chosen.month}.html"
        st.download_button("HTML: the month with its charts", page, name, "text/html", on_click="ignore")
        st.download_button("CSV: all months", table, f"{opened.name}-months.csv", "text/csv", on_click="ignore")


def html(opened: Opened, chosen: Month, aims: dict[str, Outcome]) -> str:
    """The report. Charts carry their own program, so that the file needs no network."""
    previous = opened.before(chosen)
    body = [f"<h1>{escape(month.headline(chosen, aims))}</h1>"]
    sample = "Sample account: made up, no real posts. " if opened.is_sample else ""
    whole = "" if chosen.complete is not False else " The month is not over or not wholly covered."
    body.append(f"<p><small>{sample}{escape(opened.name)}, {month_name(chosen.month)}.{whole}</small></p>")
    body.append(_figures(chosen, previous))
    if previous:
        told = story(of_months([previous]), of_months([chosen]))
        body.append(f"<p>Against {month_name(previous.month)}: {escape(told)}</p>")
    for metric, aim in aims.items():
        body.append(f"<h2>{LABELS[metric]}: goal {figures.figure_text(aim.target, metric)}, {aim.status}</h2>")
        body.append(f"<p>{escape(month.standing(opened, chosen, aim))}</p>")
    charts = _charts(opened, chosen, previous, aims)
    for number, (title, figure) in enumerate(charts):
        body.append(f"<h2>{escape(title)}</h2>{as_html(figure, with_program=number == 0)}")
    report = opened.history.report.as_dict()
    body.append(f"<p><small>{report['rows']:,} rows read, {report['kept']:,} kept. ")
    body.append(escape("; ".join(report["warnings"][:20])) + "</small></p>")
    title = f"{escape(opened.name)}, {month_name(chosen.month)}"
    return f"{_HEAD}<title>{title}</title><style>{_STYLE}</style>{''.join(body)}"


def _figures(chosen: Month, previous: Month | None) -> str:
    rows = []
    for name in month.CARDS:
        value, old = getattr(chosen, name), getattr(previous, name) if previous else None
        against = change(old, value) if old and value is not None else ""
        rows.append(
            f"<tr><td>{LABELS[name]}<td>{figures.figure_text(value, name)}<td>{figures.exact(value, name)}<td>{against}"
        )
    then = month_name(previous.month) if previous else ""
    head = f"<tr><th>{month_name(chosen.month)}<th><th>exactly<th>{then and f'on {then}'}"
    return f"<table>{head}{''.join(rows)}</table>"


def _charts(
    opened: Opened, chosen: Month, previous: Month | None, aims: dict[str, Outcome]
) -> list[tuple[str, Figure]]:
    charts: list[tuple[str, Figure]] = []
    for metric, aim in aims.items():
        if found := month.course(opened, chosen, metric, aim.target):
            known, line, end = found
            title = f"{LABELS[metric]}: the way to {short(aim.target)}"
            charts.append((title, figures.pace(known, line, aim.target, end)))
    names = [one.month for one in opened.months]
    for metric in ("impressions", "new_followers", "engagement_rate"):
        if any(getattr(one, metric) is not None for one in opened.months):
            goals = [opened.goals.get((name, metric)) for name in names]
            charts.append((f"{LABELS[metric]} by month", figures.trend(opened.months, goals, [], metric)))
    if previous:
        for name in ("impressions", "new_followers"):
            found_change = split_change(name, of_months([previous]), of_months([chosen]))
            if found_change:
                periods = (month_name(previous.month), month_name(chosen.month))
                charts.append((f"{LABELS[name]}: what changed", figures.waterfall(found_change, periods, name)))
    return charts
