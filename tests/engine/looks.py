"""What photos showed, as a test wants it, and a model of three classes to decide on them."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from engine.listings.fitted import Fitted
from engine.listings.pipeline import decide
from engine.listings.route import Known
from engine.listings.terms import Terms
from engine.listings.weigh import Look
from engine.photos.quality import measure


class Strangeness:
    """In place of fitted scores: a listing is as strange as the odds of its photos' `unknown`, on average."""

    def together(self, log_p: np.ndarray, features: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert weights.shape == features.shape[:2] == log_p.shape[:2]
        return (features[:, :, 0] * weights).sum(1) / weights.sum(1), (weights > 0).sum(1).astype(float)

    def different(self, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return (weights > 0).sum(1).astype(float)


STRICT = Fitted(known=Known(bias=1, strange=-2), accept=(0.9, 0.8), two_objects=3.0, novelty=Strangeness())  # type: ignore[arg-type]


@dataclass(frozen=True)
class Judge:
    """A model of three classes, its parameters at hand."""

    fitted: Fitted = Fitted()  # noqa: RUF009
    id: str = "test@0"
    classes: tuple[str, ...] = ("bicycle", "mug", "tire")


def look(picture: str, unknown: float | None = None, **probabilities: float) -> Look:
    """What a photo of three classes showed; another name of the picture, another picture."""
    values = np.array([probabilities.get(name, 0.0) for name in ("bicycle", "mug", "tire")])
    pixels = np.random.default_rng(list(picture.encode())).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    log_p = np.log(np.maximum(values / values.sum(), 1e-9))
    features = np.array([-9 if unknown is None else np.log(unknown / (1 - unknown)), 0, 0, 0], dtype=np.float32)
    return Look(measure(Image.fromarray(pixels)), log_p, features, unknown, (0, 2))


def decided(*looks, rule="pooled", fitted=Fitted(), description="", **terms):  # noqa: B008  (frozen)
    names = [f"{number}.jpg" for number in range(1, len(looks) + 1)]
    return decide(names, looks, Judge(fitted), rule=rule, description=description, terms=Terms(**terms))
