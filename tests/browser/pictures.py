"""Take the README's pictures again: `make pictures`. The photos in them are the drawn samples."""

import tempfile
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.browser import chromium, headline, open_page
from tests.server import ROOT, running


def main() -> None:
    with tempfile.TemporaryDirectory() as home, running(Path(home)) as address, chromium() as browser:
        page = open_page(browser, address, width=1280, height=1060)
        page.locator(".st-key-try-bicycle button").click()
        headline(page, "Bicycle, 97 % sure")
        for chart in ("votes", "evidence"):
            expect(page.locator(f".st-key-{chart} .main-svg").first).to_be_visible()
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        page.mouse.move(0, 0)
        page.screenshot(path=ROOT / "pages" / "classify.png", animations="disabled")

        page = open_page(browser, f"{address}/learning", width=1280, height=1060)
        page.get_by_role("button", name="Try the digits").click()
        expect(page.locator(".st-key-curve .main-svg").first).to_be_visible(timeout=120_000)
        page.mouse.move(0, 0)
        page.screenshot(path=ROOT / "pages" / "learning.png", animations="disabled")

        page = open_page(browser, f"{address}/tweets", width=1280, height=1060)
        page.get_by_role("button", name="Try the sample account").click()
        headline(page, "Behind the pace for 14.5M impressions")
        expect(page.locator(".st-key-trend-chart .main-svg").first).to_be_visible()
        expect(page.locator(".st-key-pace-impressions .main-svg").first).to_be_visible()
        page.mouse.move(0, 0)
        page.screenshot(path=ROOT / "pages" / "tweets.png", animations="disabled")


if __name__ == "__main__":
    main()
