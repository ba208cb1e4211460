"""Held-out photos, each as it is and spoiled, and listings drawn from them: what is fitted and measured on.

Photos of one object are not known as such in the data, so a listing here is several photos of one class.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine import settings
from engine.errors import InputError
from engine.listings.pipeline import look
from engine.listings.spoil import WAYS, spoiled
from engine.listings.weigh import Look
from engine.models.data import LabelledPhoto
from engine.photos.decode import decode_all

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Photo:
    """What one labelled photo showed: as it is, and spoiled in each of `WAYS`."""

    label: str
    picture: str  # sha256 of the file
    looks: list[Look]

    @property
    def in_first_half(self) -> bool:
        """Whether it is of the half that is fitted on. The other half is for figures."""
        return int(self.picture, 16) % 2 == 0


def look_at(photos: Iterable[LabelledPhoto], model: "Classifier", progress: Callable[[int], None]) -> list[Photo]:
    """Look at every readable photo and its spoiled copies. `progress` hears how many photos are done."""
    stream, found = iter(photos), []
    while chunk := list(islice(stream, settings.BATCH_PHOTOS)):
        kept = [photo for photo in chunk if isinstance(photo.data, bytes)]
        versions = [kept, *(spoiled(kept, way) for way in WAYS)]
        shown = [look(list(decode_all([photo.data for photo in version])), model) for version in versions]
        for photo, looks in zip(kept, zip(*shown, strict=True), strict=True):
            read = [item for item in looks if not isinstance(item, InputError)]
            if len(read) == len(versions) and isinstance(photo.data, bytes):
                found.append(Photo(photo.label, hashlib.sha256(photo.data).hexdigest(), read))
        progress(len(found))
    return found


def draw(
    labels: NDArray[np.str_], size: int, count: int, share: float, random: np.random.Generator
) -> tuple[Index, Index]:
    """`count` listings of `size` photos of one class: indices of photos and of versions, both [count, size].

    Version 0 is the photo as it is. Each class with enough photos is as likely as the next; where none has enough, each
    class is, and a photo may come twice. Each photo is spoiled with probability `share`.
    """
    names, members = np.unique(labels, return_inverse=True)
    everything = [np.flatnonzero(members == index) for index in range(len(names))]
    classes = [found for found in everything if len(found) >= size] or everything
    chosen = random.integers(len(classes), size=count)
    photos = np.stack([random.choice(classes[index], size, replace=len(classes[index]) < size) for index in chosen])
    ways = random.integers(1, len(WAYS) + 1, photos.shape)
    return photos, np.where(random.random(photos.shape) < share, ways, 0)
