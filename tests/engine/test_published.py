"""Published weights, here generated ones from a server on this computer: had once, checked, and a model afterwards."""

import hashlib
import io
import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import engine
from engine import settings
from engine.errors import DownloadFailed
from engine.listings.fit import fit
from engine.models import imagenet, published
from engine.models.data import read_labelled
from engine.models.evaluate import evaluate
from engine.models.learn import learn
from engine.models.registry import list_models
from engine.models.vision import get_model, get_model_weights, transforms
from tests.engine.test_train import SHAPES, drawn, fill

SMALL = "mobilenet_v3_small"
CATEGORIES = get_model_weights(SMALL)["IMAGENET1K_V1"].meta["categories"]
SEEN = {"coffee mug": 0.3, "cup": 0.2, "banjo": 0.1, "tench": 0.4}  # what the generated network says of every photo
PHOTOS = [Image.effect_noise((90, 70), spread).convert("RGB") for spread in (10, 60, 120)]


def network(seen: dict[str, float] | None = None) -> torch.nn.Module:
    """Random weights; with `seen`, a last layer that gives these probabilities whatever the photo."""
    torch.manual_seed(0)
    whole = get_model(SMALL)
    if seen is None:  # norms that fit these photos: without, all look the same to random weights
        shapes = [Image.open(io.BytesIO(drawn(shape, 0))).resize((224, 224)) for shape in SHAPES]
        for layer in whole.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = None
        whole.train()(torch.stack([transforms.functional.pil_to_tensor(photo) / 128 - 1 for photo in shapes]))
    else:
        bias = torch.full((1000,), -50.0)
        for name, share in seen.items():
            bias[CATEGORIES.index(name)] = math.log(share)
        whole.classifier[3].weight.data.zero_()
        whole.classifier[3].bias.data.copy_(bias)
    for values in whole.parameters():
        values.data = values.data.half().float()  # a model keeps no more of them
    return whole.eval()


