"""Charts of learning curves: a set's own, the ideal beside it, the textbook's four shapes, two runs compared."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from dashboard.charts import COLOURS
from dashboard.charts.intervals import LINE, ends
from engine.curves.curve import Curve

Array = NDArray[np.float64]
Measure = Literal["error", "log_loss"]

_BAND = "rgba(122, 135, 148, 0.25)"
_HEIGHT = 380  # px
_COLOURS = dict(zip(("validation", "training", "fit and forecast"), COLOURS, strict=True))
_FORMATS = {"error": (".0%", ".1%"), "log_loss": (".2f", ".3f")}  # of the axis, and on hover

# The textbook's curves end at these errors: of validation, of training; people make 5 % on all four.
SHAPES = {
    "ideal": (0.06, 0.045),
    "variance": (0.17, 0.01),
    "bias": (0.26, 0.24),
    "bias and variance": (0.33, 0.17),
}
_PEOPLE = 0.05


def curve(
    found: Curve, human: tuple[float, int] | None, measure: Measure = "error", reach: float = 2, top: float = 0
) -> go.Figure:
    """Error or log-loss against training-set size: training and validation with their 90 % interval.

    The error's fit is dashed, up to `reach` times the largest size. `top` is the least height of the axis.
    """
    figure = go.Figure()
    sizes, is_error = found.sizes, measure == "error"
    low, high = zip(*(found.interval if is_error else found.log_loss_interval), strict=True)
    errors = {"validation": _values(found, "validation", measure), "training": _values(found, "train", measure)}
    said = (errors["validation"], low, high, errors["training"])
    shown = [[_shown(value, measure) for value in values] for values in said]
    counts = [
        f"{size:,} to learn from<br>validation {error} of {len(found.correct):,} (90 %: {lowest} to {highest})"
        f"<br>training {seen}"
        for size, error, lowest, highest, seen in zip(sizes, *shown, strict=True)
    ]
    _band(figure, sizes, low, high)
    for name, values in errors.items():
        figure.add_scatter(
            x=sizes,
            y=values,
            mode="lines+markers",
            line={"color": _COLOURS[name]},
            name=name,
            customdata=counts,
            hovertemplate="%{customdata}<extra></extra>",
        )
    if is_error:
        _fit(figure, found, reach)
        people = [human[0] / human[1]] if human else []
        top = max([top, *high, *people])
        lines = [(row.name.removeprefix("rule: "), row.error) for row in found.levels if row.level != "candidate"]
        within = sorted([(error, name) for name, error in lines if error <= 1.1 * top])  # guessing may be far above
        for error, name in _merged(within, 0.05 * top):
            _line(figure, error, name)
    else:
        top = max([top, *high, *errors["training"]])
    _axes(figure, measure, 1.1 * top)
    every_other = sizes[::-1][::2]  # ten run into each other on a narrow page
    figure.update_xaxes(tickvals=every_other, tickformat=",")
    return figure


def ideal(found: Curve, human: tuple[float, int] | None, top: float) -> go.Figure:
    """What the curve would look like if nothing was left to do: as good as people, and no gap. Drawn, not measured."""
    goal = human[0] / human[1] if human else found.evidence.training if found.diagnosis.bias == "no" else 0.02
    relative = np.array(found.sizes) / found.sizes[-1]
    start = max(float(found.validation_error[0]), 2 * goal, 0.1)
    figure = go.Figure()
    _schema(figure, relative, start, goal + found.diagnosis.thresholds.gap / 2, goal, {})
    _line(figure, goal, "people" if human else "as good as it gets", at="top left")
    _axes(figure, "error", 1.1 * top)
    figure.update_layout(showlegend=False)
    figure.update_xaxes(tickvals=[relative[0], 1], ticktext=["few", f"{found.sizes[-1]:,}"])
    return figure


def textbook(own: str | None) -> go.Figure:
    """The four shapes; `own` is the one that the user's curve resembles."""
    titles = [f"{name}{' (yours)' if name == own else ''}" for name in SHAPES]
    figure = make_subplots(rows=2, cols=2, subplot_titles=titles, horizontal_spacing=0.08, vertical_spacing=0.16)
    relative = np.geomspace(1 / 32, 1, 10)
    for number, (validation, training) in enumerate(SHAPES.values()):
        place = {"row": number // 2 + 1, "col": number % 2 + 1}
        _schema(figure, relative, 0.45, validation, training, place)
        figure.add_hline(y=_PEOPLE, **LINE, **place)
    figure.update_xaxes(type="log", showticklabels=False, fixedrange=True)
    figure.update_yaxes(range=[0, 0.5], tickformat=".0%", fixedrange=True)
    figure.update_layout(height=_HEIGHT, margin={"l": 0, "r": 8, "t": 32, "b": 8}, showlegend=False, dragmode=False)
    return figure


def compared(runs: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Validation error of stored runs by training-set size, with their 90 % intervals; the contract's JSON by name."""
    figure = go.Figure()
    for number, (name, figures) in enumerate(runs.items()):
        figure.add_scatter(
            x=figures["sizes"],
            y=figures["validation_error"],
            error_y={**ends(figures["validation_error"], figures["interval"]), "thickness": 1},
            mode="lines+markers",
            marker={"symbol": ["circle", "diamond"][number % 2], "size": 8},
            name=name,
            hovertemplate="%{x:,} to learn from: %{y:.1%}<extra></extra>",
        )
    _axes(figure, "error", 1.1 * max(end for figures in runs.values() for _, end in figures["interval"]))
    figure.update_xaxes(tickformat=",")
    return figure


def _schema(
    figure: go.Figure, relative: Array, start: float, validation: float, training: float, place: dict[str, int]
) -> None:
    """Two curves of a power law that end at these errors."""
    falling = relative**-0.9 - 1
    falling /= falling[0]
    errors = {"validation": validation + (start - validation) * falling, "training": training * (1 - falling)}
    for name, y in errors.items():
        line = {"color": _COLOURS[name]}
        figure.add_scatter(x=relative, y=y, mode="lines", line=line, name=name, hoverinfo="skip", **place)


def _fit(figure: go.Figure, found: Curve, reach: float) -> None:
    """The fitted curve over all sizes, and its forecast with the 90 % interval."""
    ratios = np.geomspace(found.sizes[0] / found.sizes[-1], 1, 12)
    beyond = np.geomspace(1, reach, 12)
    forecast = found.projection(beyond)
    if not len(forecast):
        return
    last = found.sizes[-1]
    ahead = [float(ratio * last) for ratio in beyond]
    _band(figure, ahead, list(forecast[:, 0]), list(forecast[:, 2]))
    figure.add_scatter(
        x=[*(ratios[:-1] * last), *ahead],
        y=[*found.projection(ratios)[:-1, 1], *forecast[:, 1]],
        mode="lines",
        line={"dash": "dash", "width": 1.5, "color": _COLOURS["fit and forecast"]},
        name="fit and forecast",
        hoverinfo="skip",
    )
    low, mid, high = forecast[-1]
    figure.add_scatter(
        x=[ahead[-1]],
        y=[mid],
        mode="markers",
        marker={"symbol": "circle-open", "size": 10, "color": LINE["line_color"]},
        showlegend=False,
        hovertemplate=f"forecast for %{{x:,.0f}}: {mid:.1%} (90 %: {low:.1%} to {high:.1%})<extra></extra>",
    )


def _values(found: Curve, part: str, measure: Measure) -> list[float]:
    return [float(value) for value in getattr(found, f"{part}_{measure}")]


def _shown(value: float, measure: Measure) -> str:
    return f"{value:{_FORMATS[measure][1]}}".replace("%", " %")


def _band(figure: go.Figure, x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> None:
    style = {"fill": "toself", "fillcolor": _BAND, "mode": "none", "showlegend": False, "hoverinfo": "skip"}
    figure.add_scatter(x=[*x, *x[::-1]], y=[*high, *low[::-1]], **style)


def _merged(lines: Sequence[tuple[float, str]], close: float) -> list[tuple[float, str]]:
    """Lines in their order; those so close that their names would lie on each other are one."""
    kept: list[tuple[float, str]] = []
    for error, name in lines:
        if kept and error - kept[-1][0] < close:
            kept[-1] = kept[-1][0], f"{kept[-1][1]}, {name}"
        else:
            kept.append((error, name))
    return kept


def _line(figure: go.Figure, error: float, name: str, at: str = "top right") -> None:
    figure.add_hline(y=error, **LINE, annotation_text=name, annotation_font_size=11, annotation_position=at)


def _axes(figure: go.Figure, measure: Measure, top: float) -> None:
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 0, "r": 16, "t": 24, "b": 40},
        legend={"orientation": "h", "y": 1.08},
        dragmode=False,
    )
    figure.update_xaxes(title="items to learn from", type="log", fixedrange=True)
    title = "error" if measure == "error" else "log-loss (nats)"
    figure.update_yaxes(title=title, tickformat=_FORMATS[measure][0], range=[0, top], fixedrange=True)
