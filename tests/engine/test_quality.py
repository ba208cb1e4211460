"""What one photo's pixels tell: synthetic pictures with known answers, and real ones damaged on purpose."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from engine.photos.decode import decode
from engine.photos.quality import Measures, edge_width, levelled, measure


def checks(width: int, height: int, square: int = 12) -> Image.Image:
    """Dark and light squares, set askew so that there are edges in every direction, sharp to a pixel."""
    y, x = np.mgrid[: height * 4, : width * 4] / 4
    light = (np.floor((x + y / 3) / square) + np.floor((y - x / 3) / square)) % 2
    return Image.fromarray((60 + 140 * light).astype(np.uint8)).resize((width, height), Image.Resampling.BOX)


def picture(width: int = 320, height: int = 240) -> Image.Image:
    return checks(width, height).convert("RGB")


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(sigma))


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_the_width_of_blurred_edges_is_known(sigma):
    soft = blurred(checks(320, 240, 40), sigma)
    assert edge_width(np.asarray(soft, np.float32)) == pytest.approx(sigma, rel=0.2)


def test_contrast_and_brightness_do_not_change_the_width():
    soft = np.asarray(blurred(checks(320, 240, 40), 2), np.float32)
    assert edge_width(soft * 0.4 + 60) == pytest.approx(edge_width(soft), rel=0.05)


@pytest.mark.parametrize("size", [(64, 64), (128, 96), (320, 240), (512, 384)])
def test_a_sharp_photo_is_sharp_at_every_size_and_a_soft_one_is_not(size):
    sharp = picture(*size)
    assert not measure(sharp).blurred
    assert measure(blurred(sharp, max(1.2, 0.008 * max(size)))).blurred


def test_a_sharp_object_on_a_soft_background_is_sharp():
    image = blurred(picture(), 6)
    image.paste(picture().crop((100, 70, 220, 170)), (100, 70))
    assert not measure(image).blurred


def test_a_shaken_photo_is_blurred_though_edges_along_the_motion_are_sharp():
    pixels = np.asarray(picture(), np.float32)
    shaken = np.mean([np.roll(pixels, shift, axis=1) for shift in range(9)], axis=0)
    assert measure(Image.fromarray(shaken.astype(np.uint8))).blurred


def test_an_enlarged_photo_is_not_called_blurred():
    assert not measure(picture(320, 240).resize((512, 384), Image.Resampling.BICUBIC)).blurred


def test_strong_blur_is_known_apart():
    large = checks(320, 240, 60).convert("RGB")
    assert measure(blurred(large, 12)).very_blurred
    assert not measure(blurred(large, 2)).very_blurred


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda value: value * 0.15, "too_dark"),
        (lambda value: value * 0.4 + 150, "washed_out"),
        (lambda value: value * 0.01 + 90, "empty"),
        (lambda value: value * 0, "empty"),
    ],
)
def test_faults_of_light(change, fault):
    assert not getattr(measure(picture()), fault)
    assert getattr(measure(picture().point(change)), fault)


@pytest.mark.parametrize("colour", ["black", "white", "grey"])
@pytest.mark.parametrize("size", [(1, 1), (3, 400), (512, 2), (64, 64)])
def test_a_plain_photo_of_any_shape_is_empty_and_not_blurred(colour, size):
    found = measure(Image.new("RGB", size, colour))
    assert found.empty
    assert not found.blurred


def test_light_is_levelled_only_where_it_is_poor():
    good, dark = picture(), picture().point(lambda value: value * 0.15)
    assert levelled(good, measure(good)) is good
    pixels = np.asarray(levelled(dark, measure(dark)))
    assert pixels.max() > 200
    assert pixels.min() < 20


def test_real_photos_pass_and_their_damaged_copies_do_not(shared: Path):
    photos = [decode(path.read_bytes()) for path in sorted((shared / "full").rglob("*.jp*g"))[::4]]
    assert sum(share(measure(photo)) for photo in photos) <= 1
    assert all(measure(blurred(photo, 0.01 * max(photo.size))).blurred for photo in photos)


def share(found: Measures) -> bool:
    return found.blurred or found.too_dark or found.washed_out or found.empty
