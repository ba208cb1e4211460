"""What a visitor dropped on a page -> photos or tables within the limits. The browser's own checks can be passed by."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from engine import settings
from engine.errors import InputError, LimitExceeded
from engine.listings.pipeline import one_too_many


class Upload(Protocol):
    """An uploaded file, as Streamlit gives it."""

    file_id: str
    name: str
    size: int

    def getvalue(self) -> bytes: ...


def admit(files: Sequence[Upload], already: int) -> list[tuple[str, bytes | InputError]]:
    """Take photos out of the uploader: names with contents, or with the limit they are past.

    `already` photos are in the listing. The uploader must not be drawn with them again.
    """
    admitted, room = admit_together(files, "photos"), max(0, settings.PHOTOS_PER_LISTING - already)
    return [*admitted[:room], *((name, one_too_many()) for name, _ in admitted[room:])]


def admit_together(
    files: Sequence[Upload], what: str, megabytes: float | None = None
) -> list[tuple[str, bytes | InputError]]:
    """Take files out of the uploader, as many as one drop may have. The uploader must not be drawn with them again."""
    megabytes = megabytes or settings.REQUEST_MEGABYTES
    room = [total <= megabytes * settings.MEGABYTE for total in accumulate(file.size for file in files)]
    return _taken(files, sum(room), f"{what} dropped together may have up to {megabytes} MB")


def admit_tables(files: Sequence[Upload]) -> list[tuple[str, bytes | InputError]]:
    """Take exports and spreadsheets out of the uploader. The uploader must not be drawn with them again."""
    most = settings.FILES_PER_IMPORT
    return _taken(files, most, f"{most} files may be dropped together")


def _taken(files: Sequence[Upload], room: int, limit: str) -> list[tuple[str, bytes | InputError]]:
    """What the first `room` files hold. Streamlit would keep all until the visit ends: hundreds of megabytes a day."""
    refused = LimitExceeded(f"not read, as {limit}", "drop the rest by itself")
    admitted: list[tuple[str, bytes | InputError]] = [
        (file.name, file.getvalue() if at < room else refused) for at, file in enumerate(files)
    ]
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    return admitted
