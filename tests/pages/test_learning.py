"""The Learning page without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.measured import Data

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"


@pytest.fixture
def page() -> Iterator[AppTest]:
    page = AppTest.from_file(str(APP), default_timeout=180).run()
    page.switch_page("../pages/learning.py").run()
    assert not page.exception
    yield page
    assert not page.exception


def text(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.title, *page.markdown, *page.caption]).replace("\\", "")


def test_the_digits_get_a_curve_verdicts_and_no_bias_without_people(page):
    assert page.title[0].value == "Would more data help?"
    page.button[0].click().run()
    words = text(page)
    assert "Doubling 1,437 to 2,874 digits" in words
    assert "Variance: yes" in words
    assert "Bias: unsure" in words
    assert "Without a human error, bias cannot be told" in words
    assert any("Doubling" in chart.proto.alt for chart in page.get("plotly_chart"))


def test_a_table_that_cannot_be_measured_says_why(page):
    page.file_uploader[0].upload("one.csv", b"x,label\n" + b"1,a\n" * 50).run()
    assert page.error
    assert "one.csv" in page.error[0].proto.title.replace("\\", "")


def test_a_curve_is_shown_also_where_no_run_can_be_kept(page, home):
    table, no_folder = home.parent / "small.csv", home.parent / "file"
    no_folder.write_text("x")
    page.session_state["learning_data"] = Data(table.name, str(table), "label")
    table.write_text("x,y,label\n" + "1,2,mug\n3,4,bowl\n" * 40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TALLY_HOME", str(no_folder / "home"))
        for _ in range(2):  # the line stays as long as the curve does
            page.run()
            assert page.title[0].value != "This set cannot be measured"
            assert any("Error" in chart.proto.alt for chart in page.get("plotly_chart"))
            assert [warning.value.partition(":")[0] for warning in page.warning] == ["The run is not kept"]
        page.session_state["learning-tab"] = "Runs"
        page.run()
        assert "folder of the database cannot be made" in page.error[0].proto.title
