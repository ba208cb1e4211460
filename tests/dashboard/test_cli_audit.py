"""`tally audit`: the contract's JSON, words for people, and wrong use in one line."""

import json

import numpy as np
import pytest

from dashboard.cli import main
from engine.store import runs


@pytest.fixture
def files(tmp_path):
    """A sample of the north, a reference of all regions, margins, and the invited."""
    random = np.random.default_rng(0)
    region = random.choice(["north", "south"], 800)
    answered = np.where(region == "north", "yes", "no")
    (tmp_path / "sample.csv").write_text("region,kind\n" + "north,a\nnorth,b\n" * 200)
    (tmp_path / "reference.csv").write_text("region\n" + "\n".join(region) + "\n")
    (tmp_path / "margins.csv").write_text("column,value,share\nregion,north,50 %\nregion,south,50 %\n")
    rows = "\n".join(f"{one},{said}" for one, said in zip(region, answered, strict=True))
    (tmp_path / "frame.csv").write_text(f"region,came\n{rows}\n")
    return tmp_path


def test_the_theatre_is_the_contracts_json(capsys):
    assert main(["audit", "theatre", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert {"coverage", "sampling", "participation", "labels", "sentences"} <= set(found)
    assert [found[part]["verdict"] for part in ("coverage", "sampling", "participation")] == ["yes"] * 3
    assert runs.list_runs() == []


def test_a_sample_alone_cannot_be_tested(capsys, files):
    assert main(["audit", str(files / "sample.csv"), "--label", "kind", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {found[part]["verdict"] for part in ("coverage", "sampling", "participation")} == {"cannot be tested"}
    assert found["labels"]["classes"] == {"a": 200, "b": 200}


def test_all_files_in_words(capsys, files):
    arguments = [str(files / "sample.csv"), "--reference", str(files / "reference.csv")]
    arguments += ["--margins", str(files / "margins.csv"), "--group", "region"]
    assert main(["audit", *arguments]) == 0
    said = capsys.readouterr().out
    assert "Coverage: yes." in said
    assert "region south (50.0 %)" in said
    arguments = [str(files / "sample.csv"), "--frame", str(files / "frame.csv"), "--responded", "came"]
    assert main(["audit", *arguments]) == 0
    assert "Participation: yes." in capsys.readouterr().out
    assert [(run.data_name, run.items) for run in runs.list_runs()] == [("sample.csv", 400)] * 2


@pytest.mark.parametrize("arguments", [["no/such/file"], ["theatre", "--reference", "no/such/file"]])
def test_wrong_use_ends_with_2(capsys, arguments):
    with pytest.raises(SystemExit) as left:
        main(["audit", *arguments])
    assert left.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_responded_needs_a_frame(capsys, files):
    assert main(["audit", str(files / "sample.csv"), "--responded", "came"]) == 2
    assert "--frame" in capsys.readouterr().err


def test_a_column_that_is_not_there_is_one_line(capsys, files):
    assert main(["audit", str(files / "sample.csv"), "--label", "size"]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "no column 'size'" in said[0]
