"""Paths on the command line -> listings, by the contract's rules.

Loose files given together are one listing. In a folder or a ZIP the loose files are one listing and each sub-folder is
one of its own, with everything under it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine import settings
from engine.errors import InputError, UnreadableData
from engine.photos.files import File, list_files, single_file


@dataclass(frozen=True)
class Listing:
    """Photos of one object, still unread."""

    name: str
    files: list[File]

    def read(self) -> list[tuple[str, bytes | InputError]]:
        """Names and contents; files past the limit are named but not read."""
        limit = settings.PHOTOS_PER_LISTING
        return [(str(file.path), file.read() if n < limit else b"") for n, file in enumerate(self.files)]


def find_listings(paths: Sequence[Path]) -> list[Listing]:
    """All listings under the paths, in name order.

    Raises UnreadableData if a path holds no files or is a damaged ZIP.
    """
    loose = [path for path in paths if not path.is_dir() and path.suffix.lower() != ".zip"]
    listings = list(_loose(loose)) if loose else []
    for path in paths:
        if path not in loose:
            found = list(_inside(path))
            if not found:
                raise UnreadableData(f"there are no files in {path}", "put the photos of a listing into it")
            listings += found
    return sorted(listings, key=lambda listing: listing.name)


def _loose(paths: list[Path]) -> Iterator[Listing]:
    absolute = [path.absolute() for path in paths]
    shared = absolute[0].parent
    while not all(path.is_relative_to(shared) for path in absolute):
        shared = shared.parent
    files = [File(PurePosixPath(path.relative_to(shared)), single_file(path).read) for path in absolute]
    yield Listing(shared.name or "listing", files)


def _inside(path: Path) -> Iterator[Listing]:
    files = list_files(path)
    name = path.absolute().name if path.is_dir() else path.stem
    loose = [file for file in files if len(file.path.parts) == 1]
    if loose:
        yield Listing(name, loose)
    folders: dict[str, list[File]] = {}
    for file in files:
        if len(file.path.parts) > 1:
            folder = file.path.parts[0]
            folders.setdefault(folder, []).append(File(file.path.relative_to(folder), file.read))
    for folder, inside in folders.items():
        yield Listing(folder, inside)
