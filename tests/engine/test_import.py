"""Every kind of file that X exports, however it was saved again: the same figures, and a report that says how."""

import csv
import io
from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from engine.errors import LimitExceeded, UnknownLayout, UnreadableData
from engine.tweets.read import read_file
from engine.tweets.rows import signature
from tests import exports
from tests.exports import NEW_POSTS, NEW_POSTS_2025, OLD_DAYS, OLD_POSTS, new_row, old_row, table
from tests.imports import Imported, read

MADE = exports.posts(120)
EXPECTED = exports.totals(MADE)
OLD = exports.old_posts(MADE)
NAME = "tweet_activity_metrics_example_20210101_20210301_en.csv"
Rows = list[list[str]]


def old_rows() -> Rows:
    return [old_row(post) for post in MADE]


def by_post(got: Imported) -> dict[str, tuple[float | None, ...]]:
    return {month: figures[:3] for month, figures in got.totals.items()}


def test_the_old_export_by_tweet_needs_no_guess():
    got = read((NAME, OLD))
    assert by_post(got) == EXPECTED
    assert got.told == ""
    assert got.report["files"][0]["read_as"] == "posts, the export by tweet"
    assert [month.complete for month in got.months.values()] == [True, True]


def test_the_names_of_2015_are_known():
    header = [name.replace("likes", "favorites") for name in OLD_POSTS]
    got = read((NAME, table([header, *old_rows()])))
    assert by_post(got) == EXPECTED
    assert got.told == ""
    assert got.history.posts["likes"].sum() == sum(post.likes for post in MADE)


def test_the_old_export_by_day_counts_its_tweets():
    got = read(("daily_" + NAME, exports.old_days(MADE, date(2021, 1, 1), 59)))
    assert by_post(got) == EXPECTED
    assert got.told == ""
    assert got.months["2021-01"].source["impressions"] == "by-day"


@pytest.mark.parametrize("header", [NEW_POSTS, NEW_POSTS_2025])
@pytest.mark.parametrize("style", ["%a, %b %d, %Y", "%a %b %d %Y"])
def test_both_dialects_of_the_content_export_in_both_date_styles(header: list[str], style: str):
    name = "account_analytics_content_2021-01-01_2021-02-28.csv"
    got = read((name, table([header, *(new_row(post, style) for post in MADE)])))
    assert by_post(got) == EXPECTED
    assert got.told == ""
    assert got.months["2021-02"].complete
    assert got.months["2021-01"].followers_from_posts == EXPECTED["2021-01"][0]
    assert got.months["2021-01"].new_followers is None


def test_the_overview_gives_new_followers():
    got = read(("account_overview_analytics.csv", exports.overview(date(2021, 1, 1), 59)))
    january = got.months["2021-01"]
    assert (january.new_followers, january.tweets, january.impressions) == (93, 31, 3100)
    assert january.source == dict.fromkeys(("tweets", "impressions", "engagements"), "by-day") | {
        "new_followers": "overview"
    }


def test_the_video_overview_is_refused_with_the_reason():
    header = "Date,Views,Watch Time (ms),Completion Rate,Average Watch Time (ms),Estimated Revenue"
    data = f"Video overview,,,,,\n{header}\n2026-01-01,5,6,7,8,9\n".encode()
    with pytest.raises(UnreadableData, match="video overview, which counts views of videos") as caught:
        read(("video.csv", data))
    assert "content or the account overview" in caught.value.remedy


