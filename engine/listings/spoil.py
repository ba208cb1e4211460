"""Spoiled copies of good photos, as careless senders make them: for fitting and for the benchmark.

A copy is a file again, so that it goes through every stage a sender's photo goes through. The photo's own hash seeds
it: the same copies on every run.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from engine.errors import InputError
from engine.models.data import LabelledPhoto
from engine.photos.decode import decode

WAYS = ("blur", "dark", "close-up")


def spoiled(photos: Iterable[LabelledPhoto], way: str) -> Iterator[LabelledPhoto]:
    """Copies of readable photos, spoiled in one of `WAYS` and saved as JPEG."""
    for photo in photos:
        if isinstance(photo.data, InputError):
            continue
        seed = hashlib.sha256(way.encode() + photo.data).digest()
        copy, buffer = _WAYS[way](decode(photo.data), np.random.default_rng(list(seed))), io.BytesIO()
        copy.save(buffer, "JPEG", quality=90)
        yield replace(photo, data=buffer.getvalue())


def _blur(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Out of focus: Gaussian, sigma 0.8 to 3 % of the long side."""
    return image.filter(ImageFilter.GaussianBlur(max(image.size) * random.uniform(0.008, 0.03)))


def _dark(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """4 to 20 % of the light, with the noise of a sensor that strains."""
    pixels = np.asarray(image) * random.uniform(0.04, 0.2)
    noisy = pixels + random.normal(0, 2, pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def _close_up(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """A piece of 5 to 20 % of the area, anywhere."""
    share, shape = random.uniform(0.05, 0.2), np.exp(random.uniform(-0.3, 0.3))
    sides = np.array(image.size) * np.sqrt([share * shape, share / shape])
    width, height = np.clip(sides.round(), 8, image.size).astype(int)
    left, top = (int(random.integers(0, free + 1)) for free in (image.width - width, image.height - height))
    return image.crop((left, top, left + int(width), top + int(height)))


_WAYS: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "blur": _blur,
    "dark": _dark,
    "close-up": _close_up,
}
