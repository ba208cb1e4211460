"""Single posts: rates that small numbers do not inflate, best and worst, how uneven reach is, and the hour's effect.

`posts` is one row a post, oldest first, with `type`, `day`, `time`, `impressions` and `engagements` (NaN = unknown).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A prior fitted on fewer posts of a type says more about chance than about the type; all types are pooled then.
FITTED = 30

# Where posts are measured against the type's own recent reach: the last 60, once there are 10.
WINDOW, FIRST = 60, 10

# A post of a week ago has had nearly all its impressions; under 100 of them, nobody had the chance to like it.
SETTLED_DAYS, SHOWN = 7, 100

# A cell of the week's grid with fewer posts is not shown; 20 posts in a cell count as much as the prior, "no effect".
CELL_POSTS, CELL_PRIOR = 8, 20
PERMUTATIONS = 999
DRAWS = 1000


@dataclass(frozen=True)
class Spread:
    """Impressions per post. Few posts hold much of the total, so the mean alone misleads."""

    posts: int
    mean: float
    low: float  # of the mean, 95 %
    high: float
    median: float
    trimmed: float  # mean without the lowest and the highest tenth
    top_share: float  # of all impressions, held by the top 5 % of posts; 0 to 1


@dataclass(frozen=True)
class Hours:
    """Does the time of posting go with reach?"""

    p_value: float | None  # "no time effect at all"; None where too few posts have a known hour
    grid: pd.DataFrame  # weekday (0 = Monday), hour (the block's first), n, effect (log; NaN where n < 8)
    sentence: str


def shrunk_rates(posts: pd.DataFrame) -> pd.DataFrame:
    """Engagement rates of posts, shrunk towards their type: (E + a) / (I + a + b), a beta-binomial model.

    a and b are fitted by maximum likelihood per type, over all types where a type has fewer than 30 posts. Rows with no
    impressions, missing figures or more engagements than impressions are left out; the index is that of `posts`.
    Columns: type, impressions, engagements, rate, wilson_low, wilson_high (95 %; impressions of one post are not
    independent, so it is at least this wide), prior (a + b, in impressions), shrunk, low, high (95 % of the posterior).
    """
    from scipy.special import betaincinv
    from statsmodels.stats.proportion import proportion_confint

    rates = posts.loc[:, ["type", "impressions", "engagements"]]
    rates = rates[(rates["impressions"] > 0) & rates["engagements"].between(0, rates["impressions"])].copy()
    shown, engaged = rates[["impressions", "engagements"]].to_numpy(float).T
    alpha, beta = np.ones(len(rates)), np.ones(len(rates))
    if len(rates):
        alpha[:], beta[:] = _prior(shown, engaged)
    for same in _by_type(rates):
        if FITTED <= len(same) < len(rates):
            alpha[same], beta[same] = _prior(shown[same], engaged[same])
    rates["rate"] = engaged / shown
    rates["wilson_low"], rates["wilson_high"] = proportion_confint(engaged, shown, method="wilson")
    rates["prior"] = alpha + beta
    rates["shrunk"] = (engaged + alpha) / (shown + alpha + beta)
    for name, level in (("low", 0.025), ("high", 0.975)):
        rates[name] = betaincinv(engaged + alpha, shown - engaged + beta, level)
    return rates


def ranked(
    posts: pd.DataFrame,
    *,
    as_of: date,
    best: bool,
    by: Literal["impressions", "rate"],
    type: str | None = None,  # noqa: A002  (the column's name)
) -> pd.DataFrame:
    """The posts, best or worst first, with what they are ranked by; `type` narrows to one.

    By impressions: `excess`, log impressions over `expected`, the rolling median of the type's 60 posts before.
    By rate: best by the lower, worst by the upper end of the shrunk rate's interval (see `shrunk_rates`), so that only
    a post that surely did well or badly comes first. The worst are 7 days old by `as_of` and had 100 impressions.
    Adds the columns expected (impressions) and excess, or those of `shrunk_rates`; posts without figures are left out.
    """
    if by == "impressions":
        table = posts.assign(excess=_excess(posts))
        table = table.assign(expected=table["impressions"] / np.exp(table["excess"])).dropna(subset=["excess"])
        key = "excess"
    else:
        rates = shrunk_rates(posts)
        table = posts.loc[rates.index, posts.columns.difference(["rate"], sort=False)]  # an export's own rate gives way
        table = table.join(rates.drop(columns=["type", "impressions", "engagements"]))
        key = "low" if best else "high"
    if type is not None:
        table = table[table["type"] == type]
    if not best:
        settled = (pd.Timestamp(as_of) - table["day"]).dt.days >= SETTLED_DAYS
        table = table[settled & (table["impressions"] >= SHOWN)]
    return table.sort_values(key, ascending=not best, kind="stable")


def spread(posts: pd.DataFrame) -> Spread | None:
    """How impressions lie over posts; the mean's interval by bootstrap of posts. None where no post has impressions."""
    from scipy.stats import trim_mean

    shown = posts["impressions"].dropna().to_numpy(float)
    if not shown.sum() > 0:
        return None
    means = resampled_sums(shown[:, None])[:, 0] / len(shown)
    low, high = np.quantile(means, [0.025, 0.975])
    top = np.sort(shown)[-max(1, round(len(shown) / 20)) :]
    return Spread(
        posts=len(shown),
        mean=float(shown.mean()),
        low=float(low),
        high=float(high),
        median=float(np.median(shown)),
        trimmed=float(trim_mean(shown, 0.1)),
        top_share=float(top.sum() / shown.sum()),
    )


