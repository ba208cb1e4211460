"""What the README and the configuration say is what the code does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine import settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_limits_table_is_the_settings():
    documented = {
        name: float(value.replace(",", "")) for name, value in re.findall(r"\| `([A-Z_]+)` \| ([\d,.]+)", README)
    }
    limits = {name: value for name, value in vars(settings).items() if name.isupper() and name != "MEGABYTE"}
    del limits["DECODE_THREADS"]  # depends on the machine; the README says how
    assert documented == limits


def test_every_limit_has_its_reason_beside_it():
    lines = Path(settings.__file__).read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"[A-Z_]+ = ", line) and not line.startswith("MEGABYTE"):
            assert lines[number - 1].startswith("#"), line


def test_the_upload_limit_of_the_server_is_the_settings():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["maxUploadSize"] == settings.REQUEST_MEGABYTES
    for theme in ("light", "dark"):  # with fewer, Streamlit's Plotly charts fall back to other colours
        assert len(config["theme"][theme]["chartCategoricalColors"]) == 10


def test_pictures_and_files_the_readme_names_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_every_folder_of_the_layout_is_there():
    layout = README.partition("## Layout")[2].partition("## ")[0]
    for path in re.findall(r"^\| `([^`]+)`", layout, re.MULTILINE):
        assert (ROOT / path).exists(), path


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_wrong_python_is_said_in_one_line(tmp_path):
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac\n')
    old.chmod(0o755)
    for python, found in ((str(old), "Python 3.9.2"), ("/no/such/python", "missing")):
        result = make("python", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
        assert result.returncode != 0
        said = [line for line in result.stderr.splitlines() if not line.startswith("make")]
        assert len(said) == 1
        assert "Tally needs Python 3.11 or newer" in said[0]
        assert found in said[0]


@pytest.mark.skipif(sys.prefix != str(ROOT / ".venv"), reason="not run from the checkout's own environment")
def test_make_is_instant_when_nothing_changed():
    result = make("--question", ".venv/dev.stamp")
    assert result.returncode == 0, result.stdout + result.stderr
