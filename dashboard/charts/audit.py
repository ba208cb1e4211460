"""Charts of an audit: whom a sample has and lacks, and who answers."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from engine.audit.audit import Audit
from engine.audit.compare import Array

ROWS = 14  # of a chart; the table below has all
_NEUTRAL = "#7A8794"  # legible on both themes
_SMALL = 0.1  # standard deviations: the convention for balance
_POINTS = 700  # of each kind


def cells(found: Audit) -> go.Figure:
    """Each value's share in the population and in what was drawn, with its 95 % interval; the largest gaps first."""
    rows = sorted(found.coverage["cells"], key=lambda cell: -abs(cell["target"] - cell["sample"]))[:ROWS]
    figure = go.Figure()
    figure.add_scatter(
        x=[cell["target"] for cell in rows],
        y=_names(rows),
        mode="markers",
        name="population",
        marker={"symbol": "diamond-open", "size": 11, "line": {"width": 2}},
        hovertemplate="%{y}: %{x:.1%} of the population<extra></extra>",
    )
    _with_interval(figure, rows, "sample", "drawn", "%{y}: %{x:.1%} of what was drawn<extra></extra>")
    return _shaped(figure, "share", len(rows), legend=True)


def rates(found: Audit) -> go.Figure:
    """Each value's response rate with its 95 % interval, the most unusual first; a line for everybody."""
    rate = found.participation["rate"]
    rows = sorted(found.participation["groups"], key=lambda cell: -abs(cell["rate"] - rate))[:ROWS]
    figure = go.Figure()
    _with_interval(figure, rows, "rate", "answered", "%{y}: %{x:.1%} answered<extra></extra>")
    figure.add_vline(x=rate, line_dash="dot", line_color=_NEUTRAL, line_width=1)
    return _shaped(figure, "share that answered", len(rows))


def love(balance: Sequence[dict[str, Any]]) -> go.Figure:
    """Each column's difference from the population before and after weighting (a love plot)."""
    rows = balance[:ROWS]
    figure = go.Figure()
    for name, symbol in (("before", "circle-open"), ("after", "circle")):
        figure.add_scatter(
            x=[row[name] for row in rows],
            y=[_short(row["column"]) for row in rows],
            mode="markers",
            name={"before": "as drawn", "after": "weighted"}[name],
            marker={"symbol": symbol, "size": 10, "line": {"width": 2}},
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    figure.add_vline(x=_SMALL, line_dash="dot", line_color=_NEUTRAL, line_width=1, annotation_text="small")
    _shaped(figure, "difference, standard deviations", len(rows), legend=True)
    return figure.update_xaxes(tickformat=".2f")


def plane(points: tuple[Array, Array, Any]) -> go.Figure:
    """The population and what was drawn on their two main axes; those outside have a sign of their own."""
    target, sample, outside = points
    figure = go.Figure()
    kinds = (
        ("population, covered", target[~outside], "circle-open", 0.5),
        ("drawn", sample, "circle", 0.5),
        ("population, not covered", target[outside], "x", 0.9),
    )
    for name, rows, symbol, opacity in kinds:
        shown = rows[np.linspace(0, len(rows) - 1, min(len(rows), _POINTS)).astype(int)]
        figure.add_scattergl(
            x=shown[:, 0].tolist(),
            y=shown[:, -1].tolist(),
            mode="markers",
            name=name,
            opacity=opacity,
            marker={"symbol": symbol, "size": 5},
            hoverinfo="name",
        )
    _shaped(figure, "first main axis", 0, legend=True)
    figure.update_layout(height=400)
    figure.update_xaxes(showticklabels=False, range=None, rangemode="normal", tickformat=None)
    return figure.update_yaxes(title="second main axis", showticklabels=False, autorange=True)


def _with_interval(figure: go.Figure, rows: Sequence[dict[str, Any]], value: str, name: str, hover: str) -> None:
    figure.add_scatter(
        x=[row[value] for row in rows],
        y=_names(rows),
        error_x={
            "array": [row["interval"][1] - row[value] for row in rows],
            "arrayminus": [row[value] - row["interval"][0] for row in rows],
        },
        mode="markers",
        name=name,
        marker={"size": 8},
        cliponaxis=False,
        hovertemplate=hover,
    )


def _names(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [_short(f"{row['column']}: {row['value']}") for row in rows]


def _short(name: str) -> str:
    return escape(name if len(name) <= 32 else f"{name[:31]}…")


def _shaped(figure: go.Figure, axis: str, rows: int, *, legend: bool = False) -> go.Figure:
    figure.update_layout(
        height=120 + 26 * rows,
        margin={"l": 0, "r": 16, "t": 30, "b": 40},
        showlegend=legend,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom"},
        dragmode=False,
    )
    figure.update_xaxes(title=axis, tickformat=".0%", rangemode="tozero", fixedrange=True)
    return figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True)
