"""Monthly sheets that people made themselves: read without asking, and never a wrong figure without a word."""

import io
from datetime import datetime

import openpyxl
import pytest

from engine.errors import UnreadableData
from tests.exports import table, workbook
from tests.imports import Imported, read

HEADER = ["Month", "Tweets", "Impressions", "New followers"]
JANUARY, FEBRUARY = ["Jan 2021", "949", "14.4M", "5,106"], ["Feb 2021", "900", "13M", "5,000"]
EXPECTED = {"2021-01": (949, 14_400_000, None, 5106), "2021-02": (900, 13_000_000, None, 5000)}


def sheet(*rows: list[str], name: str = "mine.csv") -> Imported:
    return read((name, table(rows)))


def book(**tabs: list[list[object]]) -> Imported:
    return read(("mine.xlsx", workbook(tabs)))


def test_the_storys_own_months():
    rows = [["Aug-20", "3,126", "7.2M", "7,878", "2.9%"], ["January 2021", "949", "14.4M", "5,106", "1.5%"]]
    got = sheet([*HEADER, "Engagement rate"], *rows, ["Total", "4,075", "21.6M", "12,984", ""])
    assert got.totals == {"2020-08": (3126, 7.2e6, 208_800, 7878), "2021-01": (949, 14.4e6, 216_000, 5106)}
    assert got.months["2021-01"].engagement_rate == pytest.approx(0.015)
    assert got.months["2021-01"].followers_per_tweet == pytest.approx(5.38, abs=0.005)
    assert got.report["dropped"] == {"total or average": 1}
    assert "engagements worked out (rate x impressions); months: 2" in got.told


@pytest.mark.parametrize(
    "rows",
    [
        [["Twitter 2021"], ["made by hand"], [], HEADER, JANUARY, FEBRUARY],
        [HEADER, JANUARY, HEADER, FEBRUARY],
        [HEADER, [], JANUARY, [], FEBRUARY, [], []],
        [HEADER, JANUARY, FEBRUARY, ["Average", "925", "13.7M", "5,053"], ["Grand total", "1849", "27.4M", "10,106"]],
        [HEADER, JANUARY, FEBRUARY, ["", "1849", "27.4M", "10,106"]],
        [HEADER, JANUARY, FEBRUARY, ["YTD", "1849", "27.4M", "10,106"], ["2021", "1849", "27.4M", "10,106"]],
        [HEADER, JANUARY, FEBRUARY, ["Q1 2021", "1849", "27.4M", "10,106"], ["Goal", "900", "14.5M", "5,000"]],
        [["", *HEADER[1:]], JANUARY, FEBRUARY],
        [["When?", *HEADER[1:]], JANUARY, FEBRUARY],
        [["Month ending", *HEADER[1:]], ["31/01/2021", *JANUARY[1:]], ["28/02/2021", *FEBRUARY[1:]]],
        [["Date", *HEADER[1:]], ["2021-01-01", *JANUARY[1:]], ["2021-02-01", *FEBRUARY[1:]]],
        [["Date", *HEADER[1:]], ["Jan-21", *JANUARY[1:]], ["Feb-21", *FEBRUARY[1:]]],
        [["Month", "Twitter posts", "Twitter impressions (total)", "Followers (new)"], JANUARY, FEBRUARY],
        [["Month", "Tweets sent", "Impressions (M)", "New followers"], ["2021-01", "949", "14.4", "5106"],
         ["2021-02", "900", "13.0", "5000"]],
        [["Month", "Tweets", "Impressions ('000)", "New followers"], ["2021-01", "949", "14,400", "5106"],
         ["2021-02", "900", "13,000", "5000"]],
        [["Notes", *HEADER], ["total chaos, 2,000,000 views", *JANUARY], ["", *FEBRUARY]],
        [["Year", "Month", *HEADER[1:]], ["2021", "January", *JANUARY[1:]], ["", "February", *FEBRUARY[1:]]],
        [["Year", "Month", *HEADER[1:]], ["2021", "1", *JANUARY[1:]], ["2021", "2", *FEBRUARY[1:]]],
        [HEADER, ["2021", "", "", ""], ["January", *JANUARY[1:]], ["February", *FEBRUARY[1:]]],
        [["Report 2021"], HEADER, ["01 Jan", *JANUARY[1:]], ["02 Feb", *FEBRUARY[1:]]],
        [["", HEADER[0], "", *HEADER[1:], ""], ["", "Jan 2021", "", *JANUARY[1:], ""],
         ["", "Feb 2021", "", *FEBRUARY[1:], ""]],
        [["Month", "(of 2021)", "", ""], HEADER, ["", "number", "total", "gross"], JANUARY, FEBRUARY],
        [HEADER[:3], JANUARY[:3], FEBRUARY[:3], [], ["Month", "New followers"], ["Jan 2021", "5106"],
         ["Feb 2021", "5000"]],
        [[*HEADER[:3], "", "Month", "New followers"], [*JANUARY[:3], "", "Jan 2021", "5106"],
         [*FEBRUARY[:3], "", "Feb 2021", "5000"]],
        [["Metric", "Jan 2021", "Feb 2021", "Change", "Total"], ["Tweets", "949", "900", "-5%", "1849"],
         ["Impressions", "14.4M", "13M", "-10%", "27.4M"], ["New followers", "5106", "5000", "-2%", "10106"]],
        [["2021", "January", "", "February", ""], ["", "Actual", "Goal", "Actual", "Goal"],
         ["Tweets", "949", "950", "900", "950"], ["Impressions", "14.4M", "13M", "13M", "14.5M"],
         ["New followers", "5106", "5000", "5000", "5000"]],
    ],
)  # fmt: skip
def test_a_sheet_is_read_as_its_maker_meant_it(rows: list[list[str]]):
    assert sheet(*rows, name="mine 2021.csv").totals == EXPECTED


