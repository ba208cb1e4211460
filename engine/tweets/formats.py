"""What a table is: which export, and which of its columns holds what.

Columns go by name with aliases (the design's tweets.md, B1 and B2); exports in a language that is not known here go by
position; a header with a slip of the pen goes by likeness, which the import report tells.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.errors import UnknownLayout, UnreadableData
from engine.tweets.headings import alike, field_of, headings, trimmed_field, without_unit
from engine.tweets.numbers import Cell

Kind = Literal["posts", "days", "months"]
Definition = Literal["old", "new", "sheet"]  # who counted, and so what the figures mean

with Path(__file__).with_name("exports.csv").open(encoding="utf-8", newline="") as _file:
    # (kind, definition) -> title, columns in their order, and those of them that no sheet has
    _EXPORTS: dict[tuple[Any, Any], tuple[str, list[str], set[str]]] = {
        (row["kind"], row["definition"]): (row["title"], row["columns"].split("|"), {*row["telling"].split("|")} - {""})
        for row in csv.DictReader(_file)
    }

_RATIOS = ("rate", "impressions_per_tweet", "followers_per_tweet")

COUNTED = {"impressions", "engagements", "likes", "tweets", "new_followers", *_RATIOS}  # one of them makes a table

HEADER_ROWS = 20  # title and blank rows above a header that are looked through


@dataclass(frozen=True)
class Layout:
    """Where the figures of a table stand."""

    kind: Kind
    definition: Definition
    columns: dict[str, int]  # field -> column
    width: int  # columns of the header
    guesses: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # field -> heading, where it was found by its heading
    scales: dict[str, float] = field(default_factory=dict)  # field -> unit of its heading: 1,000 for "Impressions (K)"

    @property
    def title(self) -> str:
        """What it was read as, in words."""
        return _EXPORTS[self.kind, self.definition][0]


def unknown(header: Sequence[str], reason: str = "") -> UnknownLayout:
    """The error for a table whose columns a person must name."""
    shown = ", ".join(name for name in header[:6] if name) or "nothing"
    remedy = "say on the Tweets page which column holds what, or rename the headings"
    return UnknownLayout(reason or f"its columns are not known ({shown})", remedy, header)


def layout_of(header: Sequence[Cell], first: Sequence[Cell], mapping: Mapping[str, str] | None = None) -> Layout:
    """Recognise a table by its header and its first row of data.

    `mapping` (heading -> field) is a person's answer for a header that is not known. Raises UnknownLayout if a person
    must say what the columns hold, UnreadableData with the reason for tables that hold no figures of posts.
    """
    names = headings(header)
    by_position = _position(names, first)
    if by_position:
        return by_position
    fields = [mapping.get(name) if mapping else field_of(cell) for name, cell in zip(names, header, strict=True)]
    guesses = [] if mapping else _alike(names, fields)
    if "completion" in fields:
        raise UnreadableData(
            "it is the video overview, which counts views of videos and not of posts",
            "export the content or the account overview from the same page",
        )
    columns, warnings = _columns(names, fields)
    kind = _kind(columns)
    if kind is None:
        raise unknown(names)
    unused = [name for at, name in enumerate(names) if name and at not in columns.values()]
    layout = _finished(kind, columns, len(names), guesses, warnings)
    if unused and layout.definition == "sheet":
        more = f" and {len(unused) - 8} more" if len(unused) > 8 else ""
        layout.guesses.append(f"columns that are not used: {', '.join(f'“{name[:40]}”' for name in unused[:8])}{more}")
    layout.names.update({field: names[at] for field, at in layout.columns.items()})
    units = {field: without_unit(name)[1] for field, name in layout.names.items()}
    layout.scales.update({field: unit for field, unit in units.items() if unit != 1})
    return layout


def old_export(row: Sequence[Cell]) -> Kind | None:
    """Which old export a row of data is from, in any language: 40 cells with a permalink in the second, or 38 with a
    date in the first."""
    if len(row) == 40 and re.search(r"status/\d+", str(row[1])):
        return "posts"
    return "days" if len(row) == 38 and re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(row[0]).strip()) else None


def _position(names: Sequence[str], first: Sequence[Cell]) -> Layout | None:
    """The old exports by position, where the headings are not known."""
    kind = old_export(first) if len(names) == len(first) else None
    if kind is None or sum(field_of(name) is not None for name in names) > 6:
        return None
    guess = "the headings are in another language: the columns were taken by their position"
    return Layout(kind, "old", {name: at for at, name in enumerate(_EXPORTS[kind, "old"][1])}, len(names), [guess])


def _alike(names: Sequence[str], fields: list[str | None]) -> list[str]:
    """Fill in fields of headings that name a known one among other words, or nearly; returns what was guessed."""
    guesses = []
    for at, name in enumerate(names):
        if fields[at] is None and (found := trimmed_field(name)) and found not in fields:
            fields[at] = found
            guesses.append(f"“{name}” is read as {found.replace('_', ' ')}")
    for at, name in enumerate(names):
        if fields[at] is None and (alias := alike(name, fields)):
            fields[at] = field_of(alias)
            guesses.append(f"“{name}” is read as {alias}")
    return guesses


def _columns(names: Sequence[str], fields: Sequence[str | None]) -> tuple[dict[str, int], list[str]]:
    """Field -> column. Two columns for one field are for a person to settle, never silently the last."""
    columns: dict[str, int] = {}
    warnings = []
    for at, found in enumerate(fields):
        if found is None:
            continue
        if found in columns:
            pair = f"“{names[columns[found]]}” and “{names[at]}”"
            raise unknown(names, f"two columns may hold the {found.replace('_', ' ')}: {pair}")
        columns[found] = at
    if "followers" in columns and "new_followers" not in columns:
        warnings.append(
            f"“{names[columns['followers']]}” counts all followers, not new ones: new followers are left open"
        )
    return columns, warnings


def _kind(columns: Mapping[str, int]) -> Kind | None:
    if not COUNTED & columns.keys() and not any(name.startswith("goal:") for name in columns):
        return None
    if ("text" in columns or "url" in columns or "id" in columns) and "tweets" not in columns:
        return "posts" if {"date", "id", "url"} & columns.keys() else None
    if "month" in columns:
        return "months"
    return "days" if "date" in columns else None


def _finished(kind: Kind, columns: dict[str, int], width: int, guesses: list[str], warnings: list[str]) -> Layout:
    """Settle what a heading means from the company it keeps."""
    if kind == "posts" and "new_followers" in columns:  # of one post, not of the account
        columns["new_follows"] = columns.pop("new_followers")
    known = (
        (of, order) for (its, of), (_, order, telling) in _EXPORTS.items() if its == kind and telling <= {*columns}
    )
    definition, order = next(known)
    held = [name for name in order if name in columns]
    if held != sorted(held, key=columns.__getitem__):
        guesses.append("the columns stand in another order than in the export: they were taken by their headings")
    return Layout(kind, definition, columns, width, guesses, warnings)
