"""Does reach explain why the engagement rate changed, and is the rate still worth watching?

Reach enters by post and within a type of post: across types its relation to the rate can have the opposite sign
(Simpson's paradox). Everything here is association and arithmetic; no answer names a cause.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.tweets.change import arc_elasticity, log_mean
from engine.tweets.posts import DRAWS, resampled_sums

Array = NDArray[np.float64]
Verdict = Literal["explained", "partly", "not explained", "cannot tell"]

# A type needs posts enough for a slope of its own, and some in either period; smaller types are pooled as "other".
POSTS, IN_A_PERIOD, ENGAGED = 30, 10, 10
CLUSTERS = 8  # months; the clustered covariance is far too small with fewer
MONTHS = 24  # of totals; with fewer, the interval of a slope says nothing


@dataclass(frozen=True)
class Part:
    """A part of the rate's change, as a share of the rate before (-0.47 = 47 % lower), with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Elasticity:
    """Percent change of the engagement rate that goes with one percent more impressions per post."""

    type: str
    estimate: float
    low: float  # 95 %
    high: float
    posts: int


@dataclass(frozen=True)
class Totals:
    posts: float
    impressions: float
    engagements: float

    @property
    def rate(self) -> float:
        return self.engagements / self.impressions

    @property
    def per_post(self) -> float:
        return self.engagements / self.posts


@dataclass(frozen=True)
class ReachAnswer:
    """reach + mix + rest = change exactly; all four are None, and `elasticities` empty, where no model was fitted."""

    verdict: Verdict
    before: Totals | None
    after: Totals | None
    sentences: list[str]
    change: Part | None = None
    reach: Part | None = None  # within types, what the elasticity predicts from impressions per post
    mix: Part | None = None  # types took other shares of the impressions
    rest: Part | None = None
    elasticities: Sequence[Elasticity] = ()


def explain(before: pd.DataFrame, after: pd.DataFrame) -> ReachAnswer:
    """Split the change of the engagement rate between two periods of posts into reach, mix of types and the rest.

    Columns used: type, day, impressions, engagements. Elasticities: quasi-Poisson regression by post,
    log E = (1 + elasticity of the type) log I + type + month (McCullagh and Nelder 1989), not least squares on
    log(E / I), which has I on both sides. Mix and within-type parts by mean shares and mean rates; reach takes its
    share of each within part's log change. Intervals: bootstrap of posts, elasticities drawn from theirs.
    """
    posts = pd.concat([before.assign(late=False), after.assign(late=True)], ignore_index=True)
    posts = posts.loc[:, ["type", "day", "impressions", "engagements", "late"]]
    figures = np.isfinite(posts["impressions"]) & np.isfinite(posts["engagements"])
    usable = figures & (posts["impressions"] > 0) & (posts["engagements"] >= 0)
    notes = [] if usable.all() else [f"{(~usable).sum():,} of {len(posts):,} posts have no figures and are left out."]
    posts = posts[usable]
    old, new = (_totals(posts[posts["late"] == late]) for late in (False, True))
    if not (old.posts and new.posts):
        return _untold("One of the two periods has no posts with figures.", *notes)
    notes = [*_amounts(old, new), *notes]
    if not (old.engagements and new.engagements):
        return _untold("Cannot tell: one of the two periods has no engagements at all.", *notes, periods=(old, new))
    types = _pooled(posts)
    if types is None:
        reason = f"Cannot tell: that needs {POSTS} posts, {IN_A_PERIOD} in either period, and engagements on {ENGAGED}."
        return _untold(reason, *notes, periods=(old, new))
    posts = posts.assign(type=types)
    slopes = _elasticities(posts)
    if slopes is None:
        reason = (
            "Cannot tell: the posts' impressions differ too little, or too oddly, to fit a relation to engagements."
        )
        return _untold(reason, *notes, periods=(old, new))
    change, reach, mix, rest = _parts(posts, slopes)
    verdict = _verdict(change, reach)
    sentences = [_ANSWERS[verdict], _split(change, reach, mix, rest), *map(_slope, slopes), *notes]
    return ReachAnswer(verdict, old, new, sentences, change, reach, mix, rest, slopes)


