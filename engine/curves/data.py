"""Labelled sets for learning curves: the built-in digits, tables of features, and photos.

What cannot be used is left out and said in `notes`; what leaves nothing to measure is an error.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine import settings
from engine.curves.subsets import FOLDS, Items
from engine.curves.tables import is_table, read_table
from engine.curves.words import counted, listed
from engine.errors import InputError, UnreadableData
from engine.models.registry import load_model

if TYPE_CHECKING:
    from engine.curves.photos import Seen
    from engine.models.classifier import Classifier

Features = NDArray[np.float32]

DIGITS = "digits"
FEWEST = 20  # items: fewer have no curve


@dataclass(frozen=True)
class Labelled:
    """A set to measure on; every class has at least five items. `labels` index `classes`, which are in name order."""

    features: Features = field(repr=False)  # [items, width], finite
    labels: Items = field(repr=False)  # [items]
    classes: list[str]
    groups: Items | None = field(repr=False)  # [items] from 0; items of a group are not independent
    names: list[str] = field(repr=False)
    unit: str  # what the items are, for sentences
    notes: list[str]  # what was left out, and guesses
    keys: list[str] = field(repr=False)  # what an item is known by on every run: a photo by its content
    looks: Features | None = field(default=None, repr=False)  # [items, 192] photos as 8 x 8 x 3 pixels from 0 to 1
    sources: list[str] | None = field(default=None, repr=False)  # the collection each photo came from

    @cached_property
    def digest(self) -> str:
        """What the set is known by, whichever model looks at it or features describe it."""
        answers = (self.classes[label] for label in self.labels)
        lines = (f"{key}\t{answer}" for key, answer in zip(self.keys, answers, strict=True))
        digest = hashlib.sha256("\n".join(lines).encode())
        if self.keys == self.names:  # row numbers: other rows have the same
            digest.update(self.features.tobytes())
        return digest.hexdigest()


def load(
    data: str | Path,
    *,
    label: str | None = None,
    model: Callable[[], "Classifier"] = load_model,
    progress: Callable[[int], None] = lambda _: None,
) -> Labelled:
    """Read "digits", a CSV or Parquet table of features, or photos by class (folder, ZIP, Parquet with `jpeg`).

    `label` names a table's column of classes; without it, one called label, class, target or y is taken. `model` is
    called only for photos; `progress` hears how many of them are done.
    Raises InputError and UnreadableData for what cannot be measured, ModelNotFound and DamagedModel as `model` does.
    """
    if str(data) == DIGITS:
        return _digits()
    path = Path(data)
    if not path.exists():
        raise UnreadableData(f"{path.name} does not exist", f"give a folder, a ZIP, a table, or {DIGITS}")
    if is_table(path):
        return labelled(**read_table(path, label), unit="rows")
    return _photos(path, model(), progress)


def labelled(
    features: Features,
    names: list[str],
    answers: list[str],
    *,
    groups: list[str] | None = None,
    unit: str = "items",
    notes: tuple[str, ...] = (),
    keys: list[str] | None = None,
) -> Labelled:
    """Check a set and number its classes. Items with a feature that is no number are left out, and said.

    Without `keys` an item is known by its name.

    Raises InputError for one class, fewer than 20 items, classes of fewer than five, and features that do not vary.
    """
    finite = np.asarray(np.isfinite(features).all(axis=1))
    told = list(notes)
    if dropped := int((~finite).sum()):
        told.append(f"{counted(dropped, unit)} left out: a feature is missing or no finite number.")
    classes, labels = _numbered(answers, finite)
    _check(labels, classes, unit, told)
    if (features[finite] == features[finite][0]).all():
        raise InputError(f"the {unit} do not differ in any feature", "give features that vary")
    return Labelled(
        features=features[finite],
        labels=labels,
        classes=classes,
        groups=None if groups is None else _numbered(groups, finite)[1],
        names=list(compress(names, finite.tolist())),
        unit=unit,
        notes=told,
        keys=list(compress(keys or names, finite.tolist())),
    )


def _numbered(answers: list[str], rows: NDArray[np.bool_]) -> tuple[list[str], Items]:
    """The different answers of the rows in order, and the number of each row's."""
    found, numbers = np.unique(np.array(answers, dtype=np.str_)[rows], return_inverse=True)
    return found.tolist(), numbers.astype(np.int64)


def _check(labels: Items, classes: list[str], unit: str, notes: list[str]) -> None:
    why = f" ({' '.join(notes)})" if notes else ""
    items, counts = len(labels), np.bincount(labels, minlength=len(classes))
    if items < FEWEST:
        raise InputError(f"{counted(items, unit)} can be used{why}", f"give at least {FEWEST}")
    if len(classes) == 1:
        raise InputError(f"all {unit} are of one class, {classes[0]!r}{why}", "give at least two classes")
    if len(classes) > items / FOLDS:
        raise InputError(
            f"{len(classes):,} classes for {items:,} {unit} are too many", "choose the column that holds the class"
        )
    rare = [f"{classes[index]!r} ({counts[index]})" for index in np.argsort(counts) if counts[index] < FOLDS]
    if rare:
        raise InputError(
            f"classes with fewer than {FOLDS} {unit}: {listed(rare)}",
            f"add {unit} to them, or leave these classes out",
        )


def _digits() -> Labelled:
    from sklearn.datasets import load_digits

    digits = load_digits()
    features = digits.data.astype(np.float32)
    names = [f"digit {number}" for number in range(1, len(features) + 1)]
    return labelled(features, names, [str(digit) for digit in digits.target], unit="digits")


def left_out(seen: "Seen") -> list[str]:
    """Notes on the photos that are not used."""
    notes = []
    if seen.unreadable:
        names = listed([f"{name} ({reason})" for name, reason in seen.unreadable])
        notes.append(f"{counted(len(seen.unreadable), 'photos')} left out as unreadable: {names}.")
    if seen.passed_over:
        notes.append(f"{len(seen.names):,} of {len(seen.names) + seen.passed_over:,} photos are used: a random sample.")
    return notes


def _photos(path: Path, model: "Classifier", progress: Callable[[int], None]) -> Labelled:
    from engine.curves.photos import look_at_all
    from engine.models.data import read_labelled

    seen = look_at_all(read_labelled([path]), model, settings.CURVE_ITEMS, progress)
    notes = left_out(seen)
    folders = sorted({str(folder) for name in seen.names if (folder := PurePosixPath(name).parent).name})
    if len(set(seen.labels)) == 1 and folders:
        notes.append(f"Folders of photos: {listed(folders)}.")
    copies = len(seen.pictures) - len(set(seen.pictures))
    grouped = any(seen.groups)
    if copies:
        kept = "" if grouped else " They stay on one side of every split."
        notes.append(f"Copies among the photos: {copies:,}.{kept}")
    groups = [group or picture for group, picture in zip(seen.groups, seen.pictures, strict=True)]
    features, looks = seen.arrays()
    found = labelled(
        features,
        seen.names,
        seen.labels,
        groups=groups if copies or grouped else None,
        unit="photos",
        notes=tuple(notes),
        keys=seen.pictures,
    )
    sources = [source or "" for source in seen.sources] if any(seen.sources) else None
    return replace(found, looks=looks, sources=sources)
