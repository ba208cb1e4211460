"""Pictures made ready to be labelled."""

import io
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import streamlit as st
from PIL import Image, ImageOps

from engine.curves.pictures import pictures
from engine.photos.decode import decode_all

_SIDE = 400  # px of a picture: it stands beside its buttons on a laptop
_LEAST = 256  # px: smaller ones are enlarged
_COARSE = 32  # px: those show their pixels

_loader = ThreadPoolExecutor(1, thread_name_prefix="quiz-pictures")


@st.cache_resource(max_entries=32, show_spinner=False)
def reading(digest: str, number: int, _data: str | Path, _keys: list[str]) -> "Future[dict[str, bytes]]":  # noqa: ARG001
    """The pictures of a part of the quiz, key -> WebP, read in the background; `_keys` are that part's."""
    return _loader.submit(_pictures, _data, _keys)


def _pictures(data: str | Path, keys: list[str]) -> dict[str, bytes]:
    files = pictures(data, keys) if keys else {}
    images = zip(files, decode_all(files.values()), strict=True)
    return {key: _square(image) for key, image in images if isinstance(image, Image.Image)}


def _square(image: Image.Image) -> bytes:
    """On a square canvas, so that the buttons stay where they are."""
    side = min(max(*image.size, _LEAST), _SIDE)
    method = Image.Resampling.NEAREST if max(image.size) <= _COARSE else Image.Resampling.LANCZOS
    buffer = io.BytesIO()
    ImageOps.pad(image.convert("RGBA"), (side, side), method, color=(0, 0, 0, 0)).save(buffer, "WEBP", quality=90)
    return buffer.getvalue()
