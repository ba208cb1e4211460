"""A verdict and its address in a real browser."""

import re

from playwright.sync_api import expect

from dashboard.samples import drawn_listing
from tests.browser.browser import drop, headline, open_page


def test_a_verdict_is_found_again_at_its_address_and_corrected_there(browser, server):
    page = open_page(browser, server)
    drop(page, drawn_listing("mug"))
    headline(page, re.compile("^Mug"))
    page.get_by_role("button", name="Link").click()
    address = page.get_by_test_id("stCode").locator("code").inner_text()
    assert re.fullmatch(rf"{server}/classify\?verdict=\w+", address)
    page.goto(address)
    page.reload()
    headline(page, re.compile("^Mug"))
    expect(page.get_by_role("img", name=re.compile("^front.jpg: mug"))).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)

    page.get_by_role("button", name="Wrong? It is").click()
    for box, words in (("It is", "water jug"), ("Who are you?", "Ana")):
        field = page.get_by_role("combobox", name=box)
        field.fill(words)
        expect(page.get_by_role("listbox")).to_be_visible()
        field.press("Enter")
    page.get_by_role("button", name="Say so").click()
    expect(page.get_by_text("Ana says water jug")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Ana says water jug")).to_be_visible()
    page.context.close()


def test_a_listing_that_needs_a_person_is_counted_at_once(browser, server):
    page = open_page(browser, server)
    before = page.get_by_role("tab", name=re.compile("^Review")).inner_text()
    description = page.get_by_role("textbox", name="Description")
    description.fill("a grand piano")
    description.blur()  # it counts once it is left
    drop(page, drawn_listing("mug"))
    expect(page.get_by_text("It waits in Review for a person.")).to_be_visible()
    expect(page.get_by_role("tab", name=re.compile(r"^Review \(\d+\)$"))).not_to_have_text(before)
    page.context.close()
