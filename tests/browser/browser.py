"""A real Chromium for tests and pictures, and the few things one does in it."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NO_BROWSER = "no Chromium is installed (Debian: apt-get install chromium), so the browser tests are skipped"
WAIT = 30_000  # ms an outcome may take on a loaded machine


def find_chromium() -> str | None:
    return os.environ.get("TALLY_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(_FLAGS))
        yield browser
        browser.close()


def open_page(browser: Browser, address: str, *, width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
    """A visitor's new tab, once the page is drawn."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_default_timeout(WAIT)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def drop(page: Page, photos: list[tuple[str, bytes]]) -> None:
    """Give photos to the uploader, as the file dialog does."""
    files = [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in photos]
    field = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    expect(field).to_have_count(1)  # the uploader of the drop before is gone
    field.set_input_files(files)


def headline(page: Page, words: str | re.Pattern[str]) -> None:
    """Wait until the page's answer is this one."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
