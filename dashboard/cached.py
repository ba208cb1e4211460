"""What is kept in the process: the loaded model, for pages and HTTP API, and photos the pages have looked at."""

import hashlib
import io
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter, ImageOps

from engine import settings
from engine.errors import InputError, ModelNotFound
from engine.listings.pipeline import look
from engine.listings.weigh import Look
from engine.models.registry import CARD, STARTER, find, load_model
from engine.photos.decode import as_jpeg, decode_all

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_CARD = (settings.THUMBNAIL_SIDE, settings.THUMBNAIL_SIDE * 3 // 4)

_lock = Lock()
_loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load-model")
_models: dict[tuple[str, float], tuple["Future[Classifier]", float]] = {}  # and when loading began; last used last
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """One photo as a page keeps it: its pixels are let go, what they showed stays."""

    name: str
    look: Look | InputError
    jpeg: bytes | None = field(repr=False)  # long side at most settings.WORKING_SIDE; None if it could not be read
    sha256: str = ""  # of the file
    model: str = ""  # the id of the one that looked

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
    """The model, loading or loaded; it is loaded once for the process, and anew some time after a failure.

    A model of the same name that was trained since is another one. The longest unused is let go.
    """
    key = identity(name)
    with _lock:
        future, since = _models.pop(key, (None, 0.0))
        failed = future is not None and future.done() and future.exception() is not None
        if future is None or (failed and time.monotonic() - since > settings.MODEL_RETRY_SECONDS):
            future, since = _loader.submit(load_model, name), time.monotonic()
            future.add_done_callback(_log_failure)
        _models[key] = future, since
        if len(_models) > settings.LOADED_MODELS:
            del _models[next(iter(_models))]
        return future


def identity(name: str) -> tuple[str, float]:
    """The model's name, and when it was written; 0 if it is not there, which its loading says."""
    try:
        return name, (find(name) / CARD).stat().st_mtime
    except (ModelNotFound, OSError):
        return name, 0.0


def _log_failure(future: "Future[Classifier]") -> None:
    if error := future.exception():
        _log.error("the model does not load: %s", error)


def look_at(
    photos: Sequence[tuple[str, bytes | InputError]], model: "Classifier", progress: Callable[[int], None]
) -> list[Picture]:
    """Look at photos, those seen before for nothing. `progress` hears how many of them have been opened."""
    digests = [hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else "" for _, data in photos]
    seen: list[_Seen | None] = [_recent.get(f"{model.id} {digest}") for digest in digests]
    new = [index for index, value in enumerate(seen) if value is None]
    images: list[Image.Image | InputError] = []
    for image in decode_all([photos[index][1] for index in new]):
        images.append(image)
        progress(len(photos) - len(new) + len(images))
    for index, image, shown in zip(new, images, look(images, model), strict=True):
        value = seen[index] = shown, as_jpeg(image) if isinstance(image, Image.Image) else None
        if isinstance(shown, Look):
            _recent.put(f"{model.id} {digests[index]}", value)
    rows = zip(photos, seen, digests, strict=True)
    return [Picture(name, *value, digest, model.id) for (name, _), value, digest in rows if value is not None]


def look_again(pictures: Sequence[Picture], model: "Classifier") -> list[Picture]:
    """What photos show to another model: to one that saw the files as it did then, to a new one from their copies."""
    known = {picture.sha256: _recent.get(f"{model.id} {picture.sha256}") for picture in pictures}
    new = [(picture.sha256, picture.jpeg) for picture in pictures if picture.jpeg and not known[picture.sha256]]
    known |= {again.name: (again.look, again.jpeg) for again in look_at(new, model, lambda _: None)}
    return [
        replace(picture, look=value[0] if (value := known[picture.sha256]) else picture.look, model=model.id)
        for picture in pictures
    ]


@lru_cache(maxsize=200)
def thumbnail(jpeg: bytes, size: tuple[int, int] = _CARD) -> bytes:
    """4:3, so that cards align; a photo of another shape lies on a blurred copy of itself, which suits both themes."""
    with Image.open(io.BytesIO(jpeg)) as image:
        blur = ImageOps.fit(image, (size[0] // 8, size[1] // 8)).filter(ImageFilter.GaussianBlur(4)).resize(size)
        small = ImageOps.contain(image, size)
    blur.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    return as_jpeg(blur)
