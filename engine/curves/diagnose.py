"""Would more data help, is it bias, is it variance? Answers with probabilities, from a learning curve's errors.

No curve is known to follow one law (Viering and Loog 2021), so thousands of shapes are drawn from three families (power
law, shifted power law, exponential), each fitted in closed form and weighted by how well it fits. As both errors tend
to one limit from both sides (Cortes et al. 1993), draws whose limit is not between training and validation error count
nothing. Two kinds of noise are kept apart: of the level, which all sizes share as they are scored on the same items,
and of the shape. Only the second blurs the fit; both are in the intervals.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Answer = Literal["yes", "no", "unsure"]

SURE = 0.9
_SURER, _SUREST = 0.01, 0.002
CREDIBLE = (5, 95)  # percentiles of the intervals
DRAWS = 24_000  # shapes tried
_FEWEST = 300.0  # effective draws between the errors' limits below which the limits are imposed instead
_NOISELESS = 3e-4  # the least standard error of a point: no curve is exact
_WORSE = 4.6  # standard errors that make a rise with more data real (0.5 % one-sided, 4 degrees of freedom)
_MISSED = 3.0  # standard errors between the fit and the last point that no noise explains
_FAMILIES = 3
_NEIGHBOURS = 0.5  # correlation of the noise of one size and the next


@dataclass(frozen=True)
class Evidence:
    """What was measured. Errors are shares."""

    sizes: list[int]  # ascending
    train_error: Array  # [sizes, repeats]
    validation_error: Array  # [sizes, repeats]
    level_noise: float  # standard error of the mean validation error, for the items it is measured on are finite
    human: tuple[float, int] | None = None  # errors, items
    repeats_factor: float = 1.0  # asks "what if there were as many times more repeats?"

    @property
    def error(self) -> float:
        return float(self.validation_error[-1].mean())

    @property
    def training(self) -> float:
        return float(self.train_error[-1].mean())

    @property
    def shape_noise(self) -> Array:
        """Standard error of each size's mean error, without what the sizes of a repeat share: [sizes]."""
        from scipy.stats import t

        sizes, repeats = self.validation_error.shape
        paired = self.validation_error - self.validation_error.mean(0)
        variance = paired.var(1, ddof=1) * sizes / (sizes - 1)  # the mean taken off held a share of each size's noise
        steadied = (variance + np.median(variance)) / 2
        # Few repeats estimate a variance badly: as wide as Student's interval of one standard deviation.
        wider = float(t.ppf(0.8413, repeats - 1))
        noise: Array = np.maximum(np.sqrt(steadied / repeats / self.repeats_factor) * wider, _NOISELESS)
        return noise

    @property
    def precision(self) -> Array:
        """Inverse covariance of the sizes' mean errors: [sizes, sizes]. Neighbours share items, so they err alike."""
        steps = np.arange(len(self.sizes))
        correlation = _NEIGHBOURS ** np.abs(steps[:, None] - steps)
        inverse: Array = np.linalg.inv(correlation * np.outer(self.shape_noise, self.shape_noise))
        return inverse

    @property
    def training_noise(self) -> float:
        over_repeats = self.train_error[-1].var(ddof=1) / self.train_error.shape[1]
        over_items = self.training * (1 - self.training) / self.sizes[-1]
        return math.sqrt(max(over_repeats, over_items) + self.level_noise**2)


@dataclass(frozen=True)
class Thresholds:
    """What counts as much; shares."""

    gain: float
    gap: float  # of variance, and of bias

    @classmethod
    def of(cls, error: float) -> "Thresholds":
        return cls(max(0.003, 0.05 * error), max(0.01, 0.2 * error))


@dataclass(frozen=True)
class Posterior:
    """Weighted draws of curves: error(n) = limit + drop * phi(n / N), phi(1) = 1."""

    limit: Array
    drop: Array
    level: Array  # what the finite validation set adds to every size
    weight: Array  # sums to 1
    shapes: "_Shapes"

    def error(self, ratio: float) -> Array:
        """At `ratio` times the largest size, without the level's noise; below it, the fitted curve."""
        return self.limit + self.drop * self.shapes.phi(np.array([ratio]))[:, 0]

    def probability(self, true: NDArray[np.bool_]) -> float:
        return float(min(self.weight[true].sum(), 1))

    def interval(self, values: Array) -> tuple[float, float, float]:
        """5th, 50th and 95th percentile."""
        order = np.argsort(values)
        reached = np.cumsum(self.weight[order]) - self.weight[order] / 2
        low, mid, high = np.interp([CREDIBLE[0] / 100, 0.5, CREDIBLE[1] / 100], reached, values[order])
        return float(low), float(mid), float(high)

    def predicted(self, ratio: float) -> tuple[float, float, float]:
        """Low, mid and high of the error at `ratio` times the largest size."""
        return self.interval(np.clip(self.error(ratio) + self.level, 0, 1))


