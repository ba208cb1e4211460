"""What was fitted for a model's listings, beside its weights: numbers in `listing.json`, arrays in
`listing.safetensors`.

`python -m engine.listings.fit` makes both. A model without them pools its photos plainly, calls nothing unknown and
accepts whatever it can read.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DamagedModel
from engine.listings.route import Known, Trial
from engine.listings.unknown import SCORES, TOGETHER, Novelty, Reference

NUMBERS, ARRAYS = "listing.json", "listing.safetensors"
_UNKNOWN, _TRIAL = "unknown.", "trial."  # prefixes of their arrays
_NUMBERS = ("temperature", "rho", "beta", "two_objects")
_CALIBRATION = ("known", "mixed", "usual")  # of novelty
_COLUMNS = ("kappa", "right", "size", "fitted")  # of a trial


@dataclass(frozen=True)
class Fitted:
    """Parameters of every stage; the defaults are a model's for which nothing was fitted."""

    temperature: float = 1.0  # on top of the card's
    train_prior: NDArray[np.float64] | None = None  # [classes], log: what training favoured
    rho: float = 0.0  # correlation of two photos of one object
    beta: float = 1.0  # weight of a prior
    two_objects: float = float("inf")  # nats: a gain from a second class above it means two objects
    known: Known = Known()  # noqa: RUF009  (frozen)
    accept: tuple[float, ...] = (0.0,)  # kappa from which a listing of 1, 2, ... photos is accepted; the last for more
    novelty: Novelty | None = field(default=None, repr=False)
    gate: Mapping[str, NDArray[np.float64]] | None = field(default=None, repr=False)  # the close-up head's
    trial: Trial | None = field(default=None, repr=False)

    def accept_from(self, photos: int) -> float:
        """The kappa from which a listing of so many photos is accepted."""
        return self.accept[min(photos, len(self.accept)) - 1]


