"""What was looked at, to the last bit: decided again it gives the same verdict. Tensors and JSON, no code."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, LimitExceeded, StoreError, UnreadableData, UnreadablePhoto
from engine.listings.weigh import Look
from engine.photos.quality import Measures
from engine.store.database import DAMAGED

_ERRORS = {kind.code: kind for kind in (InputError, LimitExceeded, UnreadableData, UnreadablePhoto)}
_NUMBERS = ("blur", "blur_limit", "smear", "lightest", "darkest", "contrast")


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
        measured = item.measures
        tensors |= {
            f"{place}.measures": np.array([getattr(measured, name) for name in _NUMBERS], np.float64),
            f"{place}.look": np.ascontiguousarray(measured.look),
            f"{place}.log_probabilities": np.ascontiguousarray(item.log_probabilities),
            f"{place}.features": np.ascontiguousarray(item.features),
        }
    return save(tensors, {"others": json.dumps(others)})


def unpack(content: bytes) -> list[Look | InputError]:
    """What `pack` was given. Raises StoreError for damaged bytes."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        others = json.loads(header["__metadata__"]["others"])
        looks: list[Look | InputError] = []
        for place, other in enumerate(others):
            if "error" in other:
                looks.append(_ERRORS.get(other["error"], InputError)(other["message"], other["remedy"]))
                continue
            measures, look, log_p, features = (
                tensors[f"{place}.{name}"] for name in ("measures", "look", "log_probabilities", "features")
            )
            measured = Measures(**dict(zip(_NUMBERS, measures.tolist(), strict=True)), look=look)
            looks.append(Look(measured, log_p, features, other["unknown"], tuple(other["nearest"])))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"what was looked at cannot be read back ({reason})", DAMAGED) from error
    return looks
