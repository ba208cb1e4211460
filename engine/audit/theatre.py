"""A survey whose truth is known: a theatre asks whether people are content with it, and whom it asks decides.

Asked inside the theatre, those who never come are missing (coverage). Asked in the best seats, these count several
times (sampling). Those who read the newsletter care and answer (participation). All people are made up.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.audit.audit import Audit, audit_selection
from engine.audit.tables import Margins, Table, from_frame

_LABEL, _RESPONDED = "content", "responded"
_TOWN = 60_000
_INVITED = 6_000
_KNOWN = 4_000  # people in the reference
_SEATS = ("none", "gallery", "circle", "stalls")
_BEST = np.array([1.0, 0.4, 1.0, 3.0])  # how often each seat is asked, where the best seats are


@dataclass(frozen=True)
class Survey:
    """What such a survey has at hand, and what only its maker knows."""

    sample: Table
    reference: Table
    frame: Table
    margins: Margins
    truth: float  # share of content people in the town
    reached: float  # of those who could be asked at all

    def audit(self) -> Audit:
        """The audit of all that is at hand."""
        return audit_selection(
            self.sample,
            reference=self.reference,
            margins=self.margins,
            frame=self.frame,
            responded=_RESPONDED,
            label=_LABEL,
        )


def survey(seed: int = 2026, *, coverage: bool = True, sampling: bool = True, participation: bool = True) -> Survey:
    """The survey with any of its three biases; the others are switched off."""
    random = np.random.default_rng(seed)
    town, content, letter = _people(random)
    goes = (town["visits"] != "never").to_numpy()
    seat = np.array([_SEATS.index(value) for value in town["seat"]])
    chance = (goes if coverage else np.ones(_TOWN)) * (_BEST[seat] if sampling else 1.0)
    order = random.choice(_TOWN, _INVITED, replace=False, p=chance / chance.sum())
    answers = random.random(_INVITED) < (np.where(letter[order], 0.75, 0.3) if participation else 0.5)
    frame = town[order.tolist()].with_columns(pl.Series(_RESPONDED, np.where(answers, "yes", "no")))
    said = pl.Series(_LABEL, np.where(content, "yes", "no"))
    sample = town.with_columns(said)[order[answers].tolist()]
    visits = town["visits"].value_counts(sort=True, normalize=True)
    return Survey(
        sample=from_frame(sample, "theatre survey"),
        reference=from_frame(town[random.choice(_TOWN, _KNOWN, replace=False).tolist()], "town register"),
        frame=from_frame(frame, "invited"),
        margins={"visits": dict(visits.iter_rows())},
        truth=float(content.mean()),
        reached=float(content[goes].mean() if coverage else content.mean()),
    )


def _people(random: np.random.Generator) -> tuple[pl.DataFrame, NDArray[np.bool_], NDArray[np.bool_]]:
    """The town, whether each is content with the theatre, and whether each reads its newsletter."""
    age = random.integers(18, 90, _TOWN)
    distance = random.gamma(2.0, 3.0, _TOWN)
    fond = 0.02 * (age - 50) - 0.15 * (distance - 6) + random.logistic(size=_TOWN)
    visits = np.array(["never", "seldom", "often"])[np.digitize(fond, (0.0, 1.5))]
    means = random.logistic(size=_TOWN) + 0.02 * (age - 50)
    seat = np.where(visits == "never", 0, 1 + np.digitize(means, (-0.3, 1.2)))
    letter = random.random(_TOWN) < np.where(visits == "never", 0.1, np.where(visits == "seldom", 0.35, 0.6))
    pull = np.array([-1.3, -0.6, 0.2, 1.2])[seat] + 0.9 * letter
    content = random.random(_TOWN) < 1 / (1 + np.exp(-pull))
    table = {
        "age": age,
        "distance_km": distance.round(1),
        "visits": visits,
        "seat": np.array(_SEATS)[seat],
        "newsletter": np.where(letter, "yes", "no"),
    }
    return pl.DataFrame(table), content, letter
