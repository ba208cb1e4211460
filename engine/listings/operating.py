"""What a dial would have done to listings whose truth is known: how many go without a person, how many of those are
wrong, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.listings.route import Dial, RiskCoverage, Trial, risk_coverage, upper_bound

if TYPE_CHECKING:
    from engine.listings.fitted import Fitted
    from engine.listings.lessons import Reviewed
    from engine.listings.terms import Terms
    from engine.listings.weigh import Model

Array = NDArray[np.float64]
_EACH_END = 0.975  # confidence: 95 % of the interval around the errors
_EVERYTHING = Dial("costs", cost_of_error=1.0, cost_of_review=2.0)  # accepts whatever nothing else speaks against


@dataclass(frozen=True)
class Judged:
    """Listings whose truth is known, [listings] each."""

    kappa: Array  # the probability that accepting is right; -1 where a person looks for another reason
    right: NDArray[np.bool_]
    size: NDArray[np.int64]  # photos that count
    weight: Array  # how many listings one stands for: 1 / the propensity with which people looked at it
    independent: float = 1.0  # share of them that counts: listings that share photos tell less than their number

    @classmethod
    def of_trial(cls, trial: Trial, photos: int) -> "Judged":
        """Held-out listings of so many photos that no threshold was fitted on."""
        chosen = ~trial.fitted & (trial.size == photos)
        weight = np.ones(int(chosen.sum()))
        return cls(trial.kappa[chosen], trial.right[chosen], trial.size[chosen], weight, trial.independent)

    @classmethod
    def of_reviewed(cls, reviewed: Sequence["Reviewed"], model: "Model", terms: "Terms") -> "Judged | None":
        """Listings that came before people by draw or by doubt, as they would be decided now.

        None without audits: then nobody knows how the accepted ones were.
        """
        drawn = [item for item in reviewed if item.weight]
        if all(item.propensity == 1 for item in drawn):
            return None
        terms = replace(terms, dial=_EVERYTHING)
        verdicts, policy = [item.under(terms, model) for item in drawn], terms.policy_for(model.classes)
        called = [item.label and policy.name_of(item.label) for item in drawn]
        return cls(
            np.array([verdict.sure if verdict.decision == "accept" else -1.0 for verdict in verdicts], np.float64),
            np.array([verdict.label == label for verdict, label in zip(verdicts, called, strict=True)]),
            np.array([max(1, sum(photo.weight > 0 for photo in verdict.photos)) for verdict in verdicts]),
            np.array([item.weight for item in drawn]),
        )

    def __len__(self) -> int:
        return len(self.kappa)

    def accepted(self, threshold: float | Array) -> NDArray[np.bool_]:
        """Which go without a person from this kappa on, or each from its own."""
        return np.asarray(self.kappa >= np.maximum(threshold, 0.0))

    @property
    def curve(self) -> RiskCoverage:
        """Of every threshold from the strictest on; what people see for other reasons is never accepted."""
        curve = risk_coverage(self.kappa, self.right, self.weight)
        last = int((curve.threshold >= 0).sum())
        return RiskCoverage(curve.threshold[:last], curve.coverage[:last], curve.risk[:last])


@dataclass(frozen=True)
class Operating:
    """What accepting some listings comes to. Shares are of all listings, but for the errors."""

    automatic: float  # accepted without a person
    errors: float  # share of the accepted that is wrong
    interval: tuple[float, float]  # of that share, at 95 %
    reviews: float  # looked at by people, audits among them
    cost: float  # of a listing, in the dial's unit


def operate(judged: Judged, accepted: NDArray[np.bool_], dial: Dial) -> Operating:
    """What accepting these and showing the others to people comes to, with the dial's costs and audits.

    The interval is Clopper and Pearson's, of Kish's effective number where weights differ.
    """
    weight = judged.weight / judged.weight.sum()
    automatic = float(weight @ accepted)
    errors = float(weight @ (accepted & ~judged.right)) / automatic if automatic > 0 else 0.0
    cost = float(costs(automatic, errors, dial))
    reviews = 1 - automatic * (1 - dial.audit)
    return Operating(automatic, errors, _interval(errors, judged, accepted), reviews, cost)


def stand(judged: Judged, dial: Dial, fitted: "Fitted") -> Operating:
    """Where a dial stands: each listing is held to the threshold for its number of photos."""
    limits = {size: dial.threshold(fitted, size) for size in set(judged.size.tolist())}
    return operate(judged, judged.accepted(np.array([limits[size] for size in judged.size.tolist()])), dial)


def threshold_within(judged: Judged, share: float) -> float:
    """The highest kappa from which to accept so that at most this share of listings is left to people."""
    order = np.argsort(judged.kappa, kind="stable")
    over = np.cumsum(judged.weight[order]) / judged.weight.sum() > share + 1e-9
    return float(judged.kappa[order][over.argmax()]) if over.any() else np.inf


def costs(coverage: Array | float, risk: Array | float, dial: Dial) -> Array:
    """What a listing costs where this share is accepted, and so much of it wrongly; any shape.

    People err too: what they look at costs a review and their share of errors. An audit adds a review.
    """
    person = dial.cost_of_review + dial.errors_of_people * dial.cost_of_error
    accepted = risk * dial.cost_of_error + dial.audit * dial.cost_of_review
    return np.asarray(coverage * accepted + (1 - coverage) * person)


def _interval(errors: float, judged: Judged, accepted: NDArray[np.bool_]) -> tuple[float, float]:
    weight = judged.weight[accepted]
    if not len(weight):
        return 0.0, 1.0
    count = judged.independent * float(weight.sum() ** 2 / (weight**2).sum())
    low = 1 - upper_bound((1 - errors) * count, count, _EACH_END)
    return float(low), float(upper_bound(errors * count, count, _EACH_END))
