"""The fast way into a large export gives what the common way gives, odd rows included."""

from collections.abc import Callable

import pandas as pd
import pytest

from engine import settings
from engine.tweets import scan
from engine.tweets.read import Part, read_file
from tests import exports
from tests.exports import NEW_POSTS, OLD_POSTS, new_row, old_row, table

MADE = exports.posts(90)
FILE = "tweet_activity_metrics_example_20210101_20210301_en.csv"
Rows = list[list[str]]


def old_rows() -> Rows:
    return [OLD_POSTS, *(old_row(post) for post in MADE)]


def new_rows(style: str = "%a, %b %d, %Y") -> Rows:
    return [NEW_POSTS, *(new_row(post, style) for post in MADE)]


def with_cell(rows: Rows, row: int, column: int, value: str) -> Rows:
    rows[row] = [*rows[row]]
    rows[row][column] = value
    return rows


FILES: dict[str, Callable[[], bytes]] = {
    "old": lambda: exports.old_posts(MADE),
    "new": lambda: table(new_rows()),
    "new, other dates": lambda: table(new_rows("%a %b %d %Y")),
    "byte order mark": lambda: b"\xef\xbb\xbf" + table(old_rows()),
    "semicolons, CRLF": lambda: table(old_rows(), ";", "\r\n"),
    "total row": lambda: table([*old_rows(), ["Total", "", "", "", "9999", *[""] * 35]]),
    "repeated header": lambda: table([*old_rows()[:40], OLD_POSTS, *old_rows()[40:]]),
    "blank rows": lambda: table([*old_rows()[:40], [], *old_rows()[40:], [""] * 40]),
    "title above": lambda: table([["My export"], *old_rows()]),
    "duplicates": lambda: table([*old_rows(), *old_rows()[5:9]]),
    "grouped figure": lambda: table(with_cell(old_rows(), 7, 4, "1,234")),
    "missing figure": lambda: table(with_cell(old_rows(), 7, 4, "")),
    "dash": lambda: table(with_cell(old_rows(), 7, 5, "-")),
    "fraction": lambda: table(with_cell(old_rows(), 7, 4, "12.5")),
    "negative": lambda: table(with_cell(old_rows(), 7, 4, "-12")),
    "words for a figure": lambda: table(with_cell(old_rows(), 7, 4, "many")),
    "missing date": lambda: table(with_cell(old_rows(), 7, 3, "")),
    "other date": lambda: table(with_cell(old_rows(), 7, 3, "2021-01-05T07:00:00Z")),
    "words for a date": lambda: table(with_cell(old_rows(), 7, 3, "soon")),
    "ruined id": lambda: table(with_cell(old_rows(), 7, 0, "1.35000000000001E+18")),
    "missing id": lambda: table(with_cell(old_rows(), 7, 0, "")),
    "missing id and link": lambda: table(with_cell(with_cell(old_rows(), 7, 0, ""), 7, 1, "")),
    "all ids ruined": lambda: table([OLD_POSTS, *([f"{float(r[0]):.14E}", *r[1:]] for r in old_rows()[1:])]),
    "row cut short": lambda: table([*old_rows()[:40], old_rows()[40][:20], *old_rows()[41:]]),
    "last row cut": lambda: exports.old_posts(MADE)[:-150],
    "last row cut after a quotation mark": lambda: exports.old_posts(MADE).rpartition(b'+0000",')[0] + b'+0000","',
    "row too long": lambda: table([*old_rows()[:40], [*old_rows()[40], "more"], *old_rows()[41:]]),
    "last column blank": lambda: table([OLD_POSTS, *([*row[:-1], ""] for row in old_rows()[1:])]),
    "a figure is missing throughout": lambda: table([[*row[:5], *row[6:]] for row in old_rows()]),
    "reversed columns": lambda: table([row[::-1] for row in new_rows()]),
    "foreign headings": lambda: table([[f"列{n}" for n in range(40)], *old_rows()[1:]]),
    "quoted dates of two styles": lambda: table([*new_rows()[:40], *new_rows("%a %b %d %Y")[40:]]),
    "cp1252": lambda: table(old_rows()).replace(b"alpha", "café".encode()).decode().encode("cp1252"),
    "promoted": lambda: table(with_cell(old_rows(), 7, 22, "500")),
}


def both(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[Part, Part]:
    common = read_file(FILE, data)
    monkeypatch.setattr(settings, "SCANNED_MEGABYTES", 0)
    return common[0], read_file(FILE, data)[0]


@pytest.mark.parametrize("name", FILES)
def test_both_ways_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch):
    common, fast = both(FILES[name](), monkeypatch)
    shared = [column for column in common.frame if column in fast.frame]
    assert {"key", "id", "day", "clock", "impressions", "text", "likes"} <= set(shared)
    frames = [part.frame[shared].sort_values(["day", "key"], ignore_index=True) for part in (common, fast)]
    pd.testing.assert_frame_equal(*frames, check_dtype=False)
    # A blank line is no row to a reader of CSV files.
    counts = [{k: v for k, v in part.report.dropped.items() if k != "blank"} for part in (common, fast)]
    assert counts[0] == counts[1]
    assert common.report.kept == fast.report.kept
    assert bool(common.report.warnings) == bool(fast.report.warnings)


@pytest.mark.parametrize("name", ["old", "new", "byte order mark", "duplicates", "missing figure", "total row"])
def test_a_plain_export_goes_the_fast_way(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "SCANNED_MEGABYTES", 0)
    assert scan.scan_posts(FILES[name](), text=False) is not None


def test_without_words_the_figures_are_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "SCANNED_MEGABYTES", 0)
    whole, lean = (read_file(FILE, FILES["old"](), text=text)[0].frame for text in (True, False))
    assert "text" not in lean
    pd.testing.assert_frame_equal(whole[["key", "day", "impressions"]], lean[["key", "day", "impressions"]])


def test_a_small_file_goes_the_common_way():
    assert scan.scan_posts(FILES["old"](), text=True) is None


def test_ruined_ids_are_repaired_where_the_words_are_left_out(monkeypatch):
    """Six digits are no id, but the permalink has it: a post that two exports hold still counts once."""
    monkeypatch.setattr(settings, "SCANNED_MEGABYTES", 0)
    ruined = table([OLD_POSTS, *([f"{float(row[0]):.5E}", *row[1:]] for row in old_rows()[1:])])
    parts = [*read_file("a.csv", ruined, text=False), *read_file("b.csv", table(old_rows()), text=False)]
    assert set(parts[0].frame["key"]) == set(parts[1].frame["key"])
