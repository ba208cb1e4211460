"""One way from photos to a verdict that is kept, for the HTTP API and the command line."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dashboard.cached import look_at
from engine.errors import InputError
from engine.listings.pipeline import Rule, decide
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.store.verdicts import Origin, save_verdict

if TYPE_CHECKING:
    from engine.models.classifier import Classifier


def classify(
    photos: Sequence[tuple[str, bytes | InputError]],
    description: str,
    *,
    model: "Classifier",
    rule: Rule,
    terms: Terms,
    origin: Origin,
    listing: str = "listing",
) -> tuple[Verdict, Callable[[], str]]:
    """The verdict of `classify_listing`, and what keeps it: returns its id, raises StoreError."""
    pictures = look_at(photos, model, lambda _: None)
    looks = [picture.look for picture in pictures]
    names = [picture.name for picture in pictures]
    verdict = decide(names, looks, model, rule=rule, listing=listing, description=description, terms=terms)
    keep = partial(save_verdict, verdict, looks, [picture.jpeg for picture in pictures], description=description)
    return verdict, partial(keep, origin=origin, terms=terms.version, dial=terms.dial)
