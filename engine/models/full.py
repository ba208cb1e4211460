"""Train the whole network on somebody's photos, and see whether that beats a linear head on the same photos."""

import copy
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.curves.subsets import Items
from engine.models.classifier import Classifier
from engine.models.data import only
from engine.models.dataset import decoded
from engine.models.evaluate import evaluate, figures_of
from engine.models.gather import Gathered
from engine.models.head import Head, log_softmax, temperature
from engine.models.networks import with_head
from engine.models.package import write_model
from engine.models.progress import Progress, counting
from engine.models.train import Recipe, train
from engine.photos.decode import decode_all

_PHOTOS = 60_000  # shown in all, about ten minutes of two cores; but no fewer than 8 and no more than 40 epochs
_FEWEST = 10  # held-out photos of each half: with fewer, chance alone decides
_TOO_FEW = f"Of both halves of the held-out photos {_FEWEST} are needed to train the whole network"
# Gentle: the weights are good already.
_RECIPE = Recipe(rate=0.02, patience=6, save=30)


def drawn(photos: int) -> float:
    """How many photos a network is shown in all, of so many different ones."""
    return min(40 * photos, max(8 * photos, _PHOTOS))


@dataclass(frozen=True)
class Whole:
    """A trained network, as a model that can be asked."""

    model: Classifier
    report: dict[str, Any]  # of the second half of the held-out photos
    better: bool  # than the head, on these
    sentence: str


def train_whole(
    paths: Sequence[Path],
    folder: Path,
    data: Gathered,
    held_out: Items,
    base: Classifier,
    head: Head,
    progress: Progress,
) -> Whole:
    """Train from the weights of `base` and a `head` that was trained without the held-out photos.

    The first half of these stops the training and gives the temperature, the second compares. A run that is stopped
    goes on from its last checkpoint in `folder`, which is the caller's to delete.
    """
    rest = np.delete(np.arange(len(data.labels)), held_out)
    first, second = (held_out[data.in_first_half[held_out] == half] for half in (True, False))
    if min(len(first), len(second)) < _FEWEST:
        return Whole(base, {}, False, f"{_TOO_FEW}: the linear head is kept.")
    seen, halted = (
        decoded(
            partial(only, paths, data.named(rows)),
            folder / part,
            data.classes,
            counting(progress, "decoding photos", len(rows)),
        )
        for part, rows in (("seen", rest), ("held-out", first))
    )
    recipe = replace(
        _RECIPE,
        epochs=drawn(len(rest)) / len(rest),
        batch=min(128, max(16, len(rest) // 10)),
        size=base.card.size,
    )
    share = 0.0

    def tell(row: dict[str, Any]) -> None:
        nonlocal share
        figures = {}
        if "accuracy" in row:
            figures = {"training_loss": row["loss"], "loss": row["log_loss"], "error": 1 - row["accuracy"]}
            figures["epochs"] = row["epochs"]
        else:
            share = row["step"] / row["steps"]
        progress("training the network", share, **figures)

    start = copy.deepcopy(with_head(base.network, head.layer()))
    network = train(start, base.card, (seen, halted), folder, recipe, tell)

    shutil.rmtree(folder / "model", ignore_errors=True)
    card = {
        "name": "trained",
        "format": 1,
        "classes": data.classes,
        "input": base.card.raw["input"],
        "temperature": 1.0,
    }
    write_model(folder / "model", network, card)
    return _compared(paths, data, (first, second), Classifier(folder / "model"), head)


def _compared(
    paths: Sequence[Path], data: Gathered, halves: tuple[Items, Items], model: Classifier, head: Head
) -> Whole:
    """Both calibrated on the first half of the held-out photos and scored on the second."""
    first, second = halves
    labels = [data.classes.index(photo.label) for photo in only(paths, data.named(first))]
    warmth = temperature(model.predict(list(images(paths, data, first))).logits, np.array(labels))
    model = model.with_head(model.network.head, data.classes, warmth)
    found = evaluate(only(paths, data.named(second)), model)
    logits = head.logits(data.features)
    rival = log_softmax(logits[second] / temperature(logits[first], data.labels[first]))
    against = figures_of(data.labels[second], rival)
    better = found["log_loss"] < against["log_loss"] and found["accuracy"] >= against["accuracy"]
    said = "beats the linear head" if better else "does not beat the linear head, which is kept"
    own, other = (f"{100 - 100 * one['accuracy']:.1f} %" for one in (found, against))
    figures = f"{own} errors and a log-loss of {found['log_loss']:.3f} against {other} and {against['log_loss']:.3f}"
    sentence = f"On {len(second):,} held-out photos the trained network {said}: {figures}."
    return Whole(model, found, better, sentence)


def images(paths: Sequence[Path], data: Gathered, rows: Items) -> Iterator[Image.Image]:
    """The photos of these rows, in the order of `only`; all were readable."""
    found = decode_all(photo.data for photo in only(paths, data.named(rows)))
    return (image for image in found if isinstance(image, Image.Image))
