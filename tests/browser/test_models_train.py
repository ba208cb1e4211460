"""A model of one's own, from the dropped ZIP to its use, in a real browser on a real server."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.samples import drawn_classes
from tests.browser.browser import drop, headline, open_page
from tests.engine.test_train import fill
from tests.server import running

TRAINED = 300_000  # ms a training may take on a loaded machine


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    with running(tmp_path / "tally") as address:
        page = open_page(browser, f"{address}/models")
        page.get_by_role("tab", name="Train your own").click()
        headline(page, "Make a model of your own")
        yield page
        page.context.close()


def train(page: Page) -> None:
    page.get_by_role("button", name="Train", exact=True).click()


def test_from_a_zip_to_a_model_in_use(page, tmp_path):
    folder = fill(tmp_path / "one", {"disc": 8})
    drop(page, [("one.zip", Path(shutil.make_archive(str(folder), "zip", folder)).read_bytes())])
    name = page.get_by_label("Name of the model")
    expect(name).to_have_value("one")
    name.fill("starter")
    name.press("Enter")
    expect(page.get_by_text("There is already a model 'starter'", exact=False)).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    name.fill("one")
    name.press("Enter")
    train(page)
    expect(page.get_by_text("'disc' is the only class with 5 photos", exact=False)).to_be_visible(timeout=TRAINED)
    headline(page, "one could not be trained")
    page.get_by_role("button", name="Delete it and its photos").click()
    headline(page, "Make a model of your own")

    drop(page, [("my cups (2).zip", drawn_classes())])
    expect(name).to_have_value("my-cups-2")
    train(page)
    headline(page, "Training my-cups-2")
    page.get_by_role("button", name="Cancel").click()
    headline(page, "my-cups-2 was stopped")
    page.get_by_role("button", name="Go on").click()
    headline(page, "Training my-cups-2")
    page.reload()  # who comes back finds it again
    page.get_by_role("tab", name="Train your own").click()
    ready = page.get_by_role("heading", level=1, name=re.compile(r"Ready: 3\d of 36 photos right"))
    expect(ready).to_be_visible(timeout=TRAINED)
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_role("button", name="In use")).to_be_disabled()
    expect(page.get_by_role("combobox", name="Model")).to_have_value("my-cups-2")
    page.get_by_role("button", name="Its report").click()
    headline(page, re.compile("Right on .* of 100 photos"))
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