def written(folder: Path, content: Any) -> Path:
    """Saved as published weights are, under a name that ends in the digits of the checksum."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path = folder / f"{SMALL}-{hashlib.sha256(buffer.getvalue()).hexdigest()[:8]}.pth"
    path.write_bytes(buffer.getvalue())
    return path


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """serve(handler, name): the weights are published there from now on."""
    running: list[ThreadingHTTPServer] = []

    def start(handler: Any, name: str) -> None:
        running.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        Thread(target=running[-1].serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(published, "address", lambda _: f"http://127.0.0.1:{running[-1].server_port}/{name}")

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def generated(tmp_path: Path, serve: Callable[..., None]) -> Path:
    path = written(tmp_path, network(SEEN).state_dict())
    serve(partial(Quiet, directory=str(tmp_path)), path.name)
    return path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """offline(name): nobody answers any more."""
    return lambda name: monkeypatch.setattr(published, "address", lambda _: f"http://127.0.0.1:9/{name}")


def test_the_table_names_categories_that_are_there_and_each_once(model):
    kinds = imagenet.kinds()
    assert tuple(kinds) == model.classes
    named = [name for names in kinds.values() for name in names]
    assert set(named) <= set(CATEGORIES)
    assert len(set(named)) == len(named)
    for architecture in imagenet.ARCHITECTURES:
        assert get_model_weights(architecture)["IMAGENET1K_V1"].meta["categories"] == CATEGORIES


@pytest.mark.parametrize(
    ("label", "category"),
    [
        ("cardigan", 474),  # 264 is a dog
        ("bow_tie", 457),  # 456 shoots arrows
        ("laptop", 681),  # "notebook"
        ("trash_can", 412),
        ("t_shirt", 610),
        ("guitar", 546),
        ("teddy_bear", 850),
    ],
)
def test_names_that_are_easily_mistaken(label, category):
    assert category in imagenet.places(CATEGORIES)[label]


def test_what_imagenet_lacks_is_missing():
    lacking = {label for label, names in imagenet.kinds().items() if not names}
    assert {"headphones", "stapler", "shorts"} <= lacking
    assert len(lacking) < 10


def test_a_published_classifier_is_ready_at_once(generated, offline):
    card = published.fetch(SMALL, "ready")
    offline(generated.name)
    assert "headphones" in card.raw["missing"]
    found = engine.load_model("ready")
    assert set(found.classes).isdisjoint(card.raw["missing"])
    seen = found.predict(PHOTOS)
    shown = dict(zip(found.classes, np.exp(seen.log_probabilities[0]), strict=True))
    assert shown["mug"] == pytest.approx(0.5 / 0.6, abs=1e-4)
    assert shown["banjo"] == pytest.approx(0.1 / 0.6, abs=1e-4)
    assert np.allclose(np.exp(seen.log_probabilities).sum(1), 1)
    assert seen.left_out == pytest.approx([0.4] * 3, abs=1e-4)
    assert seen.logits.shape == (3, len(found.classes))


def test_the_whole_network_says_the_same(tmp_path, serve):
    whole = network()
    path = written(tmp_path, whole.state_dict())
    serve(partial(Quiet, directory=str(tmp_path)), path.name)
    published.fetch(SMALL, "same")
    one, again = (engine.load_model("same") for _ in range(2))
    seen = one.predict(PHOTOS)
    assert np.abs(seen.logits - again.predict(PHOTOS).logits).max() < 1e-5
    with torch.inference_mode():
        p = whole(torch.stack([one._to_input(photo) for photo in PHOTOS])).softmax(1).double().numpy()
    summed = np.stack([p[:, places].sum(1) for places in imagenet.places(CATEGORIES).values()], axis=1)
    assert np.allclose(seen.left_out, 1 - summed.sum(1), atol=1e-4)
    assert np.allclose(np.exp(seen.log_probabilities), summed / summed.sum(1, keepdims=True), atol=1e-4)


def test_its_listings_go_to_people_who_hear_how_much_is_none_of_the_classes(generated):
    published.fetch(SMALL, "new")
    listing = [(f"{number}.jpg", drawn("disc", number)) for number in range(2)]
    verdict = engine.classify_listing(listing, model=engine.load_model("new"))
    assert (verdict.label, verdict.decision) == ("mug", "review")
    assert verdict.known == pytest.approx(0.6, abs=1e-3)
    assert [photo.unknown for photo in verdict.photos] == pytest.approx([0.4, 0.4], abs=1e-3)
    assert "known to be sure enough to go without a person" in " ".join(verdict.reasons)


def test_what_is_mostly_none_of_the_classes_is_unknown(tmp_path, serve):
    path = written(tmp_path, network({"coffee mug": 0.2, "tench": 0.8}).state_dict())
    serve(partial(Quiet, directory=str(tmp_path)), path.name)
    published.fetch(SMALL, "fish")
    verdict = engine.classify_listing([("a.jpg", drawn("disc", 0))], model=engine.load_model("fish"))
    assert verdict.decision == "unknown"
    assert "with a probability of 80 %: the model sees what is none of the classes" in verdict.reasons[0]


def test_thresholds_are_fitted_on_a_head_of_its_own_only(generated):
    published.fetch(SMALL, "summed")
    with pytest.raises(engine.InputError, match="sums what its network says"):
        fit(engine.load_model("summed"), (np.zeros((2, 1024), np.float32), np.arange(2)), [])


def test_it_is_evaluated_like_every_model(generated, tmp_path):
    published.fetch(SMALL, "judged")
    photos = fill(tmp_path / "photos", {"mug: disc": 3, "banjo: frame": 1, "headphones: wedge": 2})
    report = evaluate(read_labelled([photos]), engine.load_model("judged"))
    assert (report["photos"], report["accuracy"]) == (4, 0.75)
    assert report["unknown_labels"] == {"headphones": 2}


def test_a_head_is_trained_on_its_features_and_needs_no_download_then(tmp_path, serve, offline, monkeypatch, home):
    path = written(tmp_path, network().state_dict())
    serve(partial(Quiet, directory=str(tmp_path)), path.name)
    photos = fill(tmp_path / "photos", {"disc": 12, "frame": 12})
    report = learn([photos], "ours", published.backbone(SMALL))
    offline(path.name)
    (home / "weights" / path.name).unlink()
    found = engine.load_model("ours")
    assert found.classes == ("disc", "frame")
    assert found.card.raw["network"] == {"kind": "torchvision", "architecture": SMALL, "features": 1024}
    assert found.card.size == 224
    seen = found.predict(PHOTOS)
    assert (seen.logits.shape, seen.left_out) == ((3, 2), None)
    assert report["accuracy"] > 0.6
    with pytest.raises(engine.InputError, match="too large to be trained whole"):
        learn([photos], "all", found, full=True)


def test_the_file_is_downloaded_once(generated, offline):
    published.fetch(SMALL, "one")
    offline(generated.name)
    published.fetch(SMALL, "two")
    assert [row["name"] for row in list_models()] == ["starter", "one", "two"]


def test_a_file_that_was_put_there_by_hand_is_used(generated, offline, home):
    offline(generated.name)
    (home / "weights").mkdir(parents=True)
    (home / "weights" / generated.name).write_bytes(generated.read_bytes())
    assert published.fetch(SMALL, "by-hand").name == "by-hand"


def refused(home: Path, words: str) -> str:
    """What is said, where nothing may be left behind."""
    with pytest.raises(DownloadFailed, match=words) as caught:
        published.fetch(SMALL, "lost")
    assert [row["name"] for row in list_models()] == ["starter"]
    left = home / "weights"
    assert not left.exists() or list(left.iterdir()) == []
    return caught.value.remedy


def test_no_connection(generated, offline, home):
    offline(generated.name)
    remedy = refused(home, "Connection refused")
    assert str(home / "weights") in remedy
    assert generated.name in remedy
    assert "starter serves" in remedy


def test_what_is_not_published_any_more(serve, home, tmp_path):
    serve(partial(Quiet, directory=str(tmp_path)), f"{SMALL}-00000000.pth")
    refused(home, "404")


def test_a_damaged_file(generated, home):
    data = bytearray(generated.read_bytes())
    data[len(data) // 2] ^= 1
    generated.write_bytes(bytes(data))
    refused(home, "checksum")


def test_half_a_file(generated, serve, home):
    content = generated.read_bytes()

    class Half(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])

    serve(Half, generated.name)
    refused(home, "checksum")


def test_a_server_that_falls_silent(generated, serve, home, monkeypatch):
    over = Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            over.wait()

    monkeypatch.setattr(settings, "DOWNLOAD_SILENCE_SECONDS", 0.1)
    serve(Silent, generated.name)
    try:
        refused(home, "timed out")
    finally:
        over.set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk(generated, home):
    (home / "weights").mkdir(parents=True)
    (home / "weights" / f"{generated.name}.part").symlink_to("/dev/full")
    assert "make room" in refused(home, "No space left")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(settings.home() / "run"),)


@pytest.mark.parametrize("content", [{"classifier.3.bias": torch.zeros(3)}, [1, 2], Evil()])
def test_what_holds_no_weights_is_refused_and_never_run(content, tmp_path, serve, home):
    path = written(tmp_path, content)
    serve(partial(Quiet, directory=str(tmp_path)), path.name)
    with pytest.raises(DownloadFailed, match=f"does not hold the weights of {SMALL}"):
        published.fetch(SMALL, "lost")
    assert [row["name"] for row in list_models()] == ["starter"]
    assert not (home / "run").exists()


def test_a_folder_that_cannot_be_made(generated, home):
    home.mkdir()
    (home / "weights").write_text("a file in its place")
    with pytest.raises(DownloadFailed, match="could not be downloaded"):
        published.fetch(SMALL, "lost")


def test_a_name_that_is_taken_is_said_before_the_download(home):
    with pytest.raises(engine.InputError, match="already"):
        published.fetch(SMALL, "starter")
    assert not home.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card["network"].update(architecture="vit_h_14"),
        lambda card: card["table"].update(outputs=3),
        lambda card: card["table"]["of"].update(mug=[504, 504]),
        lambda card: card["table"]["of"].update(mug=[]),
        lambda card: card["table"]["of"].update(mug=[-1]),
        lambda card: card["table"]["of"].pop("mug"),
        lambda card: card.update(table="mug"),
    ],
)
def test_cards_with_tables_that_cannot_be_are_refused(change, generated, home):
    import json

    published.fetch(SMALL, "spoiled")
    path = home / "models" / "spoiled" / "card.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))
    with pytest.raises(engine.DamagedModel, match=r"impossible|not a model card"):
        engine.load_model("spoiled")
