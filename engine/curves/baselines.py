"""What a model must beat to be worth anything, in the order to ask: people, guessing, a rule, what is off the shelf.

Every baseline predicts each item without having seen it, from the same folds as the model, so that the two are compared
in pairs. Skill puts a model on a scale from guessing, 0, to people, 1.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.curves import paired
from engine.curves.data import Labelled
from engine.curves.paired import Comparison, Wrong
from engine.curves.subsets import Items, Split

Level = Literal["people", "no skill", "rule", "off the shelf", "candidate"]
Interval = tuple[float, float]

GUESS = "majority"  # the best guess: nobody who guesses at random misses less


@dataclass(frozen=True)
class Baseline:
    """A row of the comparison. Errors are shares, intervals 95 %."""

    name: str
    level: Level
    error: float
    interval: Interval  # Wilson's; items of a group count as fewer
    items: int
    versus: Comparison  # of it with the candidate, p adjusted by Holm; for people unpaired
    wrong: Wrong | None = field(default=None, repr=False)  # [items]; None for people
    skill: tuple[float, Interval] | None = None  # None for people, and where there is no scale
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The contract's JSON. Without a scale there is no skill in it."""
        versus = self.versus
        return {
            **_rounded({"error": self.error, "interval": self.interval}),
            "level": self.level,
            **_rounded({"difference": versus.difference, "difference_interval": versus.interval}),
            "p": versus.p,
            **(_rounded({"skill": self.skill[0], "skill_interval": self.skill[1]}) if self.skill else {}),
        }


def baselines(labelled: Labelled, repeats: Sequence[Split], wrong: NDArray[np.bool_], seed: int = 0) -> list[Baseline]:
    """All baselines but people, by level, and the candidate.

    `wrong` [items] is the candidate's, from the folds of `repeats`, which validate each item once.
    """
    groups = labelled.groups
    models = [*_simple(labelled, repeats, seed), ("candidate", "candidate", wrong, "")]
    *others, itself = (paired.compare(errs, wrong, groups, seed) for _, _, errs, _ in models)
    return [
        Baseline(name, level, float(errs.mean()), _interval(errs, groups), len(errs), versus, errs, note=note)
        for (name, level, errs, note), versus in zip(models, [*paired.holm(others), itself], strict=True)
    ]


def with_people(rows: list[Baseline], groups: Items | None, human: tuple[float, int], seed: int = 0) -> list[Baseline]:
    """With people's row first, and every model's skill if people are surely better than guessing.

    `human`: errors, items. People answered other items, so their errors are drawn apart from the models', from a Beta.
    """
    errors, items = human
    drawn = paired.bootstrap(np.column_stack([row.wrong for row in rows if row.wrong is not None]), groups, seed)
    error, people = errors / items, np.random.default_rng(seed).beta(errors + 0.5, items - errors + 0.5, len(drawn))
    apart = people - drawn[:, -1]
    versus = Comparison(
        error - rows[-1].error, paired.interval(apart), paired.two_sided(apart), only_a=math.nan, only_b=math.nan
    )
    guess, scale = rows[0].error, drawn[:, 0] - people
    if paired.interval(scale)[0] > 0:
        rows = [
            replace(row, skill=((guess - row.error) / (guess - error), paired.interval((drawn[:, 0] - draws) / scale)))
            for row, draws in zip(rows, drawn.T, strict=True)
        ]
    return [Baseline("people", "people", error, paired.wilson(error, items), items, versus), *rows]


def beats(rows: Sequence[Baseline]) -> bool:
    """Whether the candidate errs less than guessing and rules, and no more than what is off the shelf."""
    findings = [(row.level, row.versus.a_errs) for row in rows]
    return all(
        finding == "more" if level in ("no skill", "rule") else finding != "less"
        for level, finding in findings
        if level != "people"
    )


def standardised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each feature with mean 0 and standard deviation 1 over all items; labels are not looked at."""
    mean, deviation = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
    scale = np.where(deviation > 1e-6 * np.abs(mean), deviation, np.inf)  # a constant is rounded to nearly one
    standard: NDArray[np.float32] = ((features - mean) / scale).astype(np.float32)
    return standard


def _simple(labelled: Labelled, repeats: Sequence[Split], seed: int) -> Iterator[tuple[str, Level, Wrong, str]]:
    """Name, level, errors and a note of guessing, of a rule and of what is off the shelf.

    Guesses go by the shares of all items: where classes are even, a fold's commonest class is the rarest of those it
    was not given, so that guessing by it would look worse than it is. Who guesses at random is paired by how likely
    each item is missed, which has the same mean and no luck in it. Off the shelf are models on a photo's 8 x 8 pixels,
    or on a table's features, where logistic regression is the candidate itself.
    """
    from engine.curves.heads import score
    from engine.curves.simple import best_column, k_nearest, nearest_mean

    labels, features, looks = labelled.labels, labelled.features, labelled.looks
    shares = np.bincount(labels) / len(labels)
    yield GUESS, "no skill", labels != shares.argmax(), ""
    yield "random by prior", "no skill", 1 - shares[labels], ""
    if looks is None:
        yield "rule: best column", "rule", best_column(features, labels, repeats) != labels, ""
    else:
        # RGB: in CIE Lab the rule errs on 95.8 % of photos of 100 classes instead of 96.5 %.
        colours = looks.reshape(len(labels), -1, 3).mean(1)
        yield "rule: mean colour", "rule", nearest_mean(colours, labels, repeats) != labels, ""
    simple = standardised(features if looks is None else looks)
    nearest, among = k_nearest(simple, labels, labelled.groups, repeats, seed)
    note = f"k-NN looks for neighbours among {among:,} of the {len(labels):,} {labelled.unit}, a sample."
    yield "k-NN", "off the shelf", nearest != labels, note if among < len(labels) else ""
    if looks is not None:
        linear = score(simple, labels, repeats, [min(len(split.order) for split in repeats)]).predicted
        yield "logistic regression on pixels", "off the shelf", linear != labels, ""


def _interval(wrong: Wrong, groups: Items | None) -> Interval:
    fewer = (paired.level_noise(wrong, None) / paired.level_noise(wrong, groups)) ** 2
    return paired.wilson(float(wrong.mean()), len(wrong) * fewer)


def _rounded(figures: Mapping[str, float | Interval]) -> dict[str, Any]:
    """Numbers and intervals as in the JSON."""
    return {
        name: [paired.rounded(end) for end in value] if isinstance(value, tuple) else paired.rounded(value)
        for name, value in figures.items()
    }
