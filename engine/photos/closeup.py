"""Does a photo show only a detail of the object? A logistic regression on the classifier's own features.

No labels are needed: random crops of photos are close-ups, the whole photos are not. A crop has fewer pixels and softer
edges than its photo, so each is trained beside its photo reduced to the crop's size, and both are enlarged, sharpened
and re-encoded alike: what is left to learn is what they show.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Array = NDArray[np.float32]

_AREA = (0.05, 0.2)  # share of the photo that a close-up shows
_FALSE_ALARMS = 0.05
_OWN_SIZE_WEIGHT = 0.2  # of whole photos at their own size: so that sharpness alone is no close-up either
_INVERSE_PENALTY = 0.003  # chosen on half A; ten times more or less changes little
_CHUNK = 64  # photos at once


def closeness(features: Array, params: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """How much photos look like close-ups: [photos], in nats; above 0 they are called so.

    `features` are the classifier's, [photos, width]; `params` are what `fit_closeup` made for it.
    """
    weights = params["closeup"].astype(np.float64)
    scores: NDArray[np.float64] = _directions(features) @ weights[:-1] + weights[-1]
    return scores


def fit_closeup(
    model: "Classifier", photos: Iterable[Image.Image], held_out: Iterable[Image.Image], seed: int = 0
) -> dict[str, Array]:
    """Learn what close-ups look like to a classifier, from RGB photos that show whole objects.

    `held_out` are photos of the same kind, not among `photos`: 5 % of them will be called close-ups.
    Returns {"closeup": [width + 1]}: the weights, and a bias that puts the limit at 0.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(seed)
    parts: list[tuple[Array, Array, Array]] = []
    stream = iter(photos)
    while chunk := list(islice(stream, _CHUNK)):
        crops, wholes = zip(*(matched_pair(photo, random) for photo in chunk), strict=True)
        parts.append((model.predict(crops).features, model.predict(wholes).features, model.predict(chunk).features))
    kinds = [_directions(np.concatenate(kind)) for kind in zip(*parts, strict=True)]
    number = len(kinds[0])
    scaler = StandardScaler().fit(np.concatenate(kinds[:2]))
    fitted = LogisticRegression(C=_INVERSE_PENALTY, max_iter=500).fit(
        scaler.transform(np.concatenate(kinds)),
        np.repeat([1, 0, 0], number),
        np.repeat([1, 1, _OWN_SIZE_WEIGHT], number),
    )
    weights = fitted.coef_[0] / scaler.scale_
    scores = np.concatenate([_directions(found) @ weights for found in _features(model, held_out)])
    return {"closeup": np.append(weights, -np.quantile(scores, 1 - _FALSE_ALARMS)).astype(np.float32)}


def recentred(params: Mapping[str, NDArray[Any]], features: Array) -> dict[str, NDArray[np.float64]]:
    """The same weights for other photos that show whole objects: 5 % of these are called close-ups."""
    moved = params["closeup"].astype(np.float64)
    moved[-1] -= np.quantile(closeness(features, params), 1 - _FALSE_ALARMS)
    return {"closeup": moved}


def matched_pair(photo: Image.Image, random: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """A random close-up and its photo, of the same size, sharpness and quality of JPEG."""
    crop = random_crop(photo, random)
    scale = random.choice([1.0, random.uniform(1, 2.5)])
    percent = int(random.choice([0, random.uniform(0, 300)]))
    quality = int(random.integers(70, 96))
    size = round(crop.width * scale), round(crop.height * scale)

    def treated(image: Image.Image) -> Image.Image:
        image = image.resize(crop.size, Image.Resampling.BICUBIC).resize(size, Image.Resampling.BICUBIC)
        image = image.filter(ImageFilter.UnsharpMask(0.6 * scale, percent, 0))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).convert("RGB")

    return treated(crop), treated(photo)


def random_crop(photo: Image.Image, random: np.random.Generator) -> Image.Image:
    """5 to 20 % of the photo's area, in its shape, from anywhere in it."""
    share = random.uniform(*_AREA) ** 0.5
    width, height = max(1, round(photo.width * share)), max(1, round(photo.height * share))
    left, top = (int(random.integers(0, room + 1)) for room in (photo.width - width, photo.height - height))
    return photo.crop((left, top, left + width, top + height))


def _features(model: "Classifier", photos: Iterable[Image.Image]) -> Iterator[Array]:
    stream = iter(photos)
    while chunk := list(islice(stream, _CHUNK)):
        yield model.predict(chunk).features


def _directions(features: Array) -> NDArray[np.float64]:
    """Features of length 1: how strongly the network fires says how sharp a photo is, its direction what it shows."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True).astype(np.float64)
    directions: NDArray[np.float64] = features / np.maximum(lengths, 1e-9)
    return directions
