"""Verdicts to keep in tests: made of thin air, without a network."""

from dataclasses import replace

from engine.errors import UnreadablePhoto
from engine.listings.pipeline import decide
from engine.listings.verdict import Verdict
from engine.store.verdicts import save_verdict
from tests.engine.looks import Judge, look

MODEL = Judge()
NAMES = ["1.jpg", "2.jpg"]
LOOKS = [look("a", bicycle=0.9), UnreadablePhoto("not an image", "add another")]


def said(listing: str = "bike", description: str = "", **changed: object) -> Verdict:
    """What the engine says of two photos, one of them unreadable; accepted, if nothing is changed."""
    return replace(decide(NAMES, LOOKS, MODEL, listing=listing, description=description), **changed)


def save(listing: str = "bike", description: str = "", *, options: dict | None = None, **changed: object) -> str:
    """Keep such a verdict. Its picture is its name; `options` are those of `save_verdict`."""
    verdict = said(listing, description, **changed)
    return save_verdict(verdict, LOOKS, [listing.encode(), None], description=description, **(options or {}))


def save_waiting(listing: str = "bike", sure: float = 0.5, **options: object) -> str:
    """Keep one that waits: the surer, the later it comes."""
    return save(listing, decision="review", sure=sure, options=options)