def hours(posts: pd.DataFrame) -> Hours:
    """Weekday x 4-hour block: posts' log impressions over the type's recent median, and whether time matters at all.

    A cell's effect is its mean, shrunk by n / (n + 20). The permutation test comes first: it shuffles the means of a
    day's block (posts of one sitting rise and fall together) over the cells shown, and asks how often chance alone
    makes them differ as much. Posts without a known time are left out.
    """
    timed = posts.assign(excess=_excess(posts)).dropna(subset=["time", "excess"])
    timed = timed.assign(cell=timed["time"].dt.day_of_week * 6 + timed["time"].dt.hour // 4)
    sizes = np.bincount(timed["cell"], minlength=42)
    shown = sizes >= CELL_POSTS
    centred = timed["excess"] - timed["excess"].mean()
    means = np.bincount(timed["cell"], weights=centred, minlength=42) / np.maximum(sizes, 1)
    effect = np.where(shown, means * sizes / (sizes + CELL_PRIOR), np.nan)
    grid = pd.DataFrame({"weekday": np.arange(42) // 6, "hour": np.arange(42) % 6 * 4, "n": sizes, "effect": effect})
    if shown.sum() < 2:
        return Hours(None, grid, "Too few posts with a known hour to tell whether the time of posting matters.")
    sittings = timed[shown[timed["cell"]]].groupby(["day", "cell"])["excess"].mean()
    cells = sittings.index.get_level_values("cell").to_numpy()
    p_value, explained = _permutation_test(cells, sittings.to_numpy(float))
    return Hours(p_value, grid, _sentence(p_value, explained))


def resampled_sums(columns: Array, draws: int = DRAWS, seed: int = 0) -> Array:
    """Column sums of bootstrap samples: columns [rows, k], rows drawn with replacement -> [draws, k]."""
    random, rows = np.random.default_rng(seed), len(columns)
    # One draw at a time: all at once would hold draws x rows numbers, 300 MB for a busy account's year.
    counts = (np.bincount(random.integers(rows, size=rows), minlength=rows) for _ in range(draws))
    return np.array([count @ columns for count in counts])


def _prior(shown: Array, engaged: Array) -> tuple[float, float]:
    """a and b of the beta-binomial likelihood's maximum, by Nelder-Mead over the mean's logit and the log of a + b."""
    from scipy.optimize import minimize
    from scipy.special import betaln, expit, logit

    def split(point: Array) -> tuple[float, float]:
        weight = np.exp(point[1])
        return float(weight * expit(point[0])), float(weight * expit(-point[0]))

    def loss(point: Array) -> float:
        a, b = split(point)
        return float(len(shown) * betaln(a, b) - betaln(engaged + a, shown - engaged + b).sum())

    # Half an engagement on each side keeps the start finite. The bounds hold rates from 1 in a million, and priors from
    # one impression to a million: equal rates of all posts would send the prior to infinity.
    start = np.array([logit((engaged.sum() + 0.5) / (shown.sum() + 1)), np.log(100)])
    bounds = [(-14.0, 14.0), (0.0, 14.0)]
    start = np.clip(start, *np.transpose(bounds))
    return split(minimize(loss, start, method="Nelder-Mead", bounds=bounds).x)


def _excess(posts: pd.DataFrame) -> pd.Series:
    """Log impressions over the rolling median of the type's 60 posts before; NaN where there are no impressions.

    The first ten of a type, with too little before them, are measured against their own median.
    """
    log = np.log(posts["impressions"].where(posts["impressions"] > 0)).dropna()
    expected = pd.Series(np.nan, index=log.index)
    for same in _by_type(posts.loc[log.index]):
        past = log.iloc[same]
        expected.iloc[same] = past.rolling(WINDOW, FIRST).median().shift().fillna(past.head(FIRST).median())
    excess: pd.Series = log - expected
    return excess


def _permutation_test(cells: NDArray[Any], values: Array) -> tuple[float, float]:
    """p of "the cells do not differ", and the share of variance they explain, less what shuffled cells explain."""
    values = values - values.mean()
    sizes = np.maximum(np.bincount(cells), 1)

    def between(shuffled: Array) -> float:
        return float((np.bincount(cells, weights=shuffled) ** 2 / sizes).sum())

    random = np.random.default_rng(0)
    chance = np.array([between(random.permutation(values)) for _ in range(PERMUTATIONS)])
    # As much as observed, up to rounding: where all posts are alike, every shuffle is.
    as_much = chance >= between(values) * (1 - 1e-9)
    left = float((values**2).sum() - chance.mean())
    explained = (between(values) - chance.mean()) / left if left > 0 else 0.0
    return (1 + int(as_much.sum())) / (PERMUTATIONS + 1), max(0.0, float(explained))


def _sentence(p_value: float, explained: float) -> str:
    if p_value > 0.05:
        return f"No sign that the time of posting matters: chance alone makes such differences (p = {p_value:.2f})."
    chance = "p < 0.01" if p_value < 0.01 else f"p = {p_value:.2f}"
    return (
        f"Reach differs by time of posting ({chance}), which goes with {100 * explained:.0f} % of the differences "
        "between posts. Good posts may simply be posted at favourite hours: moving a post is not known to lift it."
    )


def _by_type(posts: pd.DataFrame) -> list[NDArray[np.intp]]:
    """Positions of each type's rows."""
    return [np.asarray(rows, dtype=np.intp) for rows in posts.groupby("type").indices.values()]
