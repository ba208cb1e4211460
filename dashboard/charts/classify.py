"""Charts of the Classify page. Colours come from the theme; titles stand above the charts, where they can wrap."""

import plotly.graph_objects as go

from dashboard.text import plain
from engine.listings.verdict import Verdict
from engine.listings.vote import readable

_ROW = 34  # px a bar
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
    terms = rivalry(verdict)
    total = sum(terms.values())
    starts, at = [], 0.0
    for value in terms.values():
        starts.append(at)
        at += value
    figure = go.Figure()
    # Rows go by number: shortened names may be the same.
    rows = [*enumerate(zip([*terms, "together"], [*terms.values(), total], [*starts, 0.0], strict=True))]
    groups = (
        ("speaks for", [row for row in rows[:-1] if row[1][1] >= 0]),
        ("speaks against", [row for row in rows[:-1] if row[1][1] < 0]),
        ("sum", rows[-1:]),
    )
    for group, members in groups:
        figure.add_bar(
            name=group,
            y=[row for row, _ in members],
            x=[value for _, (_, value, _) in members],
            base=[base for _, (_, _, base) in members],
            orientation="h",
            text=[f"{value:+.1f}".replace("-", "\N{MINUS SIGN}") for _, (_, value, _) in members],
            customdata=[value for _, (_, value, _) in members],
            hovertext=[_harmless(name) for _, (name, _, _) in members],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{hovertext}: %{customdata:+.4f}<extra></extra>",
        )
    _shape(figure, len(rows), f"evidence for {readable(verdict.label or '')} against {readable(rival(verdict))}")
    figure.update_layout(barmode="overlay")
    labels = [_harmless(_short(name)) for _, (name, _, _) in rows]
    figure.update_yaxes(tickmode="array", tickvals=list(range(len(rows))), ticktext=labels)
    ends = [0.0, total, *starts, *(start + value for start, value in zip(starts, terms.values(), strict=True))]
    room = 0.14 * ((max(ends) - min(ends)) or 1)  # for the numbers beside the bars
    figure.update_xaxes(range=[min(ends) - (room if min(ends) < 0 or min(terms.values()) < 0 else 0), max(ends) + room])
    return figure


def rival(verdict: Verdict) -> str:
    """What else it might be: the class with most votes beside the label, or else with the best score."""
    return next(label for label in [*verdict.votes, *verdict.scores] if label != verdict.label)


def rivalry(verdict: Verdict) -> dict[str, float]:
    """Log-evidence (nats) of each photo for the label against its rival; the sum is the log of their scores' ratio."""
    other, label = rival(verdict), verdict.label or ""
    return {name: values[label] - values[other] for name, values in verdict.evidence["photos"].items()}


def _shape(figure: go.Figure, rows: int, x_title: str) -> None:
    figure.update_layout(
        height=70 + _ROW * rows,
        margin={"l": 0, "r": 24, "t": 8, "b": 44},
        showlegend=False,
        bargap=0.35,
        dragmode=False,
    )
    figure.update_xaxes(title=x_title, fixedrange=True, zeroline=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True, ticksuffix=" ")


def _harmless(name: str) -> str:
    """Plotly reads some HTML; in a file's name it is only text."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[:9]}…{name[-(_NAME - 10) :]}"
