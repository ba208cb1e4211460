"""The database: opened once a process, and brought to the newest revision when it is opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from engine import settings
from engine.errors import InputError, StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
DAMAGED = "put a copy of the database back, or move it away to begin anew"
# Of two processes that start, one waits for the other. The number is any that nobody else locks.
_ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(20261121)"}
_lock = Lock()


def address() -> str:
    """The database's URL: TALLY_DATABASE_URL, or a file in TALLY_HOME."""
    file = URL.create("sqlite", database=str(settings.home() / "tally.sqlite3"))
    return os.environ.get("TALLY_DATABASE_URL") or str(file)


def exists() -> bool:
    """Whether there is a database to read: asking makes none."""
    parsed = _parsed(address())
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


@contextmanager
def session() -> Iterator[Session]:
    """A transaction: committed at its end, undone by an error.

    Raises StoreError if the database cannot be reached, is damaged, has no room left, or is of a newer Tally.
    """
    try:
        with _lock:
            engine = _open(address())
        with Session(engine, expire_on_commit=False) as opened, opened.begin():
            yield opened
    except DBAPIError as error:
        damaged = type(error) is DatabaseError  # what is no fault of the disk or of a statement
        remedy = DAMAGED if damaged else "look whether its disk is there, has room and may be written to"
        raise StoreError(f"the database cannot be used ({_line(error.orig)})", remedy) from error
    except ValueError as error:  # a damaged file holds what is no text, no JSON or no date
        raise StoreError(f"the database cannot be used ({_line(error)})", DAMAGED) from error


def _line(error: BaseException | None) -> str:
    return " ".join(str(error).split())[:200]


@cache
def _open(url: str) -> Engine:
    parsed = _parsed(url)
    try:
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise _unusable(error) from error
    except OSError as error:
        raise StoreError(f"the folder of the database cannot be made ({error})", "choose another TALLY_HOME") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
    _upgrade(engine)
    return engine


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise _unusable(error) from error
    return parsed


def _unusable(error: Exception) -> InputError:
    return InputError(f"TALLY_DATABASE_URL cannot be used ({error})", "use a URL such as sqlite:///file")


def _configure(connection: Any, _: Any) -> None:
    """Readers and a writer side by side; a busy file is waited for; what hangs on a row goes with it, overwritten."""
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "busy_timeout = 10000",
        "foreign_keys = ON",
        "synchronous = NORMAL",
        "secure_delete = ON",
    ):
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
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]  # newest first
    with engine.begin() as connection:
        if alone := _ALONE.get(engine.dialect.name):
            connection.exec_driver_sql(alone)
        current = MigrationContext.configure(connection).get_current_revision()
        if current not in (None, *revisions):
            message = f"the database was made by a newer version of Tally (revision {current})"
            raise StoreError(message, "update Tally, or choose another TALLY_HOME")
        if current != revisions[0]:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
