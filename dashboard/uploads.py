"""What a visitor dropped on a page -> photos within the limits. The browser's own checks can be passed by."""

from collections.abc import Sequence
from typing import Protocol

from engine import settings
from engine.errors import InputError, LimitExceeded


class Upload(Protocol):
    """An uploaded file, as Streamlit gives it."""

    name: str
    size: int

    def getvalue(self) -> bytes: ...


def admit(files: Sequence[Upload], already: int) -> list[tuple[str, bytes | InputError]]:
    """Names with contents, or with the limit they are past. `already` photos are in the listing."""
    admitted: list[tuple[str, bytes | InputError]] = []
    total = 0
    for number, file in enumerate(files, start=already + 1):
        total += file.size
        if number > settings.PHOTOS_PER_LISTING:
            limit = f"a listing takes up to {settings.PHOTOS_PER_LISTING} photos"
            admitted.append((file.name, LimitExceeded(f"not read, as {limit}", "leave out the least telling")))
        elif total > settings.REQUEST_MEGABYTES * settings.MEGABYTE:
            limit = f"photos dropped together may have up to {settings.REQUEST_MEGABYTES} MB"
            admitted.append((file.name, LimitExceeded(f"not read, as {limit}", "drop the rest by itself")))
        else:
            admitted.append((file.name, file.getvalue()))
    return admitted
