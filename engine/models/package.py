"""Write a model as a folder, in one piece: a half-written one never bears its name."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from engine.models.checkpoint import CARD
from engine.models.networks import StarterNetwork

WEIGHTS = "weights.safetensors"


def write_model(
    folder: Path,
    network: StarterNetwork,
    card: dict[str, Any],
    further: Callable[[Path], None] = lambda _: None,
) -> None:
    """Write card and weights, let `further` write what else belongs to the model, then give the folder its name.

    `card` is completed with what the network is and the weights' checksum. The body is kept in half precision, as
    the starter's is; the head, which is small, whole. An older model in `folder` is replaced.

    Raises OSError, and what `further` raises; no trace is left then.
    """
    unfinished = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        widths, depths, squeeze = network.shape
        weights = {
            name: values if name.startswith("head.") or not values.is_floating_point() else values.half()
            for name, values in network.state_dict().items()
        }
        save_file({name: values.contiguous() for name, values in weights.items()}, unfinished / WEIGHTS)
        digest = hashlib.sha256((unfinished / WEIGHTS).read_bytes()).hexdigest()
        kind = {"kind": "starter", "widths": widths, "depths": depths, "squeeze": squeeze, "features": widths[-1]}
        content = card | {"network": kind, "weights": {"file": WEIGHTS, "dtype": "float16", "sha256": digest}}
        (unfinished / CARD).write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        further(unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
