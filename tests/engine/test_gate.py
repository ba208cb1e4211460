"""What each photo of a listing counts for, and what its sender is told; and the head that knows close-ups."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from engine.photos import gate
from engine.photos.closeup import closeness, fit_closeup, matched_pair, random_crop
from engine.photos.gate import Quality, inspect
from engine.photos.quality import measure
from tests.engine.test_siblings import photo


def judged(*images: Image.Image, near: tuple[int, ...] = ()) -> list[Quality]:
    """Photos 0.jpg, 1.jpg ... judged by a head that reads the only feature; `near` are close-ups to it."""
    features = np.array([[1.0 if index in near else -1.0] for index in range(len(images))], np.float32)
    names = [f"{index}.jpg" for index in range(len(images))]
    return inspect(names, [measure(image) for image in images], features, {"closeup": np.array([2.0, -1.0])})


def dark(image: Image.Image) -> Image.Image:
    return image.point(lambda value: value * 0.15)


def test_good_photos_count_in_full_and_say_nothing():
    assert judged(photo(1), photo(2)) == [Quality(1.0, [], 0), Quality(1.0, [], 1)]


@pytest.mark.parametrize(
    ("image", "weight", "words"),
    [
        (dark(photo(1)), gate.POOR_LIGHT, ["too dark (its lightest parts have ", "photograph it by a window"]),
        (photo(1).point(lambda value: value * 0.3 + 160), gate.POOR_LIGHT, ["washed out", "without flash"]),
        (photo(1).filter(ImageFilter.GaussianBlur(3)), gate.BLURRED, ["blurred (its sharpest edges are ", "hold the"]),
        (photo(1).filter(ImageFilter.GaussianBlur(12)), gate.VERY_BLURRED, ["very blurred: hold the camera still"]),
        (Image.new("RGB", (300, 200), "grey"), gate.EMPTY, ["nothing to see", "take it again"]),
    ],
    ids=["dark", "washed out", "blurred", "very blurred", "empty"],
)
def test_each_fault_has_its_weight_and_says_how_to_mend_it(image, weight, words):
    _, quality = judged(photo(2), image)
    assert quality.weight == weight
    assert len(quality.reasons) == 1
    assert all(word in quality.reasons[0] for word in words)


def test_faults_add_up():
    _, quality = judged(photo(2), dark(photo(1)).filter(ImageFilter.GaussianBlur(4)))
    assert quality.weight == pytest.approx(gate.POOR_LIGHT * gate.BLURRED)
    assert len(quality.reasons) == 2


def test_a_close_up_is_told_by_the_head_and_named_where_another_photo_shows_more():
    _, detail, near = judged(photo(1), photo(1).crop((60, 50, 180, 140)), photo(2), near=(1, 2))
    assert detail == Quality(gate.CLOSE_UP, ["close-up of 0.jpg: add one of the whole item"], 1, close_up=True)
    assert near == Quality(gate.CLOSE_UP, ["close-up: add one of the whole item"], 2, close_up=True)


def test_without_a_fitted_head_only_details_of_other_photos_are_known():
    images = [photo(1), photo(1).crop((60, 50, 180, 140)), photo(2)]
    found = inspect(["a", "b", "c"], [measure(image) for image in images], np.ones((3, 4), np.float32), None)
    assert [quality.weight for quality in found] == [1.0, gate.CLOSE_UP, 1.0]


def test_copies_keep_their_weight_and_share_a_picture():
    assert [quality.picture for quality in judged(photo(1), photo(2), photo(1).resize((200, 150)))] == [0, 1, 0]


def test_the_best_of_hopeless_photos_is_kept():
    white, grey = Image.new("RGB", (300, 200), "white"), Image.new("RGB", (300, 200), "grey")
    faint = grey.copy()
    faint.paste((132, 132, 132), (100, 50, 200, 150))
    found = judged(white, faint, grey)
    assert [quality.weight for quality in found] == [0, gate.LAST_RESORT, 0]
    assert found[1].reasons[-1] == "kept, as no other photo is better"


def test_no_photos_are_no_trouble():
    assert inspect([], [], np.empty((0, 4), np.float32), None) == []


class Eye:
    """A classifier of one thought: mean colours of a photo's middle and of its rim."""

    def predict(self, images: Any) -> SimpleNamespace:
        small = np.stack([np.asarray(image.resize((8, 8), Image.Resampling.BOX), np.float32) for image in images])
        middle, rim = small[:, 2:6, 2:6].mean((1, 2)), small[:, 0].mean(1)
        return SimpleNamespace(features=np.hstack([middle, rim]))


def products(number: int, seed: int) -> list[Image.Image]:
    """Coloured things on a pale ground, as sellers photograph them."""
    random, made = np.random.default_rng(seed), []
    for _ in range(number):
        image = Image.new("RGB", (96, 96), (235, 235, 230))
        left, top = random.integers(10, 30, 2)
        image.paste(tuple(random.integers(0, 200, 3).tolist()), (int(left), int(top), int(left) + 50, int(top) + 50))
        made.append(image)
    return made


def test_the_head_learns_from_crops_alone_and_alarms_falsely_as_often_as_said():
    held_out = products(100, 2)
    eye: Any = Eye()
    params = fit_closeup(eye, products(128, 1), held_out)
    assert (closeness(eye.predict(held_out).features, params) > 0).mean() == pytest.approx(0.05, abs=0.011)
    inside = [image.crop((35, 35, 55, 55)) for image in products(100, 3)]
    assert (closeness(eye.predict(inside).features, params) > 0).mean() > 0.9


def test_a_fit_is_the_same_again():
    one, other = (fit_closeup(Eye(), products(70, 1), products(20, 2)) for _ in range(2))  # type: ignore[arg-type]
    assert np.array_equal(one["closeup"], other["closeup"])
    assert one["closeup"].shape == (7,)


def test_a_crop_and_its_photo_differ_only_in_what_they_show():
    random = np.random.default_rng(0)
    for _ in range(6):
        crop, whole = matched_pair(photo(1), random)
        assert crop.size == whole.size
        piece = random_crop(photo(1), random)
        assert 0.045 < piece.width * piece.height / (320 * 240) < 0.21


def test_the_length_of_features_does_not_matter():
    features = np.array([[0.3, 0.4], [3, 4]], np.float32)
    one, other = closeness(features, {"closeup": np.array([1.0, 2.0, 0.5])})
    assert one == pytest.approx(0.6 + 1.6 + 0.5) == other
