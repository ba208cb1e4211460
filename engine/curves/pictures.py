"""The pictures of a labelled set, to show them to people."""

import hashlib
import io
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from engine.curves.data import DIGITS
from engine.errors import UnreadableData
from engine.models.data import read_labelled


def pictures(data: str | Path, keys: Collection[str]) -> dict[str, bytes]:
    """The files of the items with these keys, from what `engine.curves.data.load` read.

    Nothing for a table of features: it has no pictures.
    """
    if str(data) == DIGITS:
        return _digits(keys)
    found: dict[str, bytes] = {}
    with suppress(UnreadableData):
        for photo in read_labelled([Path(data)]):
            key = hashlib.sha256(photo.data).hexdigest() if isinstance(photo.data, bytes) else ""
            if key in keys and isinstance(photo.data, bytes):
                found[key] = photo.data
            if len(found) == len(keys):
                break
    return found


def _digits(keys: Collection[str]) -> dict[str, bytes]:
    from sklearn.datasets import load_digits

    found = {}
    for number, picture in enumerate(load_digits().images, start=1):
        if (key := f"digit {number}") in keys:
            buffer = io.BytesIO()
            Image.fromarray((255 - picture / 16 * 255).astype(np.uint8)).save(buffer, "PNG")
            found[key] = buffer.getvalue()
    return found
