"""The Baselines tab: its headline, its chart and its file."""

import pandas as pd
from streamlit.testing.v1 import AppTest

from dashboard.charts.baselines import forest
from dashboard.panels.learning.baselines import headline
from engine.curves.baselines import Baseline, Level
from engine.curves.paired import Comparison


def row(name: str, level: Level, error: float, p: float = 0.001) -> Baseline:
    ends = (error - 0.02, error + 0.02)
    apart = error - 0.1
    return Baseline(name, level, error, ends, 400, Comparison(apart, (apart - 0.02, apart + 0.02), p, 1, 2))


PEOPLE, GUESS, RULE = (
    row("people", "people", 0.04),
    row("majority", "no skill", 0.9),
    row("rule: best column", "rule", 0.5),
)
NEAR, ITSELF = row("k-NN", "off the shelf", 0.09, p=0.6), row("candidate", "candidate", 0.1, p=1)


def test_the_headline_names_who_is_not_beaten():
    assert headline([GUESS, RULE, ITSELF]) == "The model beats every baseline"
    assert headline([PEOPLE, GUESS, RULE, NEAR, ITSELF]) == "The model beats all but people and k-NN"
    assert headline([PEOPLE, NEAR, ITSELF]) == "The model beats no baseline"


def test_the_forest_has_a_row_a_baseline_from_people_down_to_the_candidate():
    figure = forest([PEOPLE, GUESS, RULE, NEAR, ITSELF])
    levels = [label.split("</b>")[0].removeprefix("<b>") for label in figure.layout.yaxis.ticktext]
    assert levels == ["people", "no skill", "rule", "off the shelf", "candidate"]
    first, last = figure.layout.yaxis.range
    assert first > last  # people on top
    assert len({trace.marker.symbol for trace in figure.data}) == 5
    assert figure.data[2].customdata[0] == "rule: best column: 50.00 % (48.00 to 52.00), 400 answers"
    assert figure.layout.shapes[0].x0 == 0.1


def test_the_tab_draws_the_digits():
    def page():
        from dashboard.panels.learning import baselines
        from engine.curves.curve import learning_curve
        from engine.curves.data import load

        baselines.draw(learning_curve(load("digits"), rounds=1), "digits")

    drawn = AppTest.from_function(page, default_timeout=120).run()
    assert not drawn.exception
    (chart,) = drawn.get("plotly_chart")
    assert chart.proto.alt.startswith("The model beats all but k-NN. Errors: majority 89.8 %, random by prior 90.0 %")
    table: pd.DataFrame = drawn.dataframe[0].value
    assert list(table["level"]) == ["no skill", "no skill", "rule", "off the shelf", "candidate"]
    assert table["error"][0] == "89.8 % (88.3 to 91.1)"
    assert table["p (Holm)"][0] == "< 0.001"
