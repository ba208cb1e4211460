"""Chart of people's answers."""

import plotly.graph_objects as go

from dashboard.charts.intervals import LINE, add_points, shaped, short
from engine.curves.people import Study


def accuracy(study: Study) -> go.Figure:
    """A person a row, the best on top: the share of right answers with its interval; a line for all together."""
    known = [(person, interval) for person in study.people if (interval := person.interval)]
    known.sort(key=lambda row: (row[0].errors / row[0].items, -row[0].items))
    intervals = [interval for _, interval in known]
    figure = go.Figure()
    add_points(
        figure,
        [short(person.name) for person, _ in known],
        [1 - person.errors / person.items for person, _ in known],
        intervals,
        customdata=[
            f"{person.items - person.errors:,} of {person.items:,} right ({100 * low:.1f} to {100 * high:.1f} %)"
            for person, (low, high) in known
        ],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    if study.pooled and len(known) > 1:
        errors, items = study.pooled
        figure.add_vline(x=1 - errors / items, **LINE, annotation_text="together", annotation_font_size=11)
    shaped(figure, "right answers", 110 + 34 * len(known))
    figure.update_yaxes(type="category")
    lowest = min((low for low, _ in intervals), default=0)
    return figure.update_xaxes(range=[max(lowest - 0.02, -0.005), 1.005])
