"""Networks with the weights that torchvision publishes: downloaded once, checked, and made into models like any other.

The weights are those of the first recipe (`IMAGENET1K_V1`): later ones tell ImageNet apart better, but are trained to
be less sure, and their features serve other photos less well (Kornblith et al. 2021).
"""

import errno
import hashlib
import pickle
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import torch

from engine import settings
from engine._version import __version__
from engine.errors import DownloadFailed
from engine.listings import fitted
from engine.listings.route import NEVER
from engine.models import imagenet
from engine.models.checkpoint import Card, read_card
from engine.models.classifier import Classifier
from engine.models.networks import torchvision_network
from engine.models.package import write_model
from engine.models.progress import Progress, silent
from engine.models.registry import new_folder
from engine.models.vision import get_model_weights

_CHUNK = 1 << 20


def fetch(architecture: str, name: str, progress: Progress = silent) -> Card:
    """Register the published ImageNet classifier as the model `name`: its classes are the starter's that ImageNet has.

    Its listings were never calibrated, so all of them go to people.

    Raises InputError for a name that cannot be used, DownloadFailed, and ModelError if it cannot be written.
    """
    folder = new_folder(name)
    write(folder, architecture, name, progress)
    return read_card(folder)


def backbone(architecture: str, progress: Progress = silent) -> Classifier:
    """The published network, to train a head on.

    Raises DownloadFailed, and ModelError if there is no room for it.
    """
    with TemporaryDirectory() as folder:
        write(Path(folder) / architecture, architecture, architecture, progress)
        return Classifier(Path(folder) / architecture)


def write(folder: Path, architecture: str, name: str, progress: Progress) -> None:
    """Write the published classifier as a model. Raises DownloadFailed and ModelError."""
    about = get_model_weights(architecture)["IMAGENET1K_V1"]
    categories, photos = about.meta["categories"], about.transforms()
    path = download(address(architecture), progress)
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network = torchvision_network(architecture, len(categories), weights)
    except (RuntimeError, OSError, pickle.UnpicklingError, TypeError, EOFError) as error:
        raise DownloadFailed(
            f"{path} does not hold the weights of {architecture}", "delete it, and try again"
        ) from error
    table = imagenet.places(categories)
    card: dict[str, Any] = {
        "name": name,
        "format": 1,
        "classes": list(table),
        "table": {"outputs": len(categories), "of": table},
        "missing": [label for label in imagenet.kinds() if label not in table],
        "input": {
            "size": photos.crop_size[0],
            "resize": "squash",
            "interpolation": "bicubic, antialiased",
            "mean": photos.mean,
            "std": photos.std,
            "mirror_average": False,
        },
        "temperature": 1.0,
        "trained": {
            "kind": "published",
            "weights": str(about),
            "file": path.name,
            "on": "ImageNet-1k",
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
        },
        "figures": {"note": "not measured on photos like yours; tally evaluate does"},
    }
    uncalibrated = fitted.Fitted(accept=(NEVER,))
    write_model(folder, network, card, lambda unfinished, sha256: fitted.save(unfinished, uncalibrated, sha256, {}))


def address(architecture: str) -> str:
    """Where the weights are published; the file's name ends in the first digits of its sha256."""
    return str(get_model_weights(architecture)["IMAGENET1K_V1"].url)


def download(url: str, progress: Progress = silent) -> Path:
    """The file at `url`, kept under TALLY_HOME/weights: it is downloaded once, and put there whole and checked or not.

    Raises DownloadFailed.
    """
    name = url.rpartition("/")[2]
    folder = settings.home() / "weights"
    path, unfinished = folder / name, folder / f"{name}.part"
    try:
        if path.exists() and _is_whole(path):
            return path
        folder.mkdir(parents=True, exist_ok=True)
        request = Request(url, headers={"User-Agent": f"tally/{__version__}"})
        with urlopen(request, timeout=settings.DOWNLOAD_SILENCE_SECONDS) as answer, unfinished.open("wb") as file:
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while chunk := answer.read(_CHUNK):
                done += file.write(chunk)
                progress(f"downloading {name}", done / max(total, done))
        if not _is_whole(unfinished, name):
            raise OSError("what came is not the whole file: its checksum is another")
        unfinished.replace(path)
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is the server's answer, too
        no_room = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        reason = error.reason if type(error) is URLError else error
        raise DownloadFailed(
            f"{name} could not be downloaded ({getattr(reason, 'strerror', None) or reason})",
            f"make room in {folder}, and try again"
            if no_room
            else f"get {url} by other means and put it into {folder}; the starter serves meanwhile",
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return path


def _is_whole(path: Path, name: str = "") -> bool:
    digits = (name or path.stem).rpartition("-")[2].partition(".")[0]
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(digits)
