"""What charts of shares with their intervals have in common: a point a row, and the axes around them."""

from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

LINE = {"line_dash": "dot", "line_color": "#7A8794", "line_width": 1}  # legible on both themes


def add_points(
    figure: go.Figure, names: Sequence[Any], values: Sequence[float], intervals: Sequence[Sequence[float]], **style: Any
) -> None:
    """A point a row with its interval, all in one trace of that style."""
    defaults = {"mode": "markers", "marker": {"size": 9}, "cliponaxis": False}
    figure.add_scatter(x=values, y=names, error_x=ends(values, intervals), **defaults | style)


def ends(values: Sequence[float], intervals: Sequence[Sequence[float]]) -> dict[str, list[float]]:
    """Error bars from values to the ends of their intervals."""
    return {
        "array": [high - value for value, (_, high) in zip(values, intervals, strict=True)],
        "arrayminus": [value - low for value, (low, _) in zip(values, intervals, strict=True)],
    }


def shaped(figure: go.Figure, axis: str, height: int, *, legend: bool = False) -> go.Figure:
    """With the layout, and shares from 0 below it."""
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 16, "t": 30, "b": 40},
        showlegend=legend,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom"},
        dragmode=False,
    )
    figure.update_xaxes(title=axis, tickformat=".0%", rangemode="tozero", fixedrange=True)
    return figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True)


def short(name: str) -> str:
    """A name that leaves room for the points, safe to show."""
    return escape(name if len(name) <= 32 else f"{name[:31]}…")
