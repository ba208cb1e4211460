import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.browser import NO_BROWSER, chromium, find_chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser. Without one its tests are skipped, but CI must have it."""
    if find_chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    with chromium() as running:
        yield running
