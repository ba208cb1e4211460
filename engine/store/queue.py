"""What waits for people: each listing for one of them at a time, the one that a look is worth most for first."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session, undefer

from engine import settings
from engine.errors import InputError
from engine.store.database import session
from engine.store.schema import Decision, StoredVerdict, stored_name
from engine.store.verdicts import Kept, found, kept, requeue

_LABEL_CHARACTERS = 400  # of the column
_SAID = ("decision", "label", "confidence", "sure")  # kept with each decision, of the verdict at that time


def waiting(person: str | None = None) -> int:
    """How many listings wait; with a person, without those that others hold."""
    free = [] if person is None else [or_(~_held(), StoredVerdict.claimed_by == stored_name(person, "a person"))]
    with session() as opened:
        return opened.scalar(select(func.count()).where(StoredVerdict.queued, *free)) or 0


def claim(person: str) -> Kept | None:
    """The listing that this person is to look at, for `settings.CLAIM_MINUTES`; None if there is none.

    Their own claim comes again (of several, what they took back last), then the largest gain that nobody else holds,
    the oldest of equals, and last what this person skipped. One statement finds and claims: of two reviewers only one
    gets it.
    """
    person, now = stored_name(person, "a person"), datetime.now(UTC)
    own = _held() & (StoredVerdict.claimed_by == person)
    skips = (
        select(Decision.verdict_id, func.max(Decision.id).label("last"))
        .where(Decision.person == person, Decision.skipped, Decision.undone_at.is_(None))
        .group_by(Decision.verdict_id)
        .subquery()
    )
    best = (
        select(StoredVerdict.id)
        .outerjoin(skips, skips.c.verdict_id == StoredVerdict.id)
        .where(StoredVerdict.queued, or_(~_held(), StoredVerdict.claimed_by == person))
        .order_by(
            case((own, 0), else_=1),
            case((own, StoredVerdict.claimed_at)).desc(),  # what was taken back last comes first
            func.coalesce(skips.c.last, 0),
            case((StoredVerdict.waits == "audit", 0), else_=1),
            StoredVerdict.gain.desc(),
            StoredVerdict.made_at,
            StoredVerdict.id,
        )
        .limit(1)
        .with_for_update(skip_locked=True, of=StoredVerdict)
        .scalar_subquery()
    )
    taken = (
        update(StoredVerdict)
        .where(StoredVerdict.id == best)
        .values(claimed_by=person, claimed_at=case((own, StoredVerdict.claimed_at), else_=now))
        .returning(StoredVerdict.id)
    )
    with session() as opened:
        verdict_id = opened.scalar(taken.execution_options(synchronize_session=False))
        return None if verdict_id is None else kept(opened, found(opened, verdict_id))


def settle(verdict_id: str, person: str, label: str | None, *, seen: bool = True) -> None:
    """Say what a listing is, None for none of the classes; it waits no longer.

    A later decision on the same verdict stands above an earlier one, and both stay. `seen` says whether the person saw
    what the engine says. Raises InputError for an unknown verdict and for what is no name.
    """
    if label is not None and not 0 < len(label) <= _LABEL_CHARACTERS:
        raise InputError(f"{label[:40]!r} cannot name a class", f"use 1 to {_LABEL_CHARACTERS} characters")
    with session() as opened:
        _decide(opened, verdict_id, person, label=label, seen=seen, skipped=False)


def skip(verdict_id: str, person: str) -> None:
    """Leave a listing to others; it comes last for this person."""
    with session() as opened:
        _decide(opened, verdict_id, person, label=None, seen=True, skipped=True)


def undo(person: str) -> str | None:
    """Take back the person's newest decision or skip and hold its listing for them again; gives its id.

    Where somebody else's decision stands, that one holds: the listing does not come back.
    """
    person = stored_name(person, "a person")
    newest = select(Decision).where(
        Decision.person == person, Decision.undone_at.is_(None), Decision.verdict_id.is_not(None)
    )
    with session() as opened:
        last = opened.scalar(newest.order_by(Decision.id.desc()).limit(1))
        if last is None or last.verdict_id is None:
            return None
        last.undone_at = datetime.now(UTC)
        opened.flush()
        requeue(opened, last.verdict_id)
        free = (StoredVerdict.id == last.verdict_id) & StoredVerdict.queued & ~_held()
        opened.execute(update(StoredVerdict).where(free).values(claimed_by=person, claimed_at=datetime.now(UTC)))
        return last.verdict_id


def decisions(limit: int = 200, offset: int = 0) -> list[Decision]:
    """The audit log, newest first, with what was skipped and what was undone."""
    wanted = select(Decision).options(undefer(Decision.listing)).order_by(Decision.id.desc())
    with session() as opened:
        return list(opened.scalars(wanted.limit(limit).offset(offset)))


def decided_today(person: str | None = None) -> int:
    """Listings decided since midnight, here where Tally runs; by a person or by all."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = [Decision.decided_at >= midnight, Decision.undone_at.is_(None), ~Decision.skipped]
    if person is not None:
        wanted.append(Decision.person == stored_name(person, "a person"))
    with session() as opened:
        return opened.scalar(select(func.count(Decision.verdict_id.distinct())).where(*wanted)) or 0


def _held() -> Any:
    """Whether somebody holds it now."""
    since = datetime.now(UTC) - timedelta(minutes=settings.CLAIM_MINUTES)
    return StoredVerdict.claimed_at.is_not(None) & (StoredVerdict.claimed_at > since)


def _decide(opened: Session, verdict_id: str, person: str, *, label: str | None, seen: bool, skipped: bool) -> None:
    person, now = stored_name(person, "a person"), datetime.now(UTC)
    stored = found(opened, verdict_id, hold=True)
    own = stored.claimed_at if stored.claimed_by == person else None
    opened.add(
        Decision(
            verdict_id=verdict_id,
            person=person,
            label=label,
            skipped=skipped,
            seen=seen,
            said={name: stored.content[name] for name in _SAID if name in stored.content},
            model=stored.model,
            terms=stored.terms,
            seconds=(now - own).total_seconds() if own else None,
            decided_at=now,
        )
    )
    opened.flush()
    free: dict[str, Any] = {"claimed_by": None, "claimed_at": None}
    if skipped:
        held = (StoredVerdict.id == verdict_id) & (StoredVerdict.claimed_by == person)
        opened.execute(update(StoredVerdict).where(held).values(free))
    else:  # under other terms it is the same listing
        this = StoredVerdict.subject == stored.subject
        opened.execute(update(StoredVerdict).where(this).values(free | {"queued": False}))