SAVED: dict[str, Callable[[], bytes]] = {
    "byte order mark": lambda: b"\xef\xbb\xbf" + OLD,
    "semicolons and CRLF": lambda: table([OLD_POSTS, *old_rows()], ";", "\r\n"),
    "tabs": lambda: table([OLD_POSTS, *old_rows()], "\t"),
    "pipes": lambda: table([OLD_POSTS, *old_rows()], "|"),
    "sep= line": lambda: b"sep=;\r\n" + table([OLD_POSTS, *old_rows()], ";", "\r\n"),
    "UTF-16": lambda: table([OLD_POSTS, *old_rows()], "\t").decode().encode("utf-16"),
    "UTF-16 without a mark": lambda: OLD.decode().encode("utf-16-le"),
    "UTF-16 big-endian": lambda: OLD.decode().encode("utf-16-be"),
    "cp1252": lambda: OLD.replace(b"alpha", "café à £5".encode()).decode().encode("cp1252"),
    "a workbook": lambda: exports.workbook({"export": [OLD_POSTS, *old_rows()]}),
    "blank and title rows": lambda: table([["My export"], [], OLD_POSTS, *old_rows(), [], []]),
    "repeated headers": lambda: table([OLD_POSTS, *old_rows()[:50], OLD_POSTS, *old_rows()[50:]]),
    "the header at the bottom": lambda: table([*old_rows(), OLD_POSTS]),
    "no header": lambda: table(old_rows()),
    "a total": lambda: table([OLD_POSTS, *old_rows(), ["Total", "", "", "", "9000"]]),
    "an empty line first": lambda: b"\n\n" + OLD,
}


@pytest.mark.parametrize("how", SAVED)
def test_a_copy_saved_again_has_the_same_figures(how: str):
    assert by_post(read((NAME, SAVED[how]()))) == EXPECTED


def test_text_with_line_breaks_and_quotation_marks_stays_whole():
    posts = read((NAME, OLD)).history.posts
    assert sorted(posts["text"]) == sorted(post.text for post in MADE)
    assert posts["text"].str.contains("\n").any()


def test_rows_that_are_no_data_are_counted_with_the_reason():
    rows = old_rows()
    total = ["Total", "", "", "", "9000.0"]
    got = read((NAME, table([["My export"], [], OLD_POSTS, *rows[:50], OLD_POSTS, *rows[50:], total, []])))
    assert by_post(got) == EXPECTED
    assert got.report["dropped"] == {"title or note": 1, "blank": 2, "repeated header": 1, "no date": 1}


@pytest.mark.parametrize("header", [[f"列{n}" for n in range(40)], ["?"] * 40])
def test_posts_in_a_foreign_language_go_by_position(header: list[str]):
    got = read(("x.csv", table([header, *old_rows()])))
    assert by_post(got) == EXPECTED
    assert "taken by their position" in got.told


def test_days_in_a_foreign_language_go_by_position():
    rows = list(csv.reader(io.StringIO(exports.old_days(MADE, date(2021, 1, 1), 59).decode())))
    assert len(rows[0]) == len(OLD_DAYS) == 38
    got = read(("x.csv", table([[f"列{n}" for n in range(38)], *rows[1:]])))
    assert by_post(got) == EXPECTED
    assert "taken by their position" in got.told


def test_an_anonymised_copy_counts_its_posts():
    kept = OLD_POSTS[3:22]
    got = read(("x.csv", table([kept, *(row[3:22] for row in old_rows())])))
    assert by_post(got) == EXPECTED
    assert "each is taken for a post" in got.told
    got = read(("x.csv", table([OLD_POSTS, *(["", "", "", *row[3:]] for row in old_rows())])))
    assert by_post(got) == EXPECTED


def test_columns_in_another_order_go_by_their_names_and_it_is_told():
    rows = [OLD_POSTS, *old_rows()]
    got = read((NAME, table([row[::-1] for row in rows])))
    assert by_post(got) == EXPECTED
    assert "another order" in got.told


def test_ids_ruined_by_a_spreadsheet_are_repaired_from_the_permalinks():
    ruined = [[f"{float(row[0]):.14E}", *row[1:]] for row in old_rows()]
    got = read(("ruined.csv", table([OLD_POSTS, *ruined])), (NAME, OLD))
    assert by_post(got) == EXPECTED
    assert set(got.history.posts["id"]) == {post.id for post in MADE}
    assert got.report["dropped"] == {"the same post in a later export": len(MADE)}
    alone = read(("ruined.csv", table([OLD_POSTS, *ruined])))
    assert set(alone.history.posts["id"]) == {post.id for post in MADE}
    assert "ids repaired from their permalinks" in alone.told


