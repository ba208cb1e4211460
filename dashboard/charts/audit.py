"""Charts of an audit: whom a sample has and lacks, and who answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.intervals import LINE, add_points, shaped, short
from engine.audit.audit import Audit, Points

_ROWS = 14  # of a chart; the table below has all
_SMALL = 0.1  # standard deviations: the convention for balance
_POINTS = 700  # of each kind


def cells(found: Audit) -> go.Figure:
    """Each value's share in the population and in what was drawn, with its 95 % interval; the largest gaps first."""
    rows = sorted(found.coverage["cells"], key=lambda cell: -abs(cell["target"] - cell["sample"]))[:_ROWS]
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
    return shaped(figure, "share", _height(rows), legend=True)


def rates(found: Audit) -> go.Figure:
    """Each value's response rate with its 95 % interval, the most unusual first; a line for everybody."""
    rate = found.participation["rate"]
    rows = sorted(found.participation["groups"], key=lambda cell: -abs(cell["rate"] - rate))[:_ROWS]
    figure = go.Figure()
    _with_interval(figure, rows, "rate", "answered", "%{y}: %{x:.1%} answered<extra></extra>")
    figure.add_vline(x=rate, **LINE)
    return shaped(figure, "share that answered", _height(rows))


def love(balance: Sequence[dict[str, Any]]) -> go.Figure:
    """Each column's difference from the population before and after weighting (a love plot)."""
    rows = balance[:_ROWS]
    figure = go.Figure()
    for time, name, symbol in (("before", "as drawn", "circle-open"), ("after", "weighted", "circle")):
        figure.add_scatter(
            x=[row[time] for row in rows],
            y=[short(row["column"]) for row in rows],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 10, "line": {"width": 2}},
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    figure.add_vline(x=_SMALL, **LINE, annotation_text="small")
    shaped(figure, "difference, standard deviations", _height(rows), legend=True)
    return figure.update_xaxes(tickformat=".2f")


def plane(points: Points) -> go.Figure:
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
    shaped(figure, "first main axis", 400, legend=True)
    figure.update_xaxes(showticklabels=False, range=None, rangemode="normal", tickformat=None)
    return figure.update_yaxes(title="second main axis", showticklabels=False, autorange=True)


def _with_interval(figure: go.Figure, rows: Sequence[dict[str, Any]], value: str, name: str, hover: str) -> None:
    intervals = [row["interval"] for row in rows]
    add_points(figure, _names(rows), [row[value] for row in rows], intervals, name=name, hovertemplate=hover)


def _names(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [short(f"{row['column']}: {row['value']}") for row in rows]


def _height(rows: Sequence[dict[str, Any]]) -> int:
    return 120 + 26 * len(rows)
