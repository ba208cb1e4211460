"""Somebody's own photos -> a model of their own, with its report: what `tally train` does.

A linear head on a model's features is trained in seconds. What its card and report say is of photos that the head they
were told by had not seen: five folds, each calibrated on the other four. What listings need (unknown objects, the gate,
thresholds) is fitted on held-out photos, with a head of the rest. The head that is kept knows all photos.

With `full` the whole network is trained, on all but the held-out photos, and kept if it beats the head on them.
"""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import settings
from engine.curves.photos import look_at_all
from engine.curves.subsets import Items
from engine.errors import InputError, ModelError
from engine.listings import fitted
from engine.listings.fit import fit
from engine.listings.fitted import Fitted
from engine.listings.held_out import look_at
from engine.listings.route import NEVER
from engine.models.classifier import Classifier
from engine.models.data import how_many, only, read_labelled
from engine.models.evaluate import Scored, report
from engine.models.full import Whole, drawn, images, train_whole
from engine.models.gather import Gathered, gather
from engine.models.head import Heads, fit_head
from engine.models.networks import Network
from engine.models.package import write_model
from engine.models.progress import Progress, counting, in_parts, silent
from engine.models.registry import REPORT, new_folder
from engine.models.suspects import suspects
from engine.models.thumbnails import thumbnails
from engine.photos.closeup import fit_closeup, recentred

Gate = Mapping[str, NDArray[np.float64]] | None

_HELD_OUT = 480  # photos for listings: looked at four times each, as they are and spoiled
_OF_A_CLASS = (8, 20)  # the fewest and the most of one class; never more than half of it
_GATE = 300  # photos that teach the gate what a close-up is
_CLASSES = 4  # with that many held-out photos: with fewer classes, none can be hidden to stand for the unknown
_NO_UNKNOWN = "Too few classes or photos to learn what is unknown: every listing goes to people."
_SUMMARY = ("photos", "accuracy", "balanced_accuracy", "top5", "log_loss", "ece")


@dataclass(frozen=True)
class Built:
    """A model that is ready to be written."""

    network: Network
    temperature: float
    listings: tuple[Fitted, dict[str, Any]]
    report: dict[str, Any]  # as `evaluate` gives it
    trained: dict[str, Any]  # how, for its card
    note: str  # what the figures are of


def learn(
    paths: Sequence[Path],
    name: str,
    base: Classifier,
    progress: Progress = silent,
    *,
    full: bool = False,
    scratch: Path | None = None,
) -> dict[str, Any]:
    """Train the model `name` on the photos of `paths`, starting from `base`, and write it into the registry.

    A network in training is kept in `scratch`, the folder of a job, whose name the report then bears.

    Returns its report, which is kept beside the weights: that of `evaluate`, with `notes` (what was left out, in
    sentences), `suspects` (labels likely wrong), `in_two_classes` (names of the same picture) and `seconds`. Of the
    worst photos and the suspects, the first have a `picture`, which is in the model's folder.

    Raises InputError for a name that cannot be used and photos that nothing can be learnt from, UnreadableData as
    `read_labelled` does, and ModelError if the model or its training cannot be written.
    """
    started, folder = time.monotonic(), new_folder(name)
    if full and base.card.network["kind"] != "starter":
        raise InputError(f"{base.id} is too large to be trained whole here", "train a linear head on it")
    total = max(1, how_many(paths))
    progress = in_parts(progress, _seconds(total, full=full))
    looked = counting(progress, "looking at photos", total)
    data = gather(look_at_all(read_labelled(paths), base, settings.TRAIN_PHOTOS, looked))
    held_out = set_apart(data)
    heads = fit_head(data.features, data.labels, data.groups, held_out, partial(progress, "training"))
    temperature, log_p = heads.calibrated(data.features, data.labels)
    notes, whole = list(data.notes), None
    run = (scratch or settings.home() / "training") / f"{name}-{base.id}-{data.digest[:12]}"
    if full:
        try:
            whole = train_whole(paths, run, data, held_out, base, heads.part, progress)
        except OSError as error:
            remedy = "make room, and start it again: it goes on where it was"
            raise ModelError(f"the training could not be kept in {run.parent} ({error.strerror})", remedy) from error
        notes.append(whole.sentence)
    if whole and whole.better:
        built = _of_network(paths, data, held_out, whole, progress)
    else:
        built = _of_head(paths, data, held_out, base, (heads, temperature, log_p), progress)
    if built.listings[0].novelty is None:
        notes.append(_NO_UNKNOWN)
    about = built.report | {
        "notes": notes,
        "suspects": suspects(log_p, data.labels, data.names, data.classes),
        "in_two_classes": data.in_two_classes,
        "job": scratch and scratch.name,
    }
    named = dict(zip(data.names, data.pictures, strict=True))
    pictures = thumbnails(paths, named, [about["worst"], about["suspects"]["worst"]])
    card = {
        "name": name,
        "format": 1,
        "classes": data.classes,
        "input": base.card.raw["input"],
        "temperature": built.temperature,
        "trained": built.trained | {"on": base.id, "photos": len(data.labels), "date": f"{datetime.now(UTC):%Y-%m-%d}"},
        "figures": {
            "validation": {key: about[key] for key in _SUMMARY},
            "validation_by_source": about["per_source"],
            "note": built.note,
        },
    }

    def further(unfinished: Path, sha256: str) -> None:
        fitted.save(unfinished, built.listings[0], sha256, built.listings[1])
        about.update(model=f"{name}@{sha256[:12]}", seconds=round(time.monotonic() - started, 1))
        (unfinished / REPORT).write_text(json.dumps(about), "utf-8")
        (unfinished / "pictures").mkdir()
        for key, jpeg in pictures.items():
            (unfinished / "pictures" / f"{key}.jpg").write_bytes(jpeg)

    write_model(folder, built.network, card, further)
    shutil.rmtree(run, ignore_errors=True)  # not before: whoever is stopped in between has the trained network still
    return about


