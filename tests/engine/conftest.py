"""A stand-in for Google Sheets, and time that passes only in waits."""

from collections.abc import Iterator

import pytest

from engine.tweets import sheets, transport
from tests.engine.fake_sheets import API_KEY, ID, FakeSheets, growth


class Clock:
    """Time that passes only in `sleep`."""

    def __init__(self) -> None:
        self.now = 1000.0  # s
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(transport, "_sleep", clock.sleep)
    monkeypatch.setattr(transport, "_clock", clock)
    monkeypatch.setattr(sheets, "_clock", clock)
    return clock


@pytest.fixture
def google(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSheets]:
    """Google with one book that all may read, asked through a `clock`; no copies are kept from other tests."""
    monkeypatch.setattr(sheets, "_copies", {})
    with FakeSheets() as fake:
        fake.keys.add(API_KEY)
        fake.books[ID] = growth()
        monkeypatch.setenv("TALLY_SHEETS_URL", fake.url)
        yield fake
