"""Accept, or ask a person? What a verdict is worth against what a look at it costs.

kappa is the probability that accepting is right: P(the object is in the catalogue) times P(the label is right if so).
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

if TYPE_CHECKING:
    from engine.listings.fitted import Fitted

Array = NDArray[np.float64]
DialRule = Literal["errors", "costs"]
ERRORS = 0.05  # among accepted listings: the contract's operating point
NEVER = 1.01  # a threshold that nothing reaches
_CONFIDENCE = 0.95  # of the bound on errors
_EVEN = 0.5
_MOST = 6  # photos of the listings that are fitted on


@dataclass(frozen=True)
class Known:
    """P(known) of a listing: a logistic model, fitted with one listing in five unknown. The default knows everything.

    log-odds = bias + strange * s + spread * s log(m) + photos * log(m), with s the strangeness of the listing
    (`Novelty.together`) and m the number of photos that count, at most six: nothing was fitted on more.
    """

    bias: float = 100.0
    strange: float = 0.0
    spread: float = 0.0
    photos: float = 0.0

    def probability(self, strangeness: Array, photos: Array) -> Array:
        """Both [listings]; `photos` counts those that are kept."""
        weights = np.array([self.strange, self.spread, self.photos])
        return np.asarray(1 / (1 + np.exp(-(self.bias + self.terms(strangeness, photos) @ weights).clip(-100, 100))))

    @staticmethod
    def terms(strangeness: Array, photos: Array) -> Array:
        """[listings, 3]: what the weights multiply."""
        many = np.log(np.clip(photos, 1, _MOST))
        return np.stack([strangeness, strangeness * many, many], axis=1)


@dataclass(frozen=True)
class RiskCoverage:
    """What happens at every threshold, the strictest first; all [thresholds], or [draws, thresholds] but the first."""

    threshold: Array  # of kappa
    coverage: Array  # share of all listings accepted
    risk: Array  # share of errors among those accepted

    @property
    def area(self) -> Any:
        """AURC (Geifman et al. 2019): the mean risk over coverages, a number or [draws]."""
        return (self.risk * np.diff(self.coverage, prepend=0.0)).sum(-1)

    @property
    def generalised_area(self) -> float:
        """AUGRC (Traub et al. 2024): as AURC, of errors accepted as a share of all listings."""
        return float((self.risk * self.coverage) @ np.diff(self.coverage, prepend=0.0))


def risk_coverage(kappa: Array, right: NDArray[np.bool_], weight: Array | None = None) -> RiskCoverage:
    """The risk-coverage curve of listings, [listings] each; those of equal kappa are accepted together.

    `weight`: how many listings one stands for, 1 / the propensity with which it was looked at; or [draws, listings].
    """
    order = np.argsort(-kappa, kind="stable")
    ends = np.flatnonzero(np.diff(kappa[order], append=-np.inf))
    counted = np.ones(len(kappa)) if weight is None else weight[..., order]
    accepted, errors = (np.cumsum(values, -1)[..., ends] for values in (counted, counted * ~right[order]))
    # Of a draw the surest listings may weigh nothing.
    return RiskCoverage(kappa[order][ends], accepted / counted.sum(-1, keepdims=True), errors / accepted.clip(1e-9))


def error_threshold(kappa: Array, right: NDArray[np.bool_], rate: float, independent: float = 1.0) -> float:
    """The lowest kappa to accept so that at most a share `rate` of accepted listings are errors.

    The bound is Clopper and Pearson's upper one at 95 %. Listings that share photos tell less than their number:
    `independent` is the share of them that counts. `NEVER` if no threshold will do.
    """
    curve = risk_coverage(kappa, right)
    accepted = curve.coverage * len(kappa) * independent
    within = np.flatnonzero(upper_bound(curve.risk * accepted, accepted) <= rate)
    return float(curve.threshold[within[-1]]) if len(within) else NEVER


def upper_bound(errors: Array | float, accepted: Array | float, confidence: float = _CONFIDENCE) -> Array:
    """Of the share of errors, by Clopper and Pearson; any shape, and fractions where listings weigh less."""
    from scipy.stats import beta

    return np.asarray(beta.ppf(confidence, np.add(errors, 1), np.maximum(np.subtract(accepted, errors), 1e-9)))


def cost_threshold(error: float, review: float, people: float = 0.0) -> float:
    """The kappa from which accepting is cheaper (Chow 1970, with people who err too).

    `error` and `review` are costs in one currency, `people` the error rate of a review: accept iff
    (1 - kappa) error <= review + people error.
    """
    return 1 - review / error - people


def audited(pictures: Sequence[str], share: float) -> bool:
    """Whether an accepted listing is in the random audit sample; `share` is its propensity.

    Drawn by the hash of its pictures: the same listing has the same fate on every path.
    """
    digest = hashlib.sha256("".join(sorted(pictures)).encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


@dataclass(frozen=True)
class Trial:
    """What held-out listings came to, one in five unknown; [listings] each. They share photos."""

    kappa: Array
    right: NDArray[np.bool_]
    size: NDArray[np.int64]  # photos
    fitted: NDArray[np.bool_]  # whether thresholds are fitted on it: curves are drawn of the others
    independent: float = 1.0  # share of the listings fitted on that counts

    def threshold(self, photos: int, rate: float) -> float:
        """The kappa from which a listing of so many photos is accepted, at most a share `rate` of them wrongly.

        One that is rather wrong than right is never accepted, even where so many sure ones make up for it.
        """
        chosen = self.fitted & (self.size == min(photos, self.size.max()))
        return max(_EVEN, error_threshold(self.kappa[chosen], self.right[chosen], rate, self.independent))


@dataclass(frozen=True)
class Dial:
    """When a listing is accepted without a person, and how many people have time for."""

    rule: DialRule = "errors"
    errors: float = ERRORS  # at most this share among accepted (upper bound)
    cost_of_error: float = 20.0  # in the currency of cost_of_review
    cost_of_review: float = 1.0
    errors_of_people: float = 0.03  # share of their reviews
    places: int | None = None  # reviews a day
    audit: float = 0.0  # share of accepted listings that people look at all the same, drawn at random

    def threshold(self, fitted: "Fitted", photos: int) -> float:
        """The kappa from which a listing of so many photos is accepted; `NEVER` where none is known to be safe."""
        if self.rule == "costs":
            return cost_threshold(self.cost_of_error, self.cost_of_review, self.errors_of_people)
        if self.errors == ERRORS:
            return fitted.accept_from(photos)
        return fitted.trial.threshold(photos, self.errors) if fitted.trial else NEVER

    def gain(self, kappa: float) -> float:
        """What a look at a listing saves; below 0 it costs more than it saves."""
        return (1 - kappa - self.errors_of_people) * self.cost_of_error - self.cost_of_review

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Dial":
        """The dial that `as_dict` came from; what is left out is as by default.

        Raises InputError for anything else, and for values out of range.
        """
        try:
            dial = cls(**data)
            numbers = [float(getattr(dial, item.name)) for item in fields(cls) if item.name not in ("rule", "places")]
            errors, cost_of_error, cost_of_review, errors_of_people, audit = numbers
            sound = (
                dial.rule in get_args(DialRule)
                and all(map(math.isfinite, numbers))
                and 0 < errors < 1
                and min(cost_of_error, cost_of_review) > 0
                and 0 <= errors_of_people < 1
                and 0 <= audit <= 1
                and (dial.places is None or (isinstance(dial.places, int) and dial.places >= 0))
            )
        except (TypeError, ValueError) as error:
            raise InputError(f"this is not a dial ({error})", "give what Dial.as_dict made") from error
        if not sound:
            raise InputError(f"this is not a dial ({data})", "use shares from 0 to 1 and costs above 0")
        return dial
