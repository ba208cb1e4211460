"""Labelled sets from tables, and what is said of bad ones."""

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris

from engine import settings
from engine.audit.tables import read
from engine.curves.data import load
from engine.curves.tables import columns
from engine.errors import InputError, UnreadableData


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
    assert "2 rows left out: no finite number in 'width' (2)." in told
    assert np.isfinite(given.features).all()
    assert "row 8" not in given.names


def test_columns_that_are_no_numbers_are_left_out_and_said(table):
    lines = rows().splitlines()
    text = "\n".join([f"{lines[0]},city", *(f"{line},Berlin" for line in lines[1:])])
    given = load(table(text))
    assert given.features.shape == (30, 2)
    assert "Columns left out, as too many of their cells are no numbers: city." in given.notes


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
        ("x,y,label\n" + "1,2,a\n1,2,b\n" * 20, "the rows do not differ in any feature"),
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
    for name in ("sheet.xlsx", "sheet.csv"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 a workbook")
        with pytest.raises(UnreadableData, match=f"^{name} is a workbook") as caught:
            load(tmp_path / name)
        assert caught.value.remedy == "save its sheet as CSV"
    (tmp_path / "nul.csv").write_text(rows().replace("mug", "m\0g"), "utf-8")
    with pytest.raises(UnreadableData, match=r"^nul\.csv cannot be read") as caught:
        load(tmp_path / "nul.csv")
    assert "XLSX" not in caught.value.remedy


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_a_table_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "käse.csv"
    path.write_bytes(rows(label="Größe").replace("mug", "Käse").encode(encoding))
    given = load(path, label="Größe")
    assert given.classes == ["Käse", "bowl"]
    assert given.features.shape == (30, 2)
    assert read(path).columns.columns == ["width", "height", "Größe"]


@pytest.mark.parametrize(
    ("separator", "cells", "value"),
    [
        (",", ['"1,234.5"', '"12"'], 1234.5),
        (",", ['"-1,234"', '"12"'], -1234),
        (";", ["1.234,5", "12"], 1234.5),
        (";", ["1.234.567", "12"], 1234567),
        ("\t", ["1,234.5", "12"], 1234.5),
        (";", ["1,234", "12"], 1.234),  # in doubt: a decimal comma
        (";", ["1.234", "12"], 1.234),
        (";", ["0.234", "12"], 0.234),
    ],
)
def test_thousands_separators_are_read_where_they_are_beyond_doubt(table, separator, cells, value):
    lines = [separator.join([cells[row % 2], str(row), "mug" if row % 3 else "bowl"]) for row in range(30)]
    given = load(table("\n".join([separator.join(["price", "x", "label"]), *lines])))
    assert given.features[0, 0] == pytest.approx(value)
    assert given.features[1, 0] == 12
    assert len(given.names) == 30


def test_a_column_that_costs_too_many_rows_is_left_out_itself(table):
    lines = ["a,b,c,label", *(f"{'' if row % 3 else row},{row or 'none'},{row},{row % 2}" for row in range(40))]
    given = load(table("\n".join(lines)))
    assert given.features.shape == (39, 2)
    assert given.notes[1:] == [
        "Columns left out, as too many of their cells are no numbers: a.",
        "1 row left out: no finite number in 'b' (1).",
    ]


def test_headings_that_are_missing_or_stand_twice_are_named(table):
    text = rows().replace("width,height,label", "size,size,label").replace("\n", ",7\n").replace("label,7", "label,")
    path = table(text)
    assert columns(path) == ["size", "size (column 2)", "label", "column 4 (no heading)"]
    assert "table.csv has columns of the same heading; they are called size (column 2)." in load(path).notes
    assert read(path).notes == ("table.csv has columns of the same heading; they are called size (column 2).",)


def test_a_file_without_headings_loses_no_row(table):
    path = table("\n".join(rows().splitlines()[1:]))
    for reader in (load, columns, read):
        with pytest.raises(InputError, match=r"^table\.csv has no row of headings"):
            reader(path)
    pixels = rows().replace("width,height,label", "0,1,label")
    assert columns(table(pixels)) == ["0", "1", "label"]
    assert columns(table(pixels.replace("0,1,label", "400.5,401,label"))) == ["400.5", "401", "label"]


def test_copied_rows_stay_on_one_side(table):
    random = np.random.default_rng(0)
    distinct = [f"{a:.3f},{b:.3f},{'mug' if a > b else 'bowl'}" for a, b in random.normal(size=(50, 2))]
    given = load(table("\n".join(["a,b,label", *distinct * 4])))
    assert given.groups[:50].tolist() == given.groups[50:100].tolist()
    assert len(set(given.groups.tolist())) == 50
    assert "Copies among the rows: 150. They stay on one side of every split." in given.notes


@pytest.mark.parametrize("levels", [2, 7])
def test_rows_that_are_equal_by_chance_are_no_copies(table, levels):
    random = np.random.default_rng(1)
    lines = [f"{a},{b},{'mug' if a > b else 'bowl'}" for a, b in random.integers(levels, size=(400, 2))]
    assert load(table("\n".join(["a,b,label", *lines]))).groups is None


def test_a_pair_of_equal_measures_makes_no_groups(tmp_path):
    frame = load_iris(as_frame=True).frame  # two of its 150 flowers are equal
    frame.to_csv(tmp_path / "iris.csv", index=False)
    assert load(tmp_path / "iris.csv").groups is None


def test_lists_are_no_classes_and_no_features(tmp_path):
    frame = pl.DataFrame({"x": range(30), "group": [[1]] * 30, "label": [["a"], ["b"]] * 15, "kind": ["a", "b"] * 15})
    frame.write_parquet(tmp_path / "lists.parquet")
    with pytest.raises(InputError, match=r"^the column 'label' of lists\.parquet holds lists"):
        load(tmp_path / "lists.parquet")
    assert load(tmp_path / "lists.parquet", label="kind").features.shape == (30, 1)


def test_rows_with_an_identity_are_the_same_set_whatever_describes_them(table):
    def text(scale: float, name: str) -> str:
        lines = [f"{name},x,label", *(f"r{row},{scale * row},{'mug' if row % 3 else 'bowl'}" for row in range(30))]
        return "\n".join(lines) + "\n"

    one, other = load(table(text(1, "id"))), load(table(text(7, "id"), "other.csv"))
    assert one.digest == other.digest
    assert one.keys[:2] == ["r0", "r1"]
    one, other = load(table(text(1, "who"))), load(table(text(7, "who"), "other.csv"))
    assert one.digest != other.digest
