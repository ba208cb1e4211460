"""Review in a real browser: two people at the keyboard, against a database of their own."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.samples import drawn_listing
from tests.browser.browser import headline, open_page
from tests.server import running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with nine listings of a mug that wait, as each text says grand piano."""
    photos = [("photos", photo) for photo in drawn_listing("mug")]
    with running(tmp_path_factory.mktemp("review")) as address:
        for number in range(9):
            form = {"description": f"grand piano {number}"}
            assert httpx.post(f"{address}/api/classify", files=photos, data=form).json()["decision"] == "review"
        yield address


def open_review(browser: Browser, address: str, person: str, **size: int) -> Page:
    page = open_page(browser, address, **size)
    page.get_by_role("tab", name=re.compile("^Review")).click()
    box = page.get_by_role("combobox", name="Who are you?")
    box.fill(person)
    box.press("Enter")
    return page


def asked(page: Page, number: int) -> None:
    """The listing of this number is there, its photos too."""
    expect(page.get_by_text(re.compile(f"grand piano {number}$"))).to_be_visible()
    photo = page.get_by_role("img", name="front.jpg, to be answered")
    expect(photo).to_have_js_property("complete", value=True)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def test_two_people_answer_by_keyboard_and_never_get_the_same(browser, address):
    ana, ben = (open_review(browser, address, person) for person in ("Ana", "Ben"))
    asked(ana, 0)
    asked(ben, 1)
    ana.keyboard.press("1")
    asked(ana, 2)
    expect(ana.get_by_role("tab", name="Review (8)")).to_be_visible()
    expect(ana.get_by_text("8 left, 1 done today")).to_be_visible()
    ben.keyboard.press("n")
    asked(ben, 3)
    expect(ben.get_by_text("7 left, 2 done today")).to_be_visible()
    ana.keyboard.press("s")
    asked(ana, 4)
    ana.keyboard.press("u")
    asked(ana, 2)
    for _ in range(20):
        ana.keyboard.down("2")  # from the second on, the browser marks it as repeated
    ana.keyboard.up("2")
    asked(ana, 4)
    expect(ana.get_by_text("6 left, 3 done today")).to_be_visible()

    box = ana.get_by_role("combobox", name="Another class")
    box.fill("banjo")  # letters that are typed are no shortcuts
    box.press("Enter")
    asked(ana, 5)
    expect(ana.get_by_role("tab", name="Review (5)", selected=True)).to_be_visible()
    ana.get_by_role("tab", name="Result").click()
    headline(ana, "What do your photos show?")
    expect(ana.get_by_role("tab", name="Review (5)")).to_be_visible()
    ana.get_by_role("tab", name="Review (5)").click()
    asked(ana, 5)

    ana.get_by_role("tab", name="History").click()
    headline(ana, "9 verdicts so far")
    search = ana.get_by_role("textbox", name="Search")
    search.fill("banjo")
    search.press("Enter")
    headline(ana, "1 verdict found")
    ana.context.close()
    ben.context.close()


def test_on_a_phone_the_answers_are_on_the_first_screen(browser, address):
    page = open_review(browser, address, "Dan", width=390, height=844)
    expect(page.get_by_role("img", name="front.jpg, to be answered")).to_be_visible()
    for name in ("Mug", "None of these", "Skip", "Undo"):
        expect(page.get_by_role("button", name=re.compile(f"^{name}"))).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()
