"""Names and numbers in sentences."""

from collections.abc import Sequence

LISTED = 5  # names of a note


def listed(names: Sequence[str], most: int = LISTED, last: str = ", ", more: str = "more") -> str:
    """ "a, b, c", with `last` before the last; or the first of them and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} {more}"
    return last.join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def counted(number: int, unit: str) -> str:
    """ "1 photo", "1,200 photos"."""
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"
