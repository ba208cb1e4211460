"""Numbers as people and spreadsheets write them -> floats.

What "3.126" means cannot be told from one cell: the decimal separator is voted for by a whole column. Method and
measurements: the design's tweets.md, B3.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.tweets.words import meanings

Cell = str | float | int | bool | date | None  # as a CSV file, a workbook or a Google Sheet holds it
Quantity = Literal["count", "rate"]

_SUFFIXES = {word: float(scale) for word, scale in meanings("unit of a number").items()}
_MISSING = frozenset(("", "-", "--", "—", "–", "n/a", "na", "#n/a", "null", "none", "nan", "?", "."))  # noqa: RUF001
_NO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff"))
_DAMAGED = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "\ufffd")  # Python takes some of them for spaces
_SPACES = re.compile(r"(?<=\d)[\s'\u2019\u00b4`](?=\d{3}(?!\d))")  # they group digits in threes
_NUMBER = re.compile(r"([+-]?)([\d.,]*\d|[\d.,]+) *([^\W\d_]{0,5})\.?")
_DECORATION = re.compile(r"^[~≈]\s*|\s*[*↑↓▲▼▴▾+]+$")
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?e[+-]?\d{1,3}", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """A column of numbers: `values` (float64, NaN where a cell is missing or no number)."""

    values: NDArray[np.float64]
    unread: dict[str, int]  # cells that hold something else, and how often
    percent: bool  # a percent sign was seen: those cells are already divided by 100
    guess: str | None  # what was decided without evidence, in words


def read_column(cells: Sequence[Cell], quantity: Quantity, locale: str | None = None) -> Column:
    """Read one column. `locale` ("de_DE") settles what the cells leave open in a rate; a count has no fraction."""
    if set(map(type, cells)) <= {int, float} and np.isfinite(plain := np.array(cells, dtype=float)).all():
        return Column(plain, {}, percent=False, guess=None)
    texts = {clean(cell) for cell in set(cells) if isinstance(cell, str)}
    decimal, guess = _decimal_mark(texts, quantity, locale)
    value_of = lru_cache(maxsize=None, typed=True)(partial(_value, decimal=decimal))
    values = [value_of(cell) for cell in cells]
    unread = Counter(str(cell) for cell, value in zip(cells, values, strict=True) if value is None)
    percent = any("%" in text for text in texts)
    if marked := sorted(text for text in texts if _DECORATION.search(text) and not is_missing(text)):
        guess = "; ".join([*([guess] if guess else []), f"signs beside figures are left out (“{marked[0]}”)"])
    return Column(np.array(values, dtype=float), unread, percent, guess)


def is_missing(cell: Cell) -> bool:
    """Whether a cell says "no figure": blank, a dash, N/A, or a spreadsheet's error (#DIV/0!)."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    if not isinstance(cell, str):
        return False
    text = clean(cell).casefold()
    return text in _MISSING or bool(re.fullmatch(r"#[a-z0-9/?]+[!?]?", text))


