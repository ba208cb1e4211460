"""How two samples differ: by a column, by a classifier that tells them apart, and by regions that one of them lacks.

Thresholds were fixed before any run and stay: significance opens the case, as effect sizes alone miss holes; effect
sizes name it, as significance alone grows with the number of rows until every trifle has it.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audit.compare import AXES, Array, axes

ALPHA = 0.01  # of all tests of a part together (Bonferroni)
AUC_EFFECT = 0.55  # two groups told apart in 55 of 100 pairs: a shift of 0.18 standard deviations
PSI_EFFECT = 0.1  # the convention of credit scoring: below it a population counts as stable
UNCOVERED = 0.02  # of the population: what is missing below that can hardly move an error by a point

_NEIGHBOURS = 20  # of a sample, expected where none may be found: chance brings that about once in 10^6
_FEWEST = 5  # neighbours in the reference, so that one of its outliers is no region
_FOLDS = 5
_Z = 1.96  # of a 95 % interval


def psi(first: Array, second: Array) -> float:
    """The population stability index of two distributions over the same values, sum (p - q) ln(p / q).

    A value that one of them lacks counts as a share of 1 in 10,000, so that the index stays finite.
    """
    p, q = (np.maximum(shares / shares.sum(), 1e-4) for shares in (first, second))
    return float(((p - q) * np.log(p / q)).sum())


def chance_psi(values: int, first: float, second: float = math.inf) -> float:
    """What the index of two samples of one population stays under in 99 of 100 cases: it is near chi squared."""
    from scipy.stats import chi2

    return float(chi2.ppf(1 - ALPHA, max(values - 1, 1)) * (1 / first + 1 / second))


def differs(counts: Array, shares: Array, rows: float) -> float:
    """The p-value of chi squared: are `counts` drawn by `shares`, seen in `rows`, infinitely many if they are exact?"""
    from scipy.stats import chi2_contingency, chisquare

    exact = rows == math.inf
    kept = (shares > 0) | ((counts > 0) & (not exact))
    if kept.sum() < 2 or not rows:
        return 1.0
    counts, shares = counts[kept], shares[kept]
    if exact:
        return float(chisquare(counts, shares / shares.sum() * counts.sum()).pvalue)
    return float(chi2_contingency(np.stack([counts, shares * rows]), correction=False).pvalue)


def unseen(counts: Array, shares: Array, rows: float) -> tuple[float, float]:
    """The share of a population whose values `counts` has none of, and a bound on its p-value.

    `shares` of the population are seen in `rows`, infinitely many if they are exact. Many values that are each too rare
    to be missed say something together. The chance that all of a value's items fell outside is hypergeometric; the
    bound is the lower of Cantelli's, exact for one value, and Bernstein's, close for many.
    """
    from scipy.stats import hypergeom

    drawn, share = counts.sum(), shares
    if rows == math.inf:
        silent = (1 - shares) ** drawn
    else:
        total = np.round(counts + shares * rows)
        share = np.minimum(total, rows) / rows
        silent = hypergeom.pmf(0, rows + drawn, total, drawn)
    mass = float(shares[counts == 0].sum())
    beyond = mass - float((share * silent).sum())
    variance = float((share**2 * silent * (1 - silent)).sum())
    if beyond <= 0:
        return mass, 1.0
    bernstein = math.exp(-(beyond**2) / 2 / (variance + float(share.max()) * beyond / 3))
    return mass, min(variance / (variance + beyond**2), bernstein)


class Separability(NamedTuple):
    """How well a classifier tells two samples apart: 0.5 not at all, 1 always."""

    auc: float
    interval: tuple[float, float]  # 95 %, Hanley and McNeil 1982
    p: float  # of no difference, one-sided (Mann and Whitney 1947)
    scores: Array  # [rows of both] the probability of belonging to the second, by a model that did not see the row


def separability(first: Array, second: Array, seed: int) -> Separability | None:
    """The classifier two-sample test (Lopez-Paz and Oquab 2017) with a cross-validated logistic regression.

    `first`, `second` [rows, width]. It sees straight and quadratic differences. None for fewer than ten rows in one.
    """
    from scipy.stats import mannwhitneyu
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    sizes = len(first), len(second)
    if min(sizes) < 2 * _FOLDS:
        return None
    both = np.vstack([first, second])
    bent = both[:, [len(np.unique(column)) > 2 for column in both.T]]
    both = np.hstack([both, bent**2])
    both = (both - both.mean(0)) / np.maximum(both.std(0), 1e-9)
    which = np.repeat([0, 1], sizes)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    model = LogisticRegression(C=0.1, max_iter=1000)
    scores = cross_val_predict(model, both, which, cv=folds, method="predict_proba")[:, 1]
    ranks = mannwhitneyu(scores[which == 1], scores[which == 0], alternative="greater")
    auc = float(ranks.statistic) / math.prod(sizes)
    return Separability(auc, _auc_interval(auc, *sizes), float(ranks.pvalue), scores)


def _auc_interval(auc: float, first: int, second: int) -> tuple[float, float]:
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (first - 1) * (one - auc**2) + (second - 1) * (two - auc**2)
    half = _Z * math.sqrt(max(variance, 0) / (first * second))
    return max(auc - half, 0.0), min(auc + half, 1.0)


@dataclass(frozen=True)
class Holes:
    """Items of the target whose region the sample lacks."""

    uncovered: NDArray[np.bool_]  # [target rows]
    nearest: NDArray[np.int64]  # [target rows] the sample's row most like each
    distance: Array  # [target rows] to it


def holes(target: Array, sample: Array) -> Holes | None:
    """Where the target has neighbours and the sample has none, though 20 of it would be expected among them.

    A region that is only thin in the sample is no hole, and nor is an outlier of the target: both have none of their
    own kind near. None if the samples are too small to tell.
    """
    from sklearn.neighbors import NearestNeighbors

    neighbours = max(_FEWEST, math.ceil(_NEIGHBOURS * len(target) / len(sample)))
    if neighbours > len(target) / 4:
        return None
    reduced = axes(np.vstack([target, sample]), AXES)
    target, sample = reduced[: len(target)], reduced[len(target) :]
    own, _ = NearestNeighbors(n_neighbors=neighbours).fit(target).kneighbors()  # an item is not its own neighbour
    distance, nearest = NearestNeighbors(n_neighbors=1).fit(sample).kneighbors(target)
    return Holes(distance[:, 0] > own[:, -1], nearest[:, 0].astype(np.int64), distance[:, 0].astype(np.float64))
