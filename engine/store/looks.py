"""What was looked at, to the last bit: decided again it gives the same verdict. Tensors and JSON, no code."""

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, LimitExceeded, StoreError, UnreadableData, UnreadablePhoto
from engine.listings.weigh import Look
from engine.photos.quality import Measures
from engine.store.database import DAMAGED
from engine.store.sealed import seal, unseal

_ERRORS = {kind.code: kind for kind in (InputError, LimitExceeded, UnreadableData, UnreadablePhoto)}
_MEASURES = [item.name for item in fields(Measures) if item.name != "look"]
_WHAT = "what was looked at"


def pack(looks: Sequence[Look | InputError]) -> bytes:
    """Looks, and errors where there are none, as safetensors."""
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {}
    others: list[dict[str, Any]] = []
    for place, item in enumerate(looks):
        if not isinstance(item, Look):
            others.append({"error": item.code, "message": item.message, "remedy": item.remedy})
            continue
        others.append({"unknown": item.unknown, "nearest": item.nearest})
        tensors |= {
            f"{place}.measures": np.array([getattr(item.measures, name) for name in _MEASURES], np.float64),
            f"{place}.look": np.ascontiguousarray(item.measures.look),
            f"{place}.log_probabilities": np.ascontiguousarray(item.log_probabilities),
            f"{place}.features": np.ascontiguousarray(item.features),
        }
    return seal(save(tensors, {"others": json.dumps(others)}))


def unpack(sealed: bytes) -> list[Look | InputError]:
    """What `pack` was given. Raises StoreError for damaged bytes, and for those of a Tally that measured otherwise."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = unseal(sealed, _WHAT)
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return [
            _item(place, other, tensors) for place, other in enumerate(json.loads(header["__metadata__"]["others"]))
        ]
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise StoreError(f"{_WHAT} cannot be read back ({error!r})", DAMAGED) from error


def _item(place: int, other: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Look | InputError:
    if "error" in other:
        return _ERRORS.get(other["error"], InputError)(other["message"], other["remedy"])
    numbers = dict(zip(_MEASURES, tensors[f"{place}.measures"].tolist(), strict=True))
    return Look(
        Measures(**numbers, look=tensors[f"{place}.look"]),
        tensors[f"{place}.log_probabilities"],
        tensors[f"{place}.features"],
        other["unknown"],
        tuple(other["nearest"]),
    )
