"""The Tweets page in a real browser on a real server, with a stand-in for Google Sheets."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import exports
from tests.browser.browser import drop, headline, open_page
from tests.engine.fake_sheets import ID, LINK, FakeBook, FakeSheets, FakeTab
from tests.server import running

MADE = exports.posts(120)  # January and February 2021
BY_TWEET = ("tweet_activity_metrics_example_20210101_20210301_en.csv", exports.old_posts(MADE))
OVERVIEW = ("account_overview_analytics.csv", exports.overview(date(2021, 1, 1), 59))
MONTHS = [["Month", "Tweets", "Impressions", "New followers"], ["Jan 2021", 949, "14.4M", 5106]]


@pytest.fixture(scope="module")
def google() -> Iterator[FakeSheets]:
    with FakeSheets() as fake:
        fake.books[ID] = FakeBook("Growth", [FakeTab("Months", MONTHS, gid=7)], by_link=True)
        yield fake


@pytest.fixture
def address(tmp_path: Path, google: FakeSheets) -> Iterator[str]:
    """A server with a database of its own."""
    with running(tmp_path / "tally", TALLY_SHEETS_URL=google.url) as address:
        yield f"{address}/tweets"


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = open_page(browser, address)
    yield page
    page.context.close()


def metric(page: Page, label: str):
    return page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))


def test_exports_are_dropped_read_and_kept_over_a_page_switch_and_a_reload(page):
    drop(page, [BY_TWEET, OVERVIEW])
    february = [post for post in MADE if post.moment.month == 2]
    expect(metric(page, "Tweets")).to_contain_text(str(len(february)))
    expect(metric(page, "New followers")).to_contain_text("84")
    expect(
        page.get_by_text("account overview, 59", exact=False).or_(page.get_by_text("59 rows of days"))
    ).to_be_visible()
    page.get_by_role("link", name="Classify").click()
    headline(page, "What do your photos show?")
    page.get_by_role("link", name="Tweets").click()
    expect(metric(page, "Tweets")).to_contain_text(str(len(february)))
    page.reload()
    expect(metric(page, "Tweets")).to_contain_text(str(len(february)))


def test_an_unknown_table_is_asked_about_once_and_remembered(page):
    table = b"When,How many,Seen\n2021-01,949,14.4M\n2020-12,1280,12.7M\n"
    drop(page, [("own.csv", table)])
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("own.csv")).to_be_visible()
    for label, heading in (("Month", "When"), ("Tweets", "How many"), ("Impressions", "Seen")):
        box = dialog.get_by_role("combobox", name=label, exact=True)
        box.fill(heading)
        page.keyboard.press("Enter")
        expect(box).to_have_value(heading)
    dialog.get_by_role("button", name="Read it so").click()
    headline(page, "14.4M impressions in Jan 2021")
    expect(dialog).to_have_count(0)
    drop(page, [("next.csv", table.replace(b"2021-01,949,14.4M", b"2021-02,318,4.96M"))])
    headline(page, "4.96M impressions in Feb 2021")


def test_a_google_sheet_is_connected_by_its_link_and_a_private_one_says_how(page, google):
    def connect(link: str) -> None:
        field = page.get_by_role("textbox", name="Link")
        if not field.is_visible():
            page.get_by_role("button", name="Google Sheet").click()
        field.fill(link)
        page.get_by_role("button", name="Read the sheet").click()

    connect(LINK)
    headline(page, "14.4M impressions in Jan 2021")
    expect(metric(page, "New followers")).to_contain_text("5,106")
    connect("https://example.com/spreadsheets/d/1AbCdEfGhIjKlMnOpQrStUv")
    expect(page.get_by_role("alert").filter(has_text=re.compile("The sheet"))).to_be_visible()
    headline(page, "14.4M impressions in Jan 2021")


def test_a_goal_is_set_and_the_headline_answers_it(page):
    drop(page, [("months.csv", exports.table(MONTHS))])
    headline(page, "14.4M impressions in Jan 2021")
    page.get_by_role("textbox", name="Target").fill("13M")
    page.get_by_role("button", name="Set the goal").click()
    headline(page, "14.4M impressions, goal met")


def test_the_sample_draws_every_tab_and_its_report_downloads(browser, page, tmp_path):
    page.get_by_role("button", name="Try the sample account").click()
    headline(page, "Behind the pace for 14.5M impressions")
    for tab, chart in (
        ("What changed", "waterfall-impressions"),
        ("Engagement and reach", "elasticities"),
        ("Posts", "hours"),
        ("Month and goals", "pace-impressions"),
    ):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(f".st-key-{chart} .main-svg").first).to_be_visible()
    page.get_by_role("button", name="Report").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^HTML")).click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    shown = browser.new_page()
    shown.goto(report.as_uri())
    expect(shown.get_by_role("heading", level=1)).to_have_text("Behind the pace for 14.5M impressions")
    expect(shown.locator(".plotly-graph-div .main-svg").first).to_be_visible()
    shown.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_sideways_scrolling(browser, address, scheme):
    page = open_page(browser, address, width=390, height=844, scheme=scheme)
    page.get_by_role("button", name="Try the sample account").click()
    headline(page, "Behind the pace for 14.5M impressions")
    for tab in ("What changed", "Month and goals"):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], json.dumps(widths)
    page.context.close()
