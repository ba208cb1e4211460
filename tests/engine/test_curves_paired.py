"""Two models on the same items: against other implementations, and what must hold for any errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.curves.paired import Comparison, bootstrap, compare, holm, interval, level_noise, two_sided, wilson


def errors(items: int, share: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(items) < share


def test_mcnemar_is_the_exact_one():
    from statsmodels.stats.contingency_tables import mcnemar

    a, b = errors(400, 0.2, 1), errors(400, 0.14, 2)
    found = compare(a, b)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    assert (found.only_a, found.only_b) == (table[0][1], table[1][0])
    assert found.p == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert found.difference == pytest.approx(a.mean() - b.mean())


def test_the_interval_is_that_of_items_drawn_one_by_one():
    a, b = errors(300, 0.3, 3), errors(300, 0.2, 4)
    random = np.random.default_rng(0)
    apart = a.astype(float) - b
    drawn = [apart[random.integers(0, 300, 300)].mean() for _ in range(4000)]
    assert compare(a, b).interval == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.008)


def test_groups_are_drawn_whole():
    a, b = np.repeat(errors(40, 0.5, 5), 20), np.repeat(errors(40, 0.3, 6), 20)
    groups = np.repeat(np.arange(40), 20)
    apart, together = compare(a, b), compare(a, b, groups)
    width = (together.interval[1] - together.interval[0]) / (apart.interval[1] - apart.interval[0])
    assert width == pytest.approx(np.sqrt(20), rel=0.15)
    assert together.difference == apart.difference
    assert together.p > apart.p


def test_groups_of_one_are_no_groups():
    values = errors(200, 0.3, 7).astype(float)[:, None]
    alone = bootstrap(values)
    grouped = bootstrap(values, np.random.default_rng(0).permutation(200))
    assert interval(alone[:, 0]) == pytest.approx(interval(grouped[:, 0]), abs=0.01)


def test_shares_are_compared_by_their_mean():
    a, b = np.full(100, 0.6), errors(100, 0.2, 8)
    found = compare(a, b)
    assert found.difference == pytest.approx(0.6 - b.mean())
    assert found.only_a == pytest.approx(0.6 * (~b).sum())
    assert found.p < 0.002
    assert found.a_errs == "more"


@hypothesis_settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_turned_round_it_is_the_opposite(pairs):
    a, b = np.array(pairs).T
    one, other = compare(a, b), compare(b, a)
    assert one.difference == -other.difference
    assert one.p == pytest.approx(other.p)
    assert (one.only_a, one.only_b) == (other.only_b, other.only_a)
    assert one.interval[0] <= one.difference + 1e-9
    assert one.interval[1] >= one.difference - 1e-9
    assert {one.a_errs, other.a_errs} in ({"more", "less"}, {"the same"}, {"unclear"})


def test_findings():
    found = {
        (0.05, 0.001): "more",
        (-0.05, 0.001): "less",
        (0.001, 0.5): "the same",
        (0.02, 0.5): "unclear",
    }
    for (difference, p), finding in found.items():
        ends = (difference - 0.005, difference + 0.005)
        assert Comparison(difference, ends, p, 0, 0).a_errs == finding


def test_a_model_is_as_good_as_itself():
    a = errors(50, 0.5, 9)
    assert compare(a, a) == Comparison(0, (0, 0), 1, 0, 0)


def test_holm_is_the_textbook_adjustment():
    given_p = [0.01, 0.04, 0.03, 0.005]
    adjusted = holm([Comparison(0.1, (0, 0.2), p, 1, 2) for p in given_p])
    assert [round(found.p, 6) for found in adjusted] == [0.03, 0.06, 0.06, 0.02]


def test_two_sided_is_never_nought_nor_above_one():
    assert two_sided(np.ones(1999)) == pytest.approx(0.001)
    assert two_sided(np.zeros(10)) == 1


def test_wilson_is_the_textbook_interval():
    assert wilson(0, 10, 0.05) == pytest.approx((0, 0.27753), abs=1e-5)
    assert wilson(0.5, 10, 0.05) == pytest.approx((0.23659, 0.76341), abs=1e-5)


def test_the_noise_of_grouped_items_is_that_of_their_groups():
    wrong = np.repeat(errors(100, 0.3, 10), 9)
    error = wrong.mean()
    assert level_noise(wrong, None) == pytest.approx(np.sqrt(error * (1 - error) / 900))
    assert level_noise(wrong, np.repeat(np.arange(100), 9)) == pytest.approx(3 * level_noise(wrong, None))
