"""Charts of the Tweets page. Colours come from the theme; titles stand above the charts, where they can wrap."""

from collections.abc import Sequence
from datetime import date
from itertools import accumulate

import pandas as pd
import plotly.graph_objects as go

from dashboard.text import month_name, share, short, signed
from engine.tweets.change import Change
from engine.tweets.forecast import Forecast
from engine.tweets.metrics import Month
from engine.tweets.reach import Elasticity

RATES = ("engagement_rate",)
_HEIGHT = 320  # px
_NEUTRAL = "#7A8794"  # legible on both themes
_FAINT = {"line_dash": "dot", "line_color": _NEUTRAL, "line_width": 1}
Mark = tuple[str, str]  # a month or day, and the words beside the line that marks it


def trend(months: Sequence[Month], goals: Sequence[float | None], marks: Sequence[Mark], metric: str) -> go.Figure:
    """A metric by month as bars, its goals as strokes; a month that is not whole is paler."""
    names = [month_name(month.month) for month in months]
    values = [getattr(month, metric) for month in months]
    figure = go.Figure()
    figure.add_bar(
        x=names,
        y=values,
        text=[figure_text(value, metric, "") for value in values],
        textposition="outside",
        cliponaxis=False,
        marker={"opacity": [0.45 if month.complete is False else 1.0 for month in months]},
        name=metric,
        customdata=[f"{exact(getattr(m, metric), metric)}{', in part' if m.complete is False else ''}" for m in months],
        hovertemplate="%{x}: %{customdata}<extra></extra>",
    )
    aims = [(name, goal) for name, goal in zip(names, goals, strict=True) if goal is not None]
    if aims:
        figure.add_scatter(
            x=[name for name, _ in aims],
            y=[goal for _, goal in aims],
            mode="markers",
            name="goal",
            marker={"symbol": "line-ew-open", "size": 34, "line": {"width": 3}},
            customdata=[exact(goal, metric) for _, goal in aims],
            hovertemplate="goal of %{x}: %{customdata}<extra></extra>",
        )
    for at, words in marks:
        if month_name(at) in names:
            _mark(figure, names.index(month_name(at)) - 0.5, words)
    top = max([value for value in [*values, *goals] if value is not None], default=1.0)
    _shape(figure, metric)
    figure.update_yaxes(range=[0, (top or 1) * 1.18], tickformat=".1%" if metric in RATES else "~s")
    return figure


def pace(known: pd.Series, line: pd.Series, target: float, forecast: Forecast | None) -> go.Figure:
    """A month's running total, the way to its goal, and where it will end."""
    figure = go.Figure()
    _line(figure, line, "goal", "goal by %{x|%d %b}: %{y:.3s}", dash="dot")
    total = known.cumsum()
    _line(figure, total, "so far", "by %{x|%d %b}: %{y:.3s}", width=3)
    end = line.index[-1]
    if forecast is not None and len(total):
        at, now = total.index[-1], float(total.iloc[-1])
        figure.add_scatter(
            x=[at, end, end, at],
            y=[now, forecast.high, forecast.low, now],
            fill="toself",
            mode="none",
            opacity=0.35,
            name="forecast",
            hoverinfo="skip",
        )
        likely = pd.Series([now, forecast.mid], [at, end])
        _line(figure, likely, "forecast", "likely by %{x|%d %b}: %{y:.3s}", dash="dash")
        _label(figure, end, forecast.mid, f"likely {short(forecast.mid)}", above=forecast.mid >= target)
    _label(figure, end, target, f"goal {short(target)}", above=forecast is None or forecast.mid < target)
    _shape(figure, "", margin_r=96)
    figure.update_xaxes(tickformat="%-d %b")
    figure.update_yaxes(rangemode="tozero", tickformat="~s")
    return figure


def _label(figure: go.Figure, x: object, y: float, text: str, *, above: bool) -> None:
    """Words at the end of a line, to its right; two of them keep apart."""
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, xanchor="left", xshift=6, yshift=8 if above else -8)


def waterfall(change: Change, names: Sequence[str], unit: str) -> go.Figure:
    """A total before, what each factor brought or cost, and the total after."""
    figure = go.Figure()
    rows = [names[0], *[factor.name for factor in change.factors], names[1]]
    steps = [factor.contribution for factor in change.factors]
    levels = [*accumulate(steps, initial=change.before)]
    values, bases = [change.before, *steps, change.after], [0.0, *levels[:-1], 0.0]
    kinds = ["total", *("cost" if step < 0 else "brought" for step in steps), "total"]
    for name in ("total", "cost", "brought"):
        bars = [row for row, kind in enumerate(kinds) if kind == name]
        figure.add_bar(
            name=name,
            y=bars,
            x=[values[row] for row in bars],
            base=[bases[row] for row in bars],
            orientation="h",
            width=0.72,
            text=[short(values[row]) if name == "total" else signed(values[row]) for row in bars],
            textposition="inside",
            insidetextanchor="middle",
            textfont={"size": 12},
            constraintext="none",
            textangle=0,
            cliponaxis=False,
            customdata=[f"{values[row]:,.0f}" for row in bars],
            hovertext=[rows[row] for row in bars],
            hovertemplate="%{hovertext}: %{customdata}<extra></extra>",
        )
    low, high = min(0.0, *levels), max(0.0, *levels)
    room = 0.16 * (high - low or 1)
    _shape(figure, "", barmode="overlay", height=96 + 44 * len(rows))
    figure.update_xaxes(title=unit, range=[low - (room if low < 0 else 0), high + room], tickformat="~s")
    figure.update_yaxes(
        autorange="reversed", tickvals=list(range(len(rows))), ticktext=rows, automargin=True, ticksuffix=" "
    )
    return figure


