"""The database: opened once a process, and brought to the newest revision when it is opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from engine import settings
from engine.errors import InputError, StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
_lock = Lock()


def address() -> str:
    """The database's URL: TALLY_DATABASE_URL, or a file in TALLY_HOME."""
    return os.environ.get("TALLY_DATABASE_URL") or f"sqlite:///{settings.home() / 'tally.sqlite3'}"


@contextmanager
def session() -> Iterator[Session]:
    """A transaction: committed at its end, undone by an error.

    Raises StoreError if the database cannot be reached, is damaged, or has no room left.
    """
    try:
        with _lock:
            engine = _open(address())
        with Session(engine, expire_on_commit=False) as opened, opened.begin():
            yield opened
    except DBAPIError as error:
        message = f"the database cannot be used ({error.orig})"
        raise StoreError(message, "look whether its disk is there, has room and may be written to") from error


@cache
def _open(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise InputError(f"TALLY_DATABASE_URL cannot be used ({error})", "use a URL such as sqlite:///file") from error
    except OSError as error:
        raise StoreError(f"the folder of the database cannot be made ({error})", "choose another TALLY_HOME") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
    _upgrade(engine)
    return engine


def _configure(connection: Any, _: Any) -> None:
    """Readers and a writer side by side; a busy file is waited for; deletion reaches what hangs on a row."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "busy_timeout = 10000", "foreign_keys = ON", "synchronous = NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _upgrade(engine: Engine) -> None:
    """Bring the schema to the newest revision."""
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # of two processes that start, one waits for the other
        if MigrationContext.configure(connection).get_current_revision() != newest:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
