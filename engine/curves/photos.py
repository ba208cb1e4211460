"""Photos -> features by a model, each photo once: what was seen is kept on disk by content, for every later run."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import compress, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine import settings
from engine.errors import InputError
from engine.models.data import LabelledPhoto
from engine.photos.decode import decode_all

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Row = NDArray[np.float32]

LOOK = (8, 8)  # pixels that say how a photo looks to somebody far away: its colours and where they are
_LOOK_VALUES = LOOK[0] * LOOK[1] * 3


@dataclass
class Seen:
    """Readable photos in the order they came, and those that were not used."""

    names: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)  # hash of the file: copies share it
    sources: list[str | None] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)  # [192 + width] each: look and features
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # name, why
    passed_over: int = 0  # by sampling

    def arrays(self) -> tuple[Row, Row]:
        """Features [photos, width] and looks [photos, 192]."""
        rows = np.stack(self.rows) if self.rows else np.empty((0, _LOOK_VALUES + 1), dtype=np.float32)
        return rows[:, _LOOK_VALUES:], rows[:, :_LOOK_VALUES]

    def add(self, photo: LabelledPhoto, picture: str, row: Row) -> None:
        values = (photo.name, photo.label, picture, photo.source, photo.group, row)
        for column, value in zip(self._columns(), values, strict=True):
            column.append(value)

    def thin(self, threshold: float) -> None:
        keep = [_place(picture) < threshold for picture in self.pictures]
        self.passed_over += keep.count(False)
        for column in self._columns():
            column[:] = compress(column, keep)

    def _columns(self) -> tuple[list[Any], ...]:
        return self.names, self.labels, self.pictures, self.sources, self.groups, self.rows


def look_at_all(
    photos: Iterable[LabelledPhoto], model: "Classifier", limit: int, progress: Callable[[int], None]
) -> Seen:
    """Features of every readable photo; past `limit` a random sample of at most that many.

    The sample is of photos whose hash lies under a threshold that halves whenever there are too many (adaptive
    sampling, Flajolet 1990): one pass over any number, and the same photos every time.
    """
    seen, threshold, done = Seen(), 1.0, 0
    stream = iter(photos)
    with closing(_Cache(model.id)) as cache:
        while chunk := list(islice(stream, settings.BATCH_PHOTOS)):
            done += len(chunk)
            kept = []
            for photo in chunk:
                picture = "" if isinstance(photo.data, InputError) else hashlib.sha256(photo.data).hexdigest()
                if not picture or _place(picture) < threshold:
                    kept.append((photo, picture))
            seen.passed_over += len(chunk) - len(kept)
            _add(seen, kept, model, cache)
            while len(seen.names) > limit:
                threshold /= 2
                seen.thin(threshold)
            progress(done)
    return seen


def _add(seen: Seen, photos: list[tuple[LabelledPhoto, str]], model: "Classifier", cache: "_Cache") -> None:
    known = cache.get([picture for _, picture in photos])
    new = [(photo, picture) for photo, picture in photos if picture not in known]
    images: list[Image.Image] = []
    pictures: list[str] = []
    errors: dict[str, str] = {}
    for (photo, picture), image in zip(new, decode_all([photo.data for photo, _ in new]), strict=True):
        if isinstance(image, InputError):
            errors[photo.name] = image.message
        else:
            images.append(image)
            pictures.append(picture)
    looked = {}
    if images:
        rows = np.hstack([[_look(image) for image in images], model.predict(images).features]).astype(np.float32)
        looked = dict(zip(pictures, rows, strict=True))
    cache.put(looked)
    known |= looked
    for photo, picture in photos:
        if picture in known:
            seen.add(photo, picture, known[picture])
        else:
            seen.unreadable.append((photo.name, errors[photo.name]))


def _look(image: Image.Image) -> Row:
    """The photo on a raster of 8 x 8: [192] row, column, channel, from 0 to 1."""
    pixels = np.asarray(image.resize(LOOK, Image.Resampling.BOX), dtype=np.float32)
    return pixels.ravel() / np.float32(255)


def _place(picture: str) -> float:
    """A number from 0 to 1 that is as good as random, and the photo's own."""
    return int(picture[-12:], 16) / 16**12


class _Cache:
    """Looks and features of one model by photo. A cache that cannot be read or written costs time, never the answer."""

    def __init__(self, model: str) -> None:
        folder = settings.home() / "cache" / "features"
        self._file = self._open(folder / f"{hashlib.sha256(model.encode()).hexdigest()[:16]}.sqlite")

    def _open(self, path: Path) -> sqlite3.Connection:
        with suppress(OSError, sqlite3.Error):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = sqlite3.connect(path)
            file.execute("CREATE TABLE IF NOT EXISTS seen (picture TEXT PRIMARY KEY, row BLOB) WITHOUT ROWID")
            return file
        return sqlite3.connect(":memory:")

    def get(self, pictures: list[str]) -> dict[str, Row]:
        wanted = f"SELECT picture, row FROM seen WHERE picture IN ({','.join('?' * len(pictures))})"
        with suppress(sqlite3.Error):
            return {
                picture: np.frombuffer(row, dtype=np.float32) for picture, row in self._file.execute(wanted, pictures)
            }
        return {}

    def put(self, rows: dict[str, Row]) -> None:
        with suppress(sqlite3.Error), self._file:
            values = [(picture, row.tobytes()) for picture, row in rows.items()]
            self._file.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", values)

    def close(self) -> None:
        self._file.close()
