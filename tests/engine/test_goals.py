"""Goals: read from tables, compared with what happened, carried over to another month."""

import pandas as pd
import pytest

from engine.errors import UnreadableData
from engine.tweets.forecast import CannotTell
from engine.tweets.goals import carried_over, outcome, read_goals, sheet_goals
from engine.tweets.metrics import Month
from tests.exports import table, workbook
from tests.imports import read

JANUARY = Month("2021-01", 949, 14_400_000, 216_000, 5106, complete=True)


def goals(*rows: list[str]) -> dict[tuple[str, str], float]:
    return read_goals("goals.csv", table(rows))


def test_long_goals_are_read():
    found = goals(
        ["Month", "Metric", "Target"],
        ["2021-02", "impressions", "14.5M"],
        ["February 2021", "new followers", "5,000"],
        ["2021-02", "engagement rate", "1.5%"],
        ["2021-02", "tweets", ""],
    )
    assert found == {
        ("2021-02", "impressions"): 14_500_000,
        ("2021-02", "new_followers"): 5000,
        ("2021-02", "engagement_rate"): 0.015,
    }


def test_wide_goals_are_read():
    found = goals(
        ["Our goals"],
        ["Month", "Impressions", "New followers goal"],
        ["Jan-21", "13M", "5000"],
        ["Feb-21", "14.5M", "-"],
    )
    assert found == {
        ("2021-01", "impressions"): 13_000_000,
        ("2021-01", "new_followers"): 5000,
        ("2021-02", "impressions"): 14_500_000,
    }


def test_goals_of_a_workbook_are_read():
    rows = [["Month", "Metric", "Target"], ["2021-02", "impressions", 14_500_000]]
    assert read_goals("g.xlsx", workbook({"Notes": [["hello"]], "Goals": rows})) == {
        ("2021-02", "impressions"): 14_500_000
    }


@pytest.mark.parametrize("cell", ["1.5", "1.5%", "0.015", "1,5 %"])
def test_a_goal_for_the_rate_is_a_share_however_it_is_written(cell: str):
    assert goals(["Month", "Engagement rate"], ["2021-02", cell]) == {("2021-02", "engagement_rate"): 0.015}
    assert goals(["Month", "Metric", "Target"], ["2021-02", "ER", cell]) == {("2021-02", "engagement_rate"): 0.015}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["Month", "Metric", "Target"], ["soon", "impressions", "5"]], "'soon' is no month"),
        ([["Month", "Metric", "Target"], ["", "impressions", "5"]], "is no month"),
        ([["Month", "Metric", "Target"], ["2021-02", "fame", "5"]], "'fame' is no metric"),
        ([["Month", "Metric", "Target"], ["2021-02", "impressions", "many"]], "'many' is no target"),
        ([["Month", "Metric", "Target"], ["2021-02", "impressions", "-5"]], "is no target"),
        ([["Month", "Impressions"], ["2021-02", "lots"]], "'lots' is no target"),
        ([["Month", "Metric", "Target"]], "holds no goals"),
        ([["hello", "world"], ["1", "2"]], "holds no goals"),
    ],
)
def test_a_goal_that_cannot_be_read_is_refused(rows: list[list[str]], words: str):
    with pytest.raises(UnreadableData, match=words):
        goals(*rows)


def test_goals_beside_the_figures_of_a_sheet_are_found():
    header = ["Month", "Tweets", "Impressions", "Impressions goal", "Target new followers"]
    months = read(
        ("m.csv", table([header, ["2021-01", "949", "14.4M", "13M", "5000"], ["2021-02", "", "", "14.5M", ""]]))
    )
    assert list(months.months) == ["2021-01"]
    assert sheet_goals(months.history.months) == {
        ("2021-01", "impressions"): 13_000_000,
        ("2021-01", "new_followers"): 5000,
        ("2021-02", "impressions"): 14_500_000,
    }


def test_a_goal_is_met_or_missed():
    met = outcome(JANUARY, "impressions", 13_000_000)
    assert (met.status, met.share) == ("met", pytest.approx(14.4 / 13))
    assert outcome(JANUARY, "new_followers", 6000).status == "missed"
    assert outcome(JANUARY, "engagement_rate", 0.02).status == "missed"


def test_a_goal_without_its_figure_cannot_be_told():
    unknown = outcome(Month("2021-01", tweets=5), "impressions", 10)
    assert (unknown.status, unknown.value, unknown.share) == ("cannot tell", None, None)


def test_a_running_month_needs_a_forecast_unless_it_is_met():
    running = Month("2021-02", 400, 7e6, 1e5, 2000, complete=False)
    assert outcome(running, "impressions", 6e6).status == "met"
    assert outcome(running, "impressions", 9e6).status == "cannot tell"
    assert outcome(running, "impressions", 9e6, CannotTell("too short", None)).status == "cannot tell"


def test_a_goal_is_carried_over_by_the_day():
    january, february = pd.Period("2021-01", "M"), pd.Period("2021-02", "M")
    assert carried_over(13_000_000, "impressions", january, february) == pytest.approx(11_741_935, abs=1)
    assert carried_over(0.015, "engagement_rate", january, february) == 0.015
