import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.browser import NO_BROWSER, chromium, find_chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser its tests are skipped, in one line; in CI they run and fail."""
    if find_chromium() is None and os.environ.get("CI") != "true":
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser."""
    if find_chromium() is None:
        pytest.fail(NO_BROWSER)
    with chromium() as running:
        yield running
