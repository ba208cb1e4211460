"""What an audit reads, and what it says of files it cannot use."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from PIL import Image

from engine.audit.audit import audit_selection
from engine.audit.tables import from_labelled, read, read_margins
from engine.curves.data import load
from engine.errors import InputError, UnreadableData


@pytest.fixture
def write(tmp_path):
    def file(text: str, name: str = "table.csv"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return file


def test_columns_of_numbers_and_of_text(write):
    found = read(write("age;size;city;when\n30;1,5;Rome;x\n41;2,5; Oslo \n;3;NA\n"))
    assert found.columns["age"].to_list() == [30, 41, None]
    assert found.columns["size"].to_list() == [1.5, 2.5, 3]
    assert found.columns["city"].to_list() == ["Rome", "Oslo", None]
    assert found.text("age").to_list() == ["30", "41", None]


def test_cells_that_are_no_numbers_are_told(write):
    found = read(write("age\n" + "30\n" * 30 + "old\ninf\n"))
    assert found.columns["age"].null_count() == 2
    assert "2 cells of 'age'" in found.notes[0]


def test_parquet_leaves_out_what_is_neither(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "b": [True, False], "c": [[1], [2]], "d": ["x", None]})
    frame.write_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.columns.columns == ["a", "b", "d"]
    assert found.columns["b"].to_list() == ["yes", "no"]
    assert "neither numbers nor text: c" in found.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "column,value,share\nregion,north,0.3\nregion,south,0.7\n",
        "column,value,share\nregion,north,30 %\nregion,south,70 %\n",
        "column,value,share\nregion,north,30\nregion,south,70\n",
        "column;value;count\nregion;north;300\nregion;south;700\n",
        "Column;VALUE; Share\nregion;north;30,0 %\nregion;south;70,0 %\n",
        'column,value,share\nregion,north,"0,300"\nregion,south,"0,700"\n',
        'column,value,count\nregion,north,"3,000"\nregion,south,"7,000"\n',
        json.dumps({"region": {"north": 0.3, "south": 0.7}}),
    ],
)
def test_margins_as_shares_per_cents_counts_or_json(write, text):
    found = read_margins(write(text, "margins.json" if text.startswith("{") else "margins.csv"))
    assert found == {"region": {"north": pytest.approx(0.3), "south": pytest.approx(0.7)}}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "region,share\nnorth,1\n", "no columns column, value and share"),
        ("m.csv", "column,value,share\nregion,north,0.3\nregion,south,0.3\n", "shares sum to 0.6"),
        ("m.csv", "column,value,share\nregion,north,0.5\nregion,north,0.5\n", "'north' of 'region' twice"),
        ("m.csv", "column,value,share\nregion,north,many\n", "'many' is no share"),
        ("m.csv", "column,value,share\nregion,north,-1\nregion,south,2\n", "no share"),
        ("m.csv", "column,value,share\nregion,north,0\nregion,south,0\n", "sum to 0"),
        ("m.json", "[1, 2]", "holds no margins"),
        ("m.json", "{", "holds no margins"),
        ("m.json", '{"region": ["north"]}', "a share for each value"),
        ("m.json", '{"region": {"north": null}}', "no share"),
    ],
)
def test_margins_that_are_none(write, name, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_margins(write(text, name))
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"age,city\n"),
        ("a.csv", bytes(range(256)) * 9),
        ("a.parquet", b"PAR1 no"),
        ("a.zip", b"PK no"),
        ("a.docx", b"x"),
    ],
)
def test_files_that_are_none(tmp_path, model, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableData) as caught:
        read(tmp_path / name, model=lambda: model)
    assert caught.value.remedy


def test_photos_are_compared_by_features_and_brightness(tmp_path, encode, model):
    def album(name: str, tones: range, folder: str = ""):
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for tone in tones:
                file.writestr(
                    f"{folder}{tone}.png", encode(Image.new("RGB", (40, 40), (tone, tone, 255 - tone)), "PNG")
                )
        return read(tmp_path / name, model=lambda: model)

    dark, light = album("dark.zip", range(90), "mug/"), album("light.zip", range(165, 255))
    assert dark.columns["label"].to_list() == ["mug"] * 90
    assert "label" not in light.columns.columns  # photos without class folders are a reference all the same
    assert dark.unit == "photos"
    found = audit_selection(dark, reference=light)
    assert found.coverage["verdict"] == "yes"
    assert {example["nearest"].split("/")[0] for example in found.coverage["nearest"]} == {"mug"}


def test_the_set_of_a_curve_can_be_audited():
    given = from_labelled(load("digits"), "digits")
    rows = np.arange(0, 1797, 3)
    reference = replace(given, columns=given.columns[rows.tolist()], features=given.features[rows], items=None)
    found = audit_selection(given, reference=reference)
    assert found.labels["effective_classes"] == pytest.approx(10, abs=0.01)
    assert found.labels["findings"] == []
    assert (found.coverage["verdict"], found.sampling["verdict"]) == ("no", "no")
