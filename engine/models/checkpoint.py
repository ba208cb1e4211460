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
from engine.models.networks import StarterNetwork

CARD = "card.json"
_FORMAT = 1
_INPUT_METHOD = {"resize": "squash", "interpolation": "bicubic, antialiased"}


@dataclass(frozen=True)
class Card:
    """What a model says of itself; `raw` is the whole card, with how it was trained and its figures."""

    name: str
    classes: tuple[str, ...]
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    squeeze: int  # of its gates; 0: it has none
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
        if raw["format"] != _FORMAT or raw["network"]["kind"] != "starter":
            raise DamagedModel(
                f"{path} describes a model this version of Tally cannot run", "update Tally, or train it again"
            )
        if any(raw["input"][key] != value for key, value in _INPUT_METHOD.items()):
            raise DamagedModel(f"{path} asks for an unknown way to resize photos", "update Tally, or train it again")
        card = Card(
            name=str(raw["name"]),
            classes=tuple(str(name) for name in raw["classes"]),
            widths=tuple(int(width) for width in raw["network"]["widths"]),
            depths=tuple(int(depth) for depth in raw["network"]["depths"]),
            squeeze=int(raw["network"].get("squeeze", 0)),
            size=int(raw["input"]["size"]),
            mean=_triple(raw["input"]["mean"]),
            std=_triple(raw["input"]["std"]),
            mirror_average=bool(raw["input"]["mirror_average"]),
            temperature=float(raw["temperature"]),
            weights=str(raw["weights"]["file"]),
            sha256=str(raw["weights"]["sha256"]),
            raw=raw,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedModel(f"{path} is not a model card ({error!r})", "restore it from a copy") from error
    sound = (
        len(set(card.classes)) == len(card.classes) > 1
        and len(card.widths) == len(card.depths) > 0
        and min(card.widths + card.depths) > 0
        and max(card.widths) <= 4096
        and max(card.depths) <= 64
        and 0 <= card.squeeze <= min(card.widths)
        and 8 <= card.size <= 1024
        and all(map(math.isfinite, card.mean + card.std))
        and min(card.std) > 0
        and isinstance(raw.get("figures", {}), dict)
        and 0 < card.temperature < 100
        and Path(card.weights).name == card.weights
    )
    if not sound:
        raise DamagedModel(f"{path} holds impossible values", "restore it from a copy")
    return card


def load_network(folder: Path, card: Card) -> StarterNetwork:
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
    with torch.device("meta"):  # takes no memory before the weights are known to fit
        network = StarterNetwork(len(card.classes), card.widths, card.depths, card.squeeze)
    try:
        weights = {name: values.float() for name, values in load(data).items()}
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
