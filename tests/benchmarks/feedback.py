"""What do decisions of people teach? `python -m tests.benchmarks.feedback PHOTOS`; prints Markdown for RESULTS.md.

A shop unlike the photos that everything was fitted on: four fifths of what it knows are of 15 classes, four photos in
ten are spoiled, descriptions use words of its own, and people slip in 3 of 100. Its listings pass `decide`; those
that wait, and an audited share of the accepted, are reviewed. What is proposed is measured on fresh listings, which
share no photo with any reviewed one. Learned from: half A of val (halves by the hash of the photo's file); the frozen
half and the fresh listings: two quarters of half B. `--develop` takes three parts of half A instead.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

import engine
from engine.errors import InputError
from engine.listings.lessons import Reviewed
from engine.listings.proposals import KINDS, Measured, Proposal, apply, propose
from engine.listings.route import Dial
from engine.listings.terms import Terms
from engine.models.classifier import Classifier
from engine.photos import gate
from tests.benchmarks.listings import FILES, looked

SIZES = (50, 200, 1000)  # reviewed listings, half of which teach
FRESH = 600


@dataclass(frozen=True)
class World:
    common: int = 15  # classes that make four fifths of the known listings; 0: all are alike
    unknown: float = 0.2  # share of listings
    slips: float = 0.03  # share of people's labels that are drawn by lot
    audit: float = 0.1  # share of accepted listings
    blind: float = 0.0  # added to the log-odds that an object is in the catalogue


WORLDS = {
    "15 classes": World(),
    "all classes": World(common=0),
    "twice as many unknown": World(common=0, unknown=0.4),
    "blind to unknown objects, half audited": World(common=0, unknown=0.4, audit=0.5, blind=2.0),
    "a third of the labels by lot": World(slips=0.33),
    "all labels by lot": World(slips=1.0),
}
SPOILED = 0.4  # of the photos
PARTS = ("learn", "frozen", "fresh")


@dataclass
class Shop:
    """Photos by part and class, and what this shop's listings are like."""

    photos: dict[str, dict[str, list]]  # part -> label -> photos
    classes: Sequence[str]
    world: World
    random: np.random.Generator

    def __post_init__(self) -> None:
        common = self.world.common
        sold = [label for label in self.classes if all(label in part for part in self.photos.values())]
        self.sold = self.random.permutation(sold).tolist()
        self.shares = np.full(len(sold), 1 / len(sold))
        if common:
            ranks = 1 / np.arange(1, common + 1)
            self.shares = np.full(len(sold), 0.2 / (len(sold) - common))
            self.shares[:common] = 0.8 * ranks / ranks.sum()
        self.jargon = {label: [_word(self.random) for _ in range(3)] for label in self.classes}
        self.left: dict[tuple[str, str], list] = {}

    def listing(self, part: str, name: str) -> Reviewed:
        """A listing with its true label; photos of this part only."""
        known = self.random.random() > self.world.unknown
        strangers = [label for label in self.photos[part] if label not in self.classes]
        label = str(self.random.choice(self.sold, p=self.shares) if known else self.random.choice(strangers))
        photos = self.drawn(part, label, int(self.random.choice([1, 2, 3, 4], p=[0.15, 0.25, 0.3, 0.3])))
        ways = np.where(self.random.random(len(photos)) < SPOILED, self.random.integers(1, 4, len(photos)), 0)
        looks = [photo.looks[way] for photo, way in zip(photos, ways, strict=True)]
        return Reviewed(name, looks, self.description(label), "pooled", label if known else None)

    def drawn(self, part: str, label: str, count: int) -> list:
        """Photos of a class; none comes again before all have come, as real sellers take new ones."""
        left = self.left.setdefault((part, label), [])
        if len(left) < count:
            left[:] = self.random.permutation(len(self.photos[part][label])).tolist()
        taken = [left.pop() for _ in range(min(count, len(left)))]
        return [self.photos[part][label][index] for index in taken]

    def description(self, label: str) -> str:
        """Three in ten have none, one in ten speaks of something else, half of the others use the shop's own words."""
        luck = self.random.random()
        if luck < 0.3:
            return ""
        meant = str(self.random.choice(self.classes)) if luck < 0.37 else label
        own = self.jargon.get(meant) if self.random.random() < 0.5 else None
        name = self.random.choice(own) if own else meant.replace("_", " ")
        return f"{self.random.choice(['selling my', 'nice', 'old', 'like new:'])} {name}, pick up only"

    def decided(self, item: Reviewed) -> Reviewed:
        """A person decides, and slips now and then."""
        if self.random.random() < self.world.slips:
            return replace(item, label=str(self.random.choice(self.classes)))
        return item

    def stream(self, model: Classifier, terms: Terms, seed: int) -> Iterator[Reviewed]:
        """What people review: all that waits, and the audited share of what is accepted."""
        number = 0
        while True:
            number += 1
            name = f"{seed}-{number}"
            part = "frozen" if Reviewed(name, [], "", "pooled", None).frozen else "learn"
            item = self.listing(part, name)
            accepted = item.under(terms, model).decision == "accept"
            if not accepted or self.random.random() < terms.dial.audit:
                yield self.decided(replace(item, propensity=terms.dial.audit if accepted else 1.0))


