"""Charts of a model's report and of its training."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts import COLOURS
from engine.listings.vote import readable

_SHOWN = 12  # pairs


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
