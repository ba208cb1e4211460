"""How good is a model on labelled photos, and where does it fail?"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine import settings
from engine.errors import InputError, UnreadableData
from engine.models.data import LabelledPhoto
from engine.photos.decode import decode_all

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_BINS = 15  # of the calibration error: the usual number (Guo et al. 2017)
_LISTED = 20  # worst photos, commonest confusions


@dataclass
class Scored:
    """Photos the model was scored on, and those it could not be."""

    names: list[str] = field(default_factory=list)
    sources: list[str | None] = field(default_factory=list)
    truth: list[int] = field(default_factory=list)
    log_probabilities: list[NDArray[np.float64]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    unknown_labels: Counter[str] = field(default_factory=Counter)


def evaluate(
    photos: Iterable[LabelledPhoto], model: "Classifier", progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Figures on labelled photos, as the contract's `evaluate` prints them.

    Accuracies are shares; `log_loss` is in nats; `ece` is the expected calibration error of the best class over 15
    equal bins. `balanced_accuracy` is the mean recall over the classes that occur. Photos that cannot be read and
    labels the model does not know are left out, counted and listed. `progress` hears how many photos are done.

    Raises UnreadableData if no photo is left.
    """
    return report(_score(photos, model, progress), model.id, model.classes)


def report(scored: Scored, model: str, classes: Sequence[str]) -> dict[str, Any]:
    """What `evaluate` gives, of photos that are scored already by the model of this id and these classes.

    Raises UnreadableData if there are none.
    """
    if not scored.truth:
        first = f" ({scored.unreadable[0]['reason']})" if scored.unreadable else ""
        raise UnreadableData(
            f"no photo could be scored: {len(scored.unreadable)} unreadable{first}, "
            f"{sum(scored.unknown_labels.values())} with labels {model} does not know",
            "give photos that open, labelled with the model's class names",
        )
    truth, log_p = np.array(scored.truth), np.stack(scored.log_probabilities)
    sources = np.array([source or "" for source in scored.sources])
    predicted = log_p.argmax(1)
    per_source = {
        source: figures_of(truth[sources == source], log_p[sources == source]) for source in np.unique(sources).tolist()
    }
    return {
        "model": model,
        **figures_of(truth, log_p),
        "per_class": {classes[index]: _class_figures(index, truth, log_p) for index in np.unique(truth)},
        "per_source": {source: found for source, found in per_source.items() if source},
        "confusions": _confusions(truth, predicted, classes),
        "confusion_matrix": {"classes": list(classes), "counts": _matrix(truth, predicted, len(classes))},
        "worst": _worst(scored, truth, log_p, classes),
        "unreadable": scored.unreadable,
        "unknown_labels": dict(scored.unknown_labels),
    }


def _score(photos: Iterable[LabelledPhoto], model: "Classifier", progress: Callable[[int], None]) -> Scored:
    index = {plain_label(name): number for number, name in enumerate(model.classes)}
    scored = Scored()
    done = 0
    for chunk in _chunks(photos, settings.BATCH_PHOTOS):
        known: list[LabelledPhoto] = []
        for photo in chunk:
            if plain_label(photo.label) in index or isinstance(photo.data, InputError):
                known.append(photo)
            else:
                scored.unknown_labels[photo.label] += 1
        read: list[tuple[LabelledPhoto, Image.Image]] = []
        for photo, image in zip(known, decode_all([photo.data for photo in known]), strict=True):
            if isinstance(image, InputError):
                scored.unreadable.append({"name": photo.name, "reason": str(image)})
            else:
                read.append((photo, image))
        scored.names += [photo.name for photo, _ in read]
        scored.sources += [photo.source for photo, _ in read]
        scored.truth += [index[plain_label(photo.label)] for photo, _ in read]
        scored.log_probabilities += list(model.predict([image for _, image in read]).log_probabilities)
        done += len(chunk)
        progress(done)
    return scored


def figures_of(truth: NDArray[np.int64], log_p: NDArray[np.float64]) -> dict[str, float]:
    """Shares, nats and counts: `truth` [photos] class indices, `log_p` [photos, classes]."""
    predicted, of_truth = log_p.argmax(1), log_p[np.arange(len(truth)), truth]
    correct = predicted == truth
    return {
        "photos": len(truth),
        "accuracy": round(float(correct.mean()), 4),
        "balanced_accuracy": round(float(np.mean([correct[truth == index].mean() for index in np.unique(truth)])), 4),
        "top5": round(float(((log_p > of_truth[:, None]).sum(1) < 5).mean()), 4),
        "log_loss": round(float(-of_truth.mean()), 4),
        "ece": round(calibration_error(np.exp(log_p.max(1)), correct), 4),
    }


def calibration_error(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy over equal bins (Guo et al. 2017)."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def _class_figures(index: int, truth: NDArray[np.int64], log_p: NDArray[np.float64]) -> dict[str, float | None]:
    predicted, own = log_p.argmax(1), truth == index
    right = int((own & (predicted == index)).sum())
    said = int((predicted == index).sum())
    return {
        "photos": int(own.sum()),
        "recall": round(right / int(own.sum()), 4),
        "precision": round(right / said, 4) if said else None,
        "log_loss": round(float(-log_p[own, index].mean()), 4),
    }


def _matrix(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> list[list[int]]:
    """Rows are what the photos show, columns what the model said."""
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes).tolist()


def _confusions(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str]) -> list[dict[str, Any]]:
    pairs = Counter((int(a), int(b)) for a, b in zip(truth, predicted, strict=True) if a != b)
    totals = np.bincount(truth)
    return [
        {"label": classes[a], "predicted": classes[b], "photos": count, "of": int(totals[a])}
        for (a, b), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:_LISTED]
    ]


def _worst(
    scored: Scored, truth: NDArray[np.int64], log_p: NDArray[np.float64], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """The photos that surprised the model most: its errors, and often the labels'."""
    of_truth = log_p[np.arange(len(truth)), truth]
    return [
        {
            "name": scored.names[row],
            "source": scored.sources[row],
            "label": classes[truth[row]],
            "predicted": classes[int(log_p[row].argmax())],
            "score": round(float(np.exp(log_p[row].max())), 4),
            "score_of_label": round(float(np.exp(of_truth[row])), 6),
        }
        for row in np.argsort(of_truth)[:_LISTED]
        if int(log_p[row].argmax()) != truth[row]
    ]


def plain_label(label: str) -> str:
    """ "T-Shirt" and "t shirt" name the class t_shirt: folders are named by hand."""
    return label.strip().lower().replace(" ", "_").replace("-", "_")


def _chunks(photos: Iterable[LabelledPhoto], size: int) -> Iterator[list[LabelledPhoto]]:
    stream = iter(photos)
    while chunk := list(islice(stream, size)):
        yield chunk