def test_numbers_of_another_country_are_read():
    header = ["Monat", "Tweets", "Impressionen", "Neue Follower", "Interaktionsrate"]
    rows = [["August 2020", "3.126", "7.215.438", "7.878", "2,9 %"], ["Januar 2021", "949", "14.400.000", "5.106", ""]]
    got = read(("mine.csv", table([header, *rows, ["Gesamt", "4.075", "21.615.438", "", ""]], ";")))
    assert got.totals["2020-08"] == (3126, 7_215_438, 209_248, 7878)
    assert got.totals["2021-01"] == (949, 14_400_000, None, 5106)


def test_ratios_give_totals_that_are_told():
    got = sheet(["Month", "# tweets", "Impressions", "Followers/tweet"], ["2020-08", "3126", "7200000", "2.52"])
    assert got.months["2020-08"].new_followers == 7878
    assert got.months["2020-08"].derived == ("new_followers",)
    assert got.months["2020-08"].followers_per_tweet == 2.52


def test_all_followers_are_no_new_followers():
    got = sheet(["Month", "Tweets", "Impressions", "Followers"], ["2021-01", "3126", "7.2M", "5000"])
    assert got.months["2021-01"].new_followers is None
    assert "“Followers” counts all followers, not new ones" in got.told


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("Engagement rate", ["1.5", "1.4"]),
        ("Engagement rate", ["1.5%", "1.4 %"]),
        ("Engagement rate", ["1.5%", "1.4"]),
        ("Engagement rate", ["0.015", "0.014"]),
        ("ER (%)", ["1.5", "1.4"]),
        ("Eng. rate in %", ["1,5", "1,4"]),
        ("Engagement", ["1.5%", "1.4%"]),
    ],
)
def test_a_rate_is_a_share_however_it_is_written(heading: str, cells: list[str]):
    rows = [[month, "100", "14,400", cell] for month, cell in zip(["2021-01", "2021-02"], cells, strict=True)]
    got = sheet(["Month", "Tweets", "Impressions", heading], *rows)
    assert [month.engagement_rate for month in got.months.values()] == pytest.approx([0.015, 0.014])


def test_rates_under_one_percent_are_no_shares_of_ninety_percent():
    got = sheet(["Month", "Tweets", "ER"], ["2021-01", "100", "0.9"], ["2021-02", "90", "0.8"])
    assert got.months["2021-01"].engagement_rate == pytest.approx(0.009)
    assert "the figures are percent (0.9 is 0.9 %)" in got.told


