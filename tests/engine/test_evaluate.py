"""Figures on labelled photos: known answers, a second opinion, and the starter's card on real photos."""

import zipfile
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from engine.errors import UnreadableData
from engine.models.classifier import Prediction
from engine.models.data import LabelledPhoto, read_labelled
from engine.models.evaluate import calibration_error, evaluate

CLASSES = ("bicycle", "mug", "tire", "t_shirt", "tv", "wok")


def model_that_reads_brightness() -> SimpleNamespace:
    """A stand-in that is sure of the class the picture's brightness names, to .9, and of the next one to .06."""

    def predict(images):
        rows = []
        for image in images:
            row = np.full(len(CLASSES), 0.01)
            best = image.getpixel((0, 0))[0] // 40
            row[best], row[(best + 1) % len(CLASSES)] = 0.9, 0.06
            rows.append(np.log(row))
        log_p = np.array(rows).reshape(-1, len(CLASSES))
        return Prediction(log_p, np.zeros((len(rows), 2), dtype=np.float32), log_p)

    return SimpleNamespace(id="brightness@0", classes=CLASSES, predict=predict)


@pytest.fixture
def shade(encode):
    """The bytes of a photo that the stand-in takes for the class of that number."""
    return lambda number: encode(Image.new("RGB", (8, 8), (40 * number + 5,) * 3), "PNG")


