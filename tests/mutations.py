"""Files as they get damaged: bytes flipped, rows cut or doubled, columns and headings swapped. What must not happen is
a crash, or a total that is neither the file's own nor accompanied by a word in the report.
"""

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


def totals(name: str, data: bytes) -> tuple[Totals | None, bool]:
    """The monthly totals (None where the file is refused), and whether the report says anything."""
    try:
        history = combine(read_file(name, data))
    except TallyError:
        return None, True
    months = by_month(history)
    report = history.report.as_dict()
    assert report["rows"] == report["kept"] + sum(report["dropped"].values()), report
    told = bool(sum(report["dropped"].values()) or report["warnings"] or report["guesses"] or report["errors"])
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


def _double_row(rows: list[list[str]], chance: random.Random) -> None:
    rows.insert(chance.randrange(len(rows)), rows[chance.randrange(1, len(rows))])


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a byte": _bytes(1),
    "five bytes": _bytes(5),
    "end cut off": lambda data, chance: data[: chance.randrange(len(data))],
    "row doubled": _rows(_double_row),
    "rows swapped": _rows(_swap_rows),
    "columns swapped": _rows(_swap_columns),
    "headings swapped": _rows(_swap_headings),
}


def plain_figures(data: bytes) -> list[str]:
    """All cells, sorted: two files with the same hold the same figures as far as a plain sum can tell."""
    text = data.decode("utf-8", "replace")
    return sorted(cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row)


def silently_wrong(number: int, seed: int) -> list[str]:
    """Damage files `number` times; what went wrong, a line each. A figure that was itself changed to another whole
    figure is the file's own: no reader can know."""
    chance = random.Random(seed)
    whole = {name: totals(name, data)[0] for name, data in FILES.items()}
    wrong = []
    for at in range(number):
        name, damage = chance.choice(list(FILES)), chance.choice(list(DAMAGES))
        data = DAMAGES[damage](FILES[name], chance)
        found, told = totals(name, data)
        if found != whole[name] and not told and not _another_figure(FILES[name], data):
            wrong.append(f"{at}: {damage} in {name}")
    return wrong


def _another_figure(before: bytes, after: bytes) -> bool:
    """Whether the only difference is digits in place of digits."""
    if len(before) != len(after):
        return False
    changed = [(b, a) for b, a in zip(before, after, strict=True) if b != a]
    return all(chr(b).isdigit() and chr(a).isdigit() for b, a in changed)
