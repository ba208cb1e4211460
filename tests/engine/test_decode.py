"""Every photo people send becomes an upright RGB picture, or an error that says what to do."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from engine import settings
from engine.errors import LimitExceeded, UnreadablePhoto
from engine.photos.decode import decode, decode_all

RED, GREEN, BLUE = (254, 0, 0), (0, 255, 1), (0, 0, 254)


def corner(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a share of the width and height."""
    pixel = image.getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))
    assert isinstance(pixel, tuple)
    return pixel


def is_close(pixel: tuple[int, ...], colour: tuple[int, int, int], tolerance: int = 24) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"quality": 95}), ("GIF", {}), ("AVIF", {"quality": 90})],
)
def test_formats_decode_to_the_same_picture(scene, encode, kind, options):
    image = decode(encode(scene, kind, **options))
    assert image.mode == "RGB"
    assert image.size == (320, 240)
    assert is_close(corner(image, 0.1, 0.1), RED)
    assert is_close(corner(image, 0.9, 0.1), GREEN)
    assert is_close(corner(image, 0.1, 0.9), BLUE)


def test_heic_decodes(scene):
    buffer = io.BytesIO()
    pillow_heif.from_pillow(scene).save(buffer, quality=90)
    image = decode(buffer.getvalue())
    assert image.size == (320, 240)
    assert is_close(corner(image, 0.1, 0.1), RED)
    assert is_close(corner(image, 0.1, 0.9), BLUE)


# What a camera held in each of the eight ways stores, undone: the transposition that makes it.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photos_are_upright_whatever_the_camera_held(scene, encode, orientation, kind):
    stored = scene if STORED[orientation] is None else scene.transpose(STORED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encode(stored, kind, exif=exif))
    assert image.size == (320, 240)
    assert is_close(corner(image, 0.1, 0.1), RED)
    assert is_close(corner(image, 0.9, 0.1), GREEN)
    assert is_close(corner(image, 0.1, 0.9), BLUE)


def test_damaged_exif_does_not_lose_the_photo(scene, encode):
    image = decode(encode(scene, "JPEG", exif=b"Exif\x00\x00MM\x00*" + b"\xff" * 40))
    assert image.size == (320, 240)


def test_large_photos_are_scaled_down_and_small_ones_left_alone(encode):
    large = Image.effect_noise((4000, 3000), 60).convert("RGB")
    assert decode(encode(large)).size == (512, 384)
    assert decode(encode(Image.new("RGB", (64, 48)), "PNG")).size == (64, 48)
    assert decode(encode(Image.new("RGB", (3000, 2), "red"), "PNG")).size == (512, 1)


def test_cmyk_is_converted(scene, encode):
    image = decode(encode(scene.convert("CMYK"), "JPEG", quality=95))
    assert is_close(corner(image, 0.1, 0.1), RED, 40)


def test_sixteen_bit_grey_keeps_its_brightness():
    values = np.full((40, 60), 32768, dtype=np.uint16)
    values[:, 30:] = 65535
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    image = decode(buffer.getvalue())
    assert corner(image, 0.1, 0.5) == (128, 128, 128)
    assert corner(image, 0.9, 0.5) == (255, 255, 255)


def test_sixteen_bit_colour_keeps_its_brightness():
    # Pillow writes no 16-bit RGB, so the file is put together by hand: 2 x 1 pixels, half red and full green.
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = b"\x00" + struct.pack(">6H", 32768, 0, 0, 0, 65535, 0)
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    image = decode(data)
    assert image.getpixel((0, 0)) == (128, 0, 0)
    assert image.getpixel((1, 0)) == (0, 255, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_becomes_white(encode, mode):
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 20, 40))
    data = encode(image.quantize(4) if mode == "P" else image.convert(mode), "PNG")
    upright = decode(data)
    assert corner(upright, 0.9, 0.5) == (255, 255, 255)
    assert is_close(corner(upright, 0.1, 0.5), (0, 0, 0))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_animations_show_their_first_frame(encode, kind):
    frames = [Image.new("RGB", (50, 40), colour) for colour in ("red", "lime", "blue")]
    image = decode(encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50))
    assert is_close(corner(image, 0.5, 0.5), RED)


