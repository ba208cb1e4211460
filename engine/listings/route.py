"""Accept, or ask a person? What a verdict is worth against what a look at it costs.

kappa is the probability that accepting is right: P(the object is in the catalogue) times P(the label is right if so).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_CONFIDENCE = 0.95  # of the bound on errors


@dataclass(frozen=True)
class Known:
    """P(known) of a listing: a logistic model, fitted with one listing in five unknown. The default knows everything.

    log-odds = bias + strange * logit(u) + spread * logit(u) log(m) + sure * logit(confidence) + photos * log(m), with u
    the mean strangeness of the m photos that count.
    """

    bias: float = 100.0
    strange: float = 0.0
    spread: float = 0.0
    sure: float = 0.0
    photos: float = 0.0

    def probability(self, unknown: Array, confidence: Array, photos: Array) -> Array:
        """All three [listings]; `photos` counts those that are kept."""
        terms = self.terms(unknown, confidence, photos)
        weights = np.array([self.strange, self.spread, self.sure, self.photos])
        return np.asarray(1 / (1 + np.exp(-(self.bias + terms @ weights).clip(-100, 100))))

    @staticmethod
    def terms(unknown: Array, confidence: Array, photos: Array) -> Array:
        """[listings, 4]: what the weights multiply."""
        # Shares of a thousand photos or so and rounded scores say no more about 0 and 1 than this.
        u, p = (np.log(v) - np.log1p(-v) for v in (np.clip(unknown, 0.02, 0.98), np.clip(confidence, 1e-6, 1 - 1e-6)))
        many = np.log(photos)
        return np.stack([u, u * many, p, many], axis=1)


@dataclass(frozen=True)
class RiskCoverage:
    """What happens at every threshold, the strictest first; all [thresholds]."""

    threshold: Array  # of kappa
    coverage: Array  # share of all listings accepted
    risk: Array  # share of errors among those accepted

    @property
    def area(self) -> float:
        """AURC (Geifman et al. 2019): the mean risk over coverages."""
        return float(self.risk @ np.diff(self.coverage, prepend=0.0))

    @property
    def generalised_area(self) -> float:
        """AUGRC (Traub et al. 2024): as AURC, of errors accepted as a share of all listings."""
        return float((self.risk * self.coverage) @ np.diff(self.coverage, prepend=0.0))


def risk_coverage(kappa: Array, right: NDArray[np.bool_]) -> RiskCoverage:
    """The risk-coverage curve of listings, [listings] each; those of equal kappa are accepted together."""
    order = np.argsort(-kappa, kind="stable")
    ends = np.flatnonzero(np.diff(kappa[order], append=-np.inf))
    accepted = ends + 1
    errors = np.cumsum(~right[order])[ends]
    return RiskCoverage(kappa[order][ends], accepted / len(kappa), errors / accepted)


def error_threshold(kappa: Array, right: NDArray[np.bool_], rate: float, independent: float = 1.0) -> float:
    """The lowest kappa to accept so that at most a share `rate` of accepted listings are errors.

    The bound is Clopper and Pearson's upper one at 95 %. Listings that share photos tell less than their number:
    `independent` is the share of them that counts. 1.01 (accept nothing) if no threshold will do.
    """
    from scipy.stats import beta

    curve = risk_coverage(kappa, right)
    accepted = curve.coverage * len(kappa) * independent
    errors = curve.risk * accepted
    within = np.flatnonzero(beta.ppf(_CONFIDENCE, errors + 1, np.maximum(accepted - errors, 1e-9)) <= rate)
    return float(curve.threshold[within[-1]]) if len(within) else 1.01


def cost_threshold(error: float, review: float, people: float = 0.0) -> float:
    """The kappa from which accepting is cheaper (Chow 1970, with people who err too).

    `error` and `review` are costs in one currency, `people` the error rate of a review: accept iff
    (1 - kappa) error <= review + people error.
    """
    return 1 - review / error - people


def within_capacity(kappa: Sequence[float], threshold: float, places: int) -> list[int]:
    """Indices of the listings to review when a day has `places`: the least sure first, none above the threshold."""
    wanted = sorted((value, index) for index, value in enumerate(kappa) if value < threshold)
    return [index for _, index in wanted[:places]]


def audited(pictures: Sequence[str], share: float) -> bool:
    """Whether an accepted listing is in the random audit sample; `share` is its propensity.

    Drawn by the hash of its pictures: the same listing has the same fate on every path.
    """
    digest = hashlib.sha256("".join(sorted(pictures)).encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
