"""Accounts and what belongs to them: imports (undone and restored), goals with their history, notes, mappings."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pandas as pd
from pyarrow import ArrowException
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer, selectinload

from engine.errors import AccountNotFound, InputError, StoreError
from engine.store.database import DAMAGED, session
from engine.store.schema import Account, ColumnMapping, Goal, Import, Note, Table, stored_name
from engine.tweets.history import zone_named
from engine.tweets.read import Part, TableReport
from engine.tweets.tables import Source


def digest(source: Source) -> str:
    """What a file is recognised by when it is imported again."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_accounts() -> list[str]:
    """The names of all accounts, in their order."""
    with session() as opened:
        return list(opened.scalars(select(Account.name).order_by(Account.name)))


def account_name(text: str) -> str:
    """A name as an account bears it. Raises InputError as `stored_name` does."""
    return stored_name(text, "an account")


def create_account(name: str, time_zone: str = "UTC") -> None:
    """Make an account. Raises InputError for a name that cannot be one or is taken, and for an unknown zone."""
    name = account_name(name)
    zone_named(time_zone)
    try:
        with session() as opened:
            opened.add(Account(name=name, time_zone=time_zone, created_at=datetime.now(UTC)))
    except StoreError as error:
        if isinstance(error.__cause__, IntegrityError):
            raise InputError(f"there is an account {name!r} already", "choose another name") from error
        raise


def delete_account(name: str) -> None:
    """Delete an account with all its imports, goals and notes. Raises AccountNotFound."""
    with session() as opened:
        opened.delete(_account(opened, name))


def account(name: str) -> Account:
    """An account with its imports (their rows left in the database), goals and notes. Raises AccountNotFound."""
    with session() as opened:
        found = _account(opened, name)
        opened.refresh(found, ["imports", "goals", "notes"])
        return found


def change_account(name: str, *, time_zone: str | None = None, rate_demoted: str | None = "") -> None:
    """Set an account's time zone, or why its engagement rate is not watched (None: it is watched again)."""
    with session() as opened:
        found = _account(opened, name)
        if time_zone is not None:
            found.time_zone = zone_named(time_zone).key
        if rate_demoted != "":
            found.rate_demoted = rate_demoted


def save_import(account_name: str, name: str, origin: str, sha256: str, parts: Sequence[Part]) -> str:
    """Keep the tables of one file or sheet: "saved"; "known" if the same file is there, "restored" if it was undone.

    What is restored is kept as it is read now: a wrong answer about its columns may be why it was undone.
    """
    with session() as opened:
        owner = _account(opened, account_name)
        known = next((kept for kept in owner.imports if kept.sha256 == sha256), None)
        if known and known.undone_at is None:
            return "known"
        if known:
            owner.imports.remove(known)
        owner.imports.append(
            Import(
                name=name,
                origin=origin,
                sha256=sha256,
                imported_at=datetime.now(UTC),
                tables=[_table(part) for part in parts if not part.frame.empty],
            )
        )
        return "restored" if known else "saved"


def undo_import(import_id: int, *, undone: bool = True) -> None:
    """Let an import count no longer, or (`undone` False) again."""
    with session() as opened:
        moment = datetime.now(UTC) if undone else None
        opened.execute(update(Import).where(Import.id == import_id).values(undone_at=moment))


def load_parts(account_name: str) -> list[Part]:
    """The tables of all imports that count, in the order they came. Raises AccountNotFound."""
    with _intact(), session() as opened:
        wanted = (
            select(Import)
            .where(Import.account_id == _account(opened, account_name).id, Import.undone_at.is_(None))
            .order_by(Import.id)
            .options(selectinload(Import.tables))
        )
        return [_part(table) for kept in opened.scalars(wanted) for table in kept.tables]


def import_reports(import_id: int) -> list[TableReport]:
    """How each table of an import was read."""
    with _intact(), session() as opened:
        tables = select(Table).where(Table.import_id == import_id).order_by(Table.id).options(defer(Table.rows))
        return [TableReport.from_dict(table.report) for table in opened.scalars(tables)]


def set_goal(account_name: str, month: str, metric: str, target: float | None) -> None:
    """Set a month's goal, or drop it (None). What was set before stays as its history."""
    with session() as opened:
        owner = _account(opened, account_name)
        if current_goals(owner.goals).get((month, metric)) != target:
            owner.goals.append(Goal(month=month, metric=metric, target=target, set_at=datetime.now(UTC)))


def current_goals(goals: Sequence[Goal]) -> dict[tuple[str, str], float]:
    """The targets that count: (month, metric) -> target."""
    newest = {(goal.month, goal.metric): goal.target for goal in goals}
    return {key: target for key, target in newest.items() if target is not None}


def add_note(account_name: str, day: date, text: str) -> None:
    """Mark an event on a day."""
    with session() as opened:
        owner = _account(opened, account_name)
        owner.notes.append(Note(day=day, text=text.strip()[:400]))


def delete_note(note_id: int) -> None:
    """Take an event away."""
    with session() as opened:
        opened.execute(delete(Note).where(Note.id == note_id))


def mappings() -> dict[str, dict[str, str]]:
    """What people said unknown headers hold: signature -> heading -> field."""
    with session() as opened:
        return {mapping.signature: mapping.fields for mapping in opened.scalars(select(ColumnMapping))}


def remember_mapping(signature: str, fields: Mapping[str, str]) -> None:
    """Keep a person's answer for the next file with the same header."""
    with session() as opened:
        opened.execute(delete(ColumnMapping).where(ColumnMapping.signature == signature))
        opened.add(ColumnMapping(signature=signature, fields=dict(fields)))


def forget_mapping(signature: str) -> None:
    """Let the next file with this header be asked about again."""
    with session() as opened:
        opened.execute(delete(ColumnMapping).where(ColumnMapping.signature == signature))


@contextmanager
def _intact() -> Iterator[None]:
    """Bytes that came back changed make no sense to Parquet, JSON or UTF-8."""
    try:
        yield
    except (ValueError, KeyError, OSError, ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"what was imported cannot be read back ({reason})", DAMAGED) from error


def _account(opened: Session, name: str) -> Account:
    found = opened.scalar(select(Account).where(Account.name == name))
    if found is None:
        raise AccountNotFound(f"there is no account {name!r}", "choose one that exists, or make it first")
    return found


def _table(part: Part) -> Table:
    buffer = io.BytesIO()
    part.frame.to_parquet(buffer, compression="zstd", index=False)
    start, end = part.covers or (None, None)
    return Table(
        name=part.name,
        kind=part.kind,
        definition=part.definition,
        covers_from=start,
        covers_until=end,
        rows=buffer.getvalue(),
        report=part.report.as_dict(),
    )


def _part(table: Table) -> Part:
    covers = (table.covers_from, table.covers_until) if table.covers_from and table.covers_until else None
    frame = pd.read_parquet(io.BytesIO(table.rows))
    moments = {name: "datetime64[s]" for name in ("day", "clock") if name in frame}  # Parquet has no seconds
    report = TableReport.from_dict(table.report)
    return Part(table.name, table.kind, table.definition, frame.astype(moments), covers, report)  # type: ignore[arg-type]
