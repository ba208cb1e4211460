"""Charts of the Classify page. Colours come from the theme; titles stand above the charts, where they can wrap."""

from itertools import accumulate

import plotly.graph_objects as go

from dashboard.charts import COLOURS
from dashboard.text import plain
from engine.listings.verdict import Verdict
from engine.listings.vote import readable

_ROW = 34  # px a bar
_OTHERS = {"text": "the description", "prior": "how common they are"}  # parts of the evidence beside the photos
_NAME = 22  # characters of a photo's name that fit beside a bar


def votes(verdict: Verdict) -> go.Figure:
    """One bar a class that a photo voted for, most votes on top."""
    labels = [readable(label) for label in verdict.votes]
    counts = list(verdict.votes.values())
    bars = go.Bar(
        x=counts,
        y=labels,
        orientation="h",
        text=[plain(count) for count in counts],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.4g} votes<extra></extra>",
    )
    figure = go.Figure(bars)
    _shape(figure, len(labels), "votes")
    figure.update_xaxes(range=[0, max(counts) * 1.15], dtick=1 if max(counts) <= 10 else None)
    return figure


def evidence(verdict: Verdict) -> go.Figure:
    """Each photo's evidence for the label against its nearest rival, one after another, and their exact sum."""
    values = rivalry(verdict)
    names, heights = [*values, "together"], [*values.values(), sum(values.values())]
    labels = [f"{height:+.1f}".replace("-", "\N{MINUS SIGN}") for height in heights]
    bars = go.Waterfall(
        y=list(range(len(names))),  # rows go by number: shortened names may be the same
        x=heights,
        measure=[*["relative"] * len(values), "total"],
        orientation="h",
        text=labels,
        customdata=heights,
        hovertext=[_harmless(name) for name in names],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{hovertext}: %{customdata:+.4f}<extra></extra>",
        connector={"visible": False},
        increasing={"marker": {"color": COLOURS[0]}},
        decreasing={"marker": {"color": COLOURS[1]}},
        totals={"marker": {"color": COLOURS[2]}},
    )
    figure = go.Figure(bars)
    _shape(figure, len(names), f"evidence for {readable(verdict.label or '')} against {readable(rival(verdict))}")
    figure.update_yaxes(
        tickmode="array", tickvals=list(range(len(names))), ticktext=[_harmless(_short(name)) for name in names]
    )
    ends = [0.0, *accumulate(values.values())]
    room = 0.14 * ((max(ends) - min(ends)) or 1)  # for the numbers beside the bars
    left = room if min(heights) < 0 else 0
    figure.update_xaxes(range=[min(ends) - left, max(ends) + room])
    return figure


def rival(verdict: Verdict) -> str:
    """What else it might be: the class with most votes beside the label, or else with the best score."""
    return next(label for label in [*verdict.votes, *verdict.scores] if label != verdict.label)


def terms(verdict: Verdict) -> dict[str, dict[str, float]]:
    """What adds up: by photo, and by the description and the prior where they say something, the evidence by class."""
    parts = {words: verdict.evidence[part] for part, words in _OTHERS.items() if verdict.evidence[part]}
    return {**verdict.evidence["photos"], **parts}


def rivalry(verdict: Verdict) -> dict[str, float]:
    """Log-evidence (nats) for the label against its rival; the sum is the log of their scores' ratio."""
    other, label = rival(verdict), verdict.label or ""
    return {name: values[label] - values[other] for name, values in terms(verdict).items()}


def _shape(figure: go.Figure, rows: int, x_title: str) -> None:
    figure.update_layout(
        height=70 + _ROW * rows,
        margin={"l": 0, "r": 24, "t": 8, "b": 44},
        showlegend=False,
        bargap=0.35,
        waterfallgap=0.35,
        dragmode=False,
    )
    figure.update_xaxes(title=x_title, fixedrange=True, zeroline=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True, ticksuffix=" ")


def _harmless(name: str) -> str:
    """Plotly reads some HTML; in a file's name it is only text."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[:9]}…{name[-(_NAME - 10) :]}"
