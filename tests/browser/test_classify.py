"""The Classify page in a real browser on a real server."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.samples import drawn_listing
from tests.browser.browser import drop, headline, open_page
from tests.conftest import SHARED


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    page = open_page(browser, server)
    yield page
    page.context.close()


def cards(page: Page):
    return page.locator("[class*=st-key-photo-]")


def real_bicycle() -> list[tuple[str, bytes]]:
    """Three real photos of bicycles, or the drawn ones where those are absent."""
    folder = SHARED / "full" / "bicycle"
    if not folder.is_dir():
        return drawn_listing("bicycle")
    return [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())[:3]]


def test_real_photos_are_uploaded_and_the_verdict_read_off_the_page(page):
    photos = real_bicycle()
    drop(page, photos)
    headline(page, re.compile(r"^Bicycle, (> )?\d\d % sure$"))
    expect(page.get_by_text("Accepted")).to_be_visible()
    expect(cards(page)).to_have_count(len(photos))
    for name, _ in photos:
        expect(page.get_by_role("img", name=re.compile(rf"^{re.escape(name)}: ")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"photos say bicycle"))).to_be_visible()
    for key in ("votes", "evidence"):
        expect(page.locator(f".st-key-{key} .main-svg").first).to_be_visible()


def test_charts_use_the_themes_colours(page):
    drop(page, drawn_listing("bicycle"))
    bar = page.locator(".st-key-votes .bars path").first
    expect(bar).to_be_visible()
    assert bar.evaluate("bar => getComputedStyle(bar).fill") == "rgb(0, 114, 178)"


PASTE_OR_DROP = """([kind, place, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], "image.png", { type: "image/jpeg" }));
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: files })
    : new DragEvent("drop", { ...options, dataTransfer: files });
  document.querySelector(place).dispatchEvent(event);
}"""


def test_photos_pasted_or_dropped_anywhere_join_the_listing_once(page):
    uploader = "[data-testid=stFileUploaderDropzone]"
    actions = [("paste", "body"), ("drop", "h1"), ("paste", f"{uploader} button"), ("drop", uploader)]
    page.wait_for_function("document.onpaste !== null")  # the page listens
    for number, (kind, place) in enumerate(actions, start=1):
        data = base64.b64encode(drawn_listing("bicycle")[number % 3][1]).decode()
        page.evaluate(PASTE_OR_DROP, [kind, place, data])
        expect(cards(page)).to_have_count(number)
        expect(page.locator(f".st-key-photos-{number}")).to_be_visible()  # the next, empty uploader
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_text("3 of 4 photos say bicycle, 1 says tire.")).to_be_visible()


def test_bad_photos_are_named_and_the_good_ones_count(page):
    drop(page, [("empty.jpg", b""), ("text.jpg", b"hello"), *drawn_listing("mug")])
    headline(page, "Mug, 99 % sure")
    expect(
        page.get_by_text("empty.jpg was not read. The file is empty: 0 bytes arrived; send it again.")
    ).to_be_visible()
    expect(page.get_by_text("text.jpg was not read. Not an image: it holds text")).to_be_visible()


def test_the_rule_is_kept_in_the_address(page):
    drop(page, drawn_listing("tie"))
    headline(page, re.compile("^Bicycle"))
    page.get_by_role("radio", name="Majority").click()
    expect(page).to_have_url(re.compile(r"[?&]rule=Majority"))
    page.reload()
    expect(page.get_by_role("radio", name="Majority")).to_be_checked()


def test_downloads_are_the_verdict(page, tmp_path: Path):
    drop(page, drawn_listing("mug"))
    headline(page, "Mug, 99 % sure")
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    download.value.save_as(tmp_path / "verdict.json")
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["label"], len(verdict["photos"])) == ("mug", 2)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "photos.csv")
    assert len((tmp_path / "photos.csv").read_text().splitlines()) == 3


def test_everything_is_reached_by_keyboard(page):
    """A visitor without a mouse tries a sample, removes a photo and starts over."""

    def press_until(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText.trim()").endswith(name):
                return
        raise AssertionError(f"Tab never came to {name}")

    press_until("Upload")
    press_until("A mug from two sides")
    page.keyboard.press("Enter")
    headline(page, "Mug, 99 % sure")
    press_until("Remove")
    page.keyboard.press("Enter")
    expect(cards(page)).to_have_count(1)
    press_until("Start over")
    page.keyboard.press("Enter")
    headline(page, "What do your photos show?")


# The tabs scroll inside themselves.
RIGHTMOST = """Math.max(
  ...[...document.querySelectorAll("[data-testid=stMain] *")]
    .filter((element) => !element.closest("[role=tablist]"))
    .map((element) => element.getBoundingClientRect().right)
)"""


def test_a_phone_shows_it_without_scrolling_sideways(browser, server):
    long_name = "a very long name without any break " + "x" * 150 + ".jpg"
    for scheme in ("light", "dark"):
        page = open_page(browser, server, width=390, height=844, scheme=scheme)
        drop(page, [*drawn_listing("bicycle"), (long_name, b"hello")])
        headline(page, re.compile("^Bicycle"))
        expect(page.locator(".st-key-evidence .main-svg").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate(RIGHTMOST) <= 391
        page.context.close()


def test_the_page_asks_nothing_of_other_hosts(browser, server):
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server)
    page.locator(".st-key-try-mug button").click()
    headline(page, "Mug, 99 % sure")
    expect(page.locator(".st-key-votes .main-svg").first).to_be_visible()
    assert asked
    assert {url for url in asked if not url.startswith((server, "data:", "blob:"))} == set()
    page.context.close()


def test_uploads_are_not_kept_once_they_were_read(page, server):
    for photos in (drawn_listing("mug"), drawn_listing("bicycle")):
        drop(page, photos)
        expect(cards(page).nth(len(photos) - 1)).to_be_visible()
    expect(cards(page)).to_have_count(5)
    metrics = httpx.get(f"{server}/_stcore/metrics").text
    held = re.findall(r'cache_memory_bytes\{cache_type="UploadedFileManager",cache=""\} (\d+)', metrics)
    assert not any(map(int, held))
