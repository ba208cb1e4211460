"""Photos of one listing against each other: copies share a vote, details are known by their whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from engine.photos.decode import decode
from engine.photos.quality import measure
from engine.photos.siblings import compare, share_votes


def photo(seed: int, width: int = 320, height: int = 240) -> Image.Image:
    """Sharp shapes of many sizes and colours, different for each seed: as much structure as a photo has."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), (120, 130, 140))
    draw = ImageDraw.Draw(image)
    for size in np.geomspace(0.6, 0.04, 60):
        x, y = random.uniform(-0.2, 1, 2)
        box = (x * width, y * height, (x + size * random.uniform(0.5, 1)) * width, (y + size) * height)
        shape = draw.rectangle if random.random() < 0.5 else draw.ellipse
        shape(box, fill=tuple(random.integers(0, 256, 3).tolist()))
    return image


def found(*images: Image.Image) -> tuple[list[int], dict[int, int]]:
    return compare([measure(image).look for image in images])


@pytest.mark.parametrize(
    "copy",
    [
        lambda image: image,
        lambda image: image.resize((200, 150)),
        lambda image: image.resize((512, 384)),
        lambda image: image.crop((10, 8, 305, 228)),
        lambda image: image.crop((0, 0, 320, 220)),
        lambda image: image.point(lambda value: value * 0.7 + 30),
        lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    ],
    ids=["same", "smaller", "larger", "cropped", "cut below", "paler", "softer"],
)
def test_a_copy_shows_the_same_picture(copy):
    assert found(photo(1), photo(2), copy(photo(1))) == ([0, 1, 0], {})
    assert found(copy(photo(1)), photo(1)) == ([0, 0], {})


def test_a_re_encoded_copy_is_the_same_picture(encode: Callable[..., bytes]):
    assert found(photo(1), decode(encode(photo(1), "JPEG", quality=30)))[0] == [0, 0]


@pytest.mark.parametrize("box", [(20, 30, 150, 125), (180, 90, 280, 165), (0, 120, 140, 225)])
def test_a_detail_is_known_by_its_whole(box):
    assert found(photo(2), photo(1), photo(1).crop(box)) == ([0, 1, 2], {2: 1})
    assert found(photo(1).crop(box).resize((400, 300)), photo(1)) == ([0, 1], {0: 1})


def test_different_photos_have_nothing_in_common():
    assert found(*(photo(seed) for seed in range(8))) == (list(range(8)), {})


def test_copies_of_copies_are_one_picture_and_plain_photos_match_only_their_like():
    one = photo(1)
    assert found(one, one.crop((12, 9, 308, 231)), one.resize((160, 120)))[0] == [0, 0, 0]
    plain = [Image.new("RGB", (320, 240), colour) for colour in ("white", "white", "black")]
    assert found(*plain, one) == ([0, 0, 2, 3], {})


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (500, 2)])
def test_odd_shapes_are_compared_too(size):
    assert found(photo(1), photo(3, *size)) == ([0, 1], {})


def test_shared_votes_add_up_to_one():
    weights, reasons = share_votes(["a", "b", "c", "d"], [0, 1, 0, 0])
    assert weights[0] + weights[2] + weights[3] == 1 == weights[1]
    assert reasons[1] == []
    assert reasons[0] == ["one of 3 same pictures: together they have one vote"]


def test_real_photos_are_told_apart_and_their_copies_and_details_found(shared: Path):
    photos = [decode(path.read_bytes()) for path in sorted((shared / "full").rglob("*.jp*g"))[::8]]
    assert found(*photos) == (list(range(len(photos))), {})
    hits = 0
    for image in photos:
        wide, high = image.size
        hits += found(image, image.crop((wide // 4, high // 3, wide * 3 // 5, high * 3 // 4)))[1] == {1: 0}
        hits += found(image, image.resize((wide // 2, high // 2)))[0] == [0, 0]
    assert hits >= 2 * len(photos) - 1
