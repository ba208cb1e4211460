"""The Classify page without a browser: what a visitor reads after each thing they can do."""

import json
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import cached
from dashboard.samples import TITLES, drawn_listing
from engine import errors

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"


@pytest.fixture
def page() -> Iterator[AppTest]:
    """The page as a visitor opens it."""
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    yield page
    assert not page.exception


def drop(page: AppTest, *photos: tuple[str, bytes]) -> AppTest:
    uploader = page.file_uploader[0]
    for name, data in photos:
        uploader = uploader.upload(name, data)
    return uploader.run()


def text(page: AppTest) -> str:
    """All the running text of the page, its Markdown escapes undone."""
    words = "\n".join(element.value for element in [*page.title, *page.markdown, *page.caption])
    return words.replace("\\", "").replace("\u2060", "")


def test_the_empty_page_teaches(page):
    assert page.title[0].value == "What do your photos show?"
    assert "one object" in text(page)
    assert {button.label for button in page.button} == set(TITLES.values())
    assert not page.get("plotly_chart")


@pytest.mark.parametrize(("sample", "label"), [("bicycle", "Bicycle"), ("mug", "Mug"), ("tie", "Bicycle")])
def test_samples_are_classified_and_labelled_as_drawings(page, sample, label):
    page.button(key=f"try-{sample}").click().run()
    assert page.title[0].value.startswith(f"{label}, ")
    assert "Sample: drawings, not photos" in text(page)


def test_dropped_photos_get_a_verdict_a_card_each_and_two_charts(page):
    drop(page, *drawn_listing("bicycle"))
    assert page.title[0].value == "Bicycle, 97 % sure"
    words = text(page)
    assert "2 of 3 photos say bicycle, 1 says tire." in words
    assert "Accepted" in words
    for name, _ in drawn_listing("bicycle"):
        assert name in words
    assert len(page.get("plotly_chart")) == 2
    assert "Sample" not in words


def test_charts_and_pictures_have_their_words(page):
    drop(page, *drawn_listing("bicycle"))
    votes, evidence = (chart.proto.alt for chart in page.get("plotly_chart"))
    assert votes == "Bicycle has most votes. Votes: bicycle 2, tire 1."
    assert evidence.startswith("All evidence speaks for bicycle over tire")
    assert "left side.jpg +" in evidence
    pictures = [image.alt for element in page.get("image") for image in element.proto.imgs]
    assert pictures == ["left side.jpg: bicycle, > 99 %", "right side.jpg: bicycle, > 99 %", "tire.jpg: tire, > 99 %"]


def test_the_evidence_bars_add_up_exactly(page):
    drop(page, *drawn_listing("bicycle"))
    spec = json.loads(page.get("plotly_chart")[1].proto.spec)
    (bars,) = spec["data"]
    *values, total = bars["customdata"]
    assert bars["x"] == [*values, total]
    assert total == pytest.approx(sum(values), abs=1e-9)
    assert bars["measure"] == ["relative", "relative", "relative", "total"]  # each begins where the one before ended
    assert spec["layout"]["yaxis"]["ticktext"] == ["left side.jpg", "right side.jpg", "tire.jpg", "together"]


def test_names_that_shorten_alike_keep_bars_of_their_own(page):
    names = ["photo-front-of-the-bicycle-large.jpg", "photo-from-behind-the-bicycle-large.jpg", "together"]
    drop(page, *zip(names, [data for _, data in drawn_listing("bicycle")], strict=True))
    spec = json.loads(page.get("plotly_chart")[1].proto.spec)
    assert sorted(row for trace in spec["data"] for row in trace["y"]) == [0, 1, 2, 3]


def test_a_tie_is_told_in_a_sentence(page):
    page.button(key="try-tie").click().run()
    assert "The vote is tied 1-1; bicycle wins on score 1.00 to 0.99." in text(page)


def test_more_photos_join_the_listing_and_can_be_removed(page):
    first, second, third = drawn_listing("bicycle")
    drop(page, first)
    assert "The photo says bicycle." in text(page)
    drop(page, second, third)
    assert "2 of 3 photos say bicycle" in text(page)
    page.button(key="remove-2").click().run()
    assert "All 2 photos say bicycle." in text(page)
    page.button(key="remove-0").click().run()
    page.button(key="remove-0").click().run()
    assert page.title[0].value == "What do your photos show?"


