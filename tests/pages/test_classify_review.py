"""The Review tab without a browser."""

import json
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from streamlit.testing.v1 import AppTest

from engine.errors import StoreError
from engine.listings.route import Dial
from engine.store import changes, queue, verdicts
from tests.listings import keep
from tests.pages.test_classify import APP, text


@pytest.fixture
def three(model) -> list[str]:
    """Three listings that wait, in the order in which they come."""
    return keep(model, "a grand piano", "grand piano, black", "one old grand piano")


@pytest.fixture
def page() -> Iterator[AppTest]:
    page = AppTest.from_file(str(APP), default_timeout=60)
    yield page
    assert not page.exception


def run(page: AppTest, person: str | None = "Ana") -> AppTest:
    """The test's page does not tell which tab is open, and only a browser can type a new name."""
    page.session_state["classify-tab"] = "Review"
    if person:
        page.session_state["person"] = person
    return page.run()


def press(page: AppTest, key: str) -> None:
    """What the key does: the buttons name it."""
    next(button for button in page.button if (button.key or "").startswith(f"review-{key}-")).click()
    run(page)


def asked(page: AppTest) -> str | None:
    """The listing on the page."""
    return next(
        (button.key.split("-")[2] for button in page.button if (button.key or "").startswith("review-1-")), None
    )


def progress(page: AppTest) -> str:
    return page.get("progress")[0].proto.text


def tabs(page: AppTest) -> list[str]:
    return [tab.label for tab in page.tabs]


def test_an_empty_queue_teaches(page):
    run(page, None)
    assert page.title[0].value == "Nothing waits for a person"
    assert "**1** to **5** for the likeliest classes" in text(page)
    assert "Review" in tabs(page)


def test_why_it_asks_stands_with_the_answers(page, three):
    run(page)
    words = text(page)
    assert "Needs a person" in words
    assert "The text says grand piano, the photos show mug." in words
    labels = [button.label for button in page.button if (button.key or "").startswith("review-")]
    assert labels[0].startswith("Mug ")
    assert labels[5:] == ["None of these", "Skip", "Undo"]
    assert [image.alt for element in page.get("image") for image in element.proto.imgs] == [
        "front.jpg, to be answered",
        "back.jpg, to be answered",
    ]


def test_answers_move_on_and_are_counted(page, three):
    run(page)
    assert "Review (3)" in tabs(page)
    assert (asked(page), progress(page)) == (three[0], "3 left, 0 done today")
    press(page, "1")
    assert (asked(page), progress(page)) == (three[1], "2 left, 1 done today")
    press(page, "N")
    page.selectbox(key=f"review-other-{three[2]}").set_value("banjo")
    run(page)
    assert page.title[0].value == "All done, 3 today"
    assert [line.label for line in queue.decisions()] == ["banjo", None, "mug"]


def test_undo_brings_back_what_was_said_last_also_at_the_end(page, three):
    run(page)
    press(page, "2")
    press(page, "U")
    assert asked(page) == three[0]
    for _ in three:
        press(page, "1")
    page.button(key="review-undo").click()
    run(page)
    assert asked(page) == three[2]
    assert progress(page) == "1 left, 2 done today"
    press(page, "3")
    assert verdicts.verdict(three[2]).decision.label != "mug"


def test_what_is_skipped_comes_last_and_says_so(page, three):
    run(page)
    press(page, "S")
    assert asked(page) == three[1]
    press(page, "1")
    press(page, "1")
    assert asked(page) == three[0]
    assert "You skipped it before" in text(page)
    press(page, "1")
    assert page.title[0].value == "All done, 3 today"


def test_nobody_gets_what_another_has(page, three):
    others = [run(AppTest.from_file(str(APP), default_timeout=60), name) for name in ("Ben", "Cleo")]
    run(page)
    assert len({asked(page), *map(asked, others)}) == 3
    press(page, "1")
    assert page.title[0].value == "Others have the rest"
    assert "2 listings are with other reviewers." in text(page)


def test_a_day_has_so_many_places_and_one_may_go_on(page, three):
    changes.accept("dial", json.dumps(Dial(places=1).as_dict()).encode(), person="Ana")
    run(page)
    assert progress(page) == "3 left, 0 of today's 1 done"
    press(page, "1")
    assert page.title[0].value == "Today's 1 are done"
    next(button for button in page.button if button.label == "Go on anyway").click()
    run(page)
    assert asked(page) == three[1]


def test_an_audited_listing_says_that_it_was_accepted(page, model):
    changes.accept("dial", json.dumps(Dial(audit=1.0).as_dict()).encode(), person="Ana")
    from engine.store.terms import terms_in_force

    with patch("tests.listings.Terms", lambda: terms_in_force(model)):
        keep(model, "")
    run(page)
    assert "Tally accepted this one. It was drawn at random" in text(page)


def test_the_second_of_two_quick_presses_answers_nothing(page, three):
    run(page)
    [first] = [button for button in page.button if button.key == f"review-1-{three[0]}"]
    first.click()
    run(page)
    page.session_state["review-asked"] = three[1]
    with patch.object(queue, "settle") as settle:
        first.click()
        run(page)
    assert not settle.called
    assert len(queue.decisions()) == 1


@pytest.mark.parametrize("fails", ["claim", "waiting", "settle"])
def test_a_store_that_fails_is_said_and_the_page_stands(page, three, fails):
    broken = StoreError("the database cannot be used (locked)", "try again")
    if fails == "settle":
        run(page)
    with patch.object(queue, fails, side_effect=broken):
        press(page, "1") if fails == "settle" else run(page)
        assert page.error[0].value == r"Try again\."
    run(page)
    assert asked(page) == three[0]
