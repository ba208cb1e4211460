"""The tables of the database. A change here needs a new revision in migrations/versions/; a test compares the two."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from engine import settings
from engine.errors import InputError


def stored_name(text: str, what: str) -> str:
    """The name of `what` as it is kept. Raises InputError for one that is empty, too long or not printable."""
    name = text.strip()
    if not name or len(name) > settings.NAME_CHARACTERS or not name.isprintable():
        shown = f"{name[: settings.NAME_CHARACTERS]!r} cannot name {what}"
        raise InputError(shown, f"use 1 to {settings.NAME_CHARACTERS} characters on one line")
    return name


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: SQLite itself forgets time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: Moment, dict[str, Any]: JSON}


class Numbered:
    id: Mapped[int] = mapped_column(primary_key=True)


class Account(Numbered, Base):
    """Whose posts they are."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(120), unique=True)
    time_zone: Mapped[str] = mapped_column(String(60))
    rate_demoted: Mapped[str | None] = mapped_column(String(2000))  # why the rate is not watched; None: it is
    created_at: Mapped[datetime]
    imports: Mapped[list["Import"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="Import.id"
    )
    goals: Mapped[list["Goal"]] = relationship(cascade="all, delete-orphan", passive_deletes=True, order_by="Goal.id")
    notes: Mapped[list["Note"]] = relationship(cascade="all, delete-orphan", passive_deletes=True, order_by="Note.day")


class Import(Numbered, Base):
    """One file or sheet, as it was read once. Undone, it counts no longer but is still there."""

    __tablename__ = "imports"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(400))
    origin: Mapped[str] = mapped_column(String(1000))  # "file", or the link of a sheet
    sha256: Mapped[str] = mapped_column(String(64))  # of the file
    imported_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    tables: Mapped[list["Table"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="Table.id"
    )


class Table(Numbered, Base):
    """One table of an import: its clean rows, and the account of how they were read."""

    __tablename__ = "tables"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(600))
    kind: Mapped[str] = mapped_column(String(10))
    definition: Mapped[str] = mapped_column(String(10))
    covers_from: Mapped[date | None]
    covers_until: Mapped[date | None]  # the day after the last
    rows: Mapped[bytes] = mapped_column(LargeBinary)  # Parquet, the columns of engine/tweets/frames.py
    report: Mapped[dict[str, Any]]


class Goal(Numbered, Base):
    """A target set for a month. The newest counts; the older ones are its history."""

    __tablename__ = "goals"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    month: Mapped[str] = mapped_column(String(7))
    metric: Mapped[str] = mapped_column(String(40))
    target: Mapped[float | None]  # None: the goal was dropped
    set_at: Mapped[datetime]


class Note(Numbered, Base):
    """An event of a day that the figures do not show: a new policy, a holiday."""

    __tablename__ = "notes"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    day: Mapped[date]
    text: Mapped[str] = mapped_column(String(400))


class ColumnMapping(Numbered, Base):
    """A person's answer to what the columns of an unknown header hold."""

    __tablename__ = "column_mappings"
    __table_args__ = (UniqueConstraint("signature"),)

    signature: Mapped[str] = mapped_column(String(8000))
    fields: Mapped[dict[str, str]] = mapped_column(JSON)  # heading -> field


class Answer(Numbered, Base):
    """What a person says an item of a labelled set is."""

    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("data", "item", "person"),)

    data: Mapped[str] = mapped_column(String(64))  # digest of the set
    item: Mapped[str] = mapped_column(String(400))  # its key there
    person: Mapped[str] = mapped_column(String(120))
    label: Mapped[str] = mapped_column(String(400))
    answered_at: Mapped[datetime]


class Run(Numbered, Base):
    """A learning curve or an audit, as it came out."""

    __tablename__ = "runs"

    kind: Mapped[str] = mapped_column(String(10))  # "curve" or "audit"
    data_name: Mapped[str] = mapped_column(String(400))
    data: Mapped[str] = mapped_column(String(64), index=True)  # digest of the set
    settings: Mapped[dict[str, Any]]
    figures: Mapped[dict[str, Any]]  # the contract's JSON
    correct: Mapped[bytes | None] = mapped_column(LargeBinary)  # a bit an item, to pair runs on the same set
    items: Mapped[int | None]
    seconds: Mapped[float]
    created_at: Mapped[datetime]


class StoredVerdict(Base):
    """What was said of a listing, with all that it rests on, and its place in the queue."""

    __tablename__ = "verdicts"
    __table_args__ = (Index("ix_verdicts_queue", "queued", "gain"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # digest of what was looked at, and how
    subject: Mapped[str] = mapped_column(String(32), index=True)  # the same under another rule or other terms
    listing: Mapped[str] = mapped_column(String(400))
    decision: Mapped[str] = mapped_column(String(10))
    model: Mapped[str] = mapped_column(String(400), index=True)  # its id: name and weights
    origin: Mapped[str] = mapped_column(String(10))  # "page", "http" or "command"
    terms: Mapped[str] = mapped_column(String(40))  # version of what held beside the model
    made_at: Mapped[datetime] = mapped_column(index=True)
    waits: Mapped[str | None] = mapped_column(String(10))  # why people are to look: "review", "unknown", "audit"
    queued: Mapped[bool]  # whether it waits now
    propensity: Mapped[float]  # the chance with which it came before people; 0: it did not
    gain: Mapped[float]  # of a look at it, as the dial stood
    claimed_by: Mapped[str | None] = mapped_column(String(120))
    claimed_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(Text, deferred=True)  # what a search looks through, case-folded
    description: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]]  # the contract's JSON
    looks: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # sealed; engine/store/looks.py


class Picture(Base):
    """A photo as people see it, once however often it was sent."""

    __tablename__ = "pictures"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)


class Shown(Base):
    """Which picture a verdict's photo is; a photo that could not be read has none."""

    __tablename__ = "shown"

    verdict_id: Mapped[str] = mapped_column(ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    picture: Mapped[str] = mapped_column(ForeignKey("pictures.sha256"), index=True)


class Decision(Numbered, Base):
    """What a person said of a verdict, or that they skipped it. Undone, it counts no longer but is still there."""

    __tablename__ = "decisions"

    verdict_id: Mapped[str | None] = mapped_column(ForeignKey("verdicts.id", ondelete="SET NULL"), index=True)
    person: Mapped[str] = mapped_column(String(120), index=True)
    label: Mapped[str | None] = mapped_column(String(400))  # None: none of the classes
    skipped: Mapped[bool]
    seen: Mapped[bool]  # whether the person saw what the engine said before
    said: Mapped[dict[str, Any]]  # by the engine: decision, label, confidence, sure
    model: Mapped[str] = mapped_column(String(400))
    terms: Mapped[str] = mapped_column(String(40))
    seconds: Mapped[float | None]  # from the claim; None where it was not claimed
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    listing: Mapped[str | None] = column_property(  # None: its verdict was deleted
        select(StoredVerdict.listing).where(StoredVerdict.id == verdict_id).scalar_subquery(), deferred=True
    )


class Change(Numbered, Base):
    """Something that people set, or a proposal they accepted. Rolled back, it holds no longer but is still there."""

    __tablename__ = "changes"

    kind: Mapped[str] = mapped_column(String(10))
    model: Mapped[str | None] = mapped_column(String(400))  # its id; None: every model
    summary: Mapped[str] = mapped_column(String(2000))
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    person: Mapped[str] = mapped_column(String(120))
    accepted_at: Mapped[datetime]
    rolled_back_by: Mapped[str | None] = mapped_column(String(120))
    rolled_back_at: Mapped[datetime | None]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # sealed
