"""What the Learning page draws of a curve."""

import json

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import learning as figures
from dashboard.text import escape
from engine.curves.curve import Curve

_HEADLINES = {
    "yes": "More data will help",
    "no": "More data will change little",
    "unsure": "Whether more data helps is open",
}
_ANSWERS = {
    "yes": ("yes", ":material/check:", "blue"),
    "no": ("no", ":material/close:", "grey"),
    "unsure": ("unsure", ":material/question_mark:", "orange"),
}
_QUESTIONS = {"more_data": "More data", "variance": "Variance", "bias": "Bias", "ideal": "Ideal"}


def headline(found: Curve) -> str:
    """The page's answer."""
    return _HEADLINES[found.diagnosis.more_data] if not found.diagnosis.worse else "The curve gets worse with more data"


def verdicts(found: Curve) -> None:
    """Each question with its answer and the probability behind it."""
    verdict = found.as_dict()["verdict"]
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, question in _QUESTIONS.items():
            text, icon, colour = _ANSWERS[verdict[name]]
            chance = verdict["probability"].get(name)
            shown = "" if chance is None else f" ({chance:.2f})"
            st.badge(f"{question}: {text}{shown}", icon=icon, color=colour)  # type: ignore[arg-type]


def draw(found: Curve, human: tuple[float, int] | None, name: str) -> None:
    """The curve, its sentences and its numbers."""
    for sentence in found.sentences:
        st.markdown(escape(sentence))
    st.plotly_chart(figures.curve(found, human), key="curve", config=charts.CONFIG, alt=" ".join(found.sentences))
    result = found.as_dict()
    with st.expander("Show the numbers"):
        columns = ("sizes", "train_error", "validation_error", "train_log_loss", "validation_log_loss")
        st.dataframe(
            pd.DataFrame({column.replace("_", " "): result[column] for column in columns}),
            hide_index=True,
            alt="Errors and log-losses by training-set size",
        )
        st.dataframe(
            pd.DataFrame(
                {"baseline": key, "error": value["error"], "low": value["interval"][0], "high": value["interval"][1]}
                for key, value in result["baselines"].items()
            ),
            hide_index=True,
            alt="Baselines with 95 % intervals",
        )
    st.download_button(
        "JSON: the whole curve",
        json.dumps(result, indent=2),
        f"curve-{name}.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
    )
