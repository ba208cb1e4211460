"""What long work tells of itself while it goes on, and how long it will take."""

import time
from typing import Protocol


class Progress(Protocol):
    """Hears what is being done, the share of it that is, and figures as they come.

    Figures are `error` (a share) and `loss` (nats) on photos not learnt from, `training_loss`, and where they stand:
    `fold` of a linear head, or `epochs` of a network. What it raises ends the work, which can go on later.
    """

    def __call__(self, what: str, share: float, /, **figures: float) -> None: ...


def silent(*_: object, **__: object) -> None:
    """For who does not want to know."""


class Pace:
    """Time left of what is being done, by how long its first part took."""

    def __init__(self) -> None:
        self._what, self._began, self._from = "", 0.0, 0.0

    def left(self, what: str, share: float) -> float | None:
        """Seconds; None while it cannot be told."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._from = what, now, share
        done = share - self._from
        return (now - self._began) / done * (1 - share) if done > 0 else None
