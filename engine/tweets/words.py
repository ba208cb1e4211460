"""What headings, months, units and labels are called, in the languages of most creators: `words.csv` beside this file.

Aliases of headings: the design's tweets.md, B1 and B2.
"""

import csv
from pathlib import Path

with Path(__file__).with_name("words.csv").open(encoding="utf-8", newline="") as _file:
    _ROWS = list(csv.DictReader(_file))


def words(of: str) -> dict[str, list[str]]:
    """key -> its words."""
    return {row["key"]: row["words"].split("|") for row in _ROWS if row["of"] == of}


def meanings(of: str) -> dict[str, str]:
    """word -> its key."""
    return {word: key for key, names in words(of).items() for word in names}
