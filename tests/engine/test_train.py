"""Training on somebody's own photos, here drawn ones: the model, its report, and what is said of bad input."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

import engine
from engine.curves.photos import look_at_all
from engine.listings import fit
from engine.models.classifier import Classifier
from engine.models.data import read_labelled
from engine.models.gather import Gathered, gather
from engine.models.learn import REPORT, learn, set_apart
from engine.models.registry import find, list_models

SHAPES: dict[str, Callable[[ImageDraw.ImageDraw, list[int], str], None]] = {
    "disc": lambda draw, box, colour: draw.ellipse(box, fill=colour),
    "frame": lambda draw, box, colour: draw.rectangle(box, outline=colour, width=5),
    "stripe": lambda draw, box, colour: draw.line(box, fill=colour, width=6),
    "wedge": lambda draw, box, colour: draw.pieslice(box, 20, 110, fill=colour),
}


def drawn(shape: str, seed: int) -> bytes:
    """A JPEG of one shape somewhere, in some colour, on noise."""
    random = np.random.default_rng([seed, *shape.encode()])
    grey = random.integers(150, 255, (64, 64, 3), dtype=np.uint8)
    image = Image.fromarray(grey)
    left, top = random.integers(2, 20, 2).tolist()
    right, bottom = random.integers(40, 62, 2).tolist()
    colour = random.choice(["black", "navy", "darkred", "darkgreen", "purple"])
    SHAPES[shape](ImageDraw.Draw(image), [left, top, right, bottom], str(colour))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def fill(folder: Path, counts: dict[str, int], start: int = 0) -> Path:
    """Class folders of drawn photos; a class is named for its shape, or "name: shape"."""
    for name, count in counts.items():
        label, _, shape = name.partition(": ")
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(start, start + count):
            (folder / label / f"{number:03}.jpg").write_bytes(drawn(shape or label, number))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, model: Classifier) -> Iterator[SimpleNamespace]:
    """A model of four shapes with everything fitted, its report and its home."""
    home, stages = tmp_path_factory.mktemp("home"), []
    photos = fill(tmp_path_factory.mktemp("photos"), dict.fromkeys(SHAPES, 24))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TALLY_HOME", str(home))
        patch.setattr(fit, "_LISTINGS", 60)
        patch.setattr(fit, "_DRAWS", 2)
        report = learn([photos], "shapes", model, lambda what, share, **_: stages.append((what, share)))
        yield SimpleNamespace(
            report=report, stages=stages, home=home, model=engine.load_model("shapes"), folder=find("shapes")
        )


def test_drawn_shapes_are_told_apart(trained):
    report = trained.report
    assert report["photos"] == 96  # each photo once, by a head that had not seen it
    assert report["accuracy"] > 0.9
    assert report["model"] == trained.model.id
    assert trained.model.classes == tuple(SHAPES)
    new = [Image.open(io.BytesIO(drawn(shape, 900 + number))) for shape in SHAPES for number in range(8)]
    found = trained.model.predict(new).log_probabilities.argmax(1)
    assert (found == np.repeat(np.arange(4), 8)).mean() > 0.9


def test_the_report_is_kept_and_the_card_says_how(trained):
    assert json.loads((trained.folder / REPORT).read_text()) == json.loads(json.dumps(trained.report))
    trained_how = trained.model.card.raw["trained"]
    assert (trained_how["kind"], trained_how["photos"]) == ("linear head", 96)
    assert trained.model.card.raw["figures"]["validation"]["accuracy"] == trained.report["accuracy"]


def test_unknown_objects_and_thresholds_are_fitted(trained):
    fitted = trained.model.fitted
    assert fitted.novelty is not None
    assert len(fitted.accept) == 6
    assert fitted.gate is not None
    listing = [(f"{number}.jpg", drawn("disc", 950 + number)) for number in range(3)]
    verdict = engine.classify_listing(listing, model=trained.model)
    assert verdict.label == "disc"


def test_progress_is_told_to_the_end(trained):
    shares = [share for _, share in trained.stages]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    parts = list(dict.fromkeys(what for what, _ in trained.stages))
    assert parts == ["looking at photos", "training", "looking at spoiled copies", "fitting thresholds"]


def test_reloading_gives_the_same_logits_without_the_starter(trained, tmp_path, model):
    copy = Path(shutil.copytree(trained.folder, tmp_path / "elsewhere"))
    images = [Image.open(io.BytesIO(drawn("wedge", number))) for number in range(6)]
    one, other = (classifier.predict(images) for classifier in (trained.model, Classifier(copy)))
    assert np.abs(one.logits - other.logits).max() < 1e-5
    assert np.allclose(one.features, model.predict(images).features, atol=1e-5)  # the starter's, kept whole


def data(labels: np.ndarray, groups: np.ndarray | None = None) -> Gathered:
    pictures = [hashlib.sha256(bytes([number])).hexdigest() for number in range(len(labels))]
    return Gathered(np.empty((len(labels), 2)), labels, ("a", "b", "c"), pictures, pictures, [], groups, [], [], [])


def test_a_few_of_each_class_and_no_more_than_half_of_it_are_held_out():
    labels = np.repeat([0, 1, 2], [100, 30, 9])
    held_out = set_apart(data(labels))
    counts = np.bincount(labels[held_out])
    assert counts[0] == 20
    assert (counts <= np.array([100, 30, 9]) // 2).all()
    assert counts.min() >= 2


def test_a_group_is_never_on_both_sides():
    labels = np.repeat([0, 1], 40)
    groups = np.arange(80) // 4
    held_out = set_apart(data(labels, groups))
    assert 0 < len(held_out) < 80
    assert not set(groups[held_out]) & set(np.delete(groups, held_out))


def test_what_cannot_be_used_is_left_out_and_said(home, tmp_path, model):
    photos = fill(tmp_path / "photos", {"disc": 6, "Disc: disc": 2, "frame": 7, "stripe": 2})
    (photos / "frame" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    shutil.copy(photos / "frame" / "000.jpg", photos / "frame" / "copy.jpg")
    (photos / "disc" / "wrong.jpg").write_bytes((photos / "frame" / "001.jpg").read_bytes())
    (photos / "Disc" / "100.jpg").write_bytes(drawn("disc", 100))
    report = learn([photos], "some", model)
    notes = " ".join(report["notes"])
    assert "'Disc', 'disc' are one class, 'disc'" in notes
    assert "1 photo could not be read: frame/broken.jpg" in notes
    assert "stripe (2)" in notes
    assert "every listing goes to people" in notes
    assert report["in_two_classes"] == [("disc/wrong.jpg", "frame/001.jpg")]
    assert (
        report["photos"] == 6 + 1 + 6
    )  # discs 0 to 5 and 100, of which two came twice; frames without the one in doubt
    verdict = engine.classify_listing([("a.jpg", drawn("disc", 0))], model=engine.load_model("some"))
    assert verdict.decision == "review"


def test_a_copy_that_was_saved_anew_stays_beside_its_photo(home, tmp_path, model):
    photos = fill(tmp_path / "photos", {"disc": 12, "frame": 12})
    with Image.open(photos / "disc" / "003.jpg") as image:
        image.resize((48, 48)).save(photos / "disc" / "again.jpg", quality=60)
    data = gather(look_at_all(read_labelled([photos]), model, 100, lambda _: None))
    groups = dict(zip(data.names, data.groups.tolist(), strict=True))
    assert groups["disc/again.jpg"] == groups["disc/003.jpg"]
    assert len(set(groups.values())) == 24
    assert "2 photos nearly the same as another" in " ".join(data.notes)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"disc": 8}, "'disc' is the only class"),
        ({"disc": 2, "frame": 2}, "no class has 5 photos"),
        ({"disc": 8, "frame": 3}, "frame \\(3\\)"),
        ({"a: disc": 8, "A: disc": 8}, "only class"),
    ],
)
def test_nothing_to_tell_apart_is_an_error(home, tmp_path, model, counts, words):
    with pytest.raises(engine.InputError, match=words):
        learn([fill(tmp_path / "photos", counts)], "none", model)
    assert [row["name"] for row in list_models()] == ["starter"]


def test_a_wrong_label_is_suspected(home, tmp_path, model):
    photos = fill(tmp_path / "photos", {"disc": 12, "frame": 12})
    (photos / "disc" / "alien.jpg").write_bytes(drawn("frame", 77))
    report = learn([photos], "suspicious", model)
    assert report["suspects"]["worst"][0]["name"] == "disc/alien.jpg"
    assert report["suspects"]["worst"][0]["proposed"] == "frame"
    for row in (report["suspects"]["worst"][0], report["worst"][0]):
        with Image.open(find("suspicious") / "pictures" / f"{row['picture']}.jpg") as picture:
            assert picture.size == (64, 64)  # never larger than it was


def test_a_failed_write_leaves_nothing(home, tmp_path, model, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.listings.fitted.save", full)
    with pytest.raises(engine.ModelError, match="No space left"):
        learn([fill(tmp_path / "photos", {"disc": 6, "frame": 6})], "lost", model)
    assert list((home / "models").iterdir()) == []


def test_names_are_refused_before_any_work(home, model):
    for name in ("starter", "../x", ""):
        with pytest.raises(engine.InputError):
            learn([Path("/nowhere")], name, model)
