"""Which model the pages ask, and what they say of each, without a browser."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.samples import drawn_listing
from engine.models import published
from engine.models.registry import find, list_models
from engine.store.verdicts import search
from tests.engine.test_published import SEEN, SMALL, network, written
from tests.pages.test_classify import drop

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
REPORT = {
    "model": "ours@0", "photos": 40, "accuracy": 0.925, "balanced_accuracy": 0.9, "top5": 1.0, "log_loss": 0.3,
    "ece": 0.021, "notes": ["2 photos are the same"], "unreadable": [{"name": "x.jpg", "reason": "it is empty"}],
    "per_class": {"mug": {"photos": 20, "recall": 0.85, "precision": 1.0, "log_loss": 0.4},
                  "tire": {"photos": 20, "recall": 1.0, "precision": 0.87, "log_loss": 0.2}},
    "per_source": {"shop": {"photos": 30, "accuracy": 0.95, "balanced_accuracy": 0.95, "top5": 1.0, "log_loss": 0.2,
                            "ece": 0.02},
                   "phone": {"photos": 10, "accuracy": 0.8, "balanced_accuracy": 0.8, "top5": 1.0, "log_loss": 0.5,
                             "ece": 0.1}},
    "confusions": [{"label": "mug", "predicted": "tire", "photos": 3, "of": 20}],
    "worst": [{"name": "mug/_a*.jpg", "source": None, "label": "mug", "predicted": "tire", "score": 0.97,
               "score_of_label": 0.01, "picture": "../../secret"}],
    "suspects": {"photos": 1, "worst": [{"name": "mug/b.jpg", "label": "mug", "proposed": "tire", "score": 0.99,
                                         "score_of_label": 0.01}]},
    "in_two_classes": [["mug/c.jpg", "tire/c.jpg"]],
}  # fmt: skip


@pytest.fixture
def ours(home: Path) -> Path:
    """A second model: the starter under another name, with a report."""
    folder = shutil.copytree(find("starter"), home / "models" / "ours")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"name": "ours"}))
    (folder / "report.json").write_text(json.dumps(REPORT))
    return folder


@pytest.fixture
def page(home: Path) -> Iterator[AppTest]:
    page = AppTest.from_file(str(APP), default_timeout=60)
    yield page.run()
    assert not page.exception


def words(page: AppTest) -> str:
    elements = [*page.title, *page.subheader, *page.markdown, *page.caption, *page.warning]
    return "\n".join(element.value for element in elements).replace("\\", "")


def test_the_first_row_switches_the_model_and_the_photos_are_looked_at_again(ours, page):
    drop(page, *drawn_listing("mug"))
    assert page.selectbox(key="model").options == ["starter", "ours"]
    page.selectbox(key="model").select("ours").run()
    assert "Model ours@" in words(page)
    assert page.title[0].value.startswith("Mug")
    rows, _ = search()
    assert sorted(row.verdict.model.partition("@")[0] for row in rows) == ["ours", "starter"]
    page.selectbox(key="model").select("starter").run()
    assert "Model starter@" in words(page)


def test_with_one_model_there_is_nothing_to_choose(page):
    assert "model" not in [box.key for box in page.selectbox]


def test_a_model_that_is_gone_gives_way_to_the_starter(ours, page):
    page.selectbox(key="model").select("ours").run()
    shutil.rmtree(ours)
    page.run()
    assert "There is no model 'ours' any more" in words(page)


def test_a_report_says_how_good_and_where_it_fails(ours, page):
    page.switch_page("../pages/models.py").run()
    page.selectbox(key="model").select("ours").run()
    said = words(page)
    assert page.title[0].value == "Right on 92 of 100 photos it had not seen"
    for expected in (
        "2 photos are the same.",
        "Hardest to find: mug",
        "Mug is taken for tire",
        "Weakest on photos from phone",
        "1 label likely wrong",
        "Photos that surprised it most",
    ):
        assert expected in said
    assert [metric.value for metric in page.metric] == ["92.5 %", "90.0 %", "100.0 %", "2.1 %"]
    assert [expander.label for expander in page.expander][-2:] == [
        "Photos that cannot be read (1)",
        "The same photo in two classes (1)",
    ]


def test_a_model_is_renamed_and_deleted(ours, page):
    page.switch_page("../pages/models.py").run()
    page.session_state["models-tab"] = "All models"
    page.selectbox(key="model").select("ours").run()
    assert page.title[0].value == "2 models to choose from"
    page.text_input(key="models-name-ours").set_value("starter").run()
    press(page, "Rename")
    assert "There is already a model 'starter'" in page.error[0].proto.title
    page.text_input(key="models-name-ours").set_value("theirs").run()
    press(page, "Rename")
    assert [row["name"] for row in list_models()] == ["starter", "theirs"]
    assert page.selectbox(key="model").value == "theirs"
    press(page, "Delete theirs")
    assert [row["name"] for row in list_models()] == ["starter"]
    assert page.title[0].value == "One model, built in"


def test_a_published_classifier_is_downloaded_and_can_be_asked(page, tmp_path, monkeypatch):
    path = written(tmp_path, network(SEEN).state_dict())
    monkeypatch.setattr(published, "address", lambda _: path.as_uri())
    page.switch_page("../pages/models.py").run()
    page.session_state["models-tab"] = "All models"
    page.run()
    assert page.selectbox(key="models-architecture").value == SMALL
    press(page, "Download")
    assert not page.error
    assert f"imagenet-{SMALL}" in [row["name"] for row in list_models()]
    assert SMALL not in page.selectbox(key="models-architecture").options
    assert f"imagenet-{SMALL}" in page.selectbox(key="model").options
    monkeypatch.setattr(published, "address", lambda _: (tmp_path / "gone-0123abcd.pth").as_uri())
    press(page, "Download")
    assert "gone-0123abcd.pth could not be downloaded" in page.error[0].proto.title.replace("\\", "")
    assert "the starter serves meanwhile" in page.error[0].value
    assert len(list_models()) == 2


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click()
    page.session_state["models-tab"] = "All models"  # a test's page does not tell which tab is open
    page.run()
