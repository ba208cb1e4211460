"""The Baselines tab: the model among people, guessing, a rule and what is off the shelf."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import baselines as figures
from dashboard.downloads import download
from dashboard.text import escape, share
from engine.curves import levels
from engine.curves.baselines import Baseline
from engine.curves.curve import Curve
from engine.curves.words import listed

_HELP = (
    "Every model predicts each item without having seen it, on the same folds. Differences are in pairs, item by item: "
    "exact McNemar tests, or bootstrap tests where items come in groups or answers by chance, adjusted by Holm; 95 % "
    "intervals by bootstrap. They tell how sure these items make it; other training data would move the models too. "
    "Folds of one round: the curve's error is a mean over all rounds."
)


def draw(found: Curve, name: str) -> None:
    """The forest plot, a sentence a level, and the numbers."""
    rows, told = found.levels, levels.tell(found.levels)
    finding = headline(rows)
    st.markdown(f"**{escape(finding)}**", help=_HELP)
    alt = f"{finding}. Errors: {', '.join(f'{row.name} {share(row.error)}' for row in rows)}."
    st.plotly_chart(figures.forest(rows), key="baselines", config=charts.CONFIG, alt=alt)
    for sentence in told:
        st.markdown(escape(sentence))
    mean, once = found.validation_error[-1], rows[-1].error
    if share(mean) != share(once):
        st.caption(
            f"The model's {share(once)} is of one round of folds, whose items can be paired; the curve's {share(mean)} "
            "is the mean over all rounds."
        )
    with st.expander("Show the numbers"):
        st.dataframe(_shown(rows), hide_index=True, alt="Errors, differences from the model and skill by baseline")
    download("CSV: a row a baseline", _numbers(rows), f"baselines-{name}.csv")


def headline(rows: Sequence[Baseline]) -> str:
    """Whom the model beats."""
    others = rows[:-1]
    left = [row.name.removeprefix("rule: ") for row in others if row.versus.a_errs != "more"]
    if not left:
        return "The model beats every baseline"
    if len(left) == len(others):
        return "The model beats no baseline"
    return f"The model beats all but {listed(left, len(left), ' and ')}"


def _shown(rows: Sequence[Baseline]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "level": row.level,
            "baseline": row.name,
            "error": f"{share(row.error)} {_ends(row.interval, 100, 1)}",
            "points above the model": ""
            if row is rows[-1]
            else f"{100 * row.versus.difference:.1f} {_ends(row.versus.interval, 100, 1)}",
            "p (Holm)": "" if row is rows[-1] else "< 0.001" if row.versus.p < 0.001 else f"{row.versus.p:.3f}",
            "skill": f"{row.skill[0]:.2f} {_ends(row.skill[1], 1, 2)}" if row.skill else "",
        }
        for row in rows
    )


def _ends(interval: tuple[float, float], times: int, digits: int) -> str:
    low, high = (f"{times * end:.{digits}f}" for end in interval)
    return f"({low} to {high})"


def _numbers(rows: Sequence[Baseline]) -> pd.DataFrame:
    """The contract's fields, an interval in two columns."""
    flat = []
    for row in rows:
        fields = {"baseline": row.name, "items": row.items, **row.as_dict()}
        for name in [name for name in fields if name.endswith("interval")]:
            fields[f"{name}_low"], fields[f"{name}_high"] = fields.pop(name)
        flat.append(fields)
    return pd.DataFrame(flat)
