"""The files of a folder or a ZIP, read one at a time, with the same rules for both.

Hidden files and what macOS adds to ZIPs are passed over. A file that cannot be read is an error as a value: the
others still count.
"""

import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath

from engine import settings
from engine.errors import InputError, LimitExceeded, UnreadableData, UnreadablePhoto
from engine.photos.decode import too_many_bytes

_PHOTO_BYTES = settings.PHOTO_MEGABYTES * settings.MEGABYTE
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class File:
    """One file: its path inside the folder or ZIP, and how to read it."""

    path: PurePosixPath
    read: Callable[[], bytes | InputError]


def list_files(root: Path) -> list[File]:
    """Every visible file under a folder or in a ZIP, in path order.

    Raises UnreadableData if `root` is neither, and LimitExceeded for a ZIP of too many files.
    """
    if root.is_dir():
        return sorted(_in_folder(root), key=lambda file: file.path)
    if zipfile.is_zipfile(root):
        return sorted(_in_zip(root), key=lambda file: file.path)
    if root.suffix.lower() == ".zip":
        raise UnreadableData(f"{root.name} is a damaged ZIP or only a part of one", "make it or send it again")
    raise UnreadableData(f"{root.name} is neither a folder nor a ZIP", "give one of these")


def unwrapped(files: list[File]) -> list[File]:
    """Files without the folders around them that hold but one folder: so do people pack a folder of folders.

    What is no picture by its name does not hinder that; where it lies beside such a folder, it is left behind.
    """
    pictures = [file.path for file in files if file.path.suffix.lower() in _PICTURES] or [file.path for file in files]
    deep = 0
    while all(len(path.parts) > deep + 2 for path in pictures) and len({path.parts[deep] for path in pictures}) == 1:
        deep += 1
    around = pictures[0].parts[:deep] if pictures else ()
    return [
        File(PurePosixPath(*file.path.parts[deep:]), file.read)
        for file in files
        if len(file.path.parts) > deep and file.path.parts[:deep] == around
    ]


def file_name(name: str) -> str:
    """A foreign name as one of a file: within its folder, short, and without the marks of a pattern."""
    safe = Path(re.sub(r"^\.|[/\\\0*?\[\]]", "_", name))
    return f"{safe.stem[:50]}{safe.suffix.lower()[:10]}"


def single_file(path: Path, shown: PurePosixPath) -> File:
    """A file of its own, under the name `shown`."""
    return File(shown, partial(_read_path, path))


def _in_folder(root: Path) -> list[File]:
    files = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if _visible(name)]
        for name in filter(_visible, names):
            path = Path(folder, name)
            files.append(File(PurePosixPath(path.relative_to(root)), partial(_read_path, path)))
    return files


def _in_zip(root: Path) -> list[File]:
    stamp = root.stat().st_mtime_ns
    try:
        entries = [entry for entry in _archive(root, stamp).infolist() if not entry.is_dir()]
    except Exception as error:  # zipfile meets hostile bytes and raises many kinds
        raise UnreadableData(f"{root.name} is a damaged ZIP ({error})", "make it again") from error
    if len(entries) > settings.ZIP_FILES:
        raise LimitExceeded(
            f"{root.name} holds {len(entries):,} files, over the limit of {settings.ZIP_FILES:,}",
            "split it, or unpack it",
        )
    files = []
    for entry in entries:
        parts = [part for part in PurePosixPath(entry.filename).parts if part not in ("/", "..", ".")]
        if parts and all(map(_visible, parts)):
            files.append(File(PurePosixPath(*parts), partial(_read_entry, root, stamp, entry)))
    return files


@lru_cache(maxsize=4)  # so that neither thousands of ZIPs stay open nor one is opened for each of its files
def _archive(root: Path, stamp: int) -> zipfile.ZipFile:  # noqa: ARG001  (a ZIP that was written anew is another one)
    return zipfile.ZipFile(root)


def _visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"


def _read_path(path: Path) -> bytes | InputError:
    try:
        if not path.is_file():
            return UnreadablePhoto("not a file", "links to nowhere and devices are passed over")
        if path.stat().st_size > _PHOTO_BYTES:
            return too_many_bytes(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        return UnreadablePhoto(f"the file cannot be read ({error.strerror})", "check its permissions")


def _read_entry(root: Path, stamp: int, entry: zipfile.ZipInfo) -> bytes | InputError:
    if entry.file_size > _PHOTO_BYTES:
        return too_many_bytes(entry.file_size)
    if entry.flag_bits & 1:
        return UnreadablePhoto("the ZIP is locked with a password", "send it without one")
    try:
        with _archive(root, stamp).open(entry) as stream:
            data = stream.read(_PHOTO_BYTES + 1)  # the size an entry states need not be true
    except Exception:  # as above, and each way of compression has errors of its own
        return UnreadablePhoto("this part of the ZIP is damaged", "make the ZIP again")
    return data if len(data) <= _PHOTO_BYTES else too_many_bytes(len(data))
