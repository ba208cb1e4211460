"""Bytes of one photo -> an upright RGB image small enough for every later stage.

The content decides, never the file's name. Only the decoders a marketplace needs are ever tried on foreign bytes.
"""

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from engine import settings
from engine.errors import InputError, LimitExceeded, UnreadablePhoto

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF")
ACCEPTED = "JPEG, PNG, WebP, HEIC, AVIF or GIF"

# First bytes of what people send instead of a photo, or of a photo too damaged to open: for the message alone.
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"RIFF", "WebP"),
    (b"GIF8", "GIF"),
    (b"%PDF", "a PDF document"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"BM", "a BMP picture"),
    (b"8BPS", "a Photoshop file"),
    (b"PK\x03\x04", "a ZIP or an office document"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "XML or an SVG drawing"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)

# One pool for the process: several visitors at once must not hold several pools' worth of decoded photos.
_decoders = ThreadPoolExecutor(settings.DECODE_THREADS, thread_name_prefix="decode")

_STILLS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")

pillow_heif.register_heif_opener()
# Pillow warns from 89 megapixels up; the lower limit of settings.py refuses those in words.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def decode(data: bytes) -> Image.Image:
    """Decode one photo.

    Returns an RGB image, upright (EXIF orientation applied), on white where it was transparent, first frame only,
    its long side at most `settings.WORKING_SIDE` px. JPEGs are decoded at a reduced DCT scale, which is several
    times faster than shrinking the whole picture.

    Raises LimitExceeded for too many bytes or pixels and UnreadablePhoto for everything that is not a whole photo.
    """
    if not data:
        raise UnreadablePhoto("the file is empty", "0 bytes arrived; send it again")
    if len(data) > settings.PHOTO_MEGABYTES * settings.MEGABYTE:
        raise too_many_bytes(len(data))
    image = _open(data)
    try:
        return _upright_rgb(image)
    except MemoryError as error:
        raise UnreadablePhoto("the photo does not fit into memory", "send a smaller copy") from error
    except Exception as error:  # decoders meet hostile bytes and raise nearly every built-in exception
        if "truncated" in str(error):
            raise UnreadablePhoto("the photo is cut short", "only a part of the file arrived; send it again") from error
        raise _damaged() from error


def decode_all(sources: Iterable[bytes | InputError]) -> Iterator[Image.Image | InputError]:
    """Decode in threads; yields in order. A photo that cannot be read, or already came as an error, is that error."""
    yield from _decoders.map(_decode_or_error, sources)


def _decode_or_error(source: bytes | InputError) -> Image.Image | InputError:
    if isinstance(source, InputError):
        return source
    try:
        return decode(bytes(source))
    except InputError as error:
        return type(error)(error.message, error.remedy)  # anew, as the one caught holds on to the photo's bytes


def as_jpeg(image: Image.Image) -> bytes:
    """A decoded photo as it is kept for people to see. The same image gives the same bytes."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def too_many_bytes(size: int) -> LimitExceeded:
    return LimitExceeded(
        f"{size / settings.MEGABYTE:.1f} MB is over the limit of {settings.PHOTO_MEGABYTES} MB a photo",
        "send a smaller copy",
    )


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = int(str(error).partition("(")[2].partition(" pixels")[0])  # Pillow keeps the size to its message
        raise _too_many_pixels(pixels) from error
    except Exception as error:  # as above: plug-ins raise more than UnidentifiedImageError on damaged headers
        found = _guess(data)
        if found in ("JPEG", "PNG", "WebP", "GIF", "HEIC or AVIF"):
            raise _damaged() from error
        raise UnreadablePhoto("not an image", f"it holds {found}; send {ACCEPTED}") from error
    width, height = image.size
    if width * height > settings.PHOTO_MEGAPIXELS * 1_000_000:
        raise _too_many_pixels(width * height)
    return image


def _upright_rgb(image: Image.Image) -> Image.Image:
    side = (settings.WORKING_SIDE, settings.WORKING_SIDE)
    image.draft("RGB", side)  # JPEG only; a no-op elsewhere
    image.load()
    with contextlib.suppress(Exception):  # damaged EXIF is no reason to refuse a photo: it stays as it lies
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail(side, Image.Resampling.BICUBIC)
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image


def _guess(data: bytes) -> str:
    """What the bytes look like, for people."""
    start = data[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return kind
    if data[4:8] == b"ftyp":
        return "HEIC or AVIF" if data[8:12] in _STILLS else "a video"
    try:
        data[:2000].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < 1990:  # a character cut by the slice is still text
            return "something else"
    return "text"


def _too_many_pixels(pixels: int) -> LimitExceeded:
    return LimitExceeded(
        f"{pixels / 1e6:.0f} megapixels is over the limit of {settings.PHOTO_MEGAPIXELS} megapixels a photo",
        "send a smaller copy",
    )


def _damaged() -> UnreadablePhoto:
    return UnreadablePhoto("the photo is damaged", "it could not be decoded; save or export it again")