def test_known_answers(shade):
    photos = [
        LabelledPhoto("1", "bicycle", "a", shade(0)),
        LabelledPhoto("2", "bicycle", "a", shade(1)),  # taken for a mug
        LabelledPhoto("3", "mug", "b", shade(1)),
        LabelledPhoto("4", "T-Shirt", "b", shade(2)),  # taken for a tire; t_shirt is second
    ]
    figures = evaluate(photos, model_that_reads_brightness())
    assert figures["photos"] == 4
    assert figures["accuracy"] == 0.5
    assert figures["balanced_accuracy"] == pytest.approx((0.5 + 1 + 0) / 3, abs=1e-4)
    assert figures["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.01, 0.9, 0.06])), abs=1e-4)
    assert figures["ece"] == pytest.approx(0.4)
    assert figures["per_class"]["bicycle"] == {"photos": 2, "recall": 0.5, "precision": 1.0, "log_loss": 2.3553}
    assert figures["per_class"]["mug"]["precision"] == 0.5
    assert figures["per_class"]["t_shirt"]["precision"] is None
    assert figures["per_source"]["a"]["accuracy"] == 0.5
    assert figures["per_source"]["b"]["photos"] == 2
    assert {"label": "bicycle", "predicted": "mug", "photos": 1, "of": 2} in figures["confusions"]
    assert [photo["name"] for photo in figures["worst"]] == ["2", "4"]
    assert figures["worst"][0]["score_of_label"] == pytest.approx(0.01)
    counts = np.array(figures["confusion_matrix"]["counts"])
    assert counts.sum() == 4
    assert counts[0].tolist()[:2] == [1, 1]


def test_a_second_opinion_by_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    from engine.models.evaluate import _matrix, figures_of

    random = np.random.default_rng(1)
    log_p = np.log(random.dirichlet(np.ones(12) * 0.4, size=500))
    truth = random.integers(0, 12, size=500)
    predicted = log_p.argmax(1)
    figures = figures_of(truth, log_p)
    assert figures["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted), abs=1e-4)
    assert figures["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, predicted), abs=1e-4)
    assert figures["log_loss"] == pytest.approx(metrics.log_loss(truth, np.exp(log_p), labels=range(12)), abs=1e-4)
    assert figures["top5"] == pytest.approx(metrics.top_k_accuracy_score(truth, np.exp(log_p), k=5), abs=1e-4)
    assert np.array_equal(_matrix(truth, predicted, 12), metrics.confusion_matrix(truth, predicted, labels=range(12)))


def test_calibration_error_of_a_model_that_is_right_as_often_as_it_says():
    confidence = np.repeat([0.25, 0.75], [400, 400])
    correct = np.concatenate([np.arange(400) < 100, np.arange(400) < 300])
    assert calibration_error(confidence, correct) == pytest.approx(0)
    assert calibration_error(np.ones(10), np.zeros(10, dtype=bool)) == pytest.approx(1)


def test_unreadable_photos_and_unknown_labels_are_counted_and_left_out(shade):
    photos = [
        LabelledPhoto("1", "bicycle", None, shade(0)),
        LabelledPhoto("2", "bicycle", None, b"no photo"),
        LabelledPhoto("3", "spaceship", None, shade(0)),
        LabelledPhoto("4", "spaceship", None, shade(0)),
    ]
    figures = evaluate(photos, model_that_reads_brightness())
    assert figures["photos"] == 1
    assert figures["per_source"] == {}
    assert [photo["name"] for photo in figures["unreadable"]] == ["2"]
    assert figures["unknown_labels"] == {"spaceship": 2}


def test_nothing_to_score_is_an_error(shade):
    with pytest.raises(
        UnreadableData, match=r"1 unreadable \(the file is empty.*, 1 with labels brightness@0 does not know"
    ):
        evaluate(
            [LabelledPhoto("1", "spaceship", None, shade(0)), LabelledPhoto("2", "mug", None, b"")],
            model_that_reads_brightness(),
        )


def test_progress_hears_every_photo(shade):
    heard: list[int] = []
    photos = [LabelledPhoto(str(number), "bicycle", None, shade(0)) for number in range(70)]
    evaluate(photos, model_that_reads_brightness(), heard.append)
    assert heard == [64, 70]


def test_folders_zips_and_parquet_hold_the_same_photos(tmp_path: Path, shade):
    content = {"bicycle/1.png": shade(0), "bicycle/deep/2.png": shade(1), "mug/3.png": shade(1)}
    for name, data in content.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with zipfile.ZipFile(tmp_path / "flat.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with zipfile.ZipFile(tmp_path / "wrapped.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(f"my photos/{name}", data)
    table = pa.table({"label": [name.split("/")[0] for name in content], "jpeg": list(content.values())})
    (tmp_path / "tables").mkdir()
    pq.write_table(table, tmp_path / "tables" / "part.parquet")
    for source in ("folder", "flat.zip", "wrapped.zip", "tables", "tables/part.parquet"):
        photos = list(read_labelled([tmp_path / source]))
        assert [(photo.label, photo.data) for photo in photos] == [
            ("bicycle", shade(0)), ("bicycle", shade(1)), ("mug", shade(1))
        ], source  # fmt: skip


def test_parquet_without_its_columns_or_with_holes(tmp_path: Path, shade):
    pq.write_table(pa.table({"jpeg": [b""], "class": ["mug"]}), tmp_path / "a.parquet")
    with pytest.raises(UnreadableData, match="no column label"):
        list(read_labelled([tmp_path / "a.parquet"]))
    (tmp_path / "b.parquet").write_bytes(b"not parquet")
    with pytest.raises(UnreadableData, match="not a readable Parquet"):
        list(read_labelled([tmp_path / "b.parquet"]))
    pq.write_table(pa.table({"jpeg": [None, shade(0)], "label": ["mug", None]}), tmp_path / "c.parquet")
    assert all(isinstance(photo.data, UnreadableData) for photo in read_labelled([tmp_path / "c.parquet"]))


def test_a_folder_without_classes_is_refused(tmp_path: Path, shade):
    (tmp_path / "1.png").write_bytes(shade(0))
    with pytest.raises(UnreadableData, match="no class folders"):
        list(read_labelled([tmp_path]))


# Measured on that part by the network's trained form, apart from this code.
PART = {"accuracy": 0.6864, "log_loss": 1.1039}


def test_the_starter_reaches_its_card_on_real_photos(shared: Path, model):
    """Every fourth of val.parquet's 3,584 photos; the card's .685 and 1.189 within what 896 photos allow.

    The whole file is the command `tally evaluate ../shared/data/photos/val.parquet`.
    """
    photos = islice(read_labelled([shared / "val.parquet"]), 0, None, 4)
    figures = evaluate(photos, model)
    assert figures["photos"] == 896
    assert figures["accuracy"] == pytest.approx(PART["accuracy"], abs=0.005)
    assert figures["log_loss"] == pytest.approx(PART["log_loss"], abs=0.02)
    assert set(figures["per_source"]) == {"market", "mix", "tiny"}
