"""Train the whole network on somebody's photos, and see whether that beats a linear head on the same photos."""

import copy
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine import settings
from engine.curves.subsets import Items
from engine.models.classifier import Classifier
from engine.models.data import only
from engine.models.dataset import decoded
from engine.models.evaluate import evaluate, figures_of
from engine.models.gather import Gathered
from engine.models.head import Head, log_softmax, temperature
from engine.models.networks import with_head
from engine.models.package import write_model
from engine.models.train import Recipe, train
from engine.photos.closeup import fit_closeup
from engine.photos.decode import decode_all

_PHOTOS = 60_000  # drawn in all, about ten minutes of two cores; but no fewer than 8 and no more than 40 epochs
_GATE = 300  # photos that teach the gate what a close-up is


@dataclass(frozen=True)
class Whole:
    """A trained network, as a model that can be asked."""

    model: Classifier
    gate: Any
    report: dict[str, Any]  # of the second half of the held-out photos
    better: bool  # than the head, on these
    sentence: str


def train_whole(
    paths: Sequence[Path],
    name: str,
    data: Gathered,
    held_out: Items,
    base: Classifier,
    head: Head,
    progress: Callable[[str, float], None],
) -> Whole:
    """Train from the weights of `base` and a `head` that was trained without the held-out photos.

    The first half of these stops the training and gives the temperature, the second compares. A run that is stopped
    goes on from its last checkpoint, as long as photos and `base` are the same.
    """
    rest = np.delete(np.arange(len(data.labels)), held_out)
    first, second = (held_out[data.in_first_half[held_out] == half] for half in (True, False))
    digest = hashlib.sha256(repr((base.id, data.classes, data.pictures, data.labels.tolist())).encode()).hexdigest()
    folder = settings.home() / "training" / f"{name}-{digest[:12]}"
    parts = [
        decoded(partial(only, paths, data.named(rows)), folder / part, data.classes)
        for part, rows in (("seen", rest), ("held-out", first))
    ]
    recipe = Recipe(
        epochs=min(40.0, max(8.0, _PHOTOS / len(rest))),
        batch=min(128, max(16, len(rest) // 10)),
        rate=0.02,
        fall=0.6,
        smoothing=0.05,
        mixing=0.3,
        sizes=((0, base.card.size),),
        size=base.card.size,
        patience=6,
    )
    error = [""]

    def tell(row: dict[str, Any]) -> None:
        if "accuracy" in row:
            error[0] = f", error {1 - row['accuracy']:.1%}"
        else:
            progress(f"training the network{error[0]}", row["step"] / row["steps"])

    start = copy.deepcopy(with_head(base.network, head.layer()))
    network = train(start, base.card, (parts[0], parts[1]), folder, recipe, tell)

    shutil.rmtree(folder / "model", ignore_errors=True)
    card = {"name": name, "format": 1, "classes": data.classes, "input": base.card.raw["input"], "temperature": 1.0}
    write_model(folder / "model", network, card)
    model = Classifier(folder / "model")
    seen = [photo for photo in only(paths, data.named(first)) if isinstance(photo.data, bytes)]
    images = [image for image in decode_all(photo.data for photo in seen) if isinstance(image, Image.Image)]
    places = np.array([data.classes.index(photo.label) for photo in seen])
    warmth = temperature(model.predict(images).logits, places)
    model = model.with_head(model.network.head, data.classes, warmth)
    found = evaluate(only(paths, data.named(second)), model)
    logits = head.logits(data.features)
    calm = temperature(logits[first], data.labels[first])
    rival = figures_of(data.labels[second], log_softmax(logits[second] / calm))
    better = found["log_loss"] < rival["log_loss"] and found["accuracy"] >= rival["accuracy"]
    said = "beats" if better else "does not beat"
    kept = "" if better else ", which is kept"
    sentence = (
        f"On {len(second):,} held-out photos the trained network {said} the linear head{kept}: "
        f"{1 - found['accuracy']:.1%} errors against {1 - rival['accuracy']:.1%}."
    )
    whole = decode_all(photo.data for photo in only(paths, data.named(rest[:: len(rest) // _GATE + 1])))
    gate = fit_closeup(model, (image for image in whole if isinstance(image, Image.Image)), images) if better else None
    shutil.rmtree(folder)
    return Whole(model, gate, found, better, sentence)
