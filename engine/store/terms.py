"""What holds beside a model now: the newest standing change of each kind, put together."""

import hashlib
import json
import re
from dataclasses import replace

from engine.errors import StoreError, TallyError
from engine.listings.policy import Policy
from engine.listings.price import Prices
from engine.listings.route import Dial
from engine.listings.table import plain, read_rows
from engine.listings.terms import Terms
from engine.listings.weigh import Model
from engine.store import changes, database

_KEPT = 4  # models with their terms: a server has one or two
_assembled: dict[int, tuple[Model, object, Terms]] = {}  # by the model's identity


def terms_in_force(model: Model) -> Terms:
    """The terms for this model; `Terms()` where nothing was changed, and where there is no database: none is made.

    Quick when asked again: put together once for each state. Raises StoreError, which names a change that cannot be
    used: the page goes on without terms and offers to roll it back.
    """
    if not database.exists():
        return Terms()
    ids = changes.standing(model.id)
    state = (database.address(), ids)
    known = _assembled.get(id(model))
    if known is None or known[1] != state:
        if len(_assembled) >= _KEPT:
            _assembled.clear()
        known = _assembled[id(model)] = (model, state, _assemble(ids, model))
    return known[2]


def _assemble(ids: list[int], model: Model) -> Terms:
    terms = Terms()
    for change_id, kind, content in changes.contents(ids):
        try:
            terms = _with(terms, kind, content, model)
        except (TallyError, ValueError, TypeError, RecursionError) as error:
            reason = " ".join(str(error).split())[:200]
            raise StoreError(f"change {change_id} ({kind}) cannot be used ({reason})", "roll it back") from error
    return replace(terms, version=hashlib.sha256(repr(ids).encode()).hexdigest()[:8]) if ids else terms


def _with(terms: Terms, kind: str, content: bytes, model: Model) -> Terms:
    if kind == "policy":
        return replace(terms, policy=_policy(content, model))
    if kind == "prices":
        return replace(terms, prices=Prices.read(content, "the stored prices"))
    if kind == "dial":
        return replace(terms, dial=Dial.from_dict(json.loads(content)))
    from engine.listings.proposals import apply

    return apply(kind, content, terms, model)


def _policy(content: bytes, model: Model) -> Policy:
    """The policy with the rules on classes that other models have: `Terms.policy_for` passes over them."""
    known = {plain(label): label for label in model.classes}
    for _, row in read_rows(content, "the stored policy", ["class", "policy"], ["part_of"]):
        for name in (str(row["class"]), *re.split("[,;|]", str(row.get("part_of") or ""))):
            known.setdefault(plain(name), name.strip())
    return Policy.read(content, [name for name in known.values() if name], "the stored policy")