def test_start_over_empties_photos_and_description(page):
    page.text_area(key="description").input("red mug").run()
    drop(page, *drawn_listing("mug"))
    assert page.text_area(key="description").value == "red mug"
    next(button for button in page.button if button.label == "Start over").click().run()
    assert page.title[0].value == "What do your photos show?"
    assert not page.text_area(key="description").value


BAD = [
    ("empty.jpg", b"", "0 bytes arrived"),
    ("text.jpg", b"hello", "it holds text"),
    ("half.jpg", drawn_listing("mug")[0][1][:5000], "only a part of the file arrived"),
]


def test_each_bad_photo_gets_its_own_message_and_the_others_count(page):
    drop(page, *((name, data) for name, data, _ in BAD), *drawn_listing("mug"))
    assert page.title[0].value == "Mug, 99 % sure"
    words = text(page)
    for name, _, message in BAD:
        line = next(line for line in words.splitlines() if f"**{name}** was not read" in line)
        assert message in line


def test_only_bad_photos_ask_for_a_person(page):
    drop(page, ("text.jpg", b"hello"))
    assert page.title[0].value == "No photo could be read"
    assert "Needs a person" in text(page)
    assert not page.get("plotly_chart")


def test_too_many_photos_are_left_out_with_a_word(page):
    (name, data), _ = drawn_listing("mug")
    drop(page, *[(name, data)] * 23)
    assert page.title[0].value.startswith("Mug")
    assert text(page).count("a listing takes up to 20 photos") == 3


def test_too_many_bytes_together_are_left_out_with_a_word(page, encode):
    large = encode(Image.effect_noise((3000, 2700), 200).convert("RGB"), "PNG", compress_level=0)
    assert 20_000_000 < len(large) < 25_000_000
    drop(page, ("1.png", large), ("2.png", large), ("3.png", large))
    words = text(page)
    assert "photos dropped together may have up to 50 MB" in words
    assert words.count("was not read") == 1


def test_copies_share_one_vote(page):
    (name, data), _ = drawn_listing("mug")
    drop(page, (name, data), ("copy.jpg", data))
    words = text(page)
    assert "The same picture as copy.jpg: together they have one vote." in words
    assert words.count("Counts 0.5") == 2


def test_hostile_file_names_are_shown_not_obeyed(page):
    name = "![x](http://evil.example/x.png) **bold** :red[a] $x$ <script>.jpg"
    drop(page, (name, drawn_listing("mug")[0][1]))
    assert name in text(page)
    raw = "\n".join(caption.value for caption in page.caption)
    assert "![x]" not in raw
    spec = page.get("plotly_chart")[1].proto.spec
    assert "<script>" not in spec
    assert ":red[" not in raw


def test_a_rerun_and_another_rule_cost_no_inference(page):
    drop(page, *drawn_listing("tie"))
    with patch.object(cached, "look", side_effect=AssertionError("inference")):
        page.run()
        page.session_state["rule"] = "majority"
        page.run()
        assert page.title[0].value.startswith("Bicycle")
        assert not page.exception


def test_photos_seen_before_cost_no_inference_in_a_new_visit(page):
    drop(page, *drawn_listing("mug"))
    second = AppTest.from_file(str(APP), default_timeout=60).run()
    with patch("engine.models.classifier.Classifier._predict") as predict:
        predict.return_value.log_probabilities, predict.return_value.features = [], []
        drop(second, *drawn_listing("mug"))
        assert second.title[0].value == "Mug, 99 % sure"
        assert all(not call.args[0] for call in predict.call_args_list)


def test_a_model_that_does_not_load_is_said_and_tried_again(page, monkeypatch):
    monkeypatch.setattr(cached, "_models", {})
    damaged = errors.DamagedModel("the weights are damaged", "restore them from a copy")
    with patch.object(cached, "load_model", side_effect=damaged):
        drop(page, *drawn_listing("mug"))
        assert page.error[0].value == r"Restore them from a copy\."
    monkeypatch.setattr(cached.settings, "MODEL_RETRY_SECONDS", 0)
    drop(page, *drawn_listing("mug"))
    assert page.title[0].value == "Mug, 99 % sure"


def test_own_photos_take_the_place_of_a_sample(page):
    page.button(key="try-mug").click().run()
    drop(page, drawn_listing("bicycle")[0])
    words = text(page)
    assert "The photo says bicycle." in words
    assert "Sample" not in words