def months_only(months: pd.DataFrame) -> ReachAnswer:
    """What totals alone can say: never whether reach explains the change, as they hold no types of posts.

    `months`: tweets, impressions, engagements, a row a month, oldest first; the first and the last month with all three
    are compared. The sentences hold the arc elasticity, ln(rate1 / rate0) / ln(reach1 / reach0), without an interval.
    """
    known = months.loc[:, ["tweets", "impressions", "engagements"]].astype(float)
    known = known[(known["tweets"] > 0) & (known["impressions"] > 0) & (known["engagements"] >= 0)]
    if len(known) < 2:
        return _untold("Cannot tell: that needs two months with tweets and both figures.")
    old, new = (Totals(*known.iloc[at]) for at in (0, -1))
    few = f"{len(known)} months are too few (under {MONTHS}) to tell a relation from chance, and "
    few *= len(known) < MONTHS
    reason = f"Cannot tell: {few}totals do not say which types of posts were shown. Import the posts to find out."
    total = arc_elasticity(old.rate, new.rate, old.impressions, new.impressions)
    each = arc_elasticity(old.rate, new.rate, old.impressions / old.posts, new.impressions / new.posts)
    arcs = [
        f"From first month to last, the rate's elasticity against {name} is {arc:.2f}; two points have no interval."
        for name, arc in (("total impressions", total), ("impressions per post", each))
        if arc is not None
    ]
    return _untold(reason, *arcs, *_amounts(old, new), periods=(old, new))


def _untold(*sentences: str, periods: tuple[Totals | None, Totals | None] = (None, None)) -> ReachAnswer:
    return ReachAnswer("cannot tell", *periods, [*sentences])


def _pooled(posts: pd.DataFrame) -> pd.Series | None:
    """The type of each post, small types as "other"; None where even all of them together are too few."""
    types: pd.Series = posts["type"].astype(str)
    while True:
        counts = pd.crosstab(types, posts["late"])
        engaged = (posts["engagements"] > 0).groupby(types).sum()
        thin = (counts.sum(axis=1) < POSTS) | (counts.min(axis=1) < IN_A_PERIOD) | (engaged < ENGAGED)
        if not thin.any():
            return types
        if len(counts) == 1:
            return None
        small = set(counts.index[thin])
        if small == {"other"}:
            small.add(counts.drop(index="other").sum(axis=1).idxmin())
        types = types.where(~types.isin(small), "other")


def _elasticities(posts: pd.DataFrame) -> list[Elasticity] | None:
    """Each type's elasticity, in the order of the names; None where the regression has no trustworthy solution.

    The interval is the wider of the heteroscedasticity-robust (HC1) one and, with 8 months or more, the one clustered
    by month: a clustered covariance of few clusters errs on the small side (Angrist and Pischke 2009, 8.2.3).
    """
    from scipy.stats import t as student
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import ModelWarning

    # A month of one period: two periods may share a month. One without engagements says nothing of slopes.
    months = posts["day"].dt.to_period("M").astype(str) + posts["late"].map({False: " before", True: " after"})
    told = posts["engagements"].groupby(months).transform("sum") > 0
    posts, months = posts[told], months[told]
    intercepts = pd.get_dummies(posts["type"], dtype=float)
    log = np.log(posts["impressions"])
    centred = (log - log.groupby(posts["type"]).transform("mean")).to_numpy(float)
    size, names = len(posts), [str(name) for name in intercepts]
    dummies = pd.get_dummies(months, drop_first=True, dtype=float).to_numpy()
    design = np.hstack([intercepts.to_numpy() * centred[:, None], intercepts.to_numpy(), dummies])
    if np.linalg.matrix_rank(design) < design.shape[1] or size <= design.shape[1]:
        return None
    model = GLM(posts["engagements"].to_numpy(float), design, family=Poisson(), offset=log.to_numpy(float))
    clusters = pd.factorize(posts["day"].dt.to_period("M"))[0]
    covariances: list[tuple[str, dict[str, object], int]] = [("HC1", {}, size - design.shape[1])]
    if clusters.max() + 1 >= CLUSTERS:
        covariances.append(("cluster", {"groups": clusters}, int(clusters.max())))
    halves = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ModelWarning)
            warnings.simplefilter("error", RuntimeWarning)
            for kind, options, freedom in covariances:
                fit = model.fit(scale="X2", cov_type=kind, cov_kwds=options)
                halves.append(student.ppf(0.975, freedom) * fit.bse[: len(names)])
    except (ModelWarning, RuntimeWarning, ValueError, np.linalg.LinAlgError):
        return None
    estimate, half = fit.params[: len(names)], np.max(halves, axis=0)
    if not (fit.converged and np.isfinite(half).all()):
        return None
    return [
        Elasticity(name, float(at), float(at - width), float(at + width), int((posts["type"] == name).sum()))
        for name, at, width in zip(names, estimate, half, strict=True)
    ]


