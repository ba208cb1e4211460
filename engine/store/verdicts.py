"""Every verdict with all that it rests on: its pictures, what was looked at, what people said of it since."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import Insert, Select, Subquery, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased, undefer

from engine import settings
from engine.errors import InputError, StoreError
from engine.listings.route import Dial, audited
from engine.listings.verdict import Verdict
from engine.listings.vote import readable
from engine.listings.weigh import Look, Model
from engine.store.database import DAMAGED, session
from engine.store.looks import pack, unpack
from engine.store.schema import Base, Decision, Picture, Shown, StoredVerdict

if TYPE_CHECKING:
    from engine.listings.proposals import Reviewed

Origin = Literal["page", "http", "command"]
_LEARNED_FROM = 5_000  # listings: half a gigabyte of looks at the most, and more teach little


@dataclass(frozen=True)
class Kept:
    """A verdict of the past."""

    id: str
    verdict: Verdict
    description: str
    origin: str
    terms: str  # version of what held beside the model
    made_at: datetime
    waits: str | None  # why it waits for a person: "review", "unknown" or "audit"; None: it does not
    propensity: float  # the chance with which it came before people; 0: it did not
    decision: Decision | None  # the newest that stands


def save_verdict(  # noqa: PLR0913 - what a verdict rests on
    verdict: Verdict,
    looks: Sequence[Look | InputError],
    pictures: Sequence[bytes | None],
    *,
    description: str = "",
    origin: Origin = "page",
    terms: str = "default",
    dial: Dial = Dial(),  # noqa: B008 - frozen
    replaces: str | None = None,
) -> str:
    """Keep a verdict, with the looks it was decided on and its pictures as JPEG; returns its id.

    The id is a digest of pictures, names, description, model, rule and terms: the same again is the same row. It waits
    for people if it is not accepted, or by the draw of `audited` with the dial's share; but not if somebody decided on
    the same listing under another rule or other terms. In the queue it takes the place of such earlier ones, and of
    `replaces`: the same listing with other photos or words.
    """
    shown = [None if jpeg is None else hashlib.sha256(jpeg).hexdigest() for jpeg in pictures]
    description = _storable(description)
    parts = [_identity(*pair) for pair in zip(shown, looks, strict=True)]
    names = [verdict.listing, *(photo.name for photo in verdict.photos)]
    subject = _digest(parts, names, description, verdict.model)
    key = _digest(subject, verdict.rule, terms)
    waits: str | None = verdict.decision if verdict.decision != "accept" else None
    if waits is None and audited([part for part in shown if part] or [key], dial.audit):
        waits = "audit"
    with session() as opened:
        for digest, jpeg in zip(shown, pictures, strict=True):
            if digest is not None:
                opened.execute(_new(opened, Picture).values(sha256=digest, jpeg=jpeg))
        new = _new(opened, StoredVerdict).values(
            id=key,
            subject=subject,
            listing=verdict.listing,
            decision=verdict.decision,
            model=verdict.model,
            origin=origin,
            terms=terms,
            made_at=datetime.now(UTC),
            waits=waits,
            queued=False,
            propensity={None: 0.0, "audit": dial.audit}.get(waits, 1.0),
            gain=0.0 if verdict.sure is None else dial.gain(verdict.sure),
            words=_folded([verdict.listing, *_names(verdict.label), description]),
            description=description,
            content=verdict.as_dict(),
            looks=pack(looks),
        )
        if opened.scalar(new.returning(StoredVerdict.id)):
            links = [{"verdict_id": key, "place": at, "picture": digest} for at, digest in enumerate(shown) if digest]
            if links:
                opened.execute(insert(Shown), links)
        earlier = (StoredVerdict.subject == subject) | (StoredVerdict.id == (replaces or ""))
        opened.execute(update(StoredVerdict).where(earlier).values(queued=False))
        requeue(opened, key)
    return key


def verdict(verdict_id: str) -> Kept:
    """A verdict of the past. Raises InputError if there is none of this id."""
    with session() as opened:
        return kept(opened, found(opened, verdict_id))


def search(
    text: str = "", decision: str | None = None, decided: bool | None = None, limit: int = 200, offset: int = 0
) -> tuple[list[Kept], int]:
    """Verdicts, newest first, and how many there are in all.

    `text` is looked for in the listing's name, the label, the label that people gave and the description. `decision` is
    the engine's; `decided` says whether people decided.
    """
    if len(text) > 2 * settings.DESCRIPTION_CHARACTERS:  # longer than anything kept, and too long for SQLite's LIKE
        return [], 0
    newest = _newest()
    with session() as opened:
        wanted = (
            select(StoredVerdict, Decision)
            .outerjoin(newest, newest.c.verdict_id == StoredVerdict.id)
            .outerjoin(Decision, Decision.id == newest.c.id)
        )
        if decision is not None:
            wanted = wanted.where(StoredVerdict.decision == decision)
        if decided is not None:
            wanted = wanted.where(Decision.id.is_not(None) if decided else Decision.id.is_(None))
        if text := _folded([text.strip()]):
            given = opened.scalars(select(Decision.label).distinct())
            labels = [label for label in given if label and text in _folded(_names(label))]
            wanted = wanted.where(or_(StoredVerdict.words.contains(text, autoescape=True), Decision.label.in_(labels)))
        count = opened.scalar(wanted.with_only_columns(func.count(), maintain_column_froms=True)) or 0
        order = wanted.order_by(StoredVerdict.made_at.desc(), StoredVerdict.id)
        return [_kept(*pair) for pair in opened.execute(order.limit(limit).offset(offset))], count


def looks_of(verdict_id: str) -> list[Look | InputError]:
    """What was looked at: `decide` on it gives the verdict again. Raises InputError, and StoreError if damaged."""
    with session() as opened:
        return unpack(found(opened, verdict_id).looks)


def pictures_of(verdict_id: str) -> list[bytes | None]:
    """Each photo as JPEG; None for one that could not be read. Raises InputError, and StoreError if damaged."""
    with session() as opened:
        stored = found(opened, verdict_id)
        pictures = select(Shown.place, Picture.sha256, Picture.jpeg).join(Picture).where(Shown.verdict_id == verdict_id)
        jpegs = {row.place: _intact(row.sha256, row.jpeg) for row in opened.execute(pictures)}
        return [jpegs.get(place) for place in range(len(stored.content["photos"]))]


def reviewed(model: Model) -> "list[Reviewed]":
    """This model's verdicts on which a decision stands, the newest `_LEARNED_FROM`, in the order they were made.

    What somebody decided unasked, on an accepted listing that was not drawn, has the propensity 0.
    """
    from engine.listings.proposals import Reviewed

    newest = _newest()
    wanted = (
        select(StoredVerdict, Decision.label)
        .join(newest, newest.c.verdict_id == StoredVerdict.id)
        .join(Decision, Decision.id == newest.c.id)
        .where(StoredVerdict.model == model.id)
        .order_by(StoredVerdict.made_at.desc(), StoredVerdict.id)
        .options(undefer(StoredVerdict.looks))
        .limit(_LEARNED_FROM)
    )
    with session() as opened:
        rows = opened.execute(wanted).all()[::-1]
    return [
        Reviewed(row.id, unpack(row.looks), row.description, row.content["rule"], label, row.propensity)
        for row, label in rows
    ]


def delete_verdict(verdict_id: str) -> None:
    """Forget a verdict, and the pictures that no other verdict shows. What people decided stays in the log."""
    with session() as opened:
        mine = list(opened.scalars(select(Shown.picture).where(Shown.verdict_id == verdict_id)))
        opened.execute(delete(StoredVerdict).where(StoredVerdict.id == verdict_id))
        used = select(Shown.picture).where(Shown.picture == Picture.sha256).exists()
        opened.execute(delete(Picture).where(Picture.sha256.in_(mine), ~used))


def found(opened: Session, verdict_id: str, *, hold: bool = False) -> StoredVerdict:
    """The row; `hold` keeps other writers away until the transaction ends. Raises InputError."""
    stored = opened.get(StoredVerdict, verdict_id, with_for_update=hold or None)
    if stored is None:
        raise InputError(f"there is no verdict {verdict_id[:40]!r}", "it may have been deleted: look in the history")
    return stored


def kept(opened: Session, stored: StoredVerdict) -> Kept:
    """The row as plain data."""
    return _kept(stored, opened.scalar(standing(stored.id).order_by(Decision.id.desc()).limit(1)))


def _kept(stored: StoredVerdict, decision: Decision | None) -> Kept:
    try:
        said = Verdict.from_dict(stored.content)
    except InputError as error:
        raise StoreError(f"verdict {stored.id} cannot be read back ({error.message})", DAMAGED) from error
    return Kept(
        id=stored.id,
        verdict=said,
        description=stored.description,
        origin=stored.origin,
        terms=stored.terms,
        made_at=stored.made_at,
        waits=stored.waits if stored.queued else None,
        propensity=stored.propensity,
        decision=decision,
    )


def standing(verdict_id: Any) -> Select[Any]:
    """The decisions on a verdict that count."""
    return select(Decision).where(Decision.verdict_id == verdict_id, Decision.undone_at.is_(None), ~Decision.skipped)


def _newest() -> Subquery:
    """The id of the newest standing decision on each verdict that has one."""
    # Equal to itself is each id but that of a deleted verdict, which is NULL.
    newest = standing(Decision.verdict_id).with_only_columns(Decision.verdict_id, func.max(Decision.id).label("id"))
    return newest.group_by(Decision.verdict_id).subquery()


def requeue(opened: Session, verdict_id: str) -> None:
    """Let a verdict wait, if it is to wait and nobody decided on the same listing."""
    same = aliased(StoredVerdict)
    decided = standing(same.id).where(same.subject == StoredVerdict.subject).exists()
    wanted = update(StoredVerdict).where(StoredVerdict.id == verdict_id, StoredVerdict.waits.is_not(None), ~decided)
    opened.execute(wanted.values(queued=True), execution_options={"synchronize_session": False})


def _new(opened: Session, table: type[Base]) -> Any:
    """Insert where there is no such row yet: another process may keep the same picture at the same moment."""
    dialect = postgresql if opened.get_bind().dialect.name == "postgresql" else sqlite
    return cast(Insert, dialect.insert(table)).on_conflict_do_nothing()  # type: ignore[attr-defined]


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _intact(digest: str, jpeg: bytes) -> bytes:
    if hashlib.sha256(jpeg).hexdigest() != digest:
        raise StoreError("a picture cannot be read back", DAMAGED)
    return jpeg


def _identity(picture: str | None, item: Look | InputError) -> str:
    if picture:
        return picture
    return item.measures.look.tobytes().hex() if isinstance(item, Look) else str(item)


def _names(label: str | None) -> list[str]:
    return [] if label is None else [label, readable(label)]


def _folded(words: Sequence[str]) -> str:
    return _storable("\n".join(words)).casefold()


def _storable(text: str) -> str:
    """Without what no database keeps as text: NUL, and bytes that are no characters."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")
