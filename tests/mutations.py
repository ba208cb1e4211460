"""Files as they get damaged: bytes flipped, rows cut or doubled, columns and headings swapped. What must not happen is
a crash, or a total that is neither the whole file's, nor a plain sum of the damaged one, nor accompanied by a word in
the report that the whole file does not get.
"""

import calendar
import csv
import io
import random
from collections.abc import Callable
from datetime import date

from engine.errors import TallyError
from engine.tweets.history import combine
from engine.tweets.metrics import by_month
from engine.tweets.read import read_file
from tests import exports

Totals = dict[str, tuple[float | None, ...]]

MADE = exports.posts(40)
MONTHS = [
    ["Month", "Tweets", "Impressions", "New followers", "Engagements"],
    ["Aug-20", "3,126", "7200000", "7,878", "12000"],
    ["Sep 20", "2,000", "8,100,000", "6,000", "13000"],
    ["January 2021", "949", "14,400,000", "5,106", "20000"],
]
FILES = {
    "tweet_activity_metrics_example_20210101_20210301_en.csv": exports.old_posts(MADE),
    "daily_tweet_activity_metrics_example_20210101_20210301_en.csv": exports.old_days(MADE, date(2021, 1, 1), 59),
    "account_analytics_content_2021-01-01_2021-02-28.csv": exports.new_posts(MADE),
    "account_overview_analytics.csv": exports.overview(date(2021, 1, 1), 59),
    "months.csv": exports.table(MONTHS),
}
_LIKELY = b'",\n\r;0123456789.-@ '  # bytes that mean something in such files


def totals(name: str, data: bytes) -> tuple[Totals | None, set[str]]:
    """The monthly totals (None where the file is refused), and what the report says."""
    try:
        history = combine(read_file(name, data))
    except TallyError as error:
        return None, {str(error)}
    months = by_month(history)
    report = history.report.as_dict()
    assert report["rows"] == report["kept"] + sum(report["dropped"].values()), report
    told = {*report["warnings"], *report["guesses"], *report["errors"], *map(str, report["dropped"].items())}
    return {m.month: (m.tweets, m.impressions, m.engagements, m.new_followers) for m in months}, told


def _bytes(number: int) -> Callable[[bytes, random.Random], bytes]:
    def damage(data: bytes, chance: random.Random) -> bytes:
        damaged = bytearray(data)
        for _ in range(number):
            damaged[chance.randrange(len(damaged))] = chance.choice([chance.randrange(256), chance.choice(_LIKELY)])
        return bytes(damaged)

    return damage


def _rows(change: Callable[[list[list[str]], random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    def damage(data: bytes, chance: random.Random) -> bytes:
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
        change(rows, chance)
        return exports.table(rows)

    return damage


def _swap_columns(rows: list[list[str]], chance: random.Random) -> None:
    one, other = chance.sample(range(len(rows[0])), 2)
    for row in rows:
        row[one], row[other] = row[other], row[one]


def _swap_headings(rows: list[list[str]], chance: random.Random) -> None:
    _swap_columns(rows[:1], chance)


def _swap_rows(rows: list[list[str]], chance: random.Random) -> None:
    one, other = chance.sample(range(len(rows)), 2)
    rows[one], rows[other] = rows[other], rows[one]


def _cut_row(rows: list[list[str]], chance: random.Random) -> None:
    del rows[chance.randrange(len(rows))]


def _double_row(rows: list[list[str]], chance: random.Random) -> None:
    rows.insert(chance.randrange(len(rows)), rows[chance.randrange(1, len(rows))])


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a byte": _bytes(1),
    "five bytes": _bytes(5),
    "end cut off": lambda data, chance: data[: chance.randrange(len(data))],
    "row cut": _rows(_cut_row),
    "row doubled": _rows(_double_row),
    "rows swapped": _rows(_swap_rows),
    "columns swapped": _rows(_swap_columns),
    "headings swapped": _rows(_swap_headings),
}


def plain_totals(data: bytes) -> Totals | None:
    """The totals of a file by nothing but the csv module, each row once; None where a plain sum is not possible."""
    try:
        text = data.decode("utf-8") if _is_utf8(data) else data.decode("cp1252")
        rows = list(dict.fromkeys(map(tuple, csv.reader(io.StringIO(text, newline="")))))
        names = [name.casefold() for name in rows[0]]
        found: dict[str, list[float | None]] = {}
        for row in rows[1:]:
            sums = found.setdefault(_month(row[_column(names, "time", "date", "month")]), [None] * 4)
            for at, alike in enumerate(_FIGURES):
                column = _column(names, *alike)
                cell = "1" if at == 0 and column < 0 else row[column] if 0 <= column < len(row) else ""
                sums[at] = float(cell.replace(",", "").replace(" ", "")) + (sums[at] or 0) if cell else sums[at]
    except (ValueError, IndexError, KeyError, csv.Error):
        return None
    return {month: tuple(sums) for month, sums in found.items()}


_FIGURES = [
    ("tweets published", "create post", "tweets"),
    ("impressions",),
    ("engagements",),
    ("new followers", "new follows"),
]
_MONTHS = {name: at for at, name in enumerate(calendar.month_abbr) if name}


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except ValueError:
        return False
    return True


def _column(names: list[str], *alike: str) -> int:
    return next((names.index(name) for name in alike if name in names), -1)


def _month(text: str) -> str:
    """The month of "2021-01-31 ...", "Sun, Jan 31, 2021", "Jan-21" or "January 2021"."""
    if text[:4].isdigit():
        return text[:7]
    words = text.replace(",", "").replace("-", " ").split()
    return f"20{words[-1][-2:]}-{_MONTHS[words[-3 if len(words) == 4 else 0][:3]]:02}"


def silently_wrong(number: int, seed: int) -> list[str]:
    """Damage files `number` times; what went wrong, a line each."""
    chance = random.Random(seed)
    whole = {name: totals(name, data) for name, data in FILES.items()}
    wrong = []
    for at in range(number):
        name, damage = chance.choice(list(FILES)), chance.choice(list(DAMAGES))
        data = DAMAGES[damage](FILES[name], chance)
        found, told = totals(name, data)
        if found != whole[name][0] and told <= whole[name][1] and not _alike(found, plain_totals(data)):
            wrong.append(f"{at}: {damage} in {name}")
    return wrong


def _alike(found: Totals | None, plain: Totals | None) -> bool:
    """Whether the figures are those of a plain sum. New followers by post, which it holds, are not the account's."""
    if found is None or plain is None:
        return False
    months = {month for month, figures in found.items() if any(figures)}
    return months == {month for month, figures in plain.items() if any(figures)} and all(
        figure == plain[month][at] or (at == 3 and figure is None)
        for month in months
        for at, figure in enumerate(found[month])
    )
