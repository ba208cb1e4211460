"""The tab "Who is missing" without a browser."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from engine.store import runs


def tab() -> None:
    from dashboard.panels.learning import audit

    audit.draw()


def digits() -> None:
    from dashboard.measured import BUILT_IN
    from dashboard.panels.learning import audit
    from engine.curves.data import load

    audit.draw(load("digits"), BUILT_IN)


def opened(script) -> AppTest:
    return AppTest.from_function(script, default_timeout=120).run()


def text(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(element.value for element in [*page.subheader, *page.markdown]).replace("\\", "")


@pytest.fixture
def files() -> dict[str, bytes]:
    """A sample of the north alone, and a reference of both halves."""
    region = np.random.default_rng(0).choice(["north", "south"], 800)
    return {
        "sample": b"region,label\n" + b"north,a\nnorth,b\n" * 200,
        "reference": ("region\n" + "\n".join(region) + "\n").encode(),
    }


def drop(page: AppTest, role: str, name: str, content: bytes) -> None:
    next(field for field in page.file_uploader if field.key.startswith(f"audit-{role}")).upload(name, content).run()


def test_the_theatre_by_one_button():
    page = opened(tab)
    page.button[0].click().run()
    words = text(page)
    assert "The sample lies by coverage, sampling and participation" in words
    assert [metric.label for metric in page.metric][-1] == "Truth in the town"
    assert len(page.get("plotly_chart")) == 4
    assert all(chart.proto.alt for chart in page.get("plotly_chart"))


def test_a_sample_alone_then_with_its_reference(files):
    page = opened(tab)
    drop(page, "sample", "survey.csv", files["sample"])
    assert "nothing can be tested" in text(page)
    assert runs.list_runs() == []  # nobody asked for that
    drop(page, "reference", "register.csv", files["reference"])
    words = text(page)
    assert "The sample lies by coverage" in words
    assert "region south" in words
    assert [run.items for run in runs.list_runs()] == [400]
    next(button for button in page.button if button.key == "audit-remove-reference").click().run()
    assert "nothing can be tested" in text(page)


def test_the_open_set_is_the_sample_where_none_is_dropped():
    words = text(opened(digits))
    assert "nothing can be tested" in words
    assert "Rare classes" not in words


def test_files_that_do_not_fit_say_why(files):
    page = opened(tab)
    drop(page, "sample", "survey.csv", files["sample"])
    drop(page, "margins", "margins.json", json.dumps({"region": {"North": 1}}).encode())
    assert "None of the margins of 'region'" in page.error[0].proto.title
    drop(page, "reference", "empty.csv", b"")
    assert page.error
    assert not page.exception


def test_an_audit_is_shown_also_where_no_run_can_be_kept(files, tmp_path, monkeypatch):
    page = opened(tab)
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("TALLY_HOME", str(tmp_path / "file" / "home"))
    drop(page, "sample", "other.csv", files["sample"] + b"north,a\n")
    drop(page, "reference", "register.csv", files["reference"])
    for _ in range(2):
        assert "The sample lies by coverage" in text(page)
        assert [warning.value.partition(":")[0] for warning in page.warning] == ["The run is not kept"]
        page.run()
