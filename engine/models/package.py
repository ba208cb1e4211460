"""Write a model as a folder, in one piece: a half-written one never bears its name."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save

from engine.errors import ModelError
from engine.models.networks import Network
from engine.models.registry import CARD

WEIGHTS = "weights.safetensors"
_LARGE = 10_000  # values: smaller ones (norms, scales) may need what half precision loses, and weigh nothing


def write_model(
    folder: Path,
    network: Network,
    card: dict[str, Any],
    further: Callable[[Path, str], None] = lambda *_: None,
) -> None:
    """Write card and weights, let `further` (folder, checksum) write what else belongs to it, then give it its name.

    `card` is completed with what the network is and the weights' checksum. The body's kernels are kept in half
    precision, as the starter's are; what is small, and the head, whole.

    Raises ModelError if it cannot be written, and what `further` raises; no trace is left then.
    """
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    _sweep(folder)
    try:
        unfinished.mkdir(parents=True)
        weights = {
            name: values.half() if name.startswith("body.") and values.numel() >= _LARGE else values
            for name, values in network.state_dict().items()
        }
        content = save({name: values.contiguous() for name, values in weights.items()})
        (unfinished / WEIGHTS).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        whole = card | {"network": network.kind, "weights": {"file": WEIGHTS, "dtype": "float16", "sha256": digest}}
        (unfinished / CARD).write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
        further(unfinished, digest)
        unfinished.rename(folder)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"the model could not be written to {folder} ({error})", "make room, and try again") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Delete what processes that were killed left of this model."""
    for left in folder.parent.glob(f".{folder.name}.*"):
        try:
            os.kill(int(left.suffix[1:]), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (ValueError, OSError):  # not of ours, or of somebody else's process
            continue
