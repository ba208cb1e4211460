"""A labelled set -> its learning curve, the baselines beside it, and what they say in words."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.curves import levels
from engine.curves.baselines import Baseline, baselines, beats, standardised, with_people
from engine.curves.data import Labelled
from engine.curves.diagnose import Array, Diagnosis, Evidence, diagnose
from engine.curves.paired import level_noise, rounded, wilson
from engine.curves.sentences import tell
from engine.curves.subsets import FOLDS, splits, training_sizes
from engine.errors import InputError

_MEASURES = ("train_error", "validation_error", "train_log_loss", "validation_log_loss")
_STEADIED = 5_000  # items up to which three rounds of folds are run: they halve the noise of a small set's curve
_FEWEST_SIZES = 4  # that a curve's shape can be told from
_TRAINED = 0.8  # of the work, roughly; the baselines are the rest
_ALPHA = 0.1  # 90 % intervals as the forecast's


@dataclass(frozen=True)
class Curve:
    """Errors and log-losses are means over the repeats, by size."""

    sizes: list[int]
    train_error: Array
    validation_error: Array
    train_log_loss: Array
    validation_log_loss: Array
    interval: list[tuple[float, float]]  # 90 %, of the validation error: spread over repeats and finite validation set
    log_loss_interval: list[tuple[float, float]]  # likewise
    levels: list[Baseline]  # people, no skill, rule, off the shelf, candidate
    evidence: Evidence
    correct: NDArray[np.bool_] = field(repr=False)  # [items] whether the model that never saw the item gets it right
    labelled: Labelled = field(repr=False)
    seed: int

    def with_human(self, human: tuple[float, int] | None) -> "Curve":
        """The same curve judged beside people's errors on so many items, in place of those it was judged by.

        Raises InputError for a human error that is none.
        """
        if human is not None and not (human[1] >= 1 and 0 <= human[0] <= human[1]):
            raise InputError(
                f"people made {human[0]:g} errors on {human[1]:,} items, which cannot be",
                "give the number of errors and of items a person answered",
            )
        rows = [replace(row, skill=None) for row in self.levels if row.level != "people"]
        if human is not None:
            rows = with_people(rows, self.labelled.groups, human, self.seed)
        return replace(self, levels=rows, evidence=replace(self.evidence, human=human))

    @property
    def rounds(self) -> int:
        """How often the set was cut into folds anew."""
        return int(self.evidence.validation_error.shape[1]) // FOLDS

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """The verdicts."""
        return replace(diagnose(self.evidence, self.seed), beats_baselines=beats(self.levels))

    @cached_property
    def sentences(self) -> list[str]:
        """The verdicts and baselines in words, and what was noticed in the data."""
        told = tell(self.diagnosis, self.evidence, self.labelled.unit)
        return [*told, *levels.tell(self.levels), *self.labelled.notes]

    def projection(self, ratios: Array) -> Array:
        """Low, mid and high of the fitted curve at `ratios` of the largest size, to draw: [ratios, 3].

        Past 1 it is a forecast: empty for a curve that gets worse with more data.
        """
        if self.diagnosis.worse:
            return np.empty((0, 3))
        return np.array([self.diagnosis.posterior.predicted(float(ratio)) for ratio in ratios])

    @cached_property
    def baselines(self) -> dict[str, dict[str, Any]]:
        """The contract's JSON by name; people's error is the caller's own."""
        return {row.name: row.as_dict() for row in self.levels if row.level != "people"}

    def as_dict(self) -> dict[str, Any]:
        """The contract's JSON."""
        found = self.diagnosis
        low, mid, high = map(rounded, found.posterior.predicted(2))
        forecast = {"size": 2 * self.sizes[-1], "error": mid, "interval": [low, high]}
        return {
            "sizes": self.sizes,
            **{name: [rounded(value) for value in getattr(self, name)] for name in _MEASURES},
            "interval": [[rounded(low), rounded(high)] for low, high in self.interval],
            "baselines": self.baselines,
            "verdict": {name: getattr(found, name) for name in ("more_data", "bias", "variance", "ideal")}
            | {"probability": {name: rounded(value) for name, value in found.probability.items()}}
            | {"forecast": None if found.worse else forecast},
            "sentences": self.sentences,
        }


def learning_curve(
    labelled: Labelled,
    *,
    human: tuple[float, int] | None = None,
    seed: int = 0,
    rounds: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Curve:
    """Logistic regression on up to ten sizes, five folds a round: the error against the size, and what it means.

    Features are standardised and the penalty is chosen inside each training set. `human` is (errors, items) of people
    on the same task. `rounds` is by default 3 up to 5,000 items, and 1 above; more rounds are more repeats. The same
    input and seed give the same curve. `progress` hears the share that is done; what it raises ends the work.
    Raises InputError for a human error that is none, and for items in fewer than five groups or very uneven ones.
    """
    from engine.curves.heads import score

    labels = labelled.labels
    rounds = rounds or (3 if len(labels) <= _STEADIED else 1)
    repeats = splits(labels, labelled.groups, seed, rounds)
    sizes = training_sizes(min(len(split.order) for split in repeats), len(labelled.classes))
    if len(sizes) < _FEWEST_SIZES or not all(len(split.validation) for split in repeats):
        raise InputError(
            f"the groups are so uneven that a fold leaves {sizes[-1]:,} {labelled.unit} to learn from or none to score",
            "use smaller groups, or none",
        )
    scores = score(
        standardised(labelled.features), labels, repeats, sizes, progress=lambda share: progress(_TRAINED * share)
    )
    wrong = scores.predicted != labels
    noise = level_noise(wrong, labelled.groups)
    evidence = Evidence(sizes, scores.train_error, scores.validation_error, noise)
    curve = Curve(
        sizes=sizes,
        **{name: getattr(scores, name).mean(1) for name in _MEASURES},
        interval=_intervals(evidence, len(labels)),
        log_loss_interval=_over_folds(scores.validation_log_loss),
        levels=baselines(labelled, repeats[-FOLDS:], wrong, seed),  # the last round's predictions are kept
        evidence=evidence,
        correct=~wrong,
        labelled=labelled,
        seed=seed,
    )
    progress(1)
    return curve.with_human(human)


def _intervals(evidence: Evidence, items: int) -> list[tuple[float, float]]:
    """Wilson's, from as many items as would have the noise of level and shape together."""
    error = evidence.validation_error.mean(1)
    binomial = error * (1 - error)
    inflation = evidence.level_noise**2 * items / max(binomial[-1], 1 / items)  # more than 1 where groups count as one
    variance = binomial / items * max(inflation, 1) + evidence.shape_noise**2
    effective = np.clip(binomial / variance, 1, items)
    return [
        wilson(float(share), float(count if share else items), _ALPHA)
        for share, count in zip(error, effective, strict=True)
    ]


def _over_folds(values: Array) -> list[tuple[float, float]]:
    """Student's interval of each size's mean over the folds of a round; rounds share items, so they add no folds."""
    from scipy.stats import t

    folds = values.reshape(len(values), -1, FOLDS)  # [sizes, rounds, folds]
    noise = np.sqrt(folds.var(2, ddof=1).mean(1) / FOLDS) * t.ppf(1 - _ALPHA / 2, FOLDS - 1)
    return [
        (max(float(mean - margin), 0.0), float(mean + margin))
        for mean, margin in zip(values.mean(1), noise, strict=True)
    ]
