"""Real exports, in place: read without a question, and the same totals as a plain sum of their cells."""

import csv
import io
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import SHARED_TWEETS
from tests.imports import read

FILES = sorted(SHARED_TWEETS.rglob("*.csv")) if SHARED_TWEETS.is_dir() else []
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {name: f"{at:02}" for at, name in enumerate(NAMES, start=1)}


def month_of(text: str) -> str:
    """The month of "2021-01-31 ...", "Tue, Jan 31, 2021" or "Tue Jan 31 2021"."""
    if text[:4].isdigit():
        return text[:7]
    words = text.replace(",", "").split()
    return f"{words[3]}-{MONTHS[words[1]]}"


def plain_sum(data: bytes) -> dict[str, list[int]]:
    """Month -> rows or tweets, impressions, engagements, with nothing but the csv module."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    names = [name.lower() for name in rows[0]]
    if "impressions" not in names:  # a copy without its header: the old export by tweet
        names = ["id", "url", "text", "time", "impressions", "engagements"]
        rows = [[], *(row for row in rows if row[0] != "Tweet id")]  # its header was sorted away from the top
    when = names.index("time" if "time" in names else "date")
    counted = next((names.index(name) for name in ("tweets published", "create post") if name in names), None)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows[1:]:
        month = found[month_of(row[when])]
        month[0] += 1 if counted is None else int(float(row[counted]))
        month[1] += int(float(row[names.index("impressions")]))
        month[2] += int(float(row[names.index("engagements")]))
    return dict(found)


def test_the_real_exports_are_here(shared_tweets: Path):
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}-{path.stem[-30:]}" for path in FILES])
def test_a_real_export_adds_up_to_the_unit(path: Path):
    data = path.read_bytes()
    got = read((path.name, data))
    held = {name: list(figures[:3]) for name, figures in got.totals.items() if figures[0]}
    assert held == {name: figures for name, figures in plain_sum(data).items() if figures[0]}
    assert got.report["errors"] == []


@pytest.mark.parametrize("kind", ["tweet", "daily_tweet"])
def test_a_year_of_one_account_adds_up(shared_tweets: Path, kind: str):
    paths = sorted((shared_tweets / "debruine").glob(f"{kind}_activity*.csv"))
    got = read(*((path.name, path.read_bytes()) for path in paths))
    expected = {month: figures for path in paths for month, figures in plain_sum(path.read_bytes()).items()}
    assert {name: list(figures[:3]) for name, figures in got.totals.items()} == expected
    assert all(month.complete for month in got.months.values())
    assert got.report["rows"] == got.report["kept"] == sum(file["rows"] for file in got.report["files"])
