"""Somebody's own photos -> a model of their own, with its report: what `tally train` does.

A linear head on a model's features is trained in seconds. What its card and report say is of photos that the head they
were told by had not seen: five folds, each calibrated on the other four. What listings need (unknown objects, the gate,
thresholds) is fitted on held-out photos, with a head of the rest. The head that is kept knows all photos.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import settings
from engine.curves.photos import look_at_all
from engine.curves.subsets import Items
from engine.listings import fitted
from engine.listings.fit import fit
from engine.listings.fitted import Fitted
from engine.listings.held_out import look_at
from engine.listings.route import NEVER
from engine.models.classifier import Classifier
from engine.models.data import LabelledPhoto, how_many, read_labelled
from engine.models.evaluate import Scored, report
from engine.models.gather import Gathered, gather
from engine.models.head import fit_head
from engine.models.package import write_model
from engine.models.registry import new_folder
from engine.models.suspects import suspects
from engine.photos.closeup import recentred

Gate = Mapping[str, NDArray[np.float64]] | None
Progress = Callable[[str, float], None]  # what is being done, and the share of it that is

REPORT = "report.json"
_HELD_OUT = 480  # photos for listings: looked at four times each, as they are and spoiled
_OF_A_CLASS = (8, 20)  # the fewest and the most of one class; never more than half of it
_CLASSES = 4  # with that many held-out photos: with fewer classes, none can be hidden to stand for the unknown
_NO_UNKNOWN = "Too few classes or photos to learn what is unknown: every listing goes to people."


def learn(paths: Sequence[Path], name: str, base: Classifier, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Train a head for the photos of `paths` on the features of `base`, and write the model `name` into the registry.

    Returns its report, which is kept beside the weights: that of `evaluate`, with `notes` (what was left out, in
    sentences), `suspects` (labels likely wrong), `in_two_classes` (names of the same picture) and `seconds`.

    Raises InputError for a name that cannot be used and photos that nothing can be learnt from, UnreadableData as
    `read_labelled` does, and ModelError if the model cannot be written.
    """
    started, folder = time.monotonic(), new_folder(name)
    total = max(1, how_many(paths))
    seen = look_at_all(
        read_labelled(paths), base, settings.TRAIN_PHOTOS, lambda done: progress("looking at photos", done / total)
    )
    data = gather(seen)
    held_out = set_apart(data)
    heads = fit_head(data.features, data.labels, data.groups, held_out, lambda share: progress("training", share))
    temperature, log_p = heads.calibrated(data.features, data.labels)
    trial = base.with_head(heads.part.layer(), data.classes, temperature)
    found, figures = for_listings(paths, data, held_out, (trial, base.fitted.gate), progress)
    model = base.with_head(heads.whole.layer(), data.classes, temperature)
    scored = Scored(
        names=data.names,
        sources=data.sources,
        truth=data.labels.tolist(),
        log_probabilities=list(log_p),
        unreadable=[{"name": photo, "reason": reason} for photo, reason in data.unreadable],
    )
    about = report(scored, name, data.classes) | {
        "notes": data.notes
        + ([] if found.novelty else ["Too few photos to learn what is unknown: nothing is called so."]),
        "suspects": suspects(log_p, data.labels, data.names, data.classes),
        "in_two_classes": data.in_two_classes,
    }
    summary = ("photos", "accuracy", "balanced_accuracy", "top5", "log_loss", "ece")
    card = {
        "name": name,
        "format": 1,
        "classes": data.classes,
        "input": base.card.raw["input"],
        "temperature": temperature,
        "trained": {
            "kind": "linear head",
            "on": base.id,
            "penalty": heads.penalty,
            "photos": len(data.labels),
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
        },
        "figures": {
            "validation": {key: about[key] for key in summary},
            "validation_by_source": about["per_source"],
            "note": "of each photo by a head of the other four folds, calibrated on these; the head that is kept "
            "knows all photos",
        },
    }

    def further(unfinished: Path, sha256: str) -> None:
        fitted.save(unfinished, found, sha256, figures)
        about.update(model=f"{name}@{sha256[:12]}", seconds=round(time.monotonic() - started, 1))
        (unfinished / REPORT).write_text(json.dumps(about), "utf-8")

    write_model(folder, model.network, card, further)
    return about


def set_apart(data: Gathered) -> Items:
    """Rows of held-out photos: a few of each class, the same on every run; a group is in or out."""
    counts = np.bincount(data.labels)
    fewest, most = _OF_A_CLASS
    wanted = np.minimum(np.clip(_HELD_OUT // len(counts), fewest, most), counts // 2)
    groups = np.arange(len(data.labels)) if data.groups is None else data.groups
    taken, chosen = np.zeros(len(counts), dtype=np.int64), set()
    for row in np.argsort(data.pictures, kind="stable").tolist():
        label = data.labels[row]
        if groups[row] not in chosen and taken[label] < wanted[label]:
            chosen.add(groups[row])
            taken[label] += np.count_nonzero(groups == groups[row])
    return np.flatnonzero(np.isin(groups, list(chosen)))


def for_listings(
    paths: Sequence[Path], data: Gathered, held_out: Items, trial: tuple[Classifier, Gate], progress: Progress
) -> tuple[Fitted, dict[str, Any]]:
    """What `engine.listings.fit` fits, on held-out photos, for a model that was trained on the others and a gate."""
    model, gate = trial
    counts = np.bincount(data.labels[held_out], minlength=len(data.classes))
    if np.count_nonzero(counts >= _OF_A_CLASS[0]) < _CLASSES:
        return Fitted(gate=gate, accept=(NEVER,)), {}
    wanted = {data.pictures[row]: data.classes[data.labels[row]] for row in held_out.tolist()}
    photos = look_at(
        _only(paths, wanted), model, lambda done: progress("looking at spoiled copies", done / len(wanted))
    )
    if gate is not None:
        features = np.stack([photo.looks[0].features for photo in photos if photo.in_first_half])
        gate = recentred(gate, features)
    known = np.delete(np.arange(len(data.labels)), held_out)
    progress("fitting thresholds", 0)
    return fit(model, (data.features[known], data.labels[known]), photos, gate)


def _only(paths: Sequence[Path], wanted: Mapping[str, str]) -> Iterator[LabelledPhoto]:
    """The photos of these pictures, each once, with the label that stands beside its picture."""
    left = dict(wanted)
    for photo in read_labelled(paths):
        if isinstance(photo.data, bytes) and (label := left.pop(hashlib.sha256(photo.data).hexdigest(), None)):
            yield replace(photo, label=label)
        if not left:
            return
