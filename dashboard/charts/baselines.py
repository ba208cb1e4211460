"""Chart of a model among its baselines."""

from collections.abc import Sequence
from textwrap import wrap

import plotly.graph_objects as go

from dashboard.charts.intervals import LINE, add_points, shaped
from dashboard.text import share
from engine.curves.baselines import Baseline, Level

_ROW = 46  # px
_NAME = 20  # characters of a line beside a row, so that a narrow page has room for the errors
_SYMBOLS: dict[Level, str] = {
    "people": "diamond",
    "no skill": "circle-open",
    "rule": "square-open",
    "off the shelf": "triangle-up",
    "candidate": "star",
}


def forest(rows: Sequence[Baseline]) -> go.Figure:
    """A baseline a row, by level: its error with the 95 % interval. The candidate's error is a line through all."""
    figure = go.Figure()
    for level, symbol in _SYMBOLS.items():
        own = [(place, row) for place, row in enumerate(rows) if row.level == level]
        add_points(
            figure,
            [place for place, _ in own],
            [row.error for _, row in own],
            [row.interval for _, row in own],
            mode="markers+text",
            marker={"symbol": symbol, "size": 9},
            text=[share(row.error) for _, row in own],
            textposition="top center",
            customdata=[_exact(row) for _, row in own],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.add_vline(x=rows[-1].error, **LINE)
    shaped(figure, "error (95 % interval)", 90 + _ROW * len(rows))
    top = max(row.interval[1] for row in rows)
    figure.update_xaxes(range=[-0.07 * top, 1.04 * top], zeroline=False)
    labels = {"tickvals": list(range(len(rows))), "ticktext": [_label(row) for row in rows]}
    ends = [len(rows) - 0.5, -0.5]
    return figure.update_yaxes(**labels, autorange=None, range=ends, showgrid=False, zeroline=False)


def _label(row: Baseline) -> str:
    """The level, and below it what it is, where that says more."""
    name = row.name.removeprefix("rule: ")
    return f"<b>{row.level}</b>" + ("" if name == row.level else "<br>" + "<br>".join(wrap(name, _NAME)))


def _exact(row: Baseline) -> str:
    low, high = (100 * end for end in row.interval)
    return f"{row.name}: {100 * row.error:.2f} % ({low:.2f} to {high:.2f}), {row.items:,} answers"