@dataclass(frozen=True)
class Diagnosis:
    """The verdicts. `probability`: of a gain, a gap, ... over their thresholds, as `diagnose` says."""

    more_data: Answer
    bias: Answer
    variance: Answer
    probability: dict[str, float]
    worse: tuple[int, int] | None  # sizes between which more data made it worse beyond noise
    missed: bool  # whether the fit is off the last point beyond noise and by more than a gain that counts
    thresholds: Thresholds
    posterior: Posterior = field(repr=False)
    beats_baselines: bool = True  # errs less than guessing and rules, and no more than what is off the shelf

    @property
    def ideal(self) -> Answer:
        answers = (self.more_data, self.bias, self.variance)
        return "unsure" if "unsure" in answers else "no" if "yes" in answers or not self.beats_baselines else "yes"


def diagnose(evidence: Evidence, seed: int = 0) -> Diagnosis:
    """Three-way verdicts.

    more_data    P(error(N) - error(2N) > gain): yes from 0.9, no to 0.1; unsure where more data made it worse, and
                 where the fit misses the last point
    variance     yes: P(validation - training error > gap) >= 0.9 and P(error(N) - limit > gap) >= 0.5;
                 no: either <= 0.1. The first is probability["variance"], the second ["still_falling"].
    While the first is >= 0.9, a no that rests on the extrapolation alone takes 0.002 in place of 0.1: a curve may lie
    flat by chance, but a model that fits its training set so much better has something left to learn.
    bias         h the human error. yes: max(P(limit - h > gap), P(training error - h > gap)) >= 0.99, as few people's
                 answers are often far off;
                 no: P(training error - h > gap) <= 0.1 and P(limit - h > gap) <= 0.5. The first maximum is
                 probability["bias"]. Without a human error never yes; no where even a perfect person leaves no room.
    """
    random = np.random.default_rng(seed)
    posterior = fit(evidence, random)
    much = Thresholds.of(evidence.error)
    count = len(posterior.weight)
    now, doubled = posterior.error(1), posterior.error(2)
    limit = np.minimum(posterior.limit, doubled) + posterior.level
    training = evidence.training + evidence.training_noise * random.standard_normal(count)
    blur = math.hypot(evidence.training_noise, evidence.shape_noise[-1])
    gap = evidence.error - evidence.training + blur * random.standard_normal(count)
    human: Array | float = 0.0
    if evidence.human is not None:
        errors, items = evidence.human
        human = random.beta(errors + 0.5, items - errors + 0.5, count)

    gain = posterior.probability(now - doubled > much.gain)
    wide = posterior.probability(gap > much.gap)
    falling = posterior.probability(now + posterior.level - limit > much.gap)
    in_limit, in_training = (posterior.probability(part - human > much.gap) for part in (limit, training))
    probability = {"more_data": gain, "variance": wide, "still_falling": falling}
    if evidence.human is not None:
        probability["bias"] = max(in_limit, in_training)
    no = 1 - SURE if wide < SURE else _SUREST
    worse = _worse(evidence)
    missed = abs(posterior.interval(now)[1] - evidence.error) > max(much.gain, _MISSED * evidence.shape_noise[-1])
    return Diagnosis(
        more_data="unsure" if worse or missed else _answer(gain >= SURE, gain <= no),
        bias=_answer(
            evidence.human is not None and max(in_limit, in_training) >= 1 - _SURER,
            in_training <= 1 - SURE and in_limit <= 0.5,
        ),
        variance=_answer(wide >= SURE and falling >= 0.5, wide <= 1 - SURE or falling <= no),
        probability=probability,
        worse=worse,
        missed=missed,
        thresholds=much,
        posterior=posterior,
    )


