"""Photos decoded once, for many passes over them: pixels in a file that is mapped into memory, so size is no matter."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine import settings
from engine.errors import InputError
from engine.models.data import LabelledPhoto
from engine.photos.decode import decode_all

Index = NDArray[np.int64]

SIDE = 128  # px, longest side that is kept: nothing here trains on more than 96
_PIXELS, _INDEX = "pixels.u8", "index.npz"


@dataclass(frozen=True)
class Dataset:
    """Photos of a folder that `decoded` made; `labels` and `sources` are names, by `of` and `source` each photo's."""

    pixels: NDArray[np.uint8]  # flat; photo i has sides[i] = (height, width) and begins at starts[i]
    starts: Index
    sides: Index
    labels: list[str]
    of: Index
    sources: list[str]
    source: Index

    def __len__(self) -> int:
        return len(self.starts)

    def photo(self, row: int) -> Tensor:
        """[1, 3, height, width], uint8, channels last in memory."""
        high, wide = self.sides[row].tolist()
        flat = self.pixels[self.starts[row] : self.starts[row] + high * wide * 3]
        return torch.from_numpy(flat.reshape(1, high, wide, 3)).permute(0, 3, 1, 2)

    def chances(self) -> Tensor:
        """How often each photo is drawn, [photos]: a class of one source counts by the square root of its photos.

        Between even classes, where a handful of photos would be seen for ever, and even photos, where large classes and
        sources hide the small.
        """
        cells = self.of * len(self.sources) + self.source
        return torch.from_numpy(np.bincount(cells)[cells] ** -0.5)


def decoded(
    photos: Callable[[], Iterable[LabelledPhoto]],
    folder: Path,
    classes: Sequence[str],
    progress: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Decode readable photos of these classes into `folder`, or open what an earlier call put there.

    A photo keeps its size, its sides cut to `SIDE` px each: networks here squash photos to a square in any case.
    The index is written last: a folder without it is begun anew.
    """
    if not (folder / _INDEX).exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _write(photos(), folder, list(classes), progress)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)  # what fills a disk
            raise
    with np.load(folder / _INDEX) as index:
        rest: dict[str, Any] = {name: index[name] for name in ("starts", "sides", "of", "source")}
        names = {name: index[name].tolist() for name in ("labels", "sources")}
    pixels = np.memmap(folder / _PIXELS, np.uint8, "c")  # copy on write: torch wants what it may write to
    return Dataset(pixels, **rest, **names)


def _write(photos: Iterable[LabelledPhoto], folder: Path, classes: list[str], progress: Callable[[int], None]) -> None:
    stream, done, sides = iter(photos), 0, []
    places = {name: index for index, name in enumerate(classes)}
    of: list[int] = []
    sources: list[str] = []
    with (folder / _PIXELS).open("wb") as file:
        while chunk := list(islice(stream, settings.BATCH_PHOTOS)):
            for photo, image in zip(chunk, decode_all([photo.data for photo in chunk]), strict=True):
                if isinstance(image, InputError):
                    continue
                small = image.resize((min(image.width, SIDE), min(image.height, SIDE)), 3, reducing_gap=None)
                file.write(np.asarray(small).tobytes())
                sides.append((small.height, small.width))
                of.append(places[photo.label])
                sources.append(photo.source or "")
            done += len(chunk)
            progress(done)
    heights = np.array(sides, dtype=np.int64).reshape(-1, 2)
    starts = np.concatenate([[0], np.cumsum(heights.prod(1) * 3)])[:-1]
    collections, source = np.unique(sources, return_inverse=True)
    unfinished = folder / f"{_INDEX}.part.npz"
    np.savez(
        unfinished,
        starts=starts,
        sides=heights,
        labels=classes,
        of=np.array(of, dtype=np.int64),
        sources=collections,
        source=source,
    )
    unfinished.replace(folder / _INDEX)
