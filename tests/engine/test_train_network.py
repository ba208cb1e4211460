"""The trainer of networks: it learns, can be killed at any moment, and the larger network begins as the smaller."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import UnreadablePhoto
from engine.listings import fit
from engine.models import full
from engine.models.augment import crops, distorted, squashed
from engine.models.checkpoint import read_card
from engine.models.data import LabelledPhoto
from engine.models.dataset import Dataset, decoded
from engine.models.learn import learn
from engine.models.networks import StarterNetwork, grown
from engine.models.registry import find, load_model
from engine.models.train import CHECKPOINT, Recipe, train
from tests.engine.test_train import SHAPES, drawn, fill

CARD = read_card(find("starter"))
QUICK = Recipe(epochs=2, batch=16, rate=0.05, size=32)


def photos(count: int, start: int = 0) -> list[LabelledPhoto]:
    return [
        LabelledPhoto(f"{shape} {number}", shape, "drawn", drawn(shape, start + number))
        for number in range(count)
        for shape in SHAPES
    ]


@pytest.fixture
def shapes(tmp_path: Path) -> tuple[Dataset, Dataset]:
    seen = decoded(lambda: photos(24), tmp_path / "seen", list(SHAPES))
    return seen, decoded(lambda: photos(6, start=500), tmp_path / "held-out", list(SHAPES))


def network() -> StarterNetwork:
    torch.manual_seed(0)
    return StarterNetwork(4, (16, 32), (1, 1), squeeze=4)


def weights(of: StarterNetwork) -> torch.Tensor:
    return torch.cat([values.flatten() for values in of.state_dict().values()])


def test_it_learns_shapes_from_nothing(shapes, tmp_path):
    rows: list[dict[str, Any]] = []
    train(network(), CARD, shapes, tmp_path, replace(QUICK, epochs=12), rows.append)
    evaluations = [row for row in rows if "accuracy" in row]
    assert len(evaluations) == 12
    assert evaluations[-1]["accuracy"] > 0.6  # of four classes
    assert evaluations[-1]["balanced_by_source"].keys() == {"drawn"}


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(shapes, tmp_path):
    def stop(row: dict[str, Any]) -> None:
        if row.get("step") == 8:
            raise KeyboardInterrupt

    folders = [tmp_path / "whole", tmp_path / "halved"]
    for folder in folders:
        folder.mkdir()
    whole = train(network(), CARD, shapes, folders[0], QUICK)
    saved = replace(QUICK, save=0)
    with pytest.raises(KeyboardInterrupt):
        train(network(), CARD, shapes, folders[1], saved, stop)
    torch.manual_seed(1)
    steps: list[int] = []
    resumed = train(
        StarterNetwork(4, (16, 32), (1, 1), squeeze=4),
        CARD,
        shapes,
        folders[1],
        saved,
        lambda row: steps.append(row.get("step", 0)),
    )
    assert steps[0] == 8  # the step that was cut short, again
    assert torch.equal(weights(whole), weights(resumed))


def test_a_torn_checkpoint_is_never_the_checkpoint(shapes, tmp_path):
    (tmp_path / CHECKPOINT).with_suffix(".part").write_bytes(b"half of a checkpoint")
    train(network(), CARD, shapes, tmp_path, replace(QUICK, epochs=0.5))
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["step"] == 3


def test_it_stops_when_it_gets_no_better(shapes, tmp_path):
    rows: list[dict[str, Any]] = []
    train(network(), CARD, shapes, tmp_path, replace(QUICK, epochs=30, rate=0.0, patience=2), rows.append)
    assert sum("accuracy" in row for row in rows) <= 8


def test_a_larger_network_begins_as_the_smaller():
    x = torch.rand(3, 3, 40, 40)
    plain = StarterNetwork(4, (16, 32), (1, 1)).eval()
    large = grown(plain, (2, 3), squeeze=8).eval()
    assert torch.allclose(plain.head(plain.features(x)), large.head(large.features(x)), atol=1e-6)


def test_photos_keep_their_size_and_unreadable_ones_are_passed_over(tmp_path, encode, scene):
    broken = LabelledPhoto("x", "disc", None, UnreadablePhoto("no"))
    large = LabelledPhoto("y", "disc", None, encode(scene))
    found = decoded(lambda: [*photos(1), broken, large], tmp_path / "kept", list(SHAPES))
    assert len(found) == 5
    assert found.photo(0).shape == (1, 3, 64, 64)
    assert found.photo(4).shape == (1, 3, 128, 128)
    opened = decoded(lambda: pytest.fail("decoded again"), tmp_path / "kept", list(SHAPES))
    assert torch.equal(opened.photo(3), found.photo(3))


def test_rare_cells_of_class_and_source_are_drawn_more_often(tmp_path):
    many = photos(9)
    many[0] = replace(many[0], source="elsewhere")
    found = decoded(lambda: many, tmp_path, list(SHAPES))
    chances = found.chances()
    assert chances[0] == 1
    assert chances[4].item() == pytest.approx(8**-0.5)
    assert chances[1].item() == pytest.approx(9**-0.5)


def test_augmented_photos_stay_photos(shapes):
    seen, rows = shapes[0], np.arange(32)
    random = torch.Generator().manual_seed(3)
    x = crops(seen, rows, 40, random)
    changed = distorted(x.clone(), random)
    assert changed.shape == (32, 3, 40, 40)
    assert 0 <= changed.min() <= changed.max() <= 1
    assert not torch.equal(changed, x)
    assert torch.equal(crops(seen, rows, 40, torch.Generator().manual_seed(3)), x)
    assert squashed(seen, rows, 48).shape == (32, 3, 48, 48)


def test_the_whole_network_is_kept_only_if_it_beats_the_head(home, tmp_path, model, monkeypatch):
    def briefly(*arguments: Any) -> StarterNetwork:
        return train(*arguments[:4], replace(arguments[4], epochs=1), *arguments[5:])

    monkeypatch.setattr(full, "train", briefly)
    monkeypatch.setattr(fit, "_LISTINGS", 60)
    monkeypatch.setattr(fit, "_DRAWS", 2)
    report = learn([fill(tmp_path / "photos", dict.fromkeys(SHAPES, 20))], "whole", model, full=True)
    sentence = next(note for note in report["notes"] if "trained network" in note)
    kind = load_model("whole").card.raw["trained"]["kind"]
    assert kind == ("linear head" if "does not beat" in sentence else "network")
    assert (report["photos"] == 80) == (kind == "linear head")
    errors, log_loss, rival_errors, rival_log_loss = map(float, re.findall(r"\d+\.\d+", sentence))
    assert (kind == "network") == (errors <= rival_errors and log_loss < rival_log_loss)
    assert list((home / "training").iterdir()) == []
    assert json.loads((home / "models" / "whole" / "report.json").read_text())["accuracy"] == report["accuracy"]


def test_too_few_photos_for_a_network_are_said(home, tmp_path, model):
    report = learn([fill(tmp_path / "photos", {"disc": 6, "frame": 6})], "few", model, full=True)
    assert any("the linear head is kept" in note for note in report["notes"])
    assert load_model("few").card.raw["trained"]["kind"] == "linear head"
