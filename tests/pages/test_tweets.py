"""The Tweets page without a browser: what a visitor reads after each thing they can do."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.store import accounts
from engine.tweets import sheets
from tests import exports
from tests.engine.fake_sheets import EMAIL, ID, LINK, FakeBook, FakeSheets, FakeTab

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
MADE = exports.posts(200)  # January and February 2021
BY_TWEET = ("tweet_activity_metrics_example_20210101_20210301_en.csv", exports.old_posts(MADE))
OVERVIEW = ("account_overview_analytics.csv", exports.overview(date(2021, 1, 1), 59))
SHEET = (
    "months.csv",
    b"Month,Tweets,Impressions,New followers,Engagement rate,Impressions goal\n"
    b"Aug 2020,3126,7.2M,7878,2.9%,\nJan 2021,949,14.4M,5106,1.5%,13M\n",
)


@pytest.fixture
def page() -> Iterator[AppTest]:
    """The page as a visitor opens it."""
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    page.switch_page("../pages/tweets.py").run()
    assert not page.exception
    yield page
    assert not page.exception


def drop(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = page.file_uploader[0]
    for name, data in files:
        uploader = uploader.upload(name, data)
    return uploader.run()


def text(page: AppTest) -> str:
    """All the running text of the page, its Markdown escapes undone."""
    elements = [*page.title, *page.markdown, *page.caption, *page.info, *page.success, *page.error, *page.warning]
    return "\n".join(element.value for element in elements).replace("\\", "").replace("\u2060", "")


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def sample(page: AppTest) -> AppTest:
    return next(button for button in page.button if button.label == "Try the sample account").click().run()


def open_tab(page: AppTest, name: str) -> AppTest:
    page.session_state["tweets-tab"] = name
    return page.run()


def test_the_empty_page_teaches(page):
    assert page.title[0].value == "Are you getting better per tweet?"
    assert "Drop your exports" in text(page)
    assert not page.metric


def test_the_sample_tells_the_story_and_is_labelled(page):
    sample(page)
    words = text(page)
    assert "Sample: made up" in words
    assert "Jan 2021 against Aug 2020: Twice the impressions with a third of the tweets." in words
    assert "New followers fell 35 %: fewer tweets cost 7,620, more per tweet brought 4,848." in words
    assert page.title[0].value == "Behind the pace for 14.5M impressions"
    assert "+11.5 % on Jan 2021" in words
    assert re.search(r"Likely end: [\d.]+M \([\d.]+M to [\d.]+M; such ranges held in \d of \d past months\)", words)
    assert re.search(r"Chance of the goal: \d+ %", words)


def test_a_past_month_of_the_sample_met_its_goals(page):
    sample(page)
    page.selectbox(key="tweets-month").select("2021-01").run()
    assert page.title[0].value == "14.4M impressions, goal met"
    shown = metrics(page)
    assert shown["Impressions"] == "14.4M"
    assert shown["Tweets"] == "949"
    assert shown["Followers per tweet"] == "5.38"
    assert shown["Engagement rate"] == "1.5 %"


def test_dropped_exports_make_an_account_with_exact_months(page):
    drop(page, BY_TWEET, OVERVIEW)
    assert accounts.list_accounts() == ["My account"]
    page.selectbox(key="tweets-month").select("2021-01").run()
    january = [post for post in MADE if post.moment.month == 1]
    shown = metrics(page)
    assert shown["Tweets"] == str(len(january))
    assert shown["New followers"] == "93"
    helps = " ".join(metric.help for metric in page.metric)
    assert f"{sum(post.impressions for post in january):,}, counted by-tweet" in helps
    assert "200 rows of posts, the export by tweet" in text(page)


def test_what_was_imported_is_still_there_for_the_next_visit(page):
    drop(page, BY_TWEET)
    again = AppTest.from_file(str(APP), default_timeout=60).run()
    again.switch_page("../pages/tweets.py").run()
    assert metrics(again)["Tweets"] == str(sum(post.moment.month == 2 for post in MADE))


def test_the_same_file_again_says_so(page):
    drop(page, BY_TWEET)
    drop(page, BY_TWEET)
    assert "the same file is there already" in text(page)


def test_a_hand_made_sheet_brings_its_own_goals(page):
    drop(page, SHEET)
    assert page.title[0].value == "14.4M impressions, goal met"
    assert metrics(page)["New followers"] == "5,106"


def test_files_that_are_no_tables_are_named_with_the_reason_and_the_others_count(page):
    drop(page, ("photo.png", b"\x89PNG\r\n\x1a\n\0\1\2\3" * 9), BY_TWEET)
    assert metrics(page)["Tweets"]
    titles = [error.proto.title for error in page.error]
    assert any("photo" in title and "no table" in title for title in titles), titles


def test_an_import_can_be_undone_and_counts_again(page):
    drop(page, BY_TWEET)
    drop(page, SHEET)
    open_tab(page, "Data and imports")
    undo = next(button for button in page.button if button.label == "Undo")
    undo.click().run()
    assert "Aug 2020" not in page.selectbox(key="tweets-month").options
    next(button for button in page.button if button.label == "Count it again").click().run()
    assert "Aug 2020" in page.selectbox(key="tweets-month").options


def test_a_goal_is_set_met_or_refused_in_words(page):
    drop(page, SHEET)
    form = {element.label: element for element in page.text_input}
    form["Target"].input("12k")
    next(button for button in page.button if button.label == "Set the goal").click().run()
    assert accounts.current_goals(accounts.account("My account").goals) == {("2021-01", "impressions"): 12_000.0}
    next(element for element in page.text_input if element.label == "Target").input("lots")
    next(button for button in page.button if button.label == "Set the goal").click().run()
    assert any("is no target" in error.proto.title for error in page.error)


def test_the_waterfalls_add_up_to_the_change(page):
    sample(page)
    open_tab(page, "What changed")
    words = text(page)
    assert "**New followers: 7,878 to 5,106, \N{MINUS SIGN}35 %**" in words
    alts = [chart.proto.alt for chart in page.get("plotly_chart")]
    assert "New followers from 7,878 to 5,106: tweets -7,620, new followers per tweet +4,848." in alts
    reach = next(alt for alt in alts if alt.startswith("New followers, by reach"))
    parts = [int(number.replace(",", "")) for number in re.findall(r"[+-][\d,]+\d", reach)]
    assert abs(sum(parts) - (5_106 - 7_878)) <= 2  # each is rounded for the eye


def test_reach_is_answered_with_an_interval_for_posts(page):
    sample(page)
    open_tab(page, "Engagement and reach")
    words = text(page)
    assert "Is the change of the engagement rate from Aug 2020 to Jan 2021 explained by reach?" in words
    assert "Reach explains it" in words
    assert re.search(r"reach -\d+ % \(-\d+ to -\d+\)", words)


def test_reach_cannot_be_told_from_months_alone(page):
    drop(page, SHEET)
    open_tab(page, "Engagement and reach")
    assert "Cannot tell" in text(page)


def test_the_rate_can_be_put_aside_with_its_reason(page):
    sample(page)
    page.session_state["sample_demoted"] = "engagements hold"
    page.run()
    assert "Engagement rate" not in metrics(page)
    assert "Engagement rate (not watched)" in text(page)


def test_posts_are_ranked_and_hours_tested_before_they_are_shown(page):
    sample(page)
    open_tab(page, "Posts")
    words = text(page)
    assert "No sign that the time of posting matters" in words
    assert len(page.dataframe[0].value) == 20
    best = page.dataframe[0].value["times the usual"]
    assert best.is_monotonic_decreasing


def test_two_exports_of_other_definitions_are_marked_where_they_meet(page):
    later = exports.posts(60, date(2021, 3, 1), 31, seed=1)
    drop(page, BY_TWEET, ("account_analytics_content_2021-03-01_2021-03-31.csv", exports.new_posts(later)))
    chart = next(chart for chart in page.get("plotly_chart") if chart.proto.alt.startswith("Impressions by month"))
    assert "old export to new export" in chart.proto.spec


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSheets]:
    monkeypatch.setattr(sheets, "_copies", {})
    with FakeSheets() as fake:
        monkeypatch.setenv("TALLY_SHEETS_URL", fake.url)
        months = [["Month", "Tweets", "Impressions"], [44197, 949, "14,4M"], [44166, "1.280", 12_650_000]]
        tabs = [FakeTab("Monate", months), FakeTab("Notes", [["to do"]], gid=1)]
        fake.books[ID] = FakeBook("Wachstum", tabs, locale="de_DE", readers={EMAIL})
        yield fake


def connect(page: AppTest, link: str) -> AppTest:
    next(field for field in page.text_input if field.label == "Link").input(link)
    return next(button for button in page.button if button.label == "Read the sheet").click().run()


def test_a_private_sheet_is_read_with_the_servers_service_account(page, google):
    page.secrets["sheets"] = {"service_account": json.dumps(google.service_account())}
    connect(page, LINK)
    assert page.title[0].value == "14.4M impressions in Jan 2021"
    page.selectbox(key="tweets-month").select("2020-12").run()
    assert metrics(page)["Tweets"] == "1,280"


def test_a_sheet_that_changed_takes_the_place_of_its_earlier_copy(page, google, monkeypatch):
    page.secrets["sheets"] = {"service_account": json.dumps(google.service_account())}
    connect(page, LINK)
    google.books[ID].tabs[0].cells[1][1] = 950
    monkeypatch.setattr(sheets, "_copies", {})  # a minute later
    connect(page, LINK)
    assert metrics(page)["Tweets"] == "950"
    assert [kept.undone_at is None for kept in accounts.account("My account").imports] == [False, True]


def test_a_sheet_nobody_shared_says_with_whom_to_share_it(page, google):
    google.books[ID].readers.clear()
    page.secrets["sheets"] = {"service_account": json.dumps(google.service_account())}
    connect(page, LINK)
    assert any(EMAIL in error.proto.title.replace("\\", "") for error in page.error)
    assert accounts.list_accounts() == []


@pytest.mark.parametrize("content", [b"", b"Month,Tweets\n", b"\xff\xfe\x00", b"a" * 300_000])
def test_broken_files_say_something_and_break_nothing(page, content):
    drop(page, ("broken.csv", content))
    assert page.error or page.get("dialog")


def test_an_unknown_table_can_be_put_off_and_named_later(page):
    drop(page, ("own.csv", b"When,How many,Seen\n2021-01,949,14.4M\n2020-12,1280,12.7M\n"))
    assert page.session_state["tweets_outcome"].asking
    page.session_state["tweets_outcome"].asking = False  # as closing the dialog does
    page.run()
    assert "Not read, as the columns are not known: own.csv." in text(page)
    next(button for button in page.button if button.label == "Name the columns").click().run()
    assert page.session_state["tweets_outcome"].asking


def test_an_account_deleted_in_another_tab_is_left_quietly(page):
    drop(page, SHEET)
    accounts.create_account("Other")
    accounts.delete_account("My account")
    page.run()
    assert not page.error
    assert page.selectbox[0].value == "Other"


def test_a_percentage_is_no_goal_for_something_counted(page):
    drop(page, SHEET)
    for target in ("1.5 %", "0", "9e30"):
        next(element for element in page.text_input if element.label == "Target").input(target)
        next(button for button in page.button if button.label == "Set the goal").click().run()
        assert any("is no target" in error.proto.title for error in page.error)
    assert accounts.current_goals(accounts.account("My account").goals) == {}


def test_the_newest_month_is_shown_after_each_import(page):
    drop(page, SHEET)
    page.selectbox(key="tweets-month").select("2020-08").run()
    drop(page, ("more.csv", b"Month,Tweets,Impressions\nMar 2021,900,15M\n"))
    assert page.title[0].value == "15M impressions in Mar 2021"
    page.run()
    assert page.title[0].value == "15M impressions in Mar 2021"


def test_an_answer_about_columns_is_remembered_and_can_be_taken_back(page):
    table = b"When,How many,Seen\n2021-01,949,14.4M\n2020-12,1280,12.7M\n"
    header = "when|how many|seen"
    accounts.remember_mapping(header, {"When": "month", "How many": "tweets", "Seen": "impressions"})
    drop(page, ("own.csv", table))
    assert page.title[0].value == "14.4M impressions in Jan 2021"
    open_tab(page, "Data and imports")
    next(button for button in page.button if button.label == "Forget").click().run()
    assert accounts.mappings() == {}
    drop(page, ("next.csv", table.replace(b"949", b"950")))
    assert page.session_state["tweets_outcome"].unknown