def clean(text: str) -> str:
    """Digits of every script as 0-9, one kind of minus, space and separator; nothing invisible but damage."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = "".join("\ufffd" if _is_mark(c) else c for c in text.translate(_NO_WIDTH | _DAMAGED))
    text = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    text = text.replace("\u066b", ".").replace("\u066c", ",").replace("\u066a", "%")
    return "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text).strip()


def _is_mark(character: str) -> bool:
    """Whether a sign holds a digit and is none, as the number of a footnote: ³, ①, ½."""
    return not character.isdecimal() and unicodedata.normalize("NFKC", character)[0].isdigit()


def _value(cell: Cell, decimal: str) -> float | None:
    """The number in a cell, NaN if it is missing, None if it holds something else."""
    if is_missing(cell):
        return math.nan
    if isinstance(cell, (bool, date)):
        return None
    if isinstance(cell, (int, float)):
        return float(cell) if math.isfinite(cell) else None
    return _from_text(clean(str(cell)), decimal)


def _from_text(text: str, decimal: str) -> float | None:
    negative = text.startswith("(") and text.endswith(")")
    text = _DECORATION.sub("", text[1:-1] if negative else text)
    percent = text.count("%")
    text = _SPACES.sub("", text.replace("%", "").strip())
    if _EXPONENT.fullmatch(text):
        value = float(text.replace(",", "."))
    else:
        match = _NUMBER.fullmatch(text)
        if not match:
            return None
        sign, digits, suffix = match.groups()
        if suffix and suffix.casefold() not in _SUFFIXES:
            return None
        if suffix and len(marks := re.findall("[.,]", digits)) == 1:
            decimal = marks[0]  # 14.4M is never grouped
        plain = _ungrouped(digits, decimal)
        if plain is None:
            return None
        scale = _SUFFIXES[suffix.casefold()] if suffix else 1.0
        value = round(float(plain) * scale, 6) if suffix else float(plain)
        value = -value if sign == "-" else value
    if percent > 1 or not math.isfinite(value):
        return None
    value = value / 100 if percent else value
    return -value if negative else value


def _ungrouped(digits: str, decimal: str) -> str | None:
    """Without separators of groups, the decimal mark a point; None unless the groups are threes (or lakh)."""
    group = "," if decimal == "." else "."
    whole, mark, fraction = digits.partition(decimal)
    if group in fraction or decimal in fraction:
        return None
    if group in whole:
        head, *rest = whole.split(group)
        threes = 1 <= len(head) <= 3 and all(len(part) == 3 for part in rest)
        lakh = 1 <= len(head) <= 2 and len(rest[-1]) == 3 and all(len(part) == 2 for part in rest[:-1])
        if not (threes or lakh):
            return None
    return f"{whole.replace(group, '') or '0'}.{fraction or '0'}" if mark else whole.replace(group, "")


def _decimal_mark(texts: Iterable[str], quantity: Quantity, locale: str | None) -> tuple[str, str | None]:
    """The column's decimal mark by vote, and the guess in words where nothing tells."""
    votes = {",": 0, ".": 0}
    open_marks: set[str] = set()
    for text in texts:
        digits = re.sub(r"[^\d.,]", "", _SPACES.sub("", text)).rstrip(".,")
        marks = re.findall("[.,]", digits)
        alone = re.search(r"\d\s*[^\W\d_]", text)  # 14.4M speaks for itself alone
        if not marks or alone or not any(_from_text(text, mark) is not None for mark in votes):
            continue
        if len(set(marks)) == 2:
            votes[marks[-1]] += 3
        elif len(marks) > 1:
            votes["," if marks[0] == "." else "."] += 3
        else:
            head, _, tail = digits.partition(marks[0])
            if len(tail) != 3 or not 1 <= len(head) <= 3 or head[0] == "0":
                votes[marks[0]] += 2
            else:
                open_marks.add(marks[0])
    if votes[","] != votes["."]:
        return max(votes, key=lambda mark: votes[mark]), None
    if len(open_marks) != 1:
        return ".", None
    mark = open_marks.pop()
    if quantity == "count":
        return "." if mark == "," else ",", f"“{mark}” groups thousands, as counts have no fractions"
    if locale:
        return _mark_of(locale), None
    return mark, f"“{mark}” is the decimal mark, as in most rates"


def _mark_of(locale: str) -> str:
    """The decimal mark of a locale such as de_DE; a comma unless the language or the country uses a point."""
    language, _, country = locale.replace("-", "_").partition("_")
    points = {"en", "ja", "zh", "ko", "th", "he", "hi", "ms", "bn", "ta", "te", "mr", "gu", "ur", "fa", "ar", "fil"}
    return "." if (language in points and country not in {"ZA"}) or country in {"CH", "MX", "GT", "LI"} else ","