def save(folder: Path, fitted: Fitted, weights: str, figures: dict[str, Any]) -> None:
    """Write both files into a model's folder. `weights` is the checksum of the weights they were fitted for."""
    from safetensors.numpy import save_file

    arrays: dict[str, Any] = {f"gate.{name}": values for name, values in (fitted.gate or {}).items()}
    mix: tuple[str, ...] = ()
    if fitted.train_prior is not None:
        arrays["train_prior"] = fitted.train_prior
    if fitted.novelty:
        mix = fitted.novelty.mix
        arrays |= {_UNKNOWN + item.name: getattr(fitted.novelty.reference, item.name) for item in fields(Reference)}
        arrays |= {_UNKNOWN + name: getattr(fitted.novelty, name) for name in _CALIBRATION}
    if fitted.trial:
        arrays |= {_TRIAL + name: getattr(fitted.trial, name) for name in _COLUMNS}
    # Half precision for the bank, the largest: its cosines keep three decimals. Ranks must not shift, so what they are
    # taken among is kept whole.
    kinds: dict[str, Any] = {"bank": np.float16, "bank_labels": np.int16, "known": np.float64, "mixed": np.float64}
    kinds |= {"kappa": np.float64} | dict.fromkeys(_COLUMNS[1:], np.uint8)
    packed = {
        name: np.ascontiguousarray(values, kinds.get(name.rpartition(".")[2], np.float32))
        for name, values in arrays.items()
    }
    save_file(packed, folder / ARRAYS)
    numbers = {item: getattr(fitted, item) for item in (*_NUMBERS, "accept")}
    numbers["alike"] = fitted.novelty.alike if fitted.novelty else 1.0
    numbers["independent"] = fitted.trial.independent if fitted.trial else 1.0
    content = {"weights": weights, **numbers, "known": asdict(fitted.known), "mix": mix, "figures": figures}
    (folder / NUMBERS).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def load(folder: Path, weights: str, shape: tuple[int, int]) -> Fitted:
    """Read both files of the model with these weights; `shape` is (classes, width). The defaults if there are none.

    Raises DamagedModel if they are unreadable, of other weights, or do not fit.
    """
    path = folder / NUMBERS
    if not path.exists():
        return Fitted()
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        raw = json.loads(path.read_text("utf-8"))
        if raw["weights"] != weights:
            raise DamagedModel(f"{path} was fitted for other weights", "fit it again, or delete it")
        stored = load_file(folder / ARRAYS)
        arrays = {name: values.astype(np.float64) for name, values in stored.items()}
        fitted = Fitted(
            **{name: float(raw[name]) for name in _NUMBERS},
            train_prior=arrays.get("train_prior"),
            accept=tuple(map(float, raw["accept"])),
            known=Known(**raw["known"]),
            novelty=_novelty(arrays, tuple(raw["mix"]), float(raw["alike"])) if raw["mix"] else None,
            gate={name[5:]: values for name, values in arrays.items() if name.startswith("gate.")} or None,
            trial=_trial(arrays, float(raw["independent"])) if _TRIAL + "kappa" in arrays else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
        raise DamagedModel(
            f"{path} or {ARRAYS} beside it is damaged ({error!r})", "restore both, or fit again"
        ) from error
    if not _sound(fitted, arrays, shape):
        raise DamagedModel(f"{path} or {ARRAYS} beside it holds impossible values", "restore both, or fit again")
    return fitted


def _novelty(arrays: dict[str, NDArray[np.float64]], mix: tuple[str, ...], alike: float) -> Novelty:
    known = {name.removeprefix(_UNKNOWN): values for name, values in arrays.items() if name.startswith(_UNKNOWN)}
    labels = known.pop("bank_labels").astype(np.int64)
    usual_photos, mixed, usual = (known.pop(name) for name in _CALIBRATION)
    return Novelty(Reference(**known, bank_labels=labels), mix, usual_photos, mixed, usual, alike)


def _trial(arrays: dict[str, NDArray[np.float64]], independent: float) -> Trial:
    kappa, right, size, fitted = (arrays[_TRIAL + name] for name in _COLUMNS)
    return Trial(kappa, right > 0, size.astype(np.int64), fitted > 0, independent)


def _sound(fitted: Fitted, arrays: dict[str, NDArray[np.float64]], shape: tuple[int, int]) -> bool:
    classes, width = shape
    sound = (
        all(np.isfinite(values).all() for values in arrays.values())
        and 0 < fitted.temperature < 100
        and 0 <= fitted.rho <= 1
        and len(fitted.accept) > 0
        and (fitted.train_prior is None or fitted.train_prior.shape == (classes,))
        and (fitted.trial is None or _sound_trial(fitted.trial))
    )
    if fitted.novelty is None or not sound:
        return sound
    known, mix = fitted.novelty.reference, fitted.novelty.mix
    wanted = {
        "means": (classes, width),
        "within": (width, width),
        "centre": (width,),
        "around": (width, width),
        "origin": (width,),
        "boundaries": (classes, classes),
        "bank": (len(known.bank_labels), width),
    }
    return (
        all(getattr(known, name).shape == expected for name, expected in wanted.items())
        and known.bank_labels.min() >= 0
        and known.bank_labels.max() < classes
        and set(mix) <= set(SCORES)
        and -1 <= fitted.novelty.alike <= 1
        and len(fitted.novelty.known) == len(mix)
        and fitted.novelty.usual.shape[1:] == (len(TOGETHER), 2)
        and bool((fitted.novelty.usual[:, :, 1] > 0).all())
    )


def _sound_trial(trial: Trial) -> bool:
    columns = [getattr(trial, name) for name in _COLUMNS]
    sizes = set(trial.size.tolist())
    return (
        all(column.shape == (len(trial.kappa),) for column in columns)
        and bool(((trial.kappa >= -1) & (trial.kappa <= 1)).all())
        and sizes == set(range(1, max(sizes, default=1) + 1))
        and 0 < trial.independent <= 1
    )
