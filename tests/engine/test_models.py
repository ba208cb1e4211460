"""Models on disk: the starter loads, and nothing damaged or foreign does."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import engine
from engine.models.checkpoint import read_card
from engine.models.classifier import Classifier
from engine.models.package import write_model
from engine.models.registry import classes_of, delete_model, find, list_models, rename_model

STARTER = find("starter")
STARTER_ID = f"starter@{hashlib.sha256((STARTER / 'weights.safetensors').read_bytes()).hexdigest()[:12]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter to spoil."""
    return Path(shutil.copytree(STARTER, tmp_path / "spoiled"))


def change_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **changes}))


def test_the_starter_is_what_its_card_says(model):
    assert model.id == STARTER_ID
    assert len(model.classes) == 100
    parameters = sum(values.numel() for values in load_file(STARTER / "weights.safetensors").values())
    assert parameters > 6_000_000


def test_probabilities_sum_to_one_and_features_have_their_width(model):
    images = [Image.effect_noise((90, 70), spread).convert("RGB") for spread in (10, 60, 120)]
    log_probabilities, features, *_ = model.predict(images)
    assert log_probabilities.shape == (3, 100)
    assert features.shape == (3, 384)
    assert np.allclose(np.exp(log_probabilities).sum(1), 1)


def test_a_photo_and_its_mirror_are_the_same_where_the_card_says_so(folder):
    change_card(folder, input={**json.loads((folder / "card.json").read_text())["input"], "mirror_average": True})
    model = Classifier(folder)
    image = Image.linear_gradient("L").rotate(90).convert("RGB")
    image.paste("red", (0, 0, 60, 256))
    one, mirrored = model.predict([image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]).log_probabilities
    assert np.allclose(one, mirrored, atol=1e-4)


def test_no_photos_make_no_predictions(model):
    assert model.predict([]).log_probabilities.shape == (0, 100)


def test_several_threads_get_their_own_answers(model):
    from concurrent.futures import ThreadPoolExecutor

    images = [Image.new("RGB", (64, 64), (40 * n, 20, 200 - 20 * n)) for n in range(6)]
    expected = [model.predict([image]).log_probabilities for image in images]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda image: model.predict([image]).log_probabilities, images * 4))
    for number, value in enumerate(found):
        assert np.allclose(value, expected[number % 6], atol=1e-5)


def test_a_changed_byte_is_found_by_the_checksum(folder):
    path = folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(engine.DamagedModel, match="checksum"):
        Classifier(folder)


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95pickle", b"x" * 1000])
def test_what_is_no_safetensors_is_refused(folder, content):
    import hashlib

    (folder / "weights.safetensors").write_bytes(content)
    change_card(folder, weights={"file": "weights.safetensors", "sha256": hashlib.sha256(content).hexdigest()})
    with pytest.raises(engine.DamagedModel, match="do not fit"):
        Classifier(folder)