def elasticities(found: Sequence[Elasticity]) -> go.Figure:
    """How the engagement rate of each type moves with reach, with its interval; 0 is "not at all"."""
    names = [f"{one.type} ({one.posts:,})" for one in found]
    figure = go.Figure()
    figure.add_scatter(
        x=[one.estimate for one in found],
        y=names,
        mode="markers",
        marker={"size": 11},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.estimate for one in found],
            "arrayminus": [one.estimate - one.low for one in found],
        },
        customdata=[f"{one.estimate:+.2f} ({one.low:+.2f} to {one.high:+.2f})" for one in found],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    figure.add_vline(x=0, **_FAINT)
    _shape(figure, "", height=90 + 44 * len(found))
    figure.update_xaxes(title="% more engagement rate for 1 % more impressions", zeroline=False)
    figure.update_yaxes(autorange="reversed", automargin=True, ticksuffix=" ")
    return figure


def hours(grid: pd.DataFrame, counts: pd.DataFrame) -> go.Figure:
    """Reach by weekday and hour against what was usual then; a cell shows its number of posts."""
    texts = counts.map(lambda number: f"{number:,.0f}" if number else "")
    percent = (2.718281828**grid - 1) * 100
    limit = max(10.0, float(percent.abs().max().max() if percent.notna().any(axis=None) else 10.0))
    figure = go.Figure(
        go.Heatmap(
            z=percent.to_numpy(),
            x=[str(name) for name in grid.columns],
            y=[str(name) for name in grid.index],
            text=texts.to_numpy(),
            texttemplate="%{text}",
            textfont={"color": _NEUTRAL},
            zmid=0,
            colorscale=[[0, "#D98200"], [0.5, "rgba(128,128,128,0.12)"], [1, "#0072B2"]],
            zmin=-limit,
            zmax=limit,
            colorbar={"title": "% reach", "thickness": 12},
            hovertemplate="%{y} %{x}: %{z:+.0f} % (%{text} posts)<extra></extra>",
            hoverongaps=False,
        )
    )
    _shape(figure, "", height=340)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def days(series: pd.Series, odd: Sequence[date], marks: Sequence[Mark], unit: str) -> go.Figure:
    """A metric by day; days far from what was to be expected are marked."""
    figure = go.Figure()
    _line(figure, series, unit, "%{x|%d %b %Y}: %{y:,.0f}", width=1.5)
    points = series[series.index.isin([pd.Timestamp(day) for day in odd])]
    figure.add_scatter(
        x=list(points.index),
        y=list(points),
        mode="markers",
        marker={"size": 10, "symbol": "circle-open", "line": {"width": 2}},
        name="unusual",
        hovertemplate="%{x|%d %b %Y}: %{y:,.0f}, unusual<extra></extra>",
    )
    for at, words in marks:
        _mark(figure, pd.Timestamp(at).timestamp() * 1000, words)
    _shape(figure, unit)
    figure.update_yaxes(rangemode="tozero", tickformat="~s")
    return figure


def figure_text(value: float | None, unit: str, missing: str = "not known") -> str:
    """A figure at a glance, a rate in percent."""
    if value is None:
        return missing
    return share(value) if unit in RATES else short(value)


def exact(value: float | None, unit: str) -> str:
    """A figure in full."""
    if value is None:
        return "not known"
    return f"{value * 100:.3f} %" if unit in RATES else f"{value:,.10g}"


def _line(figure: go.Figure, series: pd.Series, name: str, hover: str, **style: object) -> None:
    figure.add_scatter(
        x=list(series.index),
        y=list(series),
        mode="lines",
        line=style,
        name=name,
        hovertemplate=f"{hover}<extra></extra>",
    )


def _mark(figure: go.Figure, x: float, words: str) -> None:
    """A line that parts what is left of it from what is right."""
    figure.add_vline(x=x, annotation_text=words, annotation_font_size=11, **_FAINT)


def _shape(figure: go.Figure, y_title: str, **layout: object) -> None:
    figure.update_layout(
        height=_HEIGHT, margin={"l": 0, "r": 16, "t": 24, "b": 40}, showlegend=False, bargap=0.35, dragmode=False
    )
    figure.update_layout(**layout)
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(title=y_title.replace("_", " ") or None, fixedrange=True)
