"""Small pictures of what a report lists, kept with the model: the photos themselves are not."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.models.data import only
from engine.photos.decode import as_jpeg, decode

_SIDE = 160  # px, the longer one
_PICTURED = 24  # rows of each list


def thumbnails(
    paths: Sequence[Path], pictures: Mapping[str, str], lists: Sequence[list[dict[str, Any]]]
) -> dict[str, bytes]:
    """JPEGs of the first rows of each list by their keys; these rows get theirs as `picture`.

    `pictures`: sha256 of the photo's file by its name. All were readable.
    """
    rows = [row for rows in lists for row in rows[:_PICTURED]]
    for row in rows:
        row["picture"] = pictures[row["name"]][:16]
    made = {}
    for photo in only(paths, {pictures[row["name"]]: row["name"] for row in rows}):
        if isinstance(photo.data, bytes):
            image = decode(photo.data)
            image.thumbnail((_SIDE, _SIDE))
            made[hashlib.sha256(photo.data).hexdigest()[:16]] = as_jpeg(image)
    return made
