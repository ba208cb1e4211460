"""A model on disk: a folder with `card.json` and its weights. Reading one trusts nothing in it.

The card holds what a photo must look like before the network sees it, so that data and weights cannot drift apart.
Weights are safetensors only: loading them runs no code.
"""

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from engine.errors import DamagedModel, ModelNotFound
from engine.models.imagenet import ARCHITECTURES
from engine.models.networks import Network, build
from engine.models.registry import CARD

_FORMAT = 1
_INPUT_METHOD = {"resize": "squash", "interpolation": "bicubic, antialiased"}


@dataclass(frozen=True)
class Card:
    """What a model says of itself; `raw` is the whole card, with how it was trained and its figures."""

    name: str
    classes: tuple[str, ...]
    network: dict[str, Any]  # what `build` needs to know of it
    table: tuple[tuple[int, ...], ...] | None  # outputs of each class, whose probabilities are summed; None: its own
    outputs: int  # of the network
    size: int  # px: photos are squashed to size x size
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    mirror_average: bool
    temperature: float
    weights: str  # a file beside the card
    sha256: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """Name and weights in one word: verdicts carry it."""
        return f"{self.name}@{self.sha256[:12]}"


def read_card(folder: Path) -> Card:
    """Read and check `folder`/card.json.

    Raises ModelNotFound if there is none and DamagedModel if it does not describe a model this version can run.
    """
    path = folder / CARD
    if not path.is_file():
        raise ModelNotFound(f"there is no model in {folder}", f"a model is a folder with {CARD} and its weights")
    try:
        raw = json.loads(path.read_text("utf-8"))
        if raw["format"] != _FORMAT or raw["network"]["kind"] not in ("starter", "torchvision"):
            raise DamagedModel(
                f"{path} describes a model this version of Tally cannot run", "update Tally, or train it again"
            )
        if any(raw["input"][key] != value for key, value in _INPUT_METHOD.items()):
            raise DamagedModel(f"{path} asks for an unknown way to resize photos", "update Tally, or train it again")
        classes, table = tuple(str(name) for name in raw["classes"]), raw.get("table")
        card = Card(
            name=str(raw["name"]),
            classes=classes,
            network=raw["network"],
            table=table and tuple(tuple(int(place) for place in table["of"][name]) for name in classes),
            outputs=int(table["outputs"]) if table else len(classes),
            size=int(raw["input"]["size"]),
            mean=_triple(raw["input"]["mean"]),
            std=_triple(raw["input"]["std"]),
            mirror_average=bool(raw["input"]["mirror_average"]),
            temperature=float(raw["temperature"]),
            weights=str(raw["weights"]["file"]),
            sha256=str(raw["weights"]["sha256"]),
            raw=raw,
        )
        sound = _sound(card)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedModel(f"{path} is not a model card ({error!r})", "restore it from a copy") from error
    if not sound:
        raise DamagedModel(f"{path} holds impossible values", "restore it from a copy")
    return card


def _sound(card: Card) -> bool:
    return (
        len(set(card.classes)) == len(card.classes) > 1
        and _sound_network(card.network)
        and (card.table is None or _sound_table(card.table, card.outputs))
        and 8 <= card.size <= 1024
        and all(map(math.isfinite, card.mean + card.std))
        and min(card.std) > 0
        and isinstance(card.raw.get("figures", {}), dict)
        and 0 < card.temperature < 100
        and Path(card.weights).name == card.weights
    )


def _sound_network(kind: dict[str, Any]) -> bool:
    if kind["kind"] == "torchvision":
        return kind["architecture"] in ARCHITECTURES
    widths, depths, squeeze = kind["widths"], kind["depths"], kind.get("squeeze", 0)
    return (
        all(isinstance(number, int) for number in (*widths, *depths, squeeze))
        and len(widths) == len(depths) > 0
        and min(widths + depths) > 0
        and max(widths) <= 4096
        and max(depths) <= 64
        and 0 <= squeeze <= min(widths)
    )


def _sound_table(table: tuple[tuple[int, ...], ...], outputs: int) -> bool:
    places = [place for found in table for place in found]
    return (
        all(table)
        and len(set(places)) == len(places) < outputs <= 100_000
        and 0 <= min(places) <= max(places) < outputs
    )


def load_network(folder: Path, card: Card) -> Network:
    """Build the card's network with its weights, ready for inference (evaluation mode, float32).

    Raises DamagedModel if the weights are missing, differ from the card's checksum, are no safetensors, or do not fit.
    """
    path = folder / card.weights
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedModel(f"the weights {path} cannot be read ({error.strerror})", "restore them") from error
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise DamagedModel(
            f"the weights {path} are damaged or of another model (their checksum is not the card's)",
            "restore them from a copy",
        )
    network = build(card.network, card.outputs)
    try:
        stored = load(data).items()
        weights = {name: values.float() if values.is_floating_point() else values for name, values in stored}
        network.load_state_dict(weights, assign=True)
    except (SafetensorError, RuntimeError) as error:
        raise DamagedModel(
            f"the weights {path} do not fit the network of their card", "restore both from one copy"
        ) from error
    if not all(torch.isfinite(values).all() for values in weights.values()):
        raise DamagedModel(f"the weights {path} hold values that are not numbers", "train the model again")
    return network.eval().requires_grad_(False)


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