def test_the_content_decides_not_the_name(scene, encode, model):
    import engine

    data = encode(scene, "PNG")
    named, renamed = (engine.classify_listing([(name, data)], model=model).photos[0] for name in ("a.png", "a.txt"))
    assert named.label is not None
    assert (renamed.label, renamed.score, renamed.status) == (named.label, named.score, named.status)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty: 0 bytes arrived; send it again"),
        (b"hello", "not an image: it holds text; send JPEG, PNG, WebP, HEIC, AVIF or GIF"),
        (b"%PDF-1.7\n\xff", "not an image: it holds a PDF document; send JPEG, PNG, WebP, HEIC, AVIF or GIF"),
        (
            b"\x00\x00\x00\x18ftypmp42\xff\xff",
            "not an image: it holds a video; send JPEG, PNG, WebP, HEIC, AVIF or GIF",
        ),
        (bytes(range(128, 256)) * 20, "not an image: it holds something else; send JPEG, PNG, WebP, HEIC, AVIF or GIF"),
        (b"\xff\xd8\xff\xe0garbage", "the photo is damaged: it could not be decoded; save or export it again"),
    ],
)
def test_what_is_no_photo_is_said_in_words(data, message):
    with pytest.raises(UnreadablePhoto) as caught:
        decode(data)
    assert str(caught.value) == message


def test_tiff_and_bmp_are_named(scene, encode):
    for kind, name in (("TIFF", "a TIFF picture"), ("BMP", "a BMP picture")):
        with pytest.raises(UnreadablePhoto, match=name):
            decode(encode(scene, kind))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_truncated_jpeg_is_said_to_be_cut_short(encode, share, options):
    data = encode(Image.effect_noise((800, 600), 80).convert("RGB"), "JPEG", **options)
    with pytest.raises(UnreadablePhoto, match=r"cut short|damaged"):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_other_truncated_formats_are_refused(encode, kind):
    data = encode(Image.effect_noise((800, 600), 80).convert("RGB"), kind)
    with pytest.raises(UnreadablePhoto, match=r"cut short|damaged"):
        decode(data[: len(data) // 2])


def bomb(side: int) -> bytes:
    """A PNG of side x side black pixels in a few hundred kilobytes, made without holding it in memory."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8 + 1)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("side", "megapixels"), [(30_000, 900), (10_000, 100)])
def test_a_decompression_bomb_is_refused_with_its_size(side, megapixels):
    data = bomb(side)
    assert len(data) < 1_000_000
    with pytest.raises(LimitExceeded, match=f"{megapixels} megapixels is over the limit of 80"):
        decode(data)


def test_too_many_bytes_are_refused():
    with pytest.raises(LimitExceeded, match=r"25\.0 MB is over the limit of 25 MB a photo"):
        decode(bytes(settings.PHOTO_MEGABYTES * settings.MEGABYTE + 1))


def test_decode_all_keeps_the_order_and_carries_errors(scene, encode):
    error = UnreadablePhoto("gone", "find it")
    images = list(decode_all([encode(scene), b"", error, encode(scene.rotate(90, expand=True))]))
    assert isinstance(images[0], Image.Image)
    assert isinstance(images[1], UnreadablePhoto)
    assert images[2] is error
    assert isinstance(images[3], Image.Image)
    assert images[3].size == (240, 320)


def noise(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((48, 32), 90).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


SEEDS = {kind: noise(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")}


@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=12),
    st.integers(0, 400),
)
def test_mutated_files_never_raise_anything_else(kind, changes, cut):
    data = bytearray(SEEDS[kind])
    for place, value in changes:
        data[place % len(data)] = value
    del data[len(data) - cut % len(data) :]
    (image,) = decode_all([bytes(data)])
    if isinstance(image, Image.Image):
        assert image.mode == "RGB"
        assert max(image.size) <= settings.WORKING_SIDE
    else:
        assert image.message
        assert image.remedy