def test_ids_rounded_to_15_digits_still_tell_posts_apart():
    rounded = [[f"{float(row[0]):.14E}", "", *row[2:]] for row in old_rows()]
    got = read(("rounded.csv", table([OLD_POSTS, *rounded])), (NAME, OLD))
    assert by_post(got) == EXPECTED
    assert got.report["dropped"] == {"the same post in a later export": len(MADE)}


def test_ids_with_too_few_digits_lose_no_post():
    ruined = [["1.35E+18", "", *row[2:]] for row in old_rows()]
    got = read(("x.csv", table([OLD_POSTS, *ruined])))
    assert by_post(got) == EXPECTED
    assert "rounded by a spreadsheet" in got.told


def test_a_missing_date_comes_from_the_id_and_it_is_told():
    got = read((NAME, table([OLD_POSTS, *([*row[:3], "", *row[4:]] for row in old_rows())])))
    assert by_post(got) == EXPECTED
    assert f"got it from their id: {len(MADE)}" in got.told


def test_a_workbook_with_numbers_and_dates_has_the_same_figures():
    rows = []
    for post in MADE:
        text = new_row(post)
        rows.append([int(text[0]), post.moment.date(), *text[2:4], *map(int, text[4:])])
    got = read(("book.xlsx", exports.workbook({"Posts": [NEW_POSTS, *rows], "Notes": [["nothing", "here"]]})))
    assert by_post(got) == EXPECTED
    assert set(got.history.posts["id"]) == {post.id for post in MADE}
    assert got.report["errors"][0].startswith("book.xlsx · Notes: its columns are not known")


def test_a_large_workbook_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.settings.SCANNED_MEGABYTES", 0)
    assert by_post(read(("book.xlsx", SAVED["a workbook"]()))) == EXPECTED


def test_an_ods_workbook_has_the_same_figures():
    buffer = io.BytesIO()
    pd.DataFrame(old_rows(), columns=OLD_POSTS).to_excel(buffer, engine="odf", index=False)
    assert by_post(read(("book.ods", buffer.getvalue()))) == EXPECTED


def test_an_unknown_header_asks_and_a_mapping_answers():
    rows = [["When", "What", "How many"], ["2021-01", "949", "14.4M"], ["2021-02", "900", "13M"]]
    with pytest.raises(UnknownLayout) as caught:
        read(("m.csv", table(rows)))
    assert caught.value.header == ["When", "What", "How many"]
    answer = {signature(caught.value.header): {"When": "month", "What": "tweets", "How many": "impressions"}}
    got = read(("m.csv", table(rows)), mappings=answer)
    assert got.totals["2021-01"] == (949, 14_400_000, None, None)


def test_two_columns_for_one_figure_ask():
    with pytest.raises(UnknownLayout, match=r"two columns may hold the tweets: “Tweets” and “Tweets \(2\)”"):
        read(("m.csv", table([["Month", "Tweets", "Tweets", "Impressions"], ["2021-01", "3", "4", "5"]])))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02" * 1000, "no table"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"PK\x03\x04nonsense", "damaged workbook"),
        (b"\xd0\xcf\x11\xe0nonsense", "damaged workbook"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "no table"),
        (b"hello\nworld\n", "not known"),
        (OLD + b'"left open\n' + b"a,b,c\n" * 50_000, "cannot be read after row"),
        (table([OLD_POSTS]), "no row"),
        (table([OLD_POSTS, *([*row[:3], "yesterday", *row[4:]] for row in [["", "", "", "", *["1"] * 36]])]), "no row"),
    ],
)
def test_what_is_no_export_is_refused_in_words(data: bytes, words: str):
    with pytest.raises(UnreadableData, match=words):
        read_file("x.csv", data)


def test_a_table_with_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.settings.TABLE_ROWS", 50)
    with pytest.raises(LimitExceeded, match="more than 50 rows"):
        read_file("x.csv", OLD)
    with pytest.raises(LimitExceeded, match="more than 50 rows"):
        read_file("x.xlsx", SAVED["a workbook"]())


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.settings.WORKBOOK_MEGABYTES", 0)
    with pytest.raises(LimitExceeded, match="unpacks to"):
        read_file("x.xlsx", SAVED["a workbook"]())
