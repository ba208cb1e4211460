"""The Curve tab: verdicts, the curve beside the ideal one, the numbers."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import learning as figures
from dashboard.downloads import download
from dashboard.text import escape, share
from engine import settings
from engine.curves import levels
from engine.curves.curve import Curve
from engine.curves.sentences import MORE_REPEATS

_HEADLINES = {
    "yes": "More data will help",
    "no": "More data will change little",
    "unsure": "Whether more data helps is open",
}
ANSWERS = {
    "yes": ("yes", ":material/check:", "blue"),
    "no": ("no", ":material/close:", "grey"),
    "unsure": ("unsure", ":material/question_mark:", "orange"),
}
_QUESTIONS = {"more_data": "More data", "variance": "Variance", "bias": "Bias", "ideal": "Ideal"}
_MEASURES: dict[str, figures.Measure] = {"Error": "error", "Log-loss": "log_loss"}
_ONE: dict[str, Any] = {"required": True, "label_visibility": "collapsed"}  # of several, without a heading
_CHANCE = "In brackets the probability of the answer; a yes takes at least 0.90."
_MORE = 4  # times the repeats, which is what the sentence speaks of
_SHAPES_TOLD = (
    "**Ideal**: both curves meet at the error of people. **Variance**: the model knows its items by heart and fails on "
    "others; the gap closes with more data. **Bias**: the curves meet, but far above people; only a better model or "
    "better features help. **Bias and variance**: far above people, and a gap. The dotted line is people."
)


def headline(found: Curve) -> str:
    """The page's answer."""
    return _HEADLINES[found.diagnosis.more_data] if not found.diagnosis.worse else "The curve gets worse with more data"


def verdicts(found: Curve) -> None:
    """Each question with its answer and the probability behind it, the shape it makes, and the first sentence."""
    verdict = found.as_dict()["verdict"]
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, question in _QUESTIONS.items():
            text, icon, colour = ANSWERS[verdict[name]]
            chance = _chance(name, verdict[name], verdict["probability"])
            st.badge(f"{question}: {text}{chance}", icon=icon, color=colour, help=_CHANCE)  # type: ignore[arg-type]
        with st.popover("Four textbook shapes", icon=":material/help:", type="tertiary"):
            shapes = figures.textbook(_shape(found))
            st.plotly_chart(shapes, key="textbook", config=charts.CONFIG, alt=_SHAPES_TOLD, width=520)
            st.markdown(_SHAPES_TOLD)
    st.markdown(escape(found.sentences[0]))


def draw(found: Curve, human: tuple[float, int] | None, name: str, repeat: Callable[[int], None]) -> None:
    """The curve beside the ideal one, its sentences and its numbers.

    `repeat` measures again with so many rounds, where that would settle whether more data helps.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.segmented_control("Measure", _MEASURES, default="Error", key="curve-measure", **_ONE)
        measure = _MEASURES[chosen]
        reach = st.segmented_control(
            "Forecast up to",
            [2, 4, 6],
            default=2,
            key="curve-reach",
            format_func=lambda times: f"Forecast to {times} times the data",
            disabled=measure != "error",
            **_ONE,
        )
    own, wanted = st.columns([5, 2])
    with own:
        finding = _finding(found, measure)
        st.markdown(f"**{finding}**")
        alt = f"{finding}. {' '.join(found.sentences)}"
        st.plotly_chart(figures.curve(found, human, measure, reach), key="curve", config=charts.CONFIG, alt=alt)
    with wanted:
        st.markdown("**What ideal would look like**", help="Drawn, not measured: as good as people, and no gap left.")
        figure = figures.ideal(found, human, max(high for _, high in found.interval))
        alt = "Both errors, of training and validation, meet at the error of people."
        st.plotly_chart(figure, key="ideal", config=charts.CONFIG, alt=alt)
    elsewhere = {found.sentences[0], *levels.tell(found.levels)}
    for sentence in found.sentences:
        if sentence not in elsewhere:
            st.markdown(escape(sentence))
        if sentence == MORE_REPEATS and (rounds := _MORE * found.rounds) <= settings.CURVE_ROUNDS:
            st.button(f"Measure {rounds} rounds of folds", icon=":material/replay:", on_click=repeat, args=(rounds,))
    _numbers(found, name)


def _chance(question: str, answer: str, probability: Mapping[str, float]) -> str:
    """The probability of the answer; variance takes both a gap and a fall to come."""
    chance = probability.get(question)
    if chance is None:
        return ""
    if question == "variance" and answer != "yes":
        chance = min(chance, probability["still_falling"])
    return {"yes": f" ({chance:.2f})", "no": f" ({1 - chance:.2f})"}.get(answer, f" ({chance:.2f} for yes)")


def _finding(found: Curve, measure: figures.Measure) -> str:
    values = found.validation_error if measure == "error" else found.validation_log_loss
    first, last = (share(value) if measure == "error" else f"{value:.3f}" for value in (values[0], values[-1]))
    way = "falls" if values[-1] < values[0] else "rises"
    noun = next(name for name, known in _MEASURES.items() if known == measure)
    return f"{noun} {way} from {first} with {found.sizes[0]:,} to {last} with {found.sizes[-1]:,} to learn from"


def _shape(found: Curve) -> str | None:
    """The textbook's shape that the verdicts name; None while they are open."""
    answers = {"bias": found.diagnosis.bias, "variance": found.diagnosis.variance}
    if "unsure" in answers.values():
        return None
    return " and ".join(name for name, answer in answers.items() if answer == "yes") or "ideal"


def _numbers(found: Curve, name: str) -> None:
    result = found.as_dict()
    with st.expander("Show the numbers"):
        columns = ("sizes", "train_error", "validation_error", "train_log_loss", "validation_log_loss")
        table = pd.DataFrame({column.replace("_", " "): result[column] for column in columns})
        table["low (90 %)"], table["high (90 %)"] = zip(*result["interval"], strict=True)
        st.dataframe(table, hide_index=True, alt="Errors and log-losses by training-set size")
    download("JSON: the whole curve", json.dumps(result, indent=2), f"curve-{name}.json")
