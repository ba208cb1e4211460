"""Paths on the command line -> listings, by the contract's rules.

Loose files given together are one listing. In a folder or a ZIP the loose files are one listing and each sub-folder is
one of its own, with everything under it. A single folder that holds only folders stands for them.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from engine import settings
from engine.errors import InputError, UnreadableData
from engine.listings.pipeline import one_too_many
from engine.photos.files import File, list_files, single_file, unwrapped


@dataclass(frozen=True)
class Listing:
    """Photos of one object, still unread."""

    name: str
    files: list[File] = field(default_factory=list)
    error: InputError | None = None  # why there are no files

    def read(self) -> list[tuple[str, bytes | InputError]]:
        """Names and contents; files past the limit are named but not read."""
        limit = settings.PHOTOS_PER_LISTING
        return [(str(file.path), file.read() if n < limit else one_too_many()) for n, file in enumerate(self.files)]


def find_listings(paths: Sequence[Path]) -> list[Listing]:
    """All listings under the paths, in name order. An empty folder or a damaged ZIP is a listing with its error."""
    loose: list[Path] = []
    listings: list[Listing] = []
    for path in paths:
        if path.is_dir() or path.suffix.lower() == ".zip":
            listings += _inside(path)
        else:
            loose.append(path)
    if loose:
        listings.append(_loose(loose))
    return sorted(listings, key=lambda listing: listing.name)


def _loose(paths: list[Path]) -> Listing:
    absolute = [_absolute(path) for path in paths]
    shared = absolute[0].parent
    while not all(path.is_relative_to(shared) for path in absolute):
        shared = shared.parent
    files = [single_file(path, PurePosixPath(path.relative_to(shared))) for path in absolute]
    return Listing(shared.name or "listing", files)


def _absolute(path: Path) -> Path:
    """Without `..`, which is no name; links stay what they are called."""
    return Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow links)


def _inside(path: Path) -> list[Listing]:
    name = _absolute(path).name if path.is_dir() else path.stem
    try:
        files = unwrapped(list_files(path))
    except InputError as error:
        return [Listing(name, error=error)]
    if not files:
        return [Listing(name, error=UnreadableData("there are no photos in it", "put those of one object into it"))]
    loose: list[File] = []
    folders: dict[str, list[File]] = {}
    for file in files:
        if len(file.path.parts) == 1:
            loose.append(file)
        else:
            folder = file.path.parts[0]
            folders.setdefault(folder, []).append(File(file.path.relative_to(folder), file.read))
    listings = [Listing(folder, inside) for folder, inside in folders.items()]
    return [Listing(name, loose), *listings] if loose else listings
