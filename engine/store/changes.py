"""What people set, and the proposals they accepted: each can be rolled back, and none is forgotten."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import func, select

from engine.errors import InputError
from engine.store.database import session
from engine.store.schema import Change, stored_name
from engine.store.sealed import seal, unseal

Kind = Literal["policy", "prices", "dial", "prior", "text", "thresholds", "head"]
OF_A_MODEL: tuple[Kind, ...] = ("prior", "text", "thresholds", "head")  # the others hold for every model


def accept(
    kind: Kind,
    content: bytes,
    *,
    person: str,
    model: str | None = None,
    summary: str = "",
    figures: Mapping[str, Any] | None = None,
) -> int:
    """Let a change hold from now on, in place of the one of its kind before; returns its id.

    `content` is CSV for a policy and prices, JSON for a dial, a proposal's own for the rest; those are of one model, by
    its id. Raises InputError for another kind, a model too many or too few, and what cannot name a person.
    """
    if kind not in get_args(Kind):
        raise InputError(f"there is no change of kind {kind!r}", f"use {', '.join(get_args(Kind))}")
    if (model is not None) != (kind in OF_A_MODEL):
        raise InputError(f"a change of {kind} is {'of one model' if model is None else 'of every model'}", "say so")
    with session() as opened:
        change = Change(
            kind=kind,
            model=model,
            content=seal(content),
            summary=summary[:2000],
            figures=None if figures is None else json.loads(json.dumps(figures)),
            person=stored_name(person, "a person"),
            accepted_at=datetime.now(UTC),
        )
        opened.add(change)
        opened.flush()
        return change.id


def roll_back(change_id: int, person: str) -> None:
    """Let a change hold no longer; the one of its kind before holds again. Raises InputError."""
    person = stored_name(person, "a person")
    with session() as opened:
        change = opened.get(Change, change_id)
        if change is None:
            raise InputError(f"there is no change {change_id}", "look in the log")
        if change.rolled_back_at is None:
            change.rolled_back_by, change.rolled_back_at = person, datetime.now(UTC)


def log() -> list[Change]:
    """Every change, newest first, without its content."""
    with session() as opened:
        return list(opened.scalars(select(Change).order_by(Change.id.desc())))


def standing(model: str) -> list[int]:
    """The ids of what holds for a model, by its id, in the order accepted: the newest of each kind."""
    wanted = (
        select(func.max(Change.id))
        .where(Change.rolled_back_at.is_(None), Change.model.is_(None) | (Change.model == model))
        .group_by(Change.kind)
    )
    with session() as opened:
        return sorted(opened.scalars(wanted))


def contents(ids: list[int]) -> list[tuple[int, str, bytes]]:
    """Id, kind and content of changes, in the order of their ids. Raises StoreError for damaged bytes."""
    with session() as opened:
        wanted = select(Change.id, Change.kind, Change.content).where(Change.id.in_(ids)).order_by(Change.id)
        return [
            (change_id, kind, unseal(content, f"change {change_id} ({kind})", "roll it back"))
            for change_id, kind, content in opened.execute(wanted)
        ]
