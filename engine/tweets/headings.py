"""Headings -> fields: what a column is called, in several languages, with units and other trimmings."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import chain, count

from engine.tweets.numbers import Cell, clean
from engine.tweets.words import meanings, words

_AIM = "(?:goal|target|ziel|objetivo|objectif|目標)s?"
_GOAL = re.compile(f"{_AIM}(?: for)? (.+)|(.+?) {_AIM}")
_RATIOS = ("rate", "impressions_per_tweet", "followers_per_tweet")
_GOALS = ("tweets", "impressions", "engagements", "new_followers", *_RATIOS)
_BEFORE, _AFTER = map(set, words("around a heading").values())
_UNITS = {word: float(scale) for word, scale in meanings("unit of a heading").items()}
_UNIT = re.compile(r"(.+?)[\s,]*(?:[(\[]\s*(?:in\s+|x\s*)?'?([^\W_]+)\.?\s*[)\]]|[\s,]in\s+'?([^\W_]+)\.?)")
_FIGURE = re.compile(r"[\d.,%\s-]*\d[\d.,%\s-]*")
_PERCENT = {"engagement", "engagements", "eng", "interactions", "interaktionen"}  # a rate, with a percent sign
_HEADING_WORDS = 6  # more are a text
_LIKENESS = 88  # of 100: one or two wrong letters in a word of ten


def normal(name: Cell) -> str:
    """A heading as it is compared: one case, no punctuation, without "total", "# of" and "no."."""
    text = clean(str(name or "")).casefold()
    text = unicodedata.normalize("NFKC", text).replace("'", "").replace("\u2019", "").replace("_", " ")
    text = re.sub(r"(^|\s)(total|# of|no\.|number of|anzahl der|#)(?=\s|$)", " ", text)
    text = re.sub(r"[^\w\s%/#]", " ", text).replace("#", " ")
    return re.sub(r"\s*/\s*", "/", re.sub(r"\s+", " ", text)).strip()


_BY_NAME: dict[str, str] = {}
for _field, _names in words("field").items():
    for _name in _names:
        _BY_NAME.setdefault(normal(_name), _field)


def without_unit(heading: Cell) -> tuple[str, float]:
    """A heading without its unit, and what its figures are to be multiplied by: "Impressions (K)" counts thousands."""
    text = clean(str(heading or "")).replace("\u2019", "'")
    match = _UNIT.fullmatch(text)
    unit = (match[2] or match[3]).casefold() if match else ""
    return (match[1], _UNITS[unit]) if match and unit in _UNITS else (text, 1.0)


def field_of(heading: Cell) -> str | None:
    """The field a heading names exactly (or by an alias), "goal:<field>" for a goal, None if it is not known."""
    name = normal(without_unit(heading)[0])
    if name.startswith(("promoted ", "プロモの")):
        return f"promoted_{field_of(name.removeprefix('promoted ').removeprefix('プロモの')) or name}"
    percent = name.endswith("%")
    if percent and name.rstrip("% ") in _PERCENT:
        return "rate"
    if name in _BY_NAME:
        return _BY_NAME[name]
    if match := _GOAL.fullmatch(name):
        goal = _BY_NAME.get(match[1] or match[2])
        return f"goal:{goal}" if goal in _GOALS else None
    return None


def trimmed_field(heading: Cell) -> str | None:
    """The field that a heading names among other words: "Twitter impressions", "Tweets sent", "Eng. rate (%)"."""
    name = normal(without_unit(heading)[0])
    parts = re.sub(r" (per|this) month$", "", name.removesuffix("%").rstrip()).split()
    if len(parts) > _HEADING_WORDS:
        return None
    for length in range(len(parts), 0, -1):
        for first in range(len(parts) - length + 1):
            last = first + length
            if _BEFORE.issuperset(parts[:first]) and _AFTER.issuperset(parts[last:]):
                found = field_of(" ".join(parts[first:last]))
                if found and (found in _RATIOS or "%" not in name):
                    return found
    return None


def alike(name: str, taken: Collection[str | None]) -> str | None:
    """The alias of a field not yet taken that a heading is nearly, as with a slip of the pen; None if there is none."""
    from rapidfuzz import fuzz, process

    free = [alias for alias, found in _BY_NAME.items() if found not in taken]
    best = process.extractOne(normal(name), free, scorer=fuzz.ratio, score_cutoff=_LIKENESS)
    return best[0] if best and len(normal(name)) > 4 else None


def known_headings(row: Sequence[Cell]) -> int:
    """How many cells of a row are headings. A row that holds a number is no header: 0."""
    texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
    filled = sum(cell is not None and cell != "" for cell in row)
    if len(texts) < filled or any(_FIGURE.fullmatch(text) for text in texts):
        return 0
    return sum((field_of(text) or trimmed_field(text)) is not None for text in texts)


def headings(header: Sequence[Cell]) -> list[str]:
    """A header's names, told apart where they are the same: a, a (2)."""
    names: list[str] = []
    for cell in header:
        name = str(cell or "").strip()
        numbered = chain([name], (f"{name} ({again})" for again in count(2)))
        names.append(next(one for one in numbered if not one or one not in names))
    return names
