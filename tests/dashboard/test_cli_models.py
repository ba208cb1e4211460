"""Published weights from the command line; the weights are generated, and lie in a file."""

import json
from pathlib import Path

import pytest

from dashboard.cli import main
from engine.models import published
from tests.engine.test_published import SEEN, SMALL, network, written
from tests.engine.test_train import fill


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = written(tmp_path, network(SEEN).state_dict())
    monkeypatch.setattr(published, "address", lambda _: path.as_uri())
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return fill(tmp_path / "photos", {"disc": 8, "frame": 8})


def test_fetch_says_what_is_there_and_what_is_missing(weights, photos, capsys):
    assert main(["models", "fetch", SMALL]) == 0
    out = capsys.readouterr().out
    assert f"imagenet-{SMALL}@" in out
    assert "ImageNet lacks gym machine, headphones" in out
    assert "all its listings go to people" in out
    assert main(["models"]) == 0
    heads, starter, fetched = capsys.readouterr().out.splitlines()
    assert (heads.split()[1], starter.split()[1], fetched.split()[1]) == ("kind", "starter", SMALL)
    assert main(["classify", str(photos / "disc"), "--model", f"imagenet-{SMALL}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "mug"


def test_fetch_for_programs(weights, capsys):
    assert main(["models", "fetch", SMALL, "--name", "big", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "big"
    assert "headphones" in told["missing"]
    assert main(["models", "fetch", SMALL, "--name", "big"]) == 1
    assert "there is already a model 'big'" in capsys.readouterr().err


def test_a_head_on_published_features_is_a_model_like_any_other(tmp_path, photos, monkeypatch, capsys):
    path = written(tmp_path, network().state_dict())
    monkeypatch.setattr(published, "address", lambda _: path.as_uri())
    assert main(["train", str(photos), "--name", "ours", "--backbone", SMALL]) == 0
    assert "ours@" in capsys.readouterr().out
    path.unlink()
    assert main(["evaluate", str(photos), "--model", "ours", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] > 0.8  # it knows these
    assert main(["classify", str(photos / "disc"), "--model", "ours", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "disc"


def test_no_download_is_one_line_and_leaves_the_starter(photos, monkeypatch, capsys):
    monkeypatch.setattr(published, "address", lambda _: f"http://127.0.0.1:9/{SMALL}-00000000.pth")
    for command in (["models", "fetch", SMALL], ["train", str(photos), "--name", "ours", "--backbone", SMALL]):
        assert main(command) == 1
        err = capsys.readouterr().err
        assert err.splitlines()[-1].startswith(f"tally: {SMALL}-00000000.pth could not be downloaded")
        assert "the starter serves meanwhile" in err
    assert main(["classify", str(photos / "disc"), "--json"]) == 0


@pytest.mark.parametrize("command", [["models", "fetch"], ["train", "--name", "ours", ".", "--backbone"]])
def test_unknown_networks_are_wrong_use(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "vit_h_14"])
    assert stopped.value.code == 2
    assert SMALL in capsys.readouterr().err


def test_a_backbone_is_not_trained_whole(photos, capsys):
    assert main(["train", str(photos), "--name", "ours", "--backbone", SMALL, "--full"]) == 2
    assert "leave out --backbone" in capsys.readouterr().err
