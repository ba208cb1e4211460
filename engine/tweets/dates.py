"""Dates and months as exports and people write them -> numpy dates.

Whether 03/04 is in March or in April is voted for by a whole column, never by one cell (the design's tweets.md, B3).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.tweets.numbers import Cell, clean, is_missing
from engine.tweets.words import meanings

MONTH_NAMES = {name: int(number) for name, number in meanings("month").items()}

_OFFSET = re.compile(r"\s*(?:Z|UTC|GMT|([+-])(\d{2}):?(\d{2}))$", re.IGNORECASE)
_CLOCK = re.compile(r"[T\s,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([ap]\.?m\.?)?$", re.IGNORECASE)
_TWITTER = re.compile(r"^\w{3} (\w{3} \d{1,2}) (\d{2}:\d{2}:\d{2} \+0000) (\d{4})$")  # its API has the year last
_YMD = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_SIGNS = re.compile(r"[^\w\s.,/'\u2019()-]")  # that no date is written with
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_MONTH_NUMBERS = (re.compile(r"(\d{4})[-/.年\s](\d{1,2})月?"), re.compile(r"(\d{1,2})[-/.\s](\d{4})"))
_ID_EPOCH = 1_288_834_974_657  # ms: X counts the milliseconds in its ids from here
_FILLERS = {"de", "del", "of", "th", "st", "nd", "rd"}  # between a day, a month and a year
_SERIAL_DAY_ZERO = datetime(1899, 12, 30)  # of Google Sheets, and of Excel after February 1900


@dataclass(frozen=True)
class Dates:
    """A column of dates: `day` (datetime64[D]) as written, and `clock` (datetime64[m], UTC) where there is a time."""

    day: NDArray[np.datetime64]
    clock: NDArray[np.datetime64]
    unread: dict[str, int] = field(default_factory=dict)
    guess: str | None = None


def read_dates(cells: Sequence[Cell], locale: str | None = None) -> Dates:
    """Read one column of days, with or without times. A time without an offset is in UTC, as X exports are."""
    texts = [clean(cell) for cell in dict.fromkeys(cells) if isinstance(cell, str)]
    day_first, guess = _day_first(texts, locale)

    @lru_cache(maxsize=None, typed=True)
    def read(cell: Cell) -> tuple[np.datetime64, np.datetime64]:
        day, clock = _moment(cell, day_first) or (None, None)
        return np.datetime64(day, "D"), np.datetime64(clock, "m")

    found = [read(cell) for cell in cells]
    day = np.array([day for day, _ in found], dtype="datetime64[D]")
    clock = np.array([clock for _, clock in found], dtype="datetime64[m]")
    lost = zip(cells, np.isnat(day), strict=True)
    unread = Counter(str(cell) for cell, nothing in lost if nothing and not is_missing(cell))
    return Dates(day, clock, unread, guess)


def _moment(cell: Cell, day_first: bool) -> tuple[date, datetime | None] | None:
    """The day as written and the time in UTC (None where there is no time of day); None where it is no date."""
    if isinstance(cell, str):
        return _from_text(clean(cell), day_first)
    if isinstance(cell, datetime):
        moment = cell.replace(tzinfo=None)
    elif isinstance(cell, date):
        return cell, None
    elif isinstance(cell, (int, float)) and 30_000 <= cell < 80_000:  # 1982 to 2119: other numbers are no dates
        moment = _SERIAL_DAY_ZERO + timedelta(days=float(cell), microseconds=500)
    else:
        return None
    return moment.date(), moment if moment.hour or moment.minute or moment.second else None


def _from_text(text: str, day_first: bool) -> tuple[date, datetime | None] | None:
    text = _TWITTER.sub(r"\1 \3 \2", text)
    offset, clock = timedelta(0), None
    if ":" in text:
        if match := _OFFSET.search(text):
            text = text[: match.start()]
            if match[1]:
                offset = timedelta(hours=int(match[1] + match[2]), minutes=int(match[1] + match[3]))
        match = _CLOCK.search(text)
        if not match:
            return None
        hour, minute = int(match[1]), int(match[2])
        if match[4]:
            hour = hour % 12 + (12 if match[4][0] in "pP" else 0)
        clock, text = (hour, minute), text[: match.start()]
    moment = _calendar(text.strip(), day_first, clock)
    return None if moment is None else (moment.date(), moment - offset if clock else None)


def _calendar(text: str, day_first: bool, clock: tuple[int, int] | None) -> datetime | None:
    if match := _YMD.fullmatch(text):
        return _build(int(match[1]), int(match[2]), int(match[3]), clock)
    if match := _NUMERIC.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        day, month = (first, second) if day_first else (second, first)
        return _build(_full_year(year), month, day, clock)
    words = [word for word in _WORDS.findall(text.casefold()) if word not in _FILLERS]
    if _SIGNS.search(text):
        return None
    numbers = [int(word) for word in words if word.isdigit()]
    months = [MONTH_NAMES[word] for word in words if word in MONTH_NAMES]
    others = [word for word in words if not word.isdigit() and word not in MONTH_NAMES]
    if not months or len(numbers) != 2 or len(others) > 1:  # one other word: the weekday
        return None
    if len(months) > 1 and max(numbers) < 100:  # "mar, 3 mar 2026" is a Tuesday in Spanish, "4 Jan - 10 Jan" no day
        return None
    day, year = numbers if numbers[0] <= 31 else (numbers[1], numbers[0])
    return _build(_full_year(year), months[-1], day, clock)


def _build(year: int, month: int, day: int, clock: tuple[int, int] | None) -> datetime | None:
    try:
        moment = datetime(year, month, day, *(clock or (0, 0)))
    except ValueError:
        return None
    return moment if 1990 <= year <= 2100 else None


def _full_year(year: int) -> int:
    return year if year >= 100 else 2000 + year


def _day_first(texts: Sequence[str], locale: str | None) -> tuple[bool, str | None]:
    """Whether the day stands before the month in a column, and the guess in words where nothing tells."""
    pairs = [(int(m[1]), int(m[3]), m[2]) for text in texts if (m := _NUMERIC.match(text))]
    if not pairs:
        return True, None
    first = sum(pair[0] > 12 for pair in pairs)
    second = sum(pair[1] > 12 for pair in pairs)
    if first != second:
        return first > second, None
    if pairs[0][2] == ".":
        return True, None
    if locale:
        return not locale.startswith("en_US"), None
    firsts, seconds = ({pair[at] for pair in pairs} for at in (0, 1))
    if len(firsts) != len(seconds) and 1 in (len(firsts), len(seconds)):
        return len(firsts) == 1, None  # monthly rows on one day: what stays the same is the day
    day_first = len(firsts) <= len(seconds)
    return day_first, f"{texts[0]} is read as {'day, then month' if day_first else 'month, then day'}"


def read_months(cells: Sequence[Cell], locale: str | None, today: date) -> Dates:
    """Read one column of months; `day` is the first of each. What is no month stays NaT and unread."""
    cells = [clean(cell) if isinstance(cell, str) else cell for cell in cells]
    bare = [bare_month(cell) for cell in cells]
    if sum(number is not None for number in bare) >= 2 and len(set(bare) - {None}) > 1:
        return _without_years(cells, bare, today)
    months = [_month(cell) for cell in cells]
    rest = [cell if month is None else None for cell, month in zip(cells, months, strict=True)]
    dates = read_dates(rest, locale)
    day, guess = dates.day.astype("datetime64[M]"), dates.guess
    known = ~np.isnat(day)
    if mistaken := _years_taken_for_days(dates.day[known]):
        guess = mistaken
        day[known] = [_year_from_day(day) for day in dates.day[known]]
    own = np.array([np.datetime64(month, "M") for month in months], dtype="datetime64[M]")
    day = np.where(np.isnat(own), day, own).astype("datetime64[D]")
    return Dates(day, np.full(len(cells), np.datetime64("NaT"), dtype="datetime64[m]"), dates.unread, guess)


def bare_month(cell: Cell) -> int | None:
    """The number of a month that is written without a year ("August", "8", "08 Aug"); None if it is none."""
    text = re.sub(r"\.0$", "", clean(str(cell)).casefold()).rstrip(".")
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 3 and 1 <= int(text) <= 12 else None
    match = re.fullmatch(r"(\d{1,2})[\s.,_-]*([^\W\d_]+)", text)
    number = MONTH_NAMES.get(match[2] if match else text)
    return number if not match or number == int(match[1]) else None


def _month(cell: Cell) -> str | None:
    """A month written as one ("Jan-21", "2021-01", "January 2021", "2021年1月") -> "2021-01"."""
    if isinstance(cell, (int, float)) and cell == int(cell):
        cell = str(int(cell))
    if not isinstance(cell, str):
        return None
    for pattern, year_at in zip(_MONTH_NUMBERS, (1, 2), strict=True):
        if (match := pattern.fullmatch(cell)) and 1 <= int(match[3 - year_at]) <= 12:
            return f"{int(match[year_at]):04}-{int(match[3 - year_at]):02}"
    if re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])", cell):
        return f"{cell[:4]}-{cell[4:]}"
    words = _WORDS.findall(cell.casefold())
    words = [word for word in words if word != "de"]
    if len(words) == 2 and sum(word in MONTH_NAMES for word in words) == 1:
        name, year_text = words if words[0] in MONTH_NAMES else words[::-1]
        if year_text.isdigit() and len(year_text) in (2, 4):
            return f"{_full_year(int(year_text)):04}-{MONTH_NAMES[name]:02}"
    return None


def _years_taken_for_days(days: NDArray[np.datetime64]) -> str | None:
    """Spreadsheets turn a typed "Jan-21" into 21 January of the year it was typed in. The guess in words, or None."""
    values = [day.astype(object) for day in days]
    if len(values) < 2 or len({value.year for value in values}) != 1:
        return None
    numbers = [value.day for value in values]
    if len({value.month for value in values}) < 2 or min(numbers) < 10 or len(set(numbers)) > 1 + len(values) // 2:
        return None
    years = [_year_from_day(np.datetime64(value, "D")).astype(object) for value in values]
    recent = all(values[0].year - 3 <= year.year <= values[0].year for year in years)
    ends = all((value + timedelta(days=1)).day == 1 for value in values)
    if ends or not recent or (sorted(years) != years and sorted(years, reverse=True) != years):
        return None
    first = values[0]
    return f"{first:%Y-%m-%d} is read as {years[0]:%b %Y}: a spreadsheet took a typed {first:%b-%d} for a day"


def _year_from_day(day: np.datetime64) -> np.datetime64:
    value: date = day.astype("datetime64[D]").astype(object)
    return np.datetime64(f"20{value.day:02}-{value.month:02}-01", "D")


def _without_years(cells: Sequence[Cell], numbers: Sequence[int | None], today: date) -> Dates:
    """ "August", "September", ...: the last is the most recent such month, and the years follow from the order."""
    named = [(index, number) for index, number in enumerate(numbers) if number is not None]
    falling = sum((a[1] - b[1]) % 12 < (b[1] - a[1]) % 12 for a, b in pairwise(named))
    order = named if falling > len(named) / 2 else named[::-1]  # latest first
    year, previous = today.year, today.month
    day = np.full(len(cells), np.datetime64("NaT"), dtype="datetime64[D]")
    for index, number in order:
        year -= number > previous
        previous = number
        day[index] = np.datetime64(f"{year:04}-{number:02}-01")
    unread = {str(c): 1 for c, number in zip(cells, numbers, strict=True) if number is None and not is_missing(c)}
    first, last = day[order[-1][0]].astype(object), day[order[0][0]].astype(object)
    guess = f"the months have no year: they are read as {first:%b %Y} to {last:%b %Y}"
    return Dates(day, np.full(len(cells), np.datetime64("NaT"), dtype="datetime64[m]"), unread, guess)


def clock_of_key(keys: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """When posts were made (datetime64[s], UTC), from the milliseconds of their ids; NaT for keys that are none."""
    moments = (keys + _ID_EPOCH).astype("datetime64[ms]").astype("datetime64[s]")
    return np.where(keys > 0, moments, np.datetime64("NaT", "s"))


def now_utc() -> datetime:
    """The time, as one place to ask it."""
    return datetime.now(UTC)
