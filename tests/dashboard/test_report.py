"""The report of a month: one file that says what the page says and needs no network."""

import re

import pytest

from dashboard.account import SAMPLE, Opened, open_account
from dashboard.panels.tweets.month import outcomes
from dashboard.report import html


@pytest.fixture
def opened() -> Opened:
    return open_account(SAMPLE, None)


def test_the_report_says_what_the_page_says_and_shows_its_charts(opened):
    month = opened.month("2021-01")
    report = html(opened, month, outcomes(opened, month))
    assert "<h1>14.4M impressions, goal met</h1>" in report
    assert "Sample account: made up" in report
    assert "<td>14,400,000<td>" in report
    assert "New followers fell" in report
    assert report.count('class="plotly-graph-div"') >= 5


def test_the_report_needs_no_network_and_runs_no_foreign_text(opened):
    month = opened.month("2021-02")
    hostile = Opened("<script>alert(1)</script>", opened.history, opened.months, opened.goals)
    report = html(hostile, month, outcomes(hostile, month))
    assert "<script>alert" not in report
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="?https?:', report)


def test_a_month_without_goals_or_a_month_before_has_a_report_too(opened):
    month = opened.month("2020-08")
    assert "7.2M impressions in Aug 2020" in html(opened, month, {})