def _parts(posts: pd.DataFrame, slopes: list[Elasticity]) -> tuple[Part, Part, Part, Part]:
    """change, reach, mix, rest with their intervals."""
    estimate = np.array([slope.estimate for slope in slopes])
    deviation = np.array([slope.high - slope.estimate for slope in slopes]) / 1.96
    drawn = estimate + deviation * np.random.default_rng(0).standard_normal((DRAWS, len(slopes)))
    observed, samples = [], []
    for seed, late in enumerate((False, True)):
        period = posts[posts["late"] == late]
        figures = np.column_stack([np.ones(len(period)), period["impressions"], period["engagements"]])
        of_type = period["type"].to_numpy()[:, None] == np.array([slope.type for slope in slopes])
        columns = (of_type[:, :, None] * figures[:, None, :]).reshape(len(period), -1)
        observed.append(columns.sum(0).reshape(-1, 3))
        samples.append(resampled_sums(columns, DRAWS, seed).reshape(DRAWS, -1, 3))
    # A sample without any post of a type, or without engagements, has no rate to split; it is one in ten thousand.
    whole = np.logical_and(*((part[:, :, 0] > 0).all(1) & (part[:, :, 2].sum(1) > 0) for part in samples))
    split = _decompose(samples[0][whole], samples[1][whole], drawn[whole])
    low, high = np.quantile(split, [0.025, 0.975], axis=0)
    exact = _decompose(observed[0], observed[1], estimate)
    change, reach, mix, rest = (Part(*map(float, part)) for part in zip(exact, low, high, strict=True))
    return change, reach, mix, rest


def _decompose(old: Array, new: Array, slopes: Array) -> Array:
    """change, reach, mix, rest as shares of the old rate: [.., types, 3] twice and [.., types] -> [.., 4].

    The last axis is posts, impressions, engagements. A type whose rate is 0 on one side has no log change: all rest.
    """
    (share0, rate0, reach0), (share1, rate1, reach1) = (
        (sums[..., 1] / sums[..., 1].sum(-1, keepdims=True), sums[..., 2] / sums[..., 1], sums[..., 1] / sums[..., 0])
        for sums in (old, new)
    )
    total0, total1 = (share0 * rate0).sum(-1), (share1 * rate1).sum(-1)
    change = total1 - total0
    mix = ((rate0 + rate1) / 2 * (share1 - share0)).sum(-1)
    predicted = (share0 + share1) / 2 * np.vectorize(log_mean)(rate0, rate1) * slopes * np.log(reach1 / reach0)
    reach = predicted.sum(-1)
    parts: Array = np.stack([change, reach, mix, change - mix - reach], axis=-1) / total0[..., None]
    return parts


def _verdict(change: Part, reach: Part) -> Verdict:
    """How much of the change reach surely goes with: over half, some, or surely under half."""
    if change.low <= 0 <= change.high:
        return "cannot tell"
    low, high = sorted((reach.low / change.estimate, reach.high / change.estimate))
    if low > 0.5:
        return "explained"
    if low > 0:
        return "partly"
    return "not explained" if high < 0.5 else "cannot tell"


_ANSWERS: dict[Verdict, str] = {
    "explained": "Reach goes with most of the change: the rate cannot be expected to stay the same at this reach. "
    "Put the rate second to total engagements, and compare it only between posts of like reach.",
    "partly": "Reach goes with a part of the change, so the same rate is not quite realistic; the rest has another "
    "reason. Keep watching the rate, beside total engagements.",
    "not explained": "Reach does not explain the change, and was no reason to expect another rate. Keep watching it, "
    "type by type.",
    "cannot tell": "Cannot tell: either the rate did not clearly change, or the part of reach is too uncertain. That "
    "is no reason to stop watching the rate; read it beside total engagements.",
}


def _split(change: Part, reach: Part, mix: Part, rest: Part) -> str:
    parts = f"reach {_said(reach)}, the mix of types {_said(mix)}, the rest {_said(rest)}"
    return f"Observed {_said(change)}: {parts}. This is association, not a cause."


def _slope(slope: Elasticity) -> str:
    double = Part(*(2**value - 1 for value in (slope.estimate, slope.low, slope.high)))
    return f"Type {slope.type} ({slope.posts:,} posts): twice the impressions go with {_said(double)} in the rate."


def _amounts(old: Totals, new: Totals) -> list[str]:
    rate = f"The engagement rate went from {100 * old.rate:.2f} % to {100 * new.rate:.2f} %."
    each = f"{old.per_post:,.1f} to {new.per_post:,.1f}"
    total = f"Total engagements went from {old.engagements:,.0f} to {new.engagements:,.0f}, and per post from {each}."
    return [rate, total]


def _totals(posts: pd.DataFrame) -> Totals:
    return Totals(len(posts), float(posts["impressions"].sum()), float(posts["engagements"].sum()))


def _said(part: Part) -> str:
    return f"{round(100 * part.estimate):+d} % ({round(100 * part.low):+d} to {round(100 * part.high):+d})"
