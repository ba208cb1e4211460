"""Numbers and names as people read them; the same on every page and in the terminal."""

import re
from collections.abc import Sequence

# Control characters but tab and line breaks, and marks of direction: they move cursors and show text in another order
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def percent(share: float) -> str:
    """A probability: 0.974 -> "97 %". Never "100 %" or "0 %", as no classifier is certain."""
    if share >= 0.995:
        return "> 99 %"
    if share < 0.005:
        return "< 1 %"
    return f"{share * 100:.0f} %"


def share(value: float) -> str:
    """A share of a whole, such as an engagement rate: 0.0150 -> "1.5 %", 0.123 -> "12.3 %"."""
    return f"{value * 100:.2f} %" if value < 0.01 else f"{value * 100:.1f} %"


def short(number: float) -> str:
    """A figure at a glance: 14_400_000 -> "14.4M", 15_174 -> "15.2K", 949 -> "949", 5.38 -> "5.38"."""
    for scale, letter in ((1e9, "B"), (1e6, "M"), (1e4, "K")):
        if abs(number) >= scale * 0.99995:
            size = 1e3 if letter == "K" else scale
            return f"{number / size:.3g}{letter}" if abs(number) < size * 999.5 else f"{number / size:,.0f}{letter}"
    if abs(number) >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def count(number: float, noun: str) -> str:
    """1 -> "1 photo", 2.5 -> "2.5 photos"."""
    return f"{plain(number)} {noun}" if number == 1 else f"{plain(number)} {noun}s"


def plain(number: float) -> str:
    """Two decimals at most, and none that say nothing: 2.0 -> "2", 0.333 -> "0.33"."""
    return f"{round(number, 2):,.12g}"


def capital(text: str) -> str:
    """A capital at its start; the rest as it is."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A capital at its start and a full stop at its end."""
    return capital(text).rstrip(".") + "."


def escape(text: str) -> str:
    """Foreign text (file names) so that Markdown shows it as it is, and makes no link of an address in it."""
    text = _UNSEEN.sub("", text).replace("://", ":\u2060//").replace("www.", "www\u2060.")
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=])", r"\\\1", text)


def harmless(text: str) -> str:
    """Text that a spreadsheet would run as a formula, made plain text, without what is not seen."""
    text = _UNSEEN.sub("", text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns for a terminal; those that hold numbers are aligned right."""
    widths = [max(len(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    right = [all(re.match(r"[<>\d-]", row[column]) for row in rows) for column in range(len(headers))]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [headers, *rows]
    ]
    return "\n".join(lines)


def change(before: float, after: float, *, fine: float = 20) -> str:
    """A relative change: "+11.5 %", "-35 %"; with a decimal below `fine` percent, and a true minus sign."""
    if not before:
        return "new" if after else "none"
    percent_change = (after / before - 1) * 100
    digits = 0 if abs(percent_change) >= fine else 1
    return f"{percent_change:+.{digits}f} %".replace("-", "\N{MINUS SIGN}")


def signed(number: float) -> str:
    """A difference: "+4,848", "-12.4M"."""
    text = short(abs(number))
    return f"+{text}" if number >= 0 else f"\N{MINUS SIGN}{text}"


def times(ratio: float) -> str:
    """A ratio in words where it is near a plain one: "twice", "a third of", "1.4 times"."""
    words = {
        0.25: "a quarter of",
        1 / 3: "a third of",
        0.5: "half",
        2 / 3: "two thirds of",
        2.0: "twice",
        3.0: "three times",
    }
    near = min(words, key=lambda plain_ratio: abs(ratio / plain_ratio - 1))
    if abs(ratio / near - 1) < 0.1:
        return words[near]
    return f"{ratio:.1f} times" if ratio >= 1 else f"{ratio * 100:.0f} % of"


def soon(seconds: float | None) -> str:
    """What is left of a wait, to be put behind what is done: ", 12 s left"; nothing if it is over or not known."""
    if seconds is None or seconds < 1:
        return ""
    return f", {seconds:.0f} s left" if seconds < 100 else f", {seconds / 60:.0f} min left"


def month_name(month: str) -> str:
    """ "2021-01" -> "Jan 2021" """
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[int(month[5:]) - 1]} {month[:4]}"
