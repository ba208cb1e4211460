"""The Learning page in a real browser on a real server."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.browser import drop, headline, open_page
from tests.server import running

CURVE = ".st-key-curve .main-svg"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a database of its own."""
    with running(tmp_path_factory.mktemp("tally")) as address:
        yield f"{address}/learning"


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = open_page(browser, address)
    yield page
    page.context.close()


def table(apart: float, rows: int = 240) -> bytes:
    """Two classes so far apart; the rows are the same ones in every such table."""
    random = np.random.default_rng(1)
    lines = ["id,height,width,kind"]
    for row in range(rows):
        x, y = random.standard_normal(2)
        lines.append(f"r{row},{x + apart * (row % 2):.4f},{y:.4f},{'mug' if row % 2 else 'bowl'}")
    return "\n".join(lines).encode()


def measure(page: Page, name: str, content: bytes) -> None:
    drop(page, [(name, content)])
    headline(page, "Which column holds the class?")
    box = page.get_by_role("combobox", name="Column of classes")
    box.fill("kind")
    box.press("Enter")
    expect(page.get_by_text(f"{name}: 240 rows of 2 classes", exact=False)).to_be_visible()
    expect(page.locator(CURVE).first).to_be_visible()


def cell(page: Page, text: str) -> Locator:
    """Cells of a table: it is drawn, and its cells stand inside the drawing for screen readers."""
    return page.locator("canvas td", has_text=text)


def test_the_digits_from_the_first_click_to_the_verdict_in_dark_and_narrow(page):
    page.get_by_role("button", name="Try the digits").click()
    expect(page.locator(CURVE).first).to_be_visible()
    expect(page.get_by_text("Doubling 1,437 to 2,874 digits", exact=False).first).to_be_visible()
    page.get_by_role("radio", name="Log-loss").click()
    expect(page.get_by_text(re.compile(r"^Log-loss falls from"))).to_be_visible()
    page.get_by_role("button", name="Four textbook shapes").click()
    expect(page.locator(".st-key-textbook .main-svg").first).to_be_visible()
    page.keyboard.press("Escape")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".st-key-ideal .main-svg").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_people_are_judged_beside_the_model_without_training_again(page):
    measure(page, "cups.csv", table(1.5))
    page.get_by_label("People's error, %").fill("2")
    page.get_by_label("People's error, %").press("Enter")
    expect(page.get_by_text("People err on 2.0 % of 300 rows", exact=False).first).to_be_visible()
    page.get_by_role("tab", name="Baselines").click()
    expect(page.get_by_text(re.compile("People are still .* points better"))).to_be_visible()
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_text("Choose two curves to compare them", exact=False)).to_be_visible()
    expect(cell(page, "cups.csv")).to_have_count(1)


def test_two_curves_on_the_same_rows_are_compared_in_pairs(page):
    measure(page, "weak.csv", table(0.5))
    measure(page, "strong.csv", table(3))
    page.get_by_role("tab", name="Runs").click()
    grid = page.get_by_test_id("stDataFrame").first
    expect(cell(page, "weak.csv")).to_have_count(1)
    box = grid.bounding_box()
    assert box
    for row in (1, 2):
        page.mouse.click(box["x"] + 16, box["y"] + 35 * row + 17)
    expect(
        page.get_by_text(re.compile(r"strong\.csv \(run \d+\) beats weak\.csv \(run \d+\) by .*McNemar"))
    ).to_be_visible()
    expect(page.locator(".st-key-runs-compared .main-svg").first).to_be_visible()
    page.get_by_role("button", name="Forget the chosen runs").click()
    expect(cell(page, "strong.csv")).to_have_count(0)


def test_a_long_measurement_can_be_stopped(page):
    random = np.random.default_rng(2)
    values = random.standard_normal((20_000, 60))
    header = ",".join([*(f"column {number}" for number in range(60)), "label"])
    rows = [",".join([*(f"{value:.3f}" for value in row), f"class {index % 40}"]) for index, row in enumerate(values)]
    drop(page, [("long.csv", "\n".join([header, *rows]).encode())])
    page.get_by_role("button", name="Stop", exact=True).click()
    headline(page, "Stopped")
    expect(page.get_by_role("button", name="Measure it")).to_be_visible()
    expect(page.get_by_role("tab", name="Runs")).to_be_visible()
