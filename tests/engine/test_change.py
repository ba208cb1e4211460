"""What changed between two periods: the story's numbers, and parts that always add up."""

import math

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.tweets.change import arc_elasticity, decompose, log_mean

AUGUST = {"tweets": 3126, "impressions per tweet": 7.2e6 / 3126, "followers per impression": 3126 * 2.52 / 7.2e6}
JANUARY = {"tweets": 949, "impressions per tweet": 14.4e6 / 949, "followers per impression": 949 * 5.38 / 14.4e6}


def contributions(change):
    return {factor.name: factor.contribution for factor in change.factors}


def test_twice_the_followers_per_tweet_hides_a_fall():
    change = decompose({"tweets": 3126, "per tweet": 2.52}, {"tweets": 949, "per tweet": 5.38})
    assert (round(change.before), round(change.after)) == (7878, 5106)
    assert [round(part) for part in contributions(change).values()] == [-7620, 4848]
    assert round(change.after - change.before) == -2772
    assert change.factors[1].ratio == pytest.approx(5.38 / 2.52)


def test_three_factors_of_the_story():
    assert [round(part) for part in contributions(decompose(AUGUST, JANUARY)).values()] == [-7620, 12050, -7202]


def test_impressions_of_the_story():
    before, after = ({name: values[name] for name in list(values)[:2]} for values in (AUGUST, JANUARY))
    parts = contributions(decompose(before, after))
    assert parts == pytest.approx({"tweets": -12.38e6, "impressions per tweet": 19.58e6}, rel=1e-3)


def test_a_month_without_tweets_is_all_the_tweets_doing():
    silent = {"tweets": 0, "impressions per tweet": 0, "followers per impression": 0}
    change = decompose(AUGUST, silent)
    assert contributions(change) == {
        "tweets": -change.before,
        "impressions per tweet": 0,
        "followers per impression": 0,
    }
    assert [factor.ratio for factor in decompose(silent, AUGUST).factors] == [math.inf] * 3
    assert contributions(decompose(silent, silent)) == dict.fromkeys(silent, 0)


def test_a_month_without_new_followers_is_all_their_rates_doing():
    change = decompose(JANUARY | {"followers per impression": 0}, AUGUST)
    assert contributions(change) == pytest.approx(dict.fromkeys(AUGUST, 0) | {"followers per impression": change.after})


def test_zeros_are_the_limit_of_small_values():
    exact = contributions(decompose({"tweets": 10, "rate": 0}, {"tweets": 30, "rate": 0.5}))
    near = contributions(decompose({"tweets": 10, "rate": 1e-290}, {"tweets": 30, "rate": 0.5}))
    assert near == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_what_is_no_figure_is_refused(value):
    with pytest.raises(InputError, match=r"^tweets is (-1\.0|nan|inf): "):
        decompose({"tweets": 3.0}, {"tweets": value})
    with pytest.raises(InputError, match="the rate is"):
        arc_elasticity(0.01, value, 1, 2)


def test_periods_that_cannot_be_compared_are_refused():
    with pytest.raises(InputError, match="different factors"):
        decompose({"tweets": 1, "rate": 2}, {"rate": 2, "tweets": 1})
    with pytest.raises(InputError, match="different factors"):
        decompose({}, {})
    with pytest.raises(InputError, match="too large or too small"):
        decompose({"tweets": 1e-200, "rate": 1e-200}, {"tweets": 1, "rate": 1})


def test_log_mean_of_values_that_nearly_agree():
    assert log_mean(14.4e6, 14.4e6) == 14.4e6
    assert log_mean(1.0, math.nextafter(1.0, 2)) == pytest.approx(1.0, rel=1e-15)
    assert log_mean(1e300, 1e-300) == pytest.approx(1e300 / math.log(1e300) / 2)
    assert log_mean(0, 5) == 0


VALUES = st.one_of(st.just(0.0), st.floats(1e-6, 1e9))
PERIODS = st.integers(1, 4).flatmap(
    lambda count: st.tuples(*[st.lists(VALUES, min_size=count, max_size=count)] * 2),
)


@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
@given(PERIODS)
def test_the_parts_add_up_and_turn_with_time(periods):
    before, after = ({str(index): value for index, value in enumerate(period)} for period in periods)
    change, back = decompose(before, after), decompose(after, before)
    assert math.isclose(
        sum(contributions(change).values()),
        change.after - change.before,
        abs_tol=1e-9 * max(change.before, change.after),
    )
    assert contributions(back) == {name: -part for name, part in contributions(change).items()}
    assert set(contributions(decompose(before, before)).values()) == {0}


@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(1e-9, 1e12), st.floats(1e-9, 1e12))
def test_the_log_mean_lies_between_the_geometric_and_the_arithmetic(a, b):
    mean = log_mean(a, b)
    assert mean == log_mean(b, a)
    assert math.sqrt(a * b) * (1 - 1e-12) <= mean <= (a + b) / 2 * (1 + 1e-12)


def test_elasticities_of_the_story():
    # The rate fell to 0.60 and to 0.50 of itself as impressions doubled; to 0.53 at 6.59 times as many a tweet.
    assert arc_elasticity(1, 0.6, 7.2e6, 14.4e6) == pytest.approx(-0.74, abs=0.005)
    assert arc_elasticity(1, 0.5, 7.2e6, 14.4e6) == pytest.approx(-1)
    assert arc_elasticity(1, 0.53, 2303, 15174) == pytest.approx(-0.34, abs=0.005)


def test_an_elasticity_that_cannot_be_told():
    assert arc_elasticity(0.02, 0.01, 5, 5) is None
    assert arc_elasticity(0.02, 0, 5, 9) is None