def with_weights(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    import hashlib

    path = folder / "weights.safetensors"
    save_file(weights, path)
    change_card(folder, weights={"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()})


def test_weights_of_another_network_are_refused(folder):
    weights = load_file(folder / "weights.safetensors")
    weights["head.weight"] = weights["head.weight"][:50].clone()
    with_weights(folder, weights)
    with pytest.raises(engine.DamagedModel, match="do not fit"):
        Classifier(folder)


def test_weights_that_are_not_numbers_are_refused(folder):
    weights = load_file(folder / "weights.safetensors")
    weights["head.bias"][3] = float("nan")
    with_weights(folder, weights)
    with pytest.raises(engine.DamagedModel, match="not numbers"):
        Classifier(folder)


def test_missing_weights_are_said(folder):
    (folder / "weights.safetensors").unlink()
    with pytest.raises(engine.DamagedModel, match="cannot be read"):
        Classifier(folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "cannot run"),
        ({"network": {"kind": "other"}}, "cannot run"),
        ({"input": {"resize": "crop", "interpolation": "bicubic, antialiased"}}, "unknown way to resize"),
        ({"temperature": 0}, "impossible values"),
        ({"temperature": "warm"}, "not a model card"),
        ({"classes": ["mug", "mug"]}, "impossible values"),
        ({"weights": {"file": "../../weights.safetensors", "sha256": "0"}}, "impossible values"),
        ({"classes": None}, "not a model card"),
        ({"figures": None}, "impossible values"),
        ({"network": {"kind": "starter", "widths": [4096] * 9, "depths": [4096] * 9}}, "impossible values"),
        ({"temperature": float("inf")}, "impossible values"),
    ],
)
def test_cards_that_cannot_be_are_refused(folder, changes, words):
    change_card(folder, **changes)
    with pytest.raises(engine.DamagedModel, match=words):
        read_card(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"card"', "{}", "[" * 100_000])
def test_files_that_are_no_cards_are_refused(folder, text):
    (folder / "card.json").write_text(text)
    with pytest.raises(engine.DamagedModel, match="not a model card"):
        read_card(folder)


def test_a_card_of_a_huge_network_takes_no_memory(folder):
    change_card(folder, network={"kind": "starter", "widths": [4096] * 4, "depths": [8] * 4})
    with pytest.raises(engine.DamagedModel, match="do not fit"):
        Classifier(folder)


def test_a_linked_model_is_unlinked_not_deleted(home, folder):
    (home / "models").mkdir(parents=True)
    (home / "models" / "mine").symlink_to(folder)
    delete_model("mine")
    assert (folder / "card.json").is_file()
    assert not (home / "models" / "mine").exists()


def test_a_folder_is_a_model_too(folder):
    assert engine.load_model(folder).id == STARTER_ID
    assert engine.load_model(str(folder)).id == STARTER_ID


@pytest.mark.parametrize("name", ["nobody", "", "../starter", "/etc", "a" * 500])
def test_unknown_names_say_which_there_are(name):
    with pytest.raises(engine.ModelNotFound, match="use one of starter"):
        engine.load_model(name)


def test_own_models_are_listed_renamed_and_deleted(home, folder):
    shutil.copytree(folder, home / "models" / "mine")
    assert [row["name"] for row in list_models()] == ["starter", "mine"]
    rename_model("mine", "ours")
    assert [row["name"] for row in list_models()] == ["starter", "ours"]
    assert engine.load_model("ours").id == STARTER_ID
    delete_model("ours")
    assert [row["name"] for row in list_models()] == ["starter"]
    assert not (home / "models" / "ours").exists()


def test_a_deleted_model_is_still_known_by_its_card(home, folder):
    shutil.copytree(folder, home / "models" / "mine")
    change_card(home / "models" / "mine", name="mine", classes=[f"thing {number}" for number in range(100)])
    model_id = engine.load_model("mine").id
    rename_model("mine", "ours")
    assert classes_of(model_id)[:2] == ["thing 0", "thing 1"]  # verdicts carry the name it had
    delete_model("ours")
    assert classes_of(model_id)[:2] == ["thing 0", "thing 1"]
    assert classes_of("mine@000000000000") == classes_of("../../mine") == []


def test_a_spoiled_model_is_listed_with_its_reason(home, folder):
    shutil.copytree(folder, home / "models" / "mine")
    (home / "models" / "mine" / "card.json").write_text("{}")
    row = list_models()[1]
    assert row["name"] == "mine"
    assert "not a model card" in row["error"]


def test_what_a_killed_training_left_is_swept_up_by_the_next_one(home, model):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead, alive = (home / "models" / f".ours.{pid}" for pid in (gone.pid, os.getppid()))
    for left in (dead, alive):
        (left / "pictures").mkdir(parents=True)
    write_model(home / "models" / "ours", model.network, dict(model.card.raw))
    assert find("ours") == home / "models" / "ours"
    assert not dead.exists()
    assert alive.exists()
    assert [row["name"] for row in list_models()] == ["starter", "ours"]


def test_the_starter_is_protected(home):
    for action in (lambda: delete_model("starter"), lambda: rename_model("starter", "other")):
        with pytest.raises(engine.ModelProtected):
            action()


def test_names_cannot_leave_the_registry(home, folder):
    shutil.copytree(folder, home / "models" / "mine")
    shutil.copytree(folder, home / "outside")
    with pytest.raises(engine.ModelNotFound):
        delete_model("../outside")
    with pytest.raises(engine.InputError):
        rename_model("mine", "../outside2")
    with pytest.raises(engine.InputError, match="already"):
        rename_model("mine", "starter")
    assert (home / "outside").is_dir()
