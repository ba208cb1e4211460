"""Labelled sets from photos, and what is said of bad ones."""

import io
import zipfile

import numpy as np
import pytest

from engine.curves import photos
from engine.curves.data import load
from engine.errors import InputError, UnreadableData
from engine.models.data import LabelledPhoto


@pytest.fixture
def album(tmp_path, encode, scene):
    """A ZIP of two classes of 12 photos, of which one is damaged and one a copy."""
    path = tmp_path / "album.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(12):
            for label, turn in (("red", 0), ("blue", 180)):
                picture = encode(scene.rotate(turn + number))
                file.writestr(f"{label}/{number}.jpg", picture)
        file.writestr("red/copy.jpg", encode(scene))
        file.writestr("blue/broken.jpg", b"\xff\xd8\xff no photo")
    return path


def test_photos_become_features_once(album, model, monkeypatch):
    done: list[int] = []
    given = load(album, model=lambda: model, progress=done.append)
    assert given.features.shape == (25, model.card.network["features"])
    assert np.bincount(given.labels).tolist() == [12, 13]
    assert "1 photo left out as unreadable: blue/broken.jpg" in given.notes[0]
    assert "Copies among the photos: 1. They stay on one side of every split." in given.notes
    copy, original = given.names.index("red/copy.jpg"), given.names.index("red/0.jpg")
    assert given.groups[copy] == given.groups[original]
    assert done[-1] == 26

    def never(*_):
        raise AssertionError("the photos were known")

    monkeypatch.setattr(type(model), "predict", never)
    again = load(album, model=lambda: model)
    assert (again.features == given.features).all()


def test_a_damaged_cache_costs_time_only(album, model, home):
    given = load(album, model=lambda: model)
    (cached,) = (home / "cache" / "features").iterdir()
    cached.write_bytes(b"this is no database, and long enough to be taken for one" * 20)
    assert np.allclose(load(album, model=lambda: model).features, given.features, atol=1e-4)


def test_too_many_photos_are_sampled_by_content(model, encode, scene):
    album = [LabelledPhoto(f"{turn}", "a", None, encode(scene.rotate(turn), "PNG")) for turn in range(40)]
    seen = photos.look_at_all(album, model, 20, lambda _: None)
    other = photos.look_at_all(album[::-1], model, 20, lambda _: None)
    assert 0 < len(seen.names) <= 20
    assert len(seen.names) + seen.passed_over == 40
    assert set(seen.names) == set(other.names)


def test_a_folder_without_class_folders(tmp_path, model):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(io.BytesIO().getvalue())
    with pytest.raises(UnreadableData, match="no class folders"):
        load(tmp_path / "photos", model=lambda: model)


def test_the_error_of_one_class_tells_the_folders(tmp_path, encode, scene, model):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(20):
            file.writestr(f"all/{'red' if number % 2 else 'blue'}/{number}.jpg", encode(scene.rotate(number)))
        file.writestr("all/loose.jpg", encode(scene))
    with pytest.raises(InputError, match=r"one class, 'all' \(Folders of photos: all, all/blue, all/red\."):
        load(path, model=lambda: model)
