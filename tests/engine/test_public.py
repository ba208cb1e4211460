"""The house's rules: public names, who may import whom, what loads when."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from engine import errors

ROOT = Path(engine.__file__).resolve().parents[1]


def test_public_names_are_pinned():
    assert set(engine.__all__) == {
        "Busy", "DamagedModel", "InputError", "LimitExceeded", "ModelError", "ModelNotFound", "ModelProtected",
        "PhotoVerdict", "TallyError", "TieBreak", "UnreadableData", "UnreadablePhoto", "Verdict", "__version__",
        "classify_listing", "load_model",
    }  # fmt: skip
    for name in engine.__all__:
        assert hasattr(engine, name)


def test_the_error_tree_is_the_one_drawn():
    drawn = errors.__doc__
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    for error in classes:
        assert error.__name__ in drawn
    assert len({error.code for error in classes}) == len(classes)
    assert str(errors.InputError("this happened", "do that")) == "this happened: do that"
    assert str(errors.InputError("this happened")) == "this happened"


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add(node.module or "")
    return names


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("engine", {"streamlit", "plotly", "dashboard", "pages", "starlette"}),
        ("dashboard", {"pages", "torch", "torchvision"}),
        ("pages", {"torch", "torchvision", "plotly"}),
    ],
)
def test_imports_go_one_way(folder, forbidden):
    for path in files(folder):
        assert not {name.partition(".")[0] for name in imports(path)} & forbidden, path


def test_plotly_torchvision_and_gspread_have_one_door():
    for folder, package, door in (
        ("dashboard", "plotly", "dashboard/charts"),
        ("engine", "torchvision", "engine/models/vision.py"),
        ("engine", "gspread", "engine/tweets/sheets.py"),
    ):
        for path in files(folder):
            if package in {name.partition(".")[0] for name in imports(path)}:
                assert str(path.relative_to(ROOT)).startswith(door)


def test_no_file_of_the_dashboard_shadows_a_package():
    """`streamlit run` puts dashboard/ first on the path: a file named like a package would replace it everywhere."""
    import importlib.metadata

    taken = set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions())
    names = {path.stem for path in (ROOT / "dashboard").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not (names - {"__init__", "__pycache__"}) & taken


@pytest.mark.parametrize(
    "module", ["engine", "dashboard.cli", "dashboard.cached", "dashboard.panels.classify.result", "dashboard.report"]
)
def test_importing_loads_no_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_files_stay_short():
    for folder in ("engine", "dashboard", "pages"):
        for path in files(folder):
            assert len(path.read_text().splitlines()) <= 320, path
