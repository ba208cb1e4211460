"""One way from photos to a verdict that is kept, for the HTTP API, the command line and many listings on the page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dashboard.cached import Picture, look_at
from engine.errors import InputError
from engine.listings.pipeline import Rule, decide
from engine.listings.sources import Listing
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.store.verdicts import Origin, save_verdict

if TYPE_CHECKING:
    from engine.models.classifier import Classifier


def classify(  # noqa: PLR0913 - what a verdict rests on
    photos: Sequence[tuple[str, bytes | InputError]],
    description: str = "",
    *,
    model: "Classifier",
    terms: Terms,
    origin: Origin,
    rule: Rule = "pooled",
    listing: str = "listing",
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Verdict, Callable[[], str]]:
    """The verdict of `classify_listing`, and what keeps it: returns its id, raises StoreError.

    `progress` hears how many photos have been opened.
    """
    pictures = look_at(photos, model, progress)
    names, looks = [picture.name for picture in pictures], [picture.look for picture in pictures]
    verdict = decide(names, looks, model, rule=rule, listing=listing, description=description, terms=terms)
    return verdict, partial(keep, verdict, pictures, description, terms, origin=origin)


def keep(verdict: Verdict, pictures: Sequence[Picture], description: str, terms: Terms, **more: Any) -> str:
    """Keep a verdict with what it rests on, as `save_verdict` does; returns its id. Raises StoreError."""
    looks, jpegs = [picture.look for picture in pictures], [picture.jpeg for picture in pictures]
    return save_verdict(verdict, looks, jpegs, description=description, terms=terms.version, dial=terms.dial, **more)


def unopened(listing: Listing, model: "Classifier", rule: Rule = "pooled") -> Verdict:
    """The verdict on a listing with no files, which says why there are none."""
    nothing = decide([], [], model, rule=rule, listing=listing.name)
    return replace(nothing, reasons=[ascii(str(listing.error))[1:-1]])  # it may hold a hostile file name
