"""Chart of a dial: errors among what goes without a person, against how much does."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from dashboard.charts import COLOURS
from dashboard.charts.intervals import LINE
from dashboard.text import share
from engine.listings.operating import Operating
from engine.listings.route import RiskCoverage

_POINTS = 400  # of a line: more are not seen
_DASHES = ("solid", "dash")
_SYMBOLS = ("diamond", "circle-open", "square-open")


def risk_coverage(
    curves: Mapping[str, RiskCoverage],
    marks: Mapping[str, Operating],
    *,
    limit: float | None = None,
    capacity: float | None = None,
) -> go.Figure:
    """Curves by name, and where dials stand on them with the 95 % interval of their errors.

    `limit` is the share of errors that is allowed, `capacity` the share that must go without a person, as people have
    no time for more.
    """
    figure = go.Figure()
    for (name, curve), colour, dash in zip(curves.items(), COLOURS, _DASHES, strict=False):
        last = len(curve.coverage) - 1
        kept = np.unique(np.linspace(0, last, min(last + 1, _POINTS)).astype(int))
        figure.add_scatter(
            x=curve.coverage[kept],
            y=curve.risk[kept],
            customdata=curve.threshold[kept],
            mode="lines",
            line={"color": colour, "dash": dash},
            name=name,
            hovertemplate="%{x:.1%} go without a person, %{y:.1%} of them wrong<br>"
            "accepted from a probability of %{customdata:.3f}<extra></extra>",
        )
    for (name, mark), symbol in zip(marks.items(), _SYMBOLS, strict=False):
        low, high = mark.interval
        figure.add_scatter(
            x=[mark.automatic],
            y=[mark.errors],
            error_y={"array": [high - mark.errors], "arrayminus": [mark.errors - low], "symmetric": False},
            mode="markers",
            marker={"size": 12, "symbol": symbol, "color": COLOURS[1], "line": {"width": 2}},
            name=name,
            hovertemplate=f"{name}: {share(mark.automatic)} go without a person,<br>{share(mark.errors)} of them wrong "
            f"({share(low)} to {share(high)})<extra></extra>",
        )
    highest = [float(curve.risk.max()) for curve in curves.values() if len(curve.risk)]
    top = 1.1 * max([0.02, *highest, *(mark.errors for mark in marks.values())])
    if limit is not None:
        figure.add_hline(y=limit, annotation_text=f"at most {100 * limit:g} %", annotation_position="top left", **LINE)
    if capacity is not None and 0 < capacity < 1:
        side = "top left" if capacity > 0.5 else "top right"
        figure.add_vline(x=capacity, annotation_text="people see the rest", annotation_position=side, **LINE)
    figure.update_layout(
        height=380,
        margin={"l": 0, "r": 16, "t": 24, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        dragmode=False,
    )
    figure.update_xaxes(title="go without a person", tickformat=".0%", range=[0, 1], fixedrange=True)
    ends = [-0.03 * top, top]  # a mark at 0 is whole
    return figure.update_yaxes(title="wrong among them", tickformat=".0%", range=ends, zeroline=False, fixedrange=True)
