"""A labelled set to its curve, verdicts and baselines, as the contract's JSON."""

import json
import math

import numpy as np
import pytest

from engine.curves.curve import learning_curve
from engine.curves.data import labelled, load
from engine.errors import InputError


def two_classes(items: int, width: int, apart: float, seed: int = 0, **more):
    random = np.random.default_rng(seed)
    answers = random.integers(0, 2, items)
    features = random.standard_normal((items, width)) + apart * answers[:, None] / math.sqrt(width)
    names = [f"row {number}" for number in range(items)]
    return labelled(features.astype(np.float32), names, [f"class {answer}" for answer in answers], **more)


@pytest.fixture(scope="module")
def digits():
    return learning_curve(load("digits"), human=(2, 200))


def test_the_digits_end_to_end(digits):
    said = digits.as_dict()
    assert list(said) == [
        "sizes", "train_error", "validation_error", "train_log_loss", "validation_log_loss", "interval", "baselines",
        "verdict", "sentences",
    ]  # fmt: skip
    assert said == json.loads(json.dumps(said))
    assert said["sizes"][-1] == 1437
    assert said["validation_error"][0] > 0.15
    assert said["validation_error"][-1] < 0.045
    assert said["validation_log_loss"] == sorted(said["validation_log_loss"], reverse=True)
    assert set(said["verdict"]) == {"more_data", "bias", "variance", "ideal", "probability", "forecast"}
    forecast = said["verdict"]["forecast"]
    assert forecast["size"] == 2 * 1437
    assert forecast["interval"][0] < forecast["error"] < forecast["interval"][1]
    for error, (low, high) in zip(said["validation_error"], said["interval"], strict=True):
        assert low < error < high
    assert said["baselines"]["majority"]["error"] == pytest.approx(1 - 183 / 1797, abs=1e-6)
    assert "1,437 to 2,874 digits" in said["sentences"][0]


def test_the_projection_passes_through_the_curve(digits):
    low, mid, high = digits.projection(np.array([0.5, 1.0, 2.0])).T
    assert (low < mid).all()
    assert (mid < high).all()
    assert abs(mid[1] - digits.validation_error[-1]) < 0.005
    assert len(digits.correct) == 1797
    assert 1 - digits.correct.mean() == pytest.approx(digits.validation_error[-1], abs=0.006)


def test_the_same_input_and_seed_give_the_same_curve():
    given = two_classes(200, 4, 2)
    assert learning_curve(given, seed=3).as_dict() == learning_curve(given, seed=3).as_dict()
    assert learning_curve(given, seed=4).as_dict() != learning_curve(given, seed=3).as_dict()


def test_units_and_shifts_of_features_change_nothing():
    given = two_classes(300, 4, 2)
    scaled = labelled(
        given.features * np.array([1e4, 1e-3, 1, 7], dtype=np.float32) + 5,
        given.names,
        [given.classes[index] for index in given.labels],
    )
    one, other = learning_curve(given), learning_curve(scaled)
    assert one.validation_error == pytest.approx(other.validation_error, abs=0.01)


def test_what_says_nothing_is_no_better_than_guessing():
    curve = learning_curve(two_classes(400, 10, 0))
    low, high = curve.interval[-1]
    assert low < curve.baselines["majority"]["error"] < high + 0.05
    assert curve.diagnosis.more_data != "yes"


def test_constant_features_and_wide_tables_are_no_trouble():
    given = two_classes(60, 200, 3)
    given.features[:, :5] = 7
    curve = learning_curve(given)
    assert np.isfinite(curve.validation_log_loss).all()


def test_items_of_a_group_make_the_interval_wider():
    random = np.random.default_rng(0)
    scenes = random.standard_normal((60, 5)) + np.array([0.8, 0, 0, 0, 0]) * (np.arange(60) % 2)[:, None]
    features = np.repeat(scenes, 10, axis=0) + 0.01 * random.standard_normal((600, 5))
    answers = [str(number // 10 % 2) for number in range(600)]
    names = [""] * 600
    groups = [str(number // 10) for number in range(600)]
    apart = learning_curve(labelled(features.astype(np.float32), names, answers))
    together = learning_curve(labelled(features.astype(np.float32), names, answers, groups=groups))
    assert together.evidence.level_noise > 2 * apart.evidence.level_noise
    assert together.validation_error[-1] > apart.validation_error[-1]  # no copy of the scene was learned by heart


def test_one_group_of_nearly_everything_is_refused():
    given = two_classes(100, 3, 2, groups=["all"] * 92 + list("abcdefgh"))
    with pytest.raises(InputError, match="so uneven"):
        learning_curve(given)


def test_notes_are_said_with_the_verdicts():
    given = two_classes(100, 3, 2, notes=("2 rows left out: no label.",))
    assert learning_curve(given).sentences[-1] == "2 rows left out: no label."


@pytest.mark.parametrize("human", [(5, 3), (-1, 10), (0, 0), (math.nan, 10)])
def test_a_human_error_that_cannot_be(human):
    with pytest.raises(InputError, match="which cannot be"):
        learning_curve(two_classes(50, 2, 2), human=human)