def settled_by_repeats(evidence: Evidence, seed: int = 0) -> bool:
    """Whether four times the repeats, with the same mean errors, would decide if more data helps."""
    return diagnose(replace(evidence, repeats_factor=4.0), seed).more_data != "unsure"


def fit(evidence: Evidence, random: np.random.Generator) -> Posterior:
    """Draw shapes from the prior, their limit and drop from the weighted least squares of each; weight by chi-square.

    The errors of the fit are scaled by the best shape's reduced chi-square where it is above 1. Where hardly a draw has
    its limit between the errors of training and validation, limits are moved there.
    """
    relative = np.array(evidence.sizes) / evidence.sizes[-1]
    shapes = _Shapes.drawn(random)
    error, precision = evidence.validation_error.mean(1), evidence.precision
    total = precision.sum()
    phi = shapes.phi(relative)
    mean_phi, mean_error = phi @ precision.sum(1) / total, error @ precision.sum(1) / total
    centred = phi - mean_phi[:, None]
    leverage = centred @ precision
    spread = (leverage * centred).sum(1)
    slope = np.maximum(leverage @ (error - mean_error) / spread, 0)
    residual = error - mean_error - slope[:, None] * centred
    chi_square = (residual @ precision * residual).sum(1)
    scale = max(1.0, float(chi_square.min()) / max(len(relative) - 3, 1))
    drop = slope + np.sqrt(scale / spread) * random.standard_normal(DRAWS)
    limit = mean_error + math.sqrt(scale / total) * random.standard_normal(DRAWS) - drop * mean_phi
    weight = np.exp(-(chi_square - chi_square.min()) / 2 / scale)

    lowest = np.maximum(evidence.training + evidence.training_noise * random.standard_normal(DRAWS), 0)
    between = weight * ((drop >= 0) & (limit >= lowest) & (limit <= evidence.error + 3 * evidence.level_noise))
    if between.sum() ** 2 > _FEWEST * (between**2).sum():
        weight = between
    else:
        now = np.maximum(limit + drop, 0)
        limit = np.clip(limit, np.minimum(lowest, now), now)
        drop = np.where(drop > 0, now - limit, 0)
    level = evidence.level_noise * random.standard_normal(DRAWS)
    return Posterior(limit, drop, level, weight / weight.sum(), shapes)


@dataclass(frozen=True)
class _Shapes:
    """phi(x): ((x + shift) / (1 + shift)) ** -power, and where there is a pace, exp((1 - x) / pace)."""

    power: Array
    shift: Array
    pace: Array  # NaN for power laws

    @classmethod
    def drawn(cls, random: np.random.Generator) -> "_Shapes":
        """A third each: power laws, power laws with a shift, exponentials; parameters over the range curves have."""
        power = random.uniform(0.1, 1.5, DRAWS)
        shift = np.exp(random.uniform(math.log(0.02), math.log(0.4), DRAWS))
        pace = np.exp(random.uniform(math.log(0.08), math.log(1.5), DRAWS))
        family = np.arange(DRAWS) % _FAMILIES
        return cls(power, np.where(family == 1, shift, 0), np.where(family == 2, pace, np.nan))

    def phi(self, ratio: Array) -> Array:
        """[draws, ratios]"""
        shift, power, pace = self.shift[:, None], self.power[:, None], self.pace[:, None]
        law = ((ratio + shift) / (1 + shift)) ** -power
        return np.where(np.isnan(pace), law, np.exp((1 - ratio) / np.where(np.isnan(pace), 1, pace)))


def _worse(evidence: Evidence) -> tuple[int, int] | None:
    """The sizes between which the error rose most in standard errors: by more than 1 point or 5 %, beyond noise."""
    errors = evidence.validation_error
    rises = errors[None] - errors[:, None]
    rise = np.triu(rises.mean(2), 1)
    noise = np.hypot(evidence.shape_noise[:, None], evidence.shape_noise)
    noise = np.maximum(rises.std(2, ddof=1) / math.sqrt(errors.shape[1]), noise)
    sure = np.where(rise > np.maximum(0.01, 0.05 * errors.mean(1)[:, None]), rise / noise, 0)
    first, second = divmod(int(sure.argmax()), len(evidence.sizes))
    return (evidence.sizes[first], evidence.sizes[second]) if sure.max() > _WORSE else None


def _answer(yes: bool, no: bool) -> Answer:
    return "yes" if yes else "no" if no else "unsure"
