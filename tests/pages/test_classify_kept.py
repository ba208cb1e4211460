"""Verdicts that are kept, their addresses, and what people say of them: the Classify page without a browser."""

import re
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.samples import drawn_listing
from engine.errors import StoreError
from engine.store import changes, queue, verdicts
from tests.pages.test_classify import APP, drop, text


@pytest.fixture
def page() -> Iterator[AppTest]:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    yield page
    assert not page.exception


def at(key: str) -> AppTest:
    """The page at a verdict's address."""
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.query_params["verdict"] = key
    page.run()
    assert not page.exception
    return page


def address(page: AppTest) -> str:
    """The id in the address that the page shows."""
    return re.search(r"/classify\?verdict=(\w+)$", page.code[0].value)[1]


def say(page: AppTest, label: str) -> None:
    page.session_state["person"] = "Ana"  # only a browser can type a name that is not in the list
    page.run()
    page.selectbox(key="correction-label").set_value(label).run()
    page.button(key="correction-say").click().run()


def test_the_address_shows_the_verdict_as_it_was(page):
    page.text_area(key="description").input("an old one").run()
    drop(page, *drawn_listing("bicycle"), ("notes.txt.jpg", b"hello"))
    past = at(address(page))
    assert past.title[0].value == page.title[0].value
    assert "2 of 3 photos say bicycle, 1 says tire." in text(past)
    assert "**notes.txt.jpg** was not read" in text(past)
    assert "The sender says: an old one" in text(past)
    charts = [[chart.proto.alt for chart in visit.get("plotly_chart")] for visit in (page, past)]
    assert charts[0] == charts[1]
    next(button for button in past.button if button.label == "New listing").click().run()
    assert past.title[0].value == "What do your photos show?"


def test_an_address_of_nothing_says_so_in_words(page):
    past = at("nonsense' OR 1=1")
    assert past.title[0].value == "This verdict is not here"
    assert "It may have been deleted" in past.error[0].value


def test_a_verdict_is_kept_once_and_its_changed_listing_takes_its_place(page, model):
    page.text_area(key="description").input("a grand piano").run()
    drop(page, drawn_listing("mug")[0])
    first = address(page)
    page.run()
    drop(page, drawn_listing("mug")[1])
    assert address(page) != first
    assert verdicts.search()[1] == 2
    assert queue.waiting() == 1
    assert "It waits in *Review* for a person." in text(page)


def test_a_sample_is_not_kept(page):
    page.button(key="try-mug").click().run()
    assert not page.code
    assert verdicts.search()[1] == 0


@pytest.mark.parametrize(("label", "told"), [("tire", "Ana says tire"), ("none of these", "Ana says none of these")])
def test_a_wrong_verdict_is_corrected_also_at_its_address(page, model, label, told):
    drop(page, *drawn_listing("mug"))
    say(page, label)
    assert told in text(page)
    assert page.selectbox(key="correction-label").value is None
    past = at(address(page))
    assert told in text(past)
    say(past, "car")
    assert "Ana says car" in text(past)
    assert [line.label for line in queue.decisions()] == ["car", None if "none" in label else "tire"]


def test_a_store_that_fails_leaves_the_verdict(page):
    broken = StoreError("the database cannot be used (disk full)", "make room")
    with patch("dashboard.keeping.save_verdict", side_effect=broken):
        drop(page, *drawn_listing("mug"))
        assert page.title[0].value.startswith("Mug")
        assert "Not kept, so it has no address: the database cannot be used (disk full)" in text(page)
        assert not page.code
    page.run()
    assert page.code


def test_a_change_that_cannot_be_used_leaves_the_verdict(page):
    change = changes.accept("policy", b"nonsense", person="Ana")
    drop(page, *drawn_listing("mug"))
    assert page.title[0].value.startswith("Mug")
    assert f"Decided as if nothing was set: change {change} (policy) cannot be used" in text(page)


def test_prices_and_policy_that_hold_show_in_the_verdict(page):
    prices = "label,price,currency\n" + "".join(f"mug,{price},EUR\n" for price in range(10, 30))
    changes.accept("prices", prices.encode(), person="Ana")
    changes.accept("policy", b"class,policy\nmug,ask\n", person="Ana")
    drop(page, *drawn_listing("mug"))
    assert "**11 to 28 EUR (20 sales)**" in text(page)
    assert "The next mug sells for 11 to 28 EUR" in text(page)
    assert "the sender is asked for a separate photo of the mug" in text(page)


def test_what_each_photo_changes_and_what_is_strange_is_said(page):
    drop(page, *drawn_listing("tie"))
    assert re.search(r"Without bicycle.jpg: \*\*tire, \d\d %\*\*", text(page))
    assert re.search(r"Without tire.jpg: bicycle, (> )?\d\d %", text(page))
    assert "Stranger than" not in text(page)
    pictures = page.session_state["pictures"]
    page.session_state["pictures"] = [replace(one, look=replace(one.look, unknown=0.987)) for one in pictures]
    page.run()
    assert text(page).count("Stranger than 98 % of known photos; nearest are ") == 2


def test_evidence_weighed_otherwise_changes_the_verdict_and_is_not_kept(page):
    drop(page, drawn_listing("tie")[1], drawn_listing("mug")[1])
    before, (_, kept) = page.title[0].value, verdicts.search()
    next(dial for dial in page.slider if dial.label == "Photos repeat each other").set_value(1.0).run()
    assert page.title[0].value != before
    assert "this verdict is not kept" in text(page)
    assert not page.code
    assert verdicts.search()[1] == kept
    next(button for button in page.button if button.label == "As fitted").click().run()
    assert page.title[0].value == before


def test_photos_that_change_nothing_are_told_of_in_one_line(page):
    drop(page, *drawn_listing("mug"))
    assert "Without any one of the photos it stays mug." in text(page)
