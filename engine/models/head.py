"""A linear head on a model's features: multinomial logistic regression, its penalty chosen by cross-validation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.curves.heads import fit_heads, workers
from engine.curves.subsets import INNER_FOLDS, Items, Split, split, splits
from engine.models.progress import silent

Array = NDArray[np.float64]

# Prior variances of a logit to choose from, features standardised: from nearly flat to nearly unpenalised.
_LOGIT_VARIANCES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
_CROSSED = 5_000  # photos up to which every inner fold is validated; above, one fold of a quarter is enough


@dataclass(frozen=True)
class Head:
    weights: NDArray[np.float32]  # [classes, width]
    bias: NDArray[np.float32]  # [classes]

    def logits(self, features: NDArray[np.float32]) -> Array:
        """[photos, width] -> [photos, classes]."""
        return np.asarray(features.astype(np.float64) @ self.weights.T.astype(np.float64) + self.bias)

    def layer(self) -> torch.nn.Linear:
        """As the last layer of a network."""
        layer = torch.nn.Linear(*reversed(self.weights.shape))
        layer.load_state_dict({"weight": torch.from_numpy(self.weights), "bias": torch.from_numpy(self.bias)})
        return layer


@dataclass(frozen=True)
class Heads:
    """One head of all photos, and heads of some: what these say of the others is said of unseen photos."""

    whole: Head
    part: Head  # of the photos not held out
    folds: list[tuple[Head, Items]]  # and the photos it was not trained on; together all
    penalty: float  # C, the weights' prior variance where features are standardised

    def unseen(self, features: NDArray[np.float32]) -> Array:
        """Logits of each photo by the head that was not trained on it: [photos, classes]."""
        logits = np.empty((len(features), len(self.whole.bias)))
        for head, rows in self.folds:
            logits[rows] = head.logits(features[rows])
        return logits

    def calibrated(self, features: NDArray[np.float32], labels: Items) -> tuple[float, Array]:
        """The temperature for `whole`, and log-probabilities of each photo by a head and a temperature it never met."""
        logits = self.unseen(features)
        log_p = np.empty_like(logits)
        for _, rows in self.folds:
            others = np.ones(len(labels), dtype=bool)
            others[rows] = False
            log_p[rows] = log_softmax(logits[rows] / temperature(logits[others], labels[others]))
        return temperature(logits, labels), log_p


def fit_head(
    features: NDArray[np.float32],
    labels: Items,
    groups: Items | None,
    held_out: Items,
    progress: Callable[..., None] = silent,
) -> Heads:
    """Fit on features [photos, width] and labels [photos] from 0. Photos of a group are in one fold.

    `held_out` are rows that `part` is trained without. Every head has a penalty of its own, chosen on inner folds of
    what it is trained on. `progress` hears the share that is done, and figures of each fold.

    Raises InputError for fewer groups than folds.
    """
    progress(0)
    space = _Space.of(torch.from_numpy(features), int(labels.max()) + 1)
    answers, everything = torch.from_numpy(labels), np.arange(len(labels))
    parts = splits(labels, groups, seed=0)
    for training in (np.delete(everything, held_out), everything):
        parts.append(split(labels, groups, training, held_out, np.random.default_rng(0)))
    found: list[tuple[Head, float]] = []
    for result in workers().map(lambda part: space.fit(part, answers), parts):
        figures = {}
        if len(found) < len(parts) - 2:
            rows = parts[len(found)].validation
            figures = {"fold": len(found) + 1, **_on(result[0].logits(features[rows]), labels[rows])}
        found.append(result)
        progress(len(found) / len(parts), **figures)
    folds = [(head, part.validation) for (head, _), part in zip(found[:-2], parts[:-2], strict=True)]
    return Heads(found[-1][0], found[-2][0], folds, found[-1][1])


def _on(logits: Array, labels: Items) -> dict[str, float]:
    """Figures as they are told while heads are trained."""
    loss = log_loss(logits, labels, temperature(logits, labels))
    return {"error": float((logits.argmax(1) != labels).mean()), "loss": loss}


@dataclass(frozen=True)
class _Space:
    """Features standardised and on their principal axes, where `fit_heads` is quick."""

    rows: Tensor  # [photos, width + 1], the last column ones
    spread: Tensor  # [width + 1] mean squares
    mean: Tensor  # [width] of the features
    axes: Tensor  # [width, width] from features to rows
    classes: int

    @classmethod
    @torch.inference_mode()
    def of(cls, features: Tensor, classes: int) -> "_Space":
        mean, scale = features.mean(0), features.std(0).clamp_min(1e-6)
        centred = (features - mean) / scale
        squares, axes = torch.linalg.eigh(centred.T @ centred)
        rows = torch.cat([centred @ axes, torch.ones(len(features), 1)], dim=1)
        spread = torch.cat([(squares / len(features)).clamp_min(1e-8), torch.ones(1)])
        return cls(rows, spread, mean, axes / scale[:, None], classes)

    @torch.inference_mode()
    def fit(self, part: Split, answers: Tensor) -> tuple[Head, float]:
        """A head of a training set, and its penalty: the one with the least log-loss on its inner folds.

        Each at its best temperature: strong penalties rank classes well and only say too little how sure they are.
        """
        order, inner = torch.from_numpy(part.order), torch.from_numpy(part.inner)
        rows, labels = self.rows[order], answers[order]
        fit = partial(fit_heads, spread=self.spread, classes=self.classes)
        folds = [inner == fold for fold in range(INNER_FOLDS if len(rows) <= _CROSSED else 1)]
        truth = torch.cat([labels[fold] for fold in folds]).numpy()
        starts: list[Tensor | None] = [None] * len(folds)
        least, penalty = np.inf, 0.0
        for tried in (variance / len(self.mean) for variance in _LOGIT_VARIANCES):
            for number, fold in enumerate(folds):
                kept = rows[~fold]
                starts[number] = fit(kept, labels[~fold], [len(kept)], tried, start=starts[number])
            logits = torch.cat([rows[fold] @ start[:, 0] for fold, start in zip(folds, starts, strict=True)])  # type: ignore[index]
            loss = log_loss(logits.double().numpy(), truth, temperature(logits.double().numpy(), truth))
            if loss >= least:
                break
            least, penalty = loss, tried
        turned = fit(rows, labels, [len(rows)], penalty)[:, 0]
        weights = self.axes @ turned[:-1]
        return Head(weights.T.numpy(), (turned[-1] - self.mean @ weights).numpy()), penalty


def temperature(logits: Array, labels: Items) -> float:
    """What logits are divided by so that their log-loss is least (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar

    best = minimize_scalar(lambda value: log_loss(logits, labels, np.exp(value)), bounds=(-3, 2), method="bounded")
    return float(np.exp(best.x))


def log_loss(logits: Array, labels: Items, temperature: float) -> float:
    """Mean, in nats."""
    return float(-log_softmax(logits / temperature)[np.arange(len(labels)), labels].mean())


def log_softmax(logits: Array) -> Array:
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
