"""A stand-in for Google Sheets, time that passes only in waits, and empty databases."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from engine.store import database
from engine.store.schema import Base
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


@pytest.fixture(params=["", *filter(None, [os.environ.get("TALLY_TEST_DATABASE_URL")])])
def fresh_database(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty database, opened as by a new process: SQLite's, and that of TALLY_TEST_DATABASE_URL."""
    database._open.cache_clear()
    if not (url := request.param):
        yield
        return
    engine = create_engine(url)
    with engine.begin() as connection:
        Base.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    engine.dispose()
    monkeypatch.setenv("TALLY_DATABASE_URL", url)
    yield
    database._open(url).dispose()
