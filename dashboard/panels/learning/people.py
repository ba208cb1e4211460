"""What came of the quiz: how often people are right, how far they agree, what they confuse."""

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import quiz as figures
from dashboard.downloads import download
from dashboard.text import escape
from engine.curves.agreement import Answer
from engine.curves.people import Study, assess

_SHARE = st.column_config.NumberColumn(format="percent")
_LABELS, _OTHERS = "what the label says", "what most others say"


def results(data: str, known: dict[str, str], unit: str, given: list[Answer], name: str) -> None:
    """The finding, a chart of the people, sentences, numbers; `data` is the set's digest, `name` names the download."""
    right = st.segmented_control(
        "Right is",
        [_LABELS, _OTHERS],
        default=_LABELS,
        required=True,
        key="quiz-right",
        help="Where the labels themselves are in doubt, judge each person by the majority of the others.",
        persist_state="session",
    )
    study = _study(data, given, known if right == _LABELS else None, unit, right)
    finding, *rest = study.sentences
    st.markdown(f"**{escape(finding)}**")
    if any(person.items for person in study.people):
        alt = " ".join(study.sentences)
        st.plotly_chart(figures.accuracy(study), key="quiz-accuracy", config=charts.CONFIG, alt=alt)
    for sentence in rest:
        st.markdown(escape(sentence))
    with st.expander("Show the numbers"):
        for table, alt in _tables(study):
            st.dataframe(table, hide_index=True, column_config={"accuracy": _SHARE, "share": _SHARE}, alt=alt)
    answers = pd.DataFrame(given, columns=["person", "item", "answer"])
    answers["label"] = answers["item"].map(known)
    download("CSV: all answers", answers, f"answers-{name}.csv")


@st.cache_data(max_entries=16, show_spinner=False)
def _study(data: str, given: list[Answer], _known: dict[str, str] | None, unit: str, right: str) -> Study:  # noqa: ARG001
    return assess(given, _known, unit)


def _tables(study: Study) -> list[tuple[pd.DataFrame, str]]:
    people = pd.DataFrame(study.people)
    people["accuracy"] = [person.accuracy for person in study.people]
    people["95 %"] = [_told(person.interval) for person in study.people]
    agreement = pd.DataFrame(study.agreement).drop(columns="sentence").rename(columns={"interval": "95 %"})
    agreement["95 %"] = [_told(found.interval) for found in study.agreement]
    needed = pd.DataFrame(
        {"points either way": 100 * width, f"{study.unit} still to answer": more}
        for width, more in study.needed.items()
    )
    tables = {
        "People and their accuracy": people.rename(columns={"items": "answers", "left_out": "not judged"}),
        "What is taken for what": pd.DataFrame(study.confusions),
        "Agreement": agreement,
        "How many more answers a precision takes": needed,
    }
    return [(table, alt) for alt, table in tables.items() if len(table)]


def _told(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}".replace("-", "\N{MINUS SIGN}") if interval else ""