def test_a_tab_a_year_gives_its_year_to_its_months():
    tabs = {str(year): [HEADER[:2], ["January", year], ["February", 5]] for year in (2019, 2020)}
    got = read(("mine.xlsx", workbook(tabs)))
    assert {month: figures[0] for month, figures in got.totals.items()} == {
        "2019-01": 2019, "2019-02": 5, "2020-01": 2020, "2020-02": 5,
    }  # fmt: skip


def test_merged_years_and_merged_months_reach_down():
    rows = [["Year", "Month", "Tweets"], [2020, "Nov", 1], [None, "Dec", 2], [2021, "Jan", 3], [None, "Feb", 4]]
    assert {month: figures[0] for month, figures in book(a=rows).totals.items()} == {
        "2020-11": 1, "2020-12": 2, "2021-01": 3, "2021-02": 4,
    }  # fmt: skip
    rows = [["Month", "Kind", "Tweets"], ["Jan 2021", "own", 1], [None, "replies", 2], ["Feb 2021", "own", 3],
            [None, "replies", 4]]  # fmt: skip
    got = book(a=rows)
    assert {month: figures[0] for month, figures in got.totals.items()} == {"2021-01": 3, "2021-02": 7}
    assert "figures are added up" in got.told


def test_rows_by_week_are_added_to_the_month_of_their_date():
    weeks = ["2021-01-04", "2021-01-11", "2021-01-18", "2021-01-25", "2021-02-01"]
    got = sheet(["Week", "Tweets", "Impressions"], *([week, "10", "100"] for week in weeks))
    assert got.totals["2021-01"] == (40, 400, None, None)
    assert "the rows are weeks" in got.told
    with pytest.raises(UnreadableData, match="no date"):
        sheet(["Week", "Tweets"], ["Jan 4 - Jan 10", "10"], ["Jan 11 - Jan 17", "10"])


def test_a_hidden_tab_does_not_count_and_it_is_told():
    got = book(now=[HEADER, ["Jan 2021", 949, 14_400_000, 5106]])
    assert got.report["errors"] == []
    data = workbook({"now": [HEADER, ["Jan 2021", 949, 5, 5]], "draft": [HEADER, ["Jan 2021", 1, 1, 1]]})
    opened = openpyxl.load_workbook(io.BytesIO(data))
    opened["draft"].sheet_state = "hidden"
    buffer = io.BytesIO()
    opened.save(buffer)
    got = read(("mine.xlsx", buffer.getvalue()))
    assert got.totals == {"2021-01": (949, 5, None, 5)}
    assert "the tab is hidden" in got.told


def test_two_tabs_that_differ_are_told():
    got = book(a=[HEADER, ["Jan 2021", 949, 5, 5]], b=[HEADER, ["Jan 2021", 950, 5, 5]])
    assert got.months["2021-01"].tweets == 950
    assert "two tables give different figures" in got.told


def test_errors_and_formulas_without_results_are_missing_and_told():
    rows = [HEADER, [datetime(2021, 1, 1), 949, "=B2*1000", 5106], [datetime(2021, 2, 1), 900, 13, "#DIV/0!"]]
    got = book(a=[list(row) for row in rows])
    assert got.totals == {"2021-01": (949, None, None, 5106), "2021-02": (900, 13, None, None)}
    assert "impressions: no figure in 1 of 2 months" in got.told
    assert "new followers: no figure in 1 of 2 months" in got.told


def test_a_month_that_stands_twice_is_told():
    got = sheet(HEADER, JANUARY, ["Jan 2021", "1", "2", "3"])
    assert got.months["2021-01"].impressions == 14_400_000
    assert "1 months stand in the file twice with different figures" in got.told


def test_words_between_figures_are_missing_and_told():
    got = sheet(HEADER, ["Jan 2021", "949", "about 14.4M", "5106"], FEBRUARY)
    assert got.months["2021-01"].impressions is None
    assert "(“about 14.4M”)" in got.told
