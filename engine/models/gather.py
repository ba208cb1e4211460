"""Somebody's labelled photos -> a set that a model can learn from, and what was left out and why."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from engine.curves.photos import Seen
from engine.curves.subsets import FOLDS, Items
from engine.curves.words import counted, listed
from engine.errors import InputError
from engine.models.evaluate import plain_label

_ALIKE = 0.985  # of 3,584 different photos four reach it; of copies at JPEG quality 40, or at 70 % of the size, all
_PAIRS = 2_000_000  # compared at once: 10 MB, and 150 more where all are alike, as frames of a video are
FEWEST = FOLDS  # photos of a class: each fold holds out one


@dataclass(frozen=True)
class Gathered:
    """Photos of two classes or more, each picture once and of one class."""

    features: NDArray[np.float32] = field(repr=False)  # [photos, width]
    labels: Items = field(repr=False)  # [photos] indices of classes
    classes: tuple[str, ...]
    names: list[str] = field(repr=False)
    pictures: list[str] = field(repr=False)  # sha256 of each photo's file
    sources: list[str | None] = field(repr=False)
    groups: Items | None = field(repr=False)  # [photos] photos of a group belong together; None: each stands alone
    unreadable: list[tuple[str, str]] = field(repr=False)  # name, why
    in_two_classes: list[tuple[str, str]] = field(repr=False)  # names of the same picture
    notes: list[str]  # sentences

    def named(self, rows: Items) -> dict[str, str]:
        """The class of each picture."""
        return {self.pictures[row]: self.classes[self.labels[row]] for row in rows.tolist()}

    @cached_property
    def digest(self) -> str:
        """The same for the same pictures with the same labels."""
        return hashlib.sha256(repr((self.classes, self.pictures, self.labels.tolist())).encode()).hexdigest()

    @cached_property
    def in_first_half(self) -> NDArray[np.bool_]:
        """[photos] as `engine.listings.held_out.Photo` has it: the half that is fitted on."""
        return np.array([int(picture[-1], 16) % 2 == 0 for picture in self.pictures])


def gather(seen: Seen) -> Gathered:
    """Sort out classes that are spelled in several ways, pictures that come twice, and classes of too few photos.

    Raises InputError where no two classes are left.
    """
    notes = [f"{len(seen.names):,} photos are used of {len(seen.names) + seen.passed_over:,}: a random sample."]
    notes = notes if seen.passed_over else []
    labels, merged = _spelled(seen.labels)
    notes += merged
    if seen.unreadable:
        names = listed([f"{name} ({why})" for name, why in seen.unreadable])
        notes.append(f"{counted(len(seen.unreadable), 'photos')} could not be read: {names}.")
    keep, copies, conflicts = _singled(seen, labels)
    if copies:
        notes.append(f"{counted(copies, 'photos')} left out: the same picture is there already.")
    if conflicts:
        names = listed([f"{one} (also {other})" for one, other in conflicts])
        notes.append(f"In two classes, and left out: {names}.")
    counts = Counter(compress(labels, keep))
    rare = sorted(set(labels) - {name for name, count in counts.items() if count >= FEWEST})
    if rare:
        names = listed([f"{name} ({counts[name]})" for name in rare])
        notes.append(f"Classes left out for fewer than {FEWEST} photos: {names}.")
    gone = set(rare)
    keep = [kept and label not in gone for kept, label in zip(keep, labels, strict=True)]
    _check(set(labels) - gone, notes)
    classes, indices = np.unique(list(compress(labels, keep)), return_inverse=True)
    features, looks = (rows[keep] for rows in seen.arrays())
    given = [group or picture for group, picture in zip(seen.groups, seen.pictures, strict=True)]
    groups, alike = _together(looks, indices, list(compress(given, keep)))
    if alike:
        notes.append(
            f"{counted(alike, 'photos')} nearly the same as another: such photos stay on one side of every split."
        )
    return Gathered(
        features=features,
        labels=indices.astype(np.int64),
        classes=tuple(str(name) for name in classes),
        names=list(compress(seen.names, keep)),
        pictures=list(compress(seen.pictures, keep)),
        sources=list(compress(seen.sources, keep)),
        groups=groups,
        unreadable=seen.unreadable,
        in_two_classes=conflicts,
        notes=notes,
    )


def _together(looks: NDArray[np.float32], labels: Items, given: list[str]) -> tuple[Items | None, int]:
    """Groups of photos that must not be on two sides of a split, None if each stands alone; how many are near copies.

    Near copies are photos of a class that, on a raster of 8 x 8, correlate as copies do that are saved or sized anew.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    centred = looks - looks.mean(1, keepdims=True)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True).clip(1e-6)
    photos = np.arange(len(labels))
    alike = np.zeros(len(labels), dtype=bool)

    def joined(first: Items, one: Items, other: Items) -> Items:
        """The first photo of each photo's group, where these pairs belong together too."""
        ends = np.concatenate([photos, one]), np.concatenate([first, other])
        graph = coo_array((np.ones(len(ends[0])), ends), shape=(len(labels), len(labels)))
        _, starts, group = np.unique(connected_components(graph, directed=False)[1], True, True)
        return np.asarray(starts[group])

    _, starts, group = np.unique(given, return_index=True, return_inverse=True)
    first = starts[group]
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == label)
        for block in np.array_split(rows, len(rows) ** 2 // _PAIRS + 1):
            near = centred[block] @ centred[rows].T > _ALIKE
            alike[block] = near.sum(1) > 1  # itself is one
            one, other = np.nonzero(near & (first[block, None] != first[rows]))
            if len(one):
                first = joined(first, block[one], rows[other])
    return (None if (first == photos).all() else first), int(alike.sum())


def _spelled(labels: list[str]) -> tuple[list[str], list[str]]:
    """Labels with one spelling a class, the commonest: "T-shirt", "t_shirt" and "t shirt" are one class."""
    ways: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        ways[plain_label(label)][label] += 1
    best = {plain: max(sorted(found), key=found.__getitem__) for plain, found in ways.items()}
    several = [plain for plain, found in ways.items() if len(found) > 1]
    told = [f"{', '.join(map(repr, sorted(ways[plain])))} are one class, {best[plain]!r}." for plain in several]
    return [best[plain_label(label)] for label in labels], told


def _singled(seen: Seen, labels: list[str]) -> tuple[list[bool], int, list[tuple[str, str]]]:
    """Which photos stay: the first of each picture, none of one in two classes. How many copies; the conflicts."""
    first: dict[str, int] = {}
    against: dict[str, int] = {}
    for row, picture in enumerate(seen.pictures):
        if labels[first.setdefault(picture, row)] != labels[row]:
            against.setdefault(picture, row)
    keep = [first[picture] == row and picture not in against for row, picture in enumerate(seen.pictures)]
    copies = sum(picture not in against for picture in seen.pictures) - sum(keep)
    conflicts = [(seen.names[first[picture]], seen.names[row]) for picture, row in against.items()]
    return keep, copies, conflicts


def _check(classes: set[str], notes: list[str]) -> None:
    why = f" ({' '.join(notes)})" if notes else ""
    if not classes:
        raise InputError(f"no class has {FEWEST} photos that can be used{why}", "add photos")
    if len(classes) == 1:
        only = next(iter(classes))
        raise InputError(f"{only!r} is the only class with {FEWEST} photos{why}", "give at least two such classes")
