"""Many listings, quality and costs, and prices in a real browser: what is changed there is seen on the verdict."""

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.samples import TITLES, drawn_listing
from tests.browser.browser import drop, headline, open_page
from tests.server import running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a database of its own."""
    with running(tmp_path_factory.mktemp("tally")) as address:
        yield f"{address}/classify"


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = open_page(browser, address)
    yield page
    page.context.close()


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def part(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).click()


def give(page: Page, uploader: str, name: str, content: bytes) -> None:
    """Give a file to the uploader of an opened tab; the one of the tab before may still be there."""
    field = page.locator(f"[class*=st-key-{uploader}-] input[type=file]")
    field.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})


def at_rest(page: Page) -> None:
    """Wait until nothing moves: what is clicked at its place must stay there."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator("[data-stale=true]")).to_have_count(0)


def person(page: Page) -> None:
    box = page.get_by_role("combobox", name="Who are you?")
    box.fill("Ada")
    box.press("Enter")
    expect(page.get_by_text("As Ada")).to_be_visible()
    at_rest(page)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def told(page: Page, words: str) -> None:
    """Wait for what is said of a change."""
    expect(page.get_by_test_id("stToast").filter(has_text=words).first).to_be_visible()


def cell(page: Page, text: str):
    """Cells of a table: it is drawn, and its cells stand inside the drawing for screen readers."""
    return page.locator("canvas td", has_text=text)


def point(page: Page, table: str, across: float, *, times: int) -> None:
    """Click into the first row of a table, so far across it: it is a drawing."""
    at_rest(page)
    grid = page.get_by_role("region", name=table)
    expect(grid).to_be_visible()
    place = {"x": across * grid.evaluate("table => table.getBoundingClientRect().width"), "y": 52}
    grid.hover(position=place)
    grid.click(position=place, click_count=times)


def test_a_saved_dial_sends_a_listing_to_a_person_until_it_is_rolled_back(page):
    drop(page, drawn_listing("mug"))
    expect(page.get_by_text("Accepted").first).to_be_visible()
    tab(page, "Quality and costs")
    part(page, "Costs")
    cost = page.get_by_role("spinbutton", name="An error costs")
    cost.fill("1000000")
    cost.press("Enter")
    page.get_by_role("slider", name="People are wrong on, %").press("Home")
    person(page)
    press(page, "Use this dial")
    told(page, "In force")
    tab(page, "Result")
    expect(page.get_by_text("Needs a person").first).to_be_visible()
    tab(page, "Quality and costs")
    press(page, "Roll back")
    told(page, "Rolled back")
    tab(page, "Result")
    expect(page.get_by_text("Accepted").first).to_be_visible()


def test_an_edited_policy_holds_for_the_listing_on_the_page(page):
    drop(page, drawn_listing("mug"))
    headline(page, "Mug, 99 % sure")
    tab(page, "Quality and costs")
    part(page, "Catalogue")
    search = page.get_by_placeholder("Search a class")
    search.fill("mug")
    search.press("Enter")
    expect(cell(page, "accordion")).to_have_count(0)
    point(page, "What each class is called, and what to do with it", 0.45, times=2)  # what to do with it
    page.get_by_role("option", name="A person looks").click()
    expect(page.get_by_text("1 change: mug: review.", exact=False)).to_be_visible()
    person(page)
    press(page, "Use this catalogue")
    told(page, "In force")
    tab(page, "Result")
    expect(page.get_by_text("By policy a person looks at every mug").first).to_be_visible()


def test_dropped_prices_are_on_the_result(page):
    drop(page, drawn_listing("bicycle"))
    headline(page, re.compile("^Bicycle"))
    tab(page, "Prices")
    sold = "label,price,currency\n" + "".join(f"bicycle,{100 + number},EUR\n" for number in range(19))
    give(page, "prices", "sold.csv", sold.encode())
    headline(page, "1 of 100 classes has a price")
    person(page)
    press(page, "Use these prices")
    expect(page.get_by_text("In use: 19 sales from sold.csv", exact=False)).to_be_visible()
    tab(page, "Result")
    expect(page.get_by_text("101 to 117 EUR (19 sales)").first).to_be_visible()


def test_a_zip_of_listings_becomes_a_table_whose_rows_open_at_their_address(page):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in TITLES:
            for photo, data in drawn_listing(name):
                archive.writestr(f"{name}/{photo}", data)
    tab(page, "Many listings")
    headline(page, "What is in all of these?")
    give(page, "many", "lot.zip", buffer.getvalue())
    headline(page, re.compile(r"^3 listings: "))
    expect(cell(page, "bicycle").first).to_be_attached()
    with page.context.expect_page() as opened:
        point(page, "A row for each listing", 0.1, times=1)  # at Open
    headline(opened.value, re.compile("^Bicycle"))
    expect(opened.value).to_have_url(re.compile(r"\?verdict=[0-9a-f]{32}$"))
