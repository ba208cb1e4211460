"""`tally classify`: listings -> verdicts, as a table for people or as JSON Lines."""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import settings
from engine.errors import StoreError, UnreadableData
from engine.listings.pipeline import RULES, classify_listing
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict

if TYPE_CHECKING:
    from engine.listings.sources import Listing
    from engine.models.classifier import Classifier

_NOTES = 30  # lines about one listing's photos that a person reads


def add_arguments(command: argparse.ArgumentParser, existing: Callable[[str], Path]) -> None:
    """What the command takes; `existing` makes a path of what can be read."""
    command.add_argument("paths", nargs="+", type=existing, metavar="PATH", help="photos, folders or ZIPs")
    command.add_argument(
        "--description", default="", type=_description, metavar="TEXT", help="what the sender says: one more voter"
    )
    command.add_argument("--rule", choices=RULES, default=RULES[0], help="default: %(default)s")
    for name, table in {
        "prior": "class, share or count",
        "policy": "class, policy (accept, review, ask, part_of), part_of",
        "prices": "sold items: label, price, currency, and where known condition, date",
    }.items():
        command.add_argument(f"--{name}", type=existing, metavar="FILE", help=f"a table: {table}")
    command.add_argument("--save", action="store_true", help="keep the verdicts: doubtful ones wait for review")


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit status.

    Raises StoreError after all is said if a verdict could not be kept.
    """
    from engine.listings.sources import find_listings
    from engine.models.registry import load_model

    listings = find_listings(options.paths)
    model = load_model(options.model)
    terms = _terms(options, model)
    verdicts: list[Verdict] = []
    trouble: StoreError | None = None
    for number, listing in enumerate(listings, start=1):
        verdict, keep = _verdict(listing, options, model, terms)
        if options.json:
            print(json.dumps(verdict.as_dict()), flush=True)
        if keep and not trouble:
            try:
                keep()
            except StoreError as error:
                trouble = error
        progress(f"{number:,} of {len(listings):,} listings")
        verdicts.append(verdict)
    progress("")
    if not options.json:
        print("\n".join(_told(verdicts)))
    if trouble:
        raise trouble
    if all(verdict.label is None for verdict in verdicts):
        raise UnreadableData("no photo could be read", "the reasons stand beside each photo")
    return 0


def _terms(options: argparse.Namespace, model: "Classifier") -> Terms:
    """The terms in force, with the given tables in their place."""
    from engine.listings.policy import Policy
    from engine.listings.price import Prices
    from engine.listings.prior import read_prior
    from engine.store.terms import terms_in_force

    readers: dict[str, Callable[[Path], Any]] = {
        "prior": lambda path: read_prior(path, model.classes),
        "policy": lambda path: Policy.read(path, model.classes),
        "prices": Prices.read,
    }
    terms = terms_in_force(model)
    given = {name: path for name in readers if (path := getattr(options, name))}
    if not given:
        return terms
    tables = {name: readers[name](path) for name, path in given.items()}
    digest = hashlib.sha256(b"".join(name.encode() + path.read_bytes() for name, path in given.items())).hexdigest()
    return replace(terms, **tables, version=f"{terms.version} + {digest[:8]}")


def _verdict(
    listing: "Listing", options: argparse.Namespace, model: "Classifier", terms: Terms
) -> tuple[Verdict, Callable[[], str] | None]:
    """The verdict, and what keeps it if it is to be kept."""
    from dashboard.keeping import classify, unopened

    if listing.error:
        return unopened(listing, model, options.rule), None
    photos, description = listing.read(), options.description
    given: dict[str, Any] = {"model": model, "rule": options.rule, "terms": terms, "listing": listing.name}
    if options.save:
        return classify(photos, description, origin="command", **given)
    return classify_listing(photos, description, **given), None


def _told(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Verdicts as a table for people, then what there is to say of some."""
    from dashboard.text import percent, plain, table

    rows = []
    for verdict in verdicts:
        read = sum(photo.status != "unreadable" for photo in verdict.photos)
        votes = ", ".join(f"{label} {plain(number)}" for label, number in verdict.votes.items())
        sure = "-" if verdict.sure is None else percent(verdict.sure)
        photos = f"{read} of {len(verdict.photos)}"
        start = [verdict.listing, verdict.decision, verdict.label or "-", sure, photos, votes]
        rows.append([*start, _price(verdict.price), verdict.ask or "-"])
    headers = ["listing", "decision", "label", "sure", "read", "votes", "price", "ask"]
    shown = [at for at in range(len(headers)) if at < 6 or any(row[at] != "-" for row in rows)]
    yield table([headers[at] for at in shown], [[row[at] for at in shown] for row in rows])
    for verdict in verdicts:
        notes = [*verdict.notes, *(f"{photo.name}: {reason}" for photo in verdict.photos for reason in photo.reasons)]
        if verdict.tie_break:
            notes.insert(0, f"tied vote, {verdict.tie_break.sentence}")
        for note in [*verdict.reasons, *notes[:_NOTES]]:
            yield f"{verdict.listing}: {note}"
        if len(notes) > _NOTES:
            yield f"{verdict.listing}: and {len(notes) - _NOTES:,} more; --json has them all"


def _price(price: dict[str, Any] | None) -> str:
    from engine.listings.price import spoken

    return spoken(price["low"], price["high"], price["currency"]) if price else "-"


def progress(text: str) -> None:
    """How far the work is, on one line that is written over; only where a person looks at it."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _description(text: str) -> str:
    if len(text) > settings.DESCRIPTION_CHARACTERS:
        limit = f"{len(text):,} characters are over the limit of {settings.DESCRIPTION_CHARACTERS:,}: shorten it"
        raise argparse.ArgumentTypeError(limit)
    return text