def _word(random: np.random.Generator) -> str:
    """A word that no table has."""
    letters = [random.choice(list(kind)) for kind in ("bdfgklmnprstvz", "aeiou") * 3]
    return "".join(letters) + str(random.integers(10, 99))


def parts(folder: Path, model: Classifier, develop: bool) -> dict[str, dict[str, list]]:
    """Photos by part and label; their strangeness is filled in."""
    novelty = model.fitted.novelty
    assert novelty is not None
    found: dict[str, dict[str, list]] = {part: {} for part in PARTS}
    for name in FILES.values():
        for photo in looked(folder / name, model):
            digest = int(photo.picture[:8], 16)
            if develop:
                part = PARTS[digest % 3] if photo.in_first_half else None
            else:
                part = "learn" if photo.in_first_half else PARTS[1 + digest % 2]
            if part:
                found[part].setdefault(photo.label, []).append(photo)
    for groups in found.values():
        for photos in groups.values():
            features = np.stack([item.features for photo in photos for item in photo.looks])
            values = iter(novelty.strangeness(model.logits(features), features.astype(np.float64)).tolist())
            for photo in photos:
                photo.looks[:] = [replace(item, unknown=next(values)) for item in photo.looks]
    return found


@dataclass(frozen=True)
class Found:
    """A proposal, and what it does to fresh listings, in points."""

    size: int
    kind: str
    proposal: Proposal | None  # None: nothing could be learned at all
    gain: float  # by what it is judged: AURC that is saved, or for thresholds the dial's loss
    changes: dict[str, float]


def run(photos: dict, model: Classifier, world: World, seed: int) -> Iterator[Found]:
    shop = Shop(photos, model.classes, world, np.random.default_rng(seed))
    known = replace(model.fitted.known, bias=model.fitted.known.bias + world.blind)
    terms = Terms(dial=Dial(audit=world.audit), fitted=replace(model.fitted, known=known))
    fresh = [shop.listing("fresh", f"fresh-{number}") for number in range(FRESH)]
    before, even = Measured.of(fresh, model, terms), np.ones((1, FRESH))
    stream, reviewed = shop.stream(model, terms, seed), []
    for size in SIZES:
        reviewed += [next(stream) for _ in range(size - len(reviewed))]
        try:
            proposals = propose(reviewed, model, terms)
        except InputError as error:
            print(seed, size, error, file=sys.stderr)
            yield from (Found(size, kind, None, 0.0, {}) for kind in KINDS)
            continue
        for item in proposals:
            after = Measured.of(fresh, model, apply(item.kind, item.content, terms, model)) if item.content else before
            then, now = after.figures(terms.dial.errors), before.figures(terms.dial.errors)
            score = partial(Measured.losses, dial=terms.dial) if item.kind == "thresholds" else Measured.areas
            gain = 100 * float((score(before, even) - score(after, even))[0])
            yield Found(size, item.kind, item, gain, {name: 100 * (then[name] - now[name]) for name in now})
            print(seed, size, item.kind, item.better, f"{gain:+.2f}", item.sentence, file=sys.stderr, flush=True)


def table(found: Sequence[Found], seeds: int) -> None:
    print("| kind | reviewed | proposed | called better, worse | it was so | AURC | accuracy | accepted | errors |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for kind in KINDS:
        for size in SIZES:
            made = [
                item
                for item in found
                if (item.kind, item.size) == (kind, size) and item.proposal and item.proposal.content
            ]
            better, worse = ([item for item in made if item.proposal.better is is_so] for is_so in (True, False))
            so = sum(item.gain > 0 for item in better), sum(item.gain < 0 for item in worse)
            changes = [
                np.mean([item.changes[name] for item in made]) if made else 0.0
                for name in ("aurc", "accuracy", "accepted", "errors")
            ]
            print(
                f"| {kind} | {size} | {len(made)} of {seeds} | {len(better)}, {len(worse)} | {so[0]}, {so[1]} |",
                " | ".join(f"{change:+.1f}" for change in changes),
                "|",
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS), choices=WORLDS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=100, help="the first seed; those below 100 were developed on")
    parser.add_argument("--develop", action="store_true")
    options = parser.parse_args()
    model = engine.load_model(options.model)
    gate.compare = lambda looks: (
        list(range(len(looks))),
        {},
    )  # the photos are of different objects; a tenth of the time
    photos = parts(options.photos, model, options.develop)
    counts = ", ".join(f"{sum(map(len, groups.values())):,} {part}" for part, groups in photos.items())
    print(f"## {datetime.now(UTC):%Y-%m-%d}, what reviewed listings teach\n\n{model.id}; photos: {counts}")
    for world in options.worlds:
        print(f"\n### {world}\n", flush=True)
        seeds = range(options.first, options.first + options.seeds)
        table([item for seed in seeds for item in run(photos, model, WORLDS[world], seed)], options.seeds)


if __name__ == "__main__":
    main()
