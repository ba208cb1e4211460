"""Label it yourself in a real browser, by keyboard alone, against a database of its own."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.curves.data import load
from engine.curves.people import questions
from tests.browser.browser import open_page
from tests.server import running

TRUE = list(questions(load("digits")).values())


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("quiz")) as address:
        yield f"{address}/learning"


def open_quiz(browser: Browser, address: str, person: str) -> Page:
    page = open_page(browser, address)
    page.get_by_role("button", name="Try the digits").click()
    page.get_by_role("tab", name="Label it yourself").click(timeout=120_000)
    enter(page, person)
    return page


def enter(page: Page, person: str) -> None:
    box = page.get_by_role("combobox", name="Who are you?")
    box.fill(person)
    box.press("Enter")


def answered(page: Page, number: int) -> None:
    expect(page.get_by_text(re.compile(rf"^{number} of 100 answered"))).to_be_visible()
    picture = page.get_by_role("img", name=f"Picture {number + 1}, to be answered")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", value=True)


def answer(page: Page, labels: list[str]) -> None:
    """Press the keys, each once its picture is there."""
    for number, label in enumerate(labels):
        answered(page, number)
        page.keyboard.press(label)
    answered(page, len(labels))


def test_two_people_label_by_keyboard_and_see_how_far_they_agree(browser, address):
    ana, ben = (open_quiz(browser, address, person) for person in ("Ana", "Ben"))
    answer(ana, TRUE[:10])
    answer(ben, [*TRUE[:9], "0" if TRUE[9] != "0" else "1"])
    ana.keyboard.press("u")
    answered(ana, 9)
    ana.keyboard.press("s")
    expect(ana.get_by_role("img", name="Picture 11, to be answered")).to_be_visible()
    ana.keyboard.press("u")
    answered(ana, 9)
    ana.keyboard.press(TRUE[9])
    answered(ana, 10)
    ana.context.close()

    ana = open_quiz(browser, address, "Ana")  # a new visit
    answered(ana, 10)
    ana.get_by_role("button", name="Stop here").press("Enter")
    expect(ana.get_by_text("Ana agrees with the labels on 10 of 10 digits")).to_be_visible()
    expect(ana.get_by_text("Ben agrees with the labels on 9 of 10 digits")).to_be_visible()
    expect(ana.get_by_text(re.compile(r"Cohen's kappa is 0\.\d\d"))).to_be_visible()
    expect(ana.locator(".st-key-quiz-accuracy .main-svg").first).to_be_visible()
    ana.get_by_role("tab", name="Curve").click()
    expect(ana.get_by_text(re.compile(r"^People are wrong on 5\.0 % of 10 digits"))).to_be_visible()
    ana.context.close()
    ben.context.close()


def test_a_key_that_is_held_down_answers_one_picture(browser, address):
    page = open_quiz(browser, address, "Cleo")
    answered(page, 0)
    for _ in range(20):
        page.keyboard.down("3")  # from the second on, the browser marks it as repeated
    page.keyboard.up("3")
    answered(page, 1)
    page.keyboard.press("u")
    answered(page, 0)
    page.context.close()


def test_a_name_that_cannot_be_one_is_refused(browser, address):
    page = open_quiz(browser, address, "x" * 200)
    expect(page.get_by_text("cannot name a person")).to_be_visible()
    enter(page, "  Dan & *Eve* ")
    expect(page.get_by_text("Answering as Dan & *Eve*")).to_be_visible()
    page.context.close()
