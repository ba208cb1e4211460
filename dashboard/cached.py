"""What is kept in the process: the loaded model, for pages and HTTP API, and photos the pages have looked at."""

import hashlib
import io
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter, ImageOps

from engine import settings
from engine.errors import InputError
from engine.listings.pipeline import look
from engine.listings.weigh import Look
from engine.models.registry import STARTER, load_model
from engine.photos.decode import as_jpeg, decode_all

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_CARD = (settings.THUMBNAIL_SIDE, settings.THUMBNAIL_SIDE * 3 // 4)

_lock = Lock()
_loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load-model")
_models: dict[str, tuple["Future[Classifier]", float]] = {}  # and when its loading began
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """One photo as a page keeps it: its pixels are let go, what they showed stays."""

    name: str
    look: Look | InputError
    jpeg: bytes | None = field(repr=False)  # long side at most settings.WORKING_SIDE; None if it could not be read

    @property
    def thumbnail(self) -> bytes | None:
        """The picture of its card."""
        return self.jpeg and thumbnail(self.jpeg)


_Seen = tuple[Look | InputError, bytes | None]


class _Recent:
    """The most recently used values, at most `settings.CACHED_PHOTOS`. Safe to share between threads."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, _Seen] = OrderedDict()

    def get(self, key: str) -> _Seen | None:
        with _lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: str, value: _Seen) -> None:
        with _lock:
            self._values[key] = value
            while len(self._values) > settings.CACHED_PHOTOS:
                self._values.popitem(last=False)


_recent = _Recent()


def model_in_background(name: str = STARTER) -> "Future[Classifier]":
    """The model, loading or loaded; it is loaded once for the process, and anew some time after a failure."""
    with _lock:
        future, since = _models.get(name, (None, 0.0))
        failed = future is not None and future.done() and future.exception() is not None
        if future is None or (failed and time.monotonic() - since > settings.MODEL_RETRY_SECONDS):
            future = _loader.submit(load_model, name)
            future.add_done_callback(_log_failure)
            _models[name] = future, time.monotonic()
        return future


def _log_failure(future: "Future[Classifier]") -> None:
    if error := future.exception():
        _log.error("the model does not load: %s", error)


def look_at(
    photos: Sequence[tuple[str, bytes | InputError]], model: "Classifier", progress: Callable[[int], None]
) -> list[Picture]:
    """Look at photos, those seen before for nothing. `progress` hears how many of them have been opened."""
    keys = [_key(data, model.id) if isinstance(data, bytes) else None for _, data in photos]
    seen: list[_Seen | None] = [_recent.get(key) if key else None for key in keys]
    new = [index for index, value in enumerate(seen) if value is None]
    images: list[Image.Image | InputError] = []
    for image in decode_all([photos[index][1] for index in new]):
        images.append(image)
        progress(len(photos) - len(new) + len(images))
    for index, image, shown in zip(new, images, look(images, model), strict=True):
        value = seen[index] = shown, as_jpeg(image) if isinstance(image, Image.Image) else None
        key = keys[index]
        if key and isinstance(shown, Look):
            _recent.put(key, value)
    return [Picture(name, *value) for (name, _), value in zip(photos, seen, strict=True) if value is not None]


def _key(data: bytes, model: str) -> str:
    return f"{model} {hashlib.sha256(data).hexdigest()}"


@lru_cache(maxsize=200)
def thumbnail(jpeg: bytes, size: tuple[int, int] = _CARD) -> bytes:
    """4:3, so that cards align; a photo of another shape lies on a blurred copy of itself, which suits both themes."""
    with Image.open(io.BytesIO(jpeg)) as image:
        blur = ImageOps.fit(image, (size[0] // 8, size[1] // 8)).filter(ImageFilter.GaussianBlur(4)).resize(size)
        small = ImageOps.contain(image, size)
    blur.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    return as_jpeg(blur)