def _seconds(photos: int, *, full: bool) -> dict[str, float]:
    """About how long each part takes on two cores: what counts is how they compare."""
    network = {
        "decoding photos": 0.003 * photos,
        "training the network": 0.01 * drawn(photos),
        "looking again": 0.004 * photos,
    }
    listings = {"looking at spoiled copies": 0.05 * min(_HELD_OUT, photos / 2), "fitting thresholds": 30.0}
    if photos < 2 * _CLASSES * _OF_A_CLASS[0]:
        listings = dict.fromkeys(listings, 0.0)
    head = {"looking at photos": 0.004 * photos, "training": 0.005 * photos}
    return head | (network if full else {}) | listings


def _of_head(
    paths: Sequence[Path],
    data: Gathered,
    held_out: Items,
    base: Classifier,
    found: tuple[Heads, float, NDArray[np.float64]],
    progress: Progress,
) -> Built:
    heads, temperature, log_p = found
    trial = base.with_head(heads.part.layer(), data.classes, temperature)
    rest = np.delete(np.arange(len(data.labels)), held_out)
    known = data.features[rest], data.labels[rest]
    scored = Scored(
        names=data.names,
        sources=data.sources,
        truth=data.labels.tolist(),
        log_probabilities=list(log_p),
        unreadable=[{"name": photo, "reason": reason} for photo, reason in data.unreadable],
    )
    return Built(
        network=base.with_head(heads.whole.layer(), data.classes, temperature).network,
        temperature=temperature,
        listings=for_listings(paths, data, held_out, (trial, base.fitted.gate), known, progress),
        report=report(scored, "", data.classes),
        trained={"kind": "linear head", "penalty": heads.penalty},
        note="of each photo by a head of the other four folds, calibrated on these; the head that is kept knows all",
    )


def _of_network(paths: Sequence[Path], data: Gathered, held_out: Items, whole: Whole, progress: Progress) -> Built:
    rest = np.delete(np.arange(len(data.labels)), held_out)
    again = counting(progress, "looking again", len(rest))
    seen = look_at_all(only(paths, data.named(rest)), whole.model, settings.TRAIN_PHOTOS, again)
    places = {name: index for index, name in enumerate(data.classes)}
    known = seen.arrays()[0], np.array([places[label] for label in seen.labels])
    return Built(
        network=whole.model.network,
        temperature=whole.model.card.temperature,
        listings=for_listings(paths, data, held_out, (whole.model, None), known, progress),
        report=whole.report,
        trained={"kind": "network"},
        note="of one half of the held-out photos; the other half chose when to stop, and the temperature",
    )


def set_apart(data: Gathered) -> Items:
    """Rows of held-out photos: a few of each class, the same on every run; a group is in or out.

    As many of one half as of the other (`Gathered.in_first_half`), where there are.
    """
    counts = np.bincount(data.labels)
    fewest, most = _OF_A_CLASS
    wanted = np.minimum(np.clip(_HELD_OUT // len(counts), fewest, most), counts // 2) // 2
    groups = np.arange(len(data.labels)) if data.groups is None else data.groups
    half = data.in_first_half.astype(np.int64)
    taken, chosen = np.zeros((len(counts), 2), dtype=np.int64), np.zeros(int(groups.max()) + 1, dtype=bool)
    for row in np.argsort(data.pictures, kind="stable").tolist():
        place = data.labels[row], half[row]
        if not chosen[groups[row]] and taken[place] < wanted[place[0]]:
            chosen[groups[row]] = True
            members = groups == groups[row]
            np.add.at(taken, (data.labels[members], half[members]), 1)
    return np.flatnonzero(chosen[groups])


def for_listings(
    paths: Sequence[Path],
    data: Gathered,
    held_out: Items,
    trial: tuple[Classifier, Gate],
    known: tuple[NDArray[np.float32], Items],
    progress: Progress,
) -> tuple[Fitted, dict[str, Any]]:
    """What `engine.listings.fit` fits, on held-out photos, for a model that was trained on the `known`.

    A gate that knows the model's features is set for these photos; where there is none, one is trained.
    """
    model, gate = trial
    each = np.zeros((len(data.classes), 2), dtype=np.int64)
    np.add.at(each, (data.labels[held_out], data.in_first_half[held_out].astype(np.int64)), 1)
    shown = np.flatnonzero(each.min(1) >= _OF_A_CLASS[0] // 2)
    if len(shown) < _CLASSES:
        return Fitted(gate=gate, accept=(NEVER,)), {}
    rows = held_out[np.isin(data.labels[held_out], shown)]
    spoiled = counting(progress, "looking at spoiled copies", len(rows))
    photos = look_at(only(paths, data.named(rows)), model, spoiled)
    if gate is not None:
        gate = recentred(gate, np.stack([photo.looks[0].features for photo in photos if photo.in_first_half]))
    else:
        rest, half = np.delete(np.arange(len(data.labels)), held_out), held_out[data.in_first_half[held_out]]
        whole = images(paths, data, rest[:: len(rest) // _GATE + 1])
        fresh = fit_closeup(model, whole, images(paths, data, half))
        gate = {name: values.astype(np.float64) for name, values in fresh.items()}
    return fit(model, known, photos, gate, partial(progress, "fitting thresholds"))
