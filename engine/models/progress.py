"""What long work tells of itself while it goes on, and how long it will take."""

import time
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Protocol

_FIRST = 2  # s of a part that say nothing yet of the rest


class Progress(Protocol):
    """Hears what is being done, the share of all work that is, and figures as they come.

    Figures are `error` (a share) and `loss` (nats) on photos not learnt from, `training_loss`, and where they stand:
    `fold` of a linear head, or `epochs` of a network. What it raises ends the work, which can go on later.
    """

    def __call__(self, what: str, share: float, /, **figures: float) -> None: ...


def silent(*_: object, **__: object) -> None:
    """For who does not want to know."""


def in_parts(progress: Progress, weights: Mapping[str, float]) -> Progress:
    """Tells `progress` the share of the whole, from shares of its parts, which come in this order and weigh so much."""
    total = sum(weights.values())
    before = dict(zip(weights, accumulate(weights.values(), initial=0.0), strict=False))

    def tell(what: str, share: float, /, **figures: float) -> None:
        progress(what, (before[what] + weights[what] * share) / total, **figures)

    return tell


def counting(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    """Tells `progress` the share of `what` when it hears how many are done."""
    return lambda done: progress(what, done / total)


class Pace:
    """Time left, by how long the present part took so far."""

    def __init__(self) -> None:
        self._what, self._began, self._from = "", 0.0, 0.0

    def left(self, what: str, share: float) -> float | None:
        """Seconds; None while it cannot be told."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._from = what, now, share
        took, done = now - self._began, share - self._from
        return took / done * (1 - share) if done > 0 and took > _FIRST else None
