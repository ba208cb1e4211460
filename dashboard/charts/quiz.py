"""Chart of people's answers."""

from html import escape

import plotly.graph_objects as go

from engine.curves.people import Study

_TOGETHER = "#7A8794"  # legible on both themes


def accuracy(study: Study) -> go.Figure:
    """A person a row, the best on top: the share of right answers with its interval; a line for all together."""
    rows = [
        (person.accuracy, person.interval, person)
        for person in sorted(study.people, key=lambda person: (person.accuracy or 0, person.items))
        if person.accuracy is not None and person.interval is not None
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=[share for share, _, _ in rows],
        y=[escape(person.name[:40]) for _, _, person in rows],
        error_x={
            "array": [high - share for share, (_, high), _ in rows],
            "arrayminus": [share - low for share, (low, _), _ in rows],
        },
        mode="markers",
        marker={"size": 10},
        customdata=[
            f"{person.items - person.errors:,} of {person.items:,} right ({100 * low:.1f} to {100 * high:.1f} %)"
            for _, (low, high), person in rows
        ],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    if study.pooled and len(rows) > 1:
        errors, items = study.pooled
        figure.add_vline(
            x=1 - errors / items,
            line_dash="dot",
            line_color=_TOGETHER,
            line_width=1,
            annotation_text="together",
            annotation_position="top",
            annotation_font_size=11,
        )
    figure.update_layout(
        height=110 + 34 * len(rows), margin={"l": 0, "r": 16, "t": 24, "b": 40}, showlegend=False, dragmode=False
    )
    lowest = min((low for _, (low, _), _ in rows), default=0)
    figure.update_xaxes(
        title="right answers", tickformat=".0%", range=[max(lowest - 0.02, -0.005), 1.005], fixedrange=True
    )
    figure.update_yaxes(type="category", fixedrange=True)
    return figure
