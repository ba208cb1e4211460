"""The audit's methods against published and closed-form answers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audit import shift
from engine.audit.parts import r_indicator
from engine.audit.weights import Weights, estimate, rake


def normal(seed: int, items: int, width: int = 1, mean: float = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(items, width))
    rows[:, 0] += mean
    return rows


def test_stability_index_by_hand():
    assert shift.psi(np.array([50, 50]), np.array([25, 75])) == pytest.approx(
        0.25 * math.log(2) - 0.25 * math.log(2 / 3)
    )
    assert shift.psi(np.array([1, 3]), np.array([10, 30])) == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=6))
def test_stability_index_is_even_and_never_negative(pairs):
    first, second = np.array(pairs, dtype=float).T + 0.5
    assert shift.psi(first, second) == pytest.approx(shift.psi(second, first))
    assert shift.psi(first, second) >= 0


def test_chance_keeps_the_index_of_equal_populations():
    random = np.random.default_rng(0)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    found = [shift.psi(random.multinomial(500, shares), random.multinomial(800, shares)) for _ in range(2000)]
    assert np.mean(np.array(found) < shift.chance_psi(4, 500, 800)) == pytest.approx(0.99, abs=0.007)


def test_what_a_fair_sample_leaves_unseen():
    random = np.random.default_rng(1)
    shares = random.dirichlet(np.ones(60))
    bounds = []
    for _ in range(300):
        there = random.multinomial(400, shares)
        here = random.multinomial(200, shares)
        bounds.append(shift.unseen(here, there / 400, 400)[1])
    assert np.mean(np.array(bounds) < 0.01) <= 0.01
    one = np.array([0.95, 0.05])
    mass, p = shift.unseen(np.array([100.0, 0.0]), one, math.inf)
    assert mass == pytest.approx(0.05)
    assert p == pytest.approx(0.95**100)  # of a single value the bound is exact


def test_raking_gives_the_published_table():
    # The example of Wikipedia's "Iterative proportional fitting", a 4 x 4 table; its result has two decimals.
    table = np.array([[40, 30, 20, 10], [35, 50, 100, 75], [30, 80, 70, 120], [20, 30, 40, 50]])
    row, column = np.divmod(np.repeat(np.arange(16), table.ravel()), 4)
    goals = [np.array([150, 300, 400, 150]) / 1000, np.array([200, 300, 400, 100]) / 1000]
    weights, off, trimmed = rake([row, column], goals, len(row), math.inf)
    raked = np.bincount(4 * row + column, weights, 16).reshape(4, 4) / len(row) * 1000
    published = [
        [64.61, 46.28, 35.42, 3.83], [49.95, 68.15, 156.49, 25.37], [56.70, 144.40, 145.06, 53.76],
        [28.74, 41.18, 63.03, 17.03],
    ]  # fmt: skip
    assert raked == pytest.approx(np.array(published), abs=0.06)
    assert off < 1e-6
    assert trimmed == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_raking_reaches_its_goals_or_says_by_how_much_not(seed):
    random = np.random.default_rng(seed)
    codes = [random.integers(0, 3, 400), random.integers(0, 4, 400)]
    goals = [random.dirichlet(np.ones(3) * 3), random.dirichlet(np.ones(4) * 3)]
    weights, off, _ = rake(codes, goals, 400)
    assert weights.mean() == pytest.approx(1)
    assert weights.min() >= 0
    reached = [np.bincount(column, weights, len(goal)) / 400 for column, goal in zip(codes, goals, strict=True)]
    assert max(np.abs(a - b).max() for a, b in zip(reached, goals, strict=True)) == pytest.approx(off, abs=1e-9)


def test_trimming_leaves_a_difference_and_names_it():
    codes = np.array([0] * 990 + [1] * 10)
    weights, off, trimmed = rake([codes], [np.array([0.5, 0.5])], 1000)
    assert trimmed == 10
    assert weights.max() == pytest.approx(5, rel=0.01)
    assert off > 0.4


def test_a_cell_without_rows_cannot_be_raked():
    weights, off, _ = rake([np.array([0, 0, 1, 1])], [np.array([0.2, 0.6, 0.2])], 4)
    assert weights.tolist() == pytest.approx([0.5, 0.5, 1.5, 1.5])
    assert off < 1e-6


def test_kish():
    weights = Weights(np.array([1.0, 1.0, 2.0]), [], 0, 0)
    assert weights.effective == pytest.approx(16 / 6)
    assert weights.design_effect == pytest.approx(18 / 16)


def test_bounds_let_the_silent_be_all_of_one_mind():
    even = Weights(np.ones(10), [], 0, 0)
    found = estimate("wrong", np.array([1.0] * 4 + [0.0] * 6), even, 0.2, 0.5)
    assert found["before"] == found["after"] == 0.4
    assert found["bounds"] == {"missing": [pytest.approx(0.32), pytest.approx(0.52)], "silent": [0.16, 0.76]}
    assert estimate("score", np.arange(10.0), even, 0.2, 0.5)["bounds"] == {}


@pytest.mark.parametrize(
    ("propensities", "expected"), [([0.5] * 10, 1.0), ([0.8, 0.4] * 10, 0.6), ([1.0, 0.0] * 10, 0.0)]
)
def test_r_indicator_closed_forms(propensities, expected):
    assert r_indicator(np.array(propensities)) == pytest.approx(expected)


def test_auc_interval_is_hanley_and_mcneils():
    low, high = shift._auc_interval(0.893, 51, 58)  # their example: standard error 0.032
    assert (high - low) / 2 / 1.96 == pytest.approx(0.032, abs=0.001)


def test_two_sample_test_knows_a_shift_and_a_change_of_spread():
    moved = shift.separability(normal(1, 2000, 3), normal(2, 2000, 3, mean=1), 0)
    assert moved.auc == pytest.approx(0.5 * (1 + math.erf(0.5)), abs=0.02)  # of a shift of one standard deviation
    assert moved.interval[0] < 0.7602 < moved.interval[1]
    assert shift.separability(normal(1, 2000), 2 * normal(2, 2000), 0).auc > 0.65
    assert shift.separability(normal(1, 5), normal(2, 500), 0) is None


def test_two_sample_test_raises_no_false_alarm():
    alarms = [shift.separability(normal(seed, 400, 5), normal(1000 + seed, 600, 5), 0).p < 0.01 for seed in range(25)]
    assert sum(alarms) <= 1


def test_holes_are_regions_not_thin_places_nor_outliers():
    target, sample = normal(1, 1500, 4), normal(2, 1500, 4)
    target[:5] += 20  # five outliers
    assert shift.holes(target, sample).uncovered.mean() < 0.005
    side = normal(3, 6000, 4)
    thin = side[(side[:, 0] < 0.5) | (np.random.default_rng(0).random(6000) < 0.3)]
    assert shift.holes(target, thin).uncovered.mean() < 0.01
    target[:300] += 6
    found = shift.holes(target, sample)
    assert found.uncovered[:300].mean() > 0.95
    assert found.uncovered[300:].mean() < 0.005
    assert shift.holes(target, sample[:30]) is None
