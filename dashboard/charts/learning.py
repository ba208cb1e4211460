"""Charts of the Learning page."""

import numpy as np
import plotly.graph_objects as go

from engine.curves.curve import Curve

_BEYOND = 2.0  # the forecast is drawn to so many times the data
_BASELINE = "#7A8794"  # legible on both themes


def curve(found: Curve, human: tuple[float, int] | None) -> go.Figure:
    """Error against training-set size: training and validation with their interval, the fit and its forecast dashed."""
    figure = go.Figure()
    sizes = found.sizes
    low, high = zip(*found.interval, strict=True)
    figure.add_scatter(
        x=[*sizes, *sizes[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        mode="none",
        opacity=0.3,
        name="90 % of validation",
        hoverinfo="skip",
    )
    for name, values in (("validation", found.validation_error), ("training", found.train_error)):
        figure.add_scatter(
            x=sizes,
            y=list(values),
            mode="lines+markers",
            name=name,
            hovertemplate=f"{name}, %{{x:,}}: %{{y:.1%}}<extra></extra>",
        )
    ratios = np.geomspace(1, _BEYOND, 12)
    beyond = found.projection(ratios)
    if len(beyond):
        at = [float(ratio * sizes[-1]) for ratio in ratios]
        figure.add_scatter(
            x=[*at, *at[::-1]],
            y=[*beyond[:, 2], *beyond[::-1, 0]],
            fill="toself",
            mode="none",
            opacity=0.3,
            name="90 % of forecast",
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=at,
            y=list(beyond[:, 1]),
            mode="lines",
            line={"dash": "dash"},
            name="forecast",
            hovertemplate="forecast, %{x:,.0f}: %{y:.1%}<extra></extra>",
        )
    for name, error in _lines(found, human):
        figure.add_hline(
            y=error, line_dash="dot", line_color=_BASELINE, line_width=1, annotation_text=name, annotation_font_size=11
        )
    figure.update_layout(
        height=420,
        margin={"l": 0, "r": 16, "t": 24, "b": 40},
        legend={"orientation": "h", "y": 1.08},
        dragmode=False,
    )
    figure.update_xaxes(title="training items", type="log", fixedrange=True, tickvals=sizes, tickformat=",")
    top = max([*high, *([human[0] / human[1]] if human else [])])  # guessing may be far above: the table has it
    figure.update_yaxes(title="error", tickformat=".0%", range=[0, 1.15 * top], fixedrange=True)
    return figure


def _lines(found: Curve, human: tuple[float, int] | None) -> list[tuple[str, float]]:
    lines = [(name, float(values["error"])) for name, values in found.baselines.items()][:1]
    return [*lines, ("people", human[0] / human[1])] if human else lines
