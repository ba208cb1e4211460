"""Labelled sets from tables and photos, and what is said of bad ones."""

import io
import zipfile

import numpy as np
import polars as pl
import pytest

from engine import settings
from engine.curves import photos
from engine.curves.data import load
from engine.errors import InputError, UnreadableData
from engine.models.data import LabelledPhoto


@pytest.fixture
def table(tmp_path):
    """table(text) -> the path of a CSV."""

    def write(text: str, name: str = "table.csv"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


def rows(items: int = 30, label: str = "label", separator: str = ",") -> str:
    lines = [separator.join(["width", "height", label])]
    lines += [
        separator.join([f"{number}.5", str(number % 7), "mug" if number % 3 else "bowl"]) for number in range(items)
    ]
    return "\n".join(lines) + "\n"


def test_digits_are_built_in():
    given = load("digits")
    assert given.features.shape == (1797, 64)
    assert given.classes == list("0123456789")
    assert given.notes == []


def test_a_table_with_a_column_called_label(table):
    given = load(table(rows()))
    assert given.features.shape == (30, 2)
    assert given.classes == ["bowl", "mug"]
    assert np.bincount(given.labels).tolist() == [10, 20]
    assert given.features[3].tolist() == [3.5, 3]
    assert given.notes == ["Classes are taken from the column 'label'."]
    assert given.groups is None


@pytest.mark.parametrize("name", ["Class", "target", "y", "LABELS"])
def test_the_column_of_classes_is_guessed(table, name):
    assert load(table(rows(label=name))).classes == ["bowl", "mug"]


def test_the_column_of_classes_is_named(table):
    path = table(rows(label="kind"))
    assert load(path, label="kind").classes == ["bowl", "mug"]
    with pytest.raises(InputError, match="not clear which column") as caught:
        load(path)
    assert "width, height, kind" in caught.value.remedy
    with pytest.raises(InputError, match="no column 'colour'"):
        load(path, label="colour")


def test_decimal_commas_and_semicolons(table):
    text = rows(separator=";").replace(".5", ",5")
    assert load(table(text)).features[3].tolist() == [3.5, 3]


def test_parquet_and_groups_and_row_numbers(tmp_path):
    path = tmp_path / "table.parquet"
    frame = pl.DataFrame(
        {
            "id": range(40),
            "height": [float(number) for number in range(40)],
            "big": [number > 20 for number in range(40)],
            "group": [f"g{number // 4}" for number in range(40)],
            "label": [number % 2 for number in range(40)],
        }
    )
    frame.write_parquet(path)
    given = load(path)
    assert given.features.shape == (40, 2)  # the row's number is no feature
    assert given.classes == ["0", "1"]
    assert len(set(given.groups.tolist())) == 10


def test_missing_labels_and_features_are_left_out_and_said(table):
    text = rows(40).replace("5.5,5,mug", "5.5,5,").replace("7.5,0,mug", "nan,0,mug").replace("8.5,1,mug", ",1,mug")
    given = load(table(text))
    told = " ".join(given.notes)
    assert "1 row left out: no label." in told
    assert "2 rows left out: a feature is missing or no finite number." in told
    assert np.isfinite(given.features).all()
    assert "row 8" not in given.names


def test_columns_that_are_no_numbers_are_left_out_and_said(table):
    lines = rows().splitlines()
    text = "\n".join([f"{lines[0]},city", *(f"{line},Berlin" for line in lines[1:])])
    given = load(table(text))
    assert given.features.shape == (30, 2)
    assert "Columns left out, as most of their cells are no numbers: city." in given.notes


def test_a_large_table_is_sampled_with_each_class_in_proportion(table, monkeypatch):
    monkeypatch.setattr(settings, "CURVE_ITEMS", 100)
    text = "x,label\n" + "".join(f"{number},{'rare' if number % 200 == 0 else number % 2}\n" for number in range(1000))
    given = load(table(text))
    assert len(given.labels) == 100
    assert "100 of 1,000 rows are used: a sample with each class in proportion." in given.notes
    counts = np.bincount(given.labels)
    assert given.classes == ["0", "1", "rare"]
    assert counts[2] == 5
    assert abs(counts[0] - counts[1]) <= 3
    assert load(table(text)).names == given.names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rows(3), "3 rows can be used"),
        (rows(30).replace("bowl", "mug"), "all rows are of one class, 'mug'"),
        (rows(30) + "1,2,cup\n3,4,cup\n", r"classes with fewer than 5 rows: 'cup' \(2\)"),
        ("x,label\n" + "".join(f"1,{number}.25\n" for number in range(40)), "40 classes for 40 rows are too many"),
        ("city,label\n" + "Rome,a\nOslo,b\n" * 20, "no column of numbers"),
        ("label\n" + "a\nb\n" * 20, "no column of numbers"),
        ("width,label\n", "0 rows can be used"),
        ("x,label\n" + "nan,a\n" * 20 + "nan,b\n" * 20, "no column of numbers"),
        ("", "not a readable table|not clear"),
    ],
)
def test_what_cannot_be_measured_is_said(table, text, message):
    with pytest.raises(InputError, match=message) as caught:
        load(table(text))
    assert caught.value.remedy


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(UnreadableData, match="does not exist"):
        load(tmp_path / "nowhere.csv")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no, it is not")
    with pytest.raises(UnreadableData, match="not a readable table"):
        load(tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_bytes(bytes(range(256)) * 10)
    with pytest.raises(UnreadableData):
        load(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_bytes(rows().encode("utf-16"))
    with pytest.raises(UnreadableData, match="save it as UTF-8"):
        load(tmp_path / "c.csv")


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
    assert given.features.shape == (25, model.card.widths[-1])
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


def test_rows_with_an_identity_are_the_same_set_whatever_describes_them(table):
    def text(scale: float, name: str) -> str:
        lines = [f"{name},x,label", *(f"r{row},{scale * row},{'mug' if row % 3 else 'bowl'}" for row in range(30))]
        return "\n".join(lines) + "\n"

    one, other = load(table(text(1, "id"))), load(table(text(7, "id"), "other.csv"))
    assert one.digest == other.digest
    assert one.keys[:2] == ["r0", "r1"]
    one, other = load(table(text(1, "who"))), load(table(text(7, "who"), "other.csv"))
    assert one.digest != other.digest
