"""Charts of a model's report and of its training."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts import COLOURS
from dashboard.charts.intervals import LINE
from engine.listings.vote import readable

_SHOWN = 12  # pairs
_FORMATS = {"error": ".0%", "loss": ".2f"}


def confusions(pairs: Sequence[Mapping[str, Any]]) -> go.Figure:
    """What is taken for what most often, as counts with the share of the class they are; the most frequent on top."""
    shown = pairs[:_SHOWN]
    names = [f"{readable(str(pair['label']))} → {readable(str(pair['predicted']))}" for pair in shown]
    figure = go.Figure(
        go.Bar(
            x=[pair["photos"] for pair in shown],
            y=names,
            orientation="h",
            marker={"color": COLOURS[0]},
            text=[f"{pair['photos']} of {pair['of']}" for pair in shown],
            textposition="auto",
            hovertemplate="%{y}: %{text} photos<extra></extra>",
        )
    )
    figure.update_layout(height=340, margin={"l": 0, "r": 16, "t": 8, "b": 40}, dragmode=False)
    figure.update_xaxes(title="photos taken for another class", fixedrange=True, rangemode="tozero")
    return figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True)


def training(history: Sequence[Mapping[str, float]], measure: str) -> go.Figure:
    """The `measure`, error or loss, while training goes on: by passes over the photos, or by fold for a last layer.

    The network's is drawn beside its loss on the photos it learns from, and the mean of the folds before it.
    """
    folds, passes = ([row for row in history if key in row] for key in ("fold", "epochs"))
    figure, where = go.Figure(), "epochs" if passes else "fold"
    own = {"training_loss": "photos it learns from"} if passes and measure == "loss" else {}
    for (key, name), colour in zip({measure: "photos not learnt from", **own}.items(), COLOURS, strict=False):
        figure.add_scatter(
            x=[row[where] for row in passes or folds],
            y=[row[key] for row in passes or folds],
            mode="lines+markers" if passes else "markers",
            line={"color": colour, "dash": "dash" if key in own else "solid"},
            name=name,
            hovertemplate=f"%{{x}}: %{{y:{_FORMATS[measure]}}}<extra>{name}</extra>",
        )
    if passes and folds:
        mean = sum(row[measure] for row in folds) / len(folds)
        figure.add_hline(y=mean, annotation_text="last layer alone", annotation_font_size=11, **LINE)
    figure.update_layout(
        height=240,
        margin={"l": 0, "r": 16, "t": 24, "b": 40},
        showlegend=bool(own),
        legend={"orientation": "h", "y": 1, "yanchor": "bottom"},
        dragmode=False,
    )
    title, last = "passes over the photos" if passes else "fifth held out", (passes or folds)[-1][where]
    figure.update_xaxes(title=title, range=[0, last + 0.5], dtick=max(1, round(last / 8)), fixedrange=True)
    title = "errors" if measure == "error" else "loss, nats"
    return figure.update_yaxes(title=title, tickformat=_FORMATS[measure], rangemode="tozero", fixedrange=True)
