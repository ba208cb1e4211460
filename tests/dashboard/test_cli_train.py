"""`tally train` as people and programs use it."""

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import engine
from dashboard.cli import main
from engine.curves import photos as seen
from tests.engine.test_train import fill


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "photos", {"disc": 8, "frame": 8})


def test_a_model_is_trained_listed_and_used(folder, capsys):
    assert main(["train", str(folder), "--name", "ours"]) == 0
    told = capsys.readouterr().out
    assert "is ready after" in told
    assert "Hardest classes" in told
    assert main(["models", "--json"]) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[1])
    assert (row["name"], row["classes"], row["photos"]) == ("ours", 2, 16)
    assert row["id"] in told
    assert main(["classify", str(folder / "disc"), "--model", "ours", "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["label"], verdict["model"]) == ("disc", row["id"])


def test_folder_zip_and_parquet_give_the_same_model(folder, tmp_path, capsys):
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", folder)
    files = sorted(folder.rglob("*.jpg"))
    table = {"label": [file.parent.name for file in files], "jpeg": [file.read_bytes() for file in files]}
    pq.write_table(pa.table(table), tmp_path / "photos.parquet")
    ids = set()
    for number, data in enumerate((folder, archive, tmp_path / "photos.parquet")):
        assert main(["train", str(data), "--name", f"m{number}", "--json"]) == 0
        ids.add(json.loads(capsys.readouterr().out)["model"].partition("@")[2])
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["photos/disc", "--name", "ours"], 1, "holds no class folders"),
        (["photos", "--name", "starter"], 1, "already a model"),
        (["empty.zip", "--name", "ours"], 1, "damaged ZIP"),
        (["photos", "--name", "ours", "--model", "nobody"], 2, "no model 'nobody'"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, monkeypatch, arguments, status, words):
    (folder.parent / "empty.zip").write_bytes(b"PK\x03\x04 no more")
    monkeypatch.chdir(folder.parent)
    assert main(["train", *arguments]) == status
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize("arguments", [["photos"], ["photos", "--name", "../x"], ["nowhere", "--name", "ours"]])
def test_wrong_use_exits_with_2(folder, capsys, monkeypatch, arguments):
    monkeypatch.chdir(folder.parent)
    with pytest.raises(SystemExit) as left:
        main(["train", *arguments])
    assert left.value.code == 2
    assert "usage: tally train" in capsys.readouterr().err


def test_what_was_seen_before_ctrl_c_is_not_looked_at_again(folder, home, capsys, monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.models.learn.fit_head", stop)
        assert main(["train", str(folder), "--name", "ours"]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (home / "models").exists()
    monkeypatch.setattr(seen, "_look", lambda _: pytest.fail("looked at again"))
    assert main(["train", str(folder), "--name", "ours"]) == 0
    assert engine.load_model("ours").classes == ("disc", "frame")


def test_a_bar_for_those_who_watch(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["train", str(folder), "--name", "ours"]) == 0
    shown = capsys.readouterr().err
    assert "looking at photos [" in shown
    assert re.search(r"training \[#+\.+\] \d+%.*, \d\.\d% errors so far", shown)
