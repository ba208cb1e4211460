"""Pace, the goal line and the month's end: the story's numbers, and forecasts that own up to what they do not know."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.tweets.forecast import CannotTell, Forecast, backtest, forecast, goal_line, pace

FEBRUARY = pd.Period("2021-02", "M")
SUNDAYS_SHARE = 0.2  # of a weekday's value, in `account`


def account(months: int, *, seed: int = 0, spread: float = 0.3, first: str = "2021-01-01") -> pd.Series:
    """Whole months of a steady account: 10,000 a day, a fifth on Sundays, log-normal noise."""
    days = pd.date_range(first, pd.Timestamp(first) + pd.DateOffset(months=months) - pd.Timedelta(days=1), name="day")
    noise = np.random.default_rng(seed).normal(0, spread, len(days))
    return pd.Series(10_000 * np.where(days.day_of_week == 6, SUNDAYS_SHARE, 1) * np.exp(noise), index=days)


def told(outcome: Forecast | CannotTell) -> Forecast:
    assert isinstance(outcome, Forecast), outcome
    return outcome


def test_february_is_shorter():
    goal = pace(14.5e6, FEBRUARY, None, None, 14.4e6)
    assert goal.change_over_previous == pytest.approx(0.115, abs=5e-4)
    assert goal.previous_per_day == pytest.approx(464_516, abs=1)
    assert goal.needed_per_day == pytest.approx(517_857, abs=1)
    assert (goal.days_left, goal.days_in_month, goal.per_day_so_far) == (28, 28, None)
    # The same 5,000 followers as in January, in three days less.
    assert pace(5000, FEBRUARY, None, None, 5106).change_over_previous == pytest.approx(0.084, abs=5e-4)


def test_a_leap_year_gives_a_day_more():
    assert pace(29, pd.Period("2024-02", "M"), None, None, None).needed_per_day == 1


def test_what_is_left_is_spread_over_the_days_left():
    goal = pace(2800, FEBRUARY, 900, date(2021, 2, 10), None)
    assert (goal.days_left, goal.per_day_so_far) == (18, 90)
    assert goal.needed_per_day == pytest.approx(1900 / 18)
    assert (goal.previous_per_day, goal.change_over_previous) == (None, None)


@pytest.mark.parametrize(
    ("so_far", "last_day", "needed", "left"),
    [
        (3000, date(2021, 2, 10), 0, 18),  # met early
        (2800, date(2021, 2, 28), 0, 0),  # met on the last day
        (2799, date(2021, 2, 28), None, 0),  # missed: no day is left to need anything of
        (2799, date(2021, 3, 9), None, 0),
        (None, date(2021, 1, 31), 100, 28),  # nothing of the month is known yet
        (None, date(2021, 2, 10), None, 18),  # the month runs, and this figure is missing: never taken for 0
    ],
)
def test_pace_at_the_edges(so_far, last_day, needed, left):
    goal = pace(2800, FEBRUARY, so_far, last_day, 0)
    assert (goal.needed_per_day, goal.days_left) == (needed, left)
    assert goal.change_over_previous is None


def test_pace_refuses_what_is_no_figure():
    with pytest.raises(InputError, match="the target is nan"):
        pace(float("nan"), FEBRUARY, None, None, None)
    with pytest.raises(InputError, match="the month so far is -1"):
        pace(100, FEBRUARY, -1, date(2021, 2, 3), None)
    with pytest.raises(InputError, match="give its last day"):
        pace(100, FEBRUARY, 5, None, None)


def test_the_goal_line_rests_on_sundays_and_ends_at_the_goal():
    line = goal_line(account(3), pd.Period("2021-04", "M"), 300_000)
    steps = line.diff().fillna(line.iloc[0])
    assert line.iloc[-1] == pytest.approx(300_000)
    assert (list(line.index.day), (steps > 0).all()) == (list(range(1, 31)), True)
    sundays = steps.index.day_of_week == 6
    # A fifth, drawn to the other days as eight Sundays only are known.
    assert 0.2 < steps[sundays].mean() / steps[~sundays].mean() < 0.5


def test_the_goal_line_stands_still_while_the_month_goes_on():
    month, known = pd.Period("2021-04", "M"), account(4)
    pd.testing.assert_series_equal(goal_line(known, month, 100), goal_line(known[:"2021-03-31"], month, 100))


def test_the_goal_line_is_straight_without_a_past():
    line = goal_line(account(1), pd.Period("2021-01", "M"), 3100)
    assert list(line) == pytest.approx([100.0 * day for day in range(1, 32)])


def test_a_steady_account_is_forecast_well():
    known = account(13)
    month = pd.Period("2022-01", "M")
    outcome = told(forecast(known, month, as_of=date(2022, 1, 10)))
    truth = known["2022-01"].sum()
    assert outcome.low < truth < outcome.high
    assert outcome.mid == pytest.approx(truth, rel=0.1)
    assert (outcome.as_of, outcome.nominal, outcome.months_tested) == (date(2022, 1, 10), 0.8, 9)
    assert outcome.probability(outcome.mid) == pytest.approx(0.5, abs=0.01)
    assert outcome.probability(outcome.high) == pytest.approx(0.1, abs=0.01)
    assert (outcome.probability(0), outcome.probability(1e9)) == (1, 0)


def test_the_future_is_not_looked_at():
    known, month, as_of = account(13), pd.Period("2022-01", "M"), date(2022, 1, 10)
    then = told(forecast(known[:"2022-01-10"], month))
    assert told(forecast(known, month, as_of=as_of)) == then
    assert np.array_equal(told(forecast(known, month, as_of=as_of)).draws, then.draws)


def test_the_interval_narrows_as_the_month_goes_on():
    known, month = account(13), pd.Period("2022-01", "M")
    outcomes = [told(forecast(known, month, as_of=date(2022, 1, day))) for day in (5, 15, 25)]
    widths = [outcome.high - outcome.low for outcome in outcomes]
    assert widths == sorted(widths, reverse=True)


def erratic(months: int = 30, seed: int = 3) -> pd.Series:
    """An account whose months differ by more than its days tell: what is left of each is scaled as a whole."""
    known = account(months, seed=seed)
    random = np.random.default_rng(seed)
    for month in known.index.to_period("M").unique():
        known[(known.index.to_period("M") == month) & (known.index.day > 10)] *= np.exp(random.normal(0, 1))
    return known


def test_an_account_that_surprises_gets_a_wider_interval_that_covers_more():
    known = erratic()
    months = known.index.to_period("M").unique()
    outcome = told(forecast(known, months[-1], as_of=months[-1].start_time.date().replace(day=10)))
    trials = backtest(known, months[-1], 10)
    plain = np.mean([trial.low <= trial.rest <= trial.high for trial in trials])
    assert outcome.widening > 1.5
    assert plain < 0.5
    assert outcome.coverage is not None
    assert 0.65 <= outcome.coverage <= 0.95
    # The probability comes from the widened draws, as the interval does.
    assert outcome.probability(outcome.low) == pytest.approx(0.9, abs=0.01)


def test_coverage_is_what_the_forecasts_of_the_past_would_have_covered():
    known = erratic(16)
    months = known.index.to_period("M").unique()
    outcome = told(forecast(known, months[-1], as_of=months[-1].start_time.date().replace(day=10)))
    hits = []
    for month in months[:-1]:
        then = forecast(known[: month.end_time], month, as_of=month.start_time.date().replace(day=10))
        if isinstance(then, Forecast):
            hits.append(then.low <= known[known.index.to_period("M") == month].sum() <= then.high)
    assert (outcome.coverage, outcome.months_tested) == (pytest.approx(np.mean(hits)), len(hits))


def test_three_past_months_give_an_interval_whose_coverage_nobody_knows():
    outcome = told(forecast(account(4), pd.Period("2021-04", "M"), as_of=date(2021, 4, 10)))
    assert (outcome.coverage, outcome.months_tested) == (None, 0)


def test_two_past_months_give_the_range_of_their_course_only():
    known = account(3)
    outcome = forecast(known, pd.Period("2021-03", "M"), as_of=date(2021, 3, 10))
    ratios = [known[month].sum() / known[f"{month}-01" : f"{month}-10"].sum() for month in ("2021-01", "2021-02")]
    assert isinstance(outcome, CannotTell)
    assert outcome.reason == "Past months known day by day: 2. A forecast needs 3."
    assert (outcome.low, outcome.high) == (pytest.approx(min(ratios)), pytest.approx(max(ratios)))


@pytest.mark.parametrize(("as_of", "known_days"), [(date(2021, 6, 2), 2), (date(2021, 5, 31), 0)])
def test_before_the_third_day_nothing_is_told(as_of, known_days):
    outcome = forecast(account(6), pd.Period("2021-06", "M"), as_of=as_of)
    assert isinstance(outcome, CannotTell)
    assert outcome.reason == f"Known days of this month: {known_days}. A forecast needs 3."


def test_an_account_back_from_a_long_silence_is_not_forecast():
    known = account(12)
    outcome = forecast(
        known.drop(known["2021-09":"2021-11"].index), pd.Period("2021-12", "M"), as_of=date(2021, 12, 10)
    )
    assert isinstance(outcome, CannotTell)
    assert outcome.reason == "Known days of the last 56: 10. A forecast needs 28."


def test_a_month_known_to_its_end_is_its_total():
    known = account(1)
    outcome = told(forecast(known, pd.Period("2021-01", "M")))
    assert outcome.low == outcome.mid == outcome.high == pytest.approx(known.sum())
    assert (outcome.probability(1), outcome.probability(1e9), outcome.coverage) == (1, 0, None)


def test_a_missing_day_is_not_a_day_of_nothing():
    known, month, as_of = account(13, spread=0.05), pd.Period("2022-01", "M"), date(2022, 1, 15)
    gaps = known.copy()
    gaps["2022-01-04":"2022-01-07"] = np.nan
    whole, holed = (told(forecast(days, month, as_of=as_of)) for days in (known, gaps))
    assert holed.mid == pytest.approx(whole.mid, rel=0.03)
    assert told(forecast(gaps.dropna(), month, as_of=as_of)) == holed


def test_a_past_month_with_a_missing_day_has_no_total_to_test_on():
    known = account(5)
    known["2021-02-14"] = np.nan
    assert [str(trial.month) for trial in backtest(known, pd.Period("2021-05", "M"), 10)] == ["2021-03", "2021-04"]
    assert told(forecast(known, pd.Period("2021-05", "M"), as_of=date(2021, 5, 10))).months_tested == 0


def test_an_account_where_nothing_happens():
    outcome = told(forecast(account(6) * 0, pd.Period("2021-06", "M"), as_of=date(2021, 6, 10)))
    assert (outcome.low, outcome.mid, outcome.high, outcome.coverage) == (0, 0, 0, 1)
    assert outcome.probability(1) == 0


def test_a_few_followers_a_day():
    days = account(14).index
    followers = pd.Series(np.random.default_rng(5).poisson(1.5, len(days)).astype(float), index=days)
    outcome = told(forecast(followers, pd.Period("2022-02", "M"), as_of=date(2022, 2, 10)))
    assert 25 < outcome.low < outcome.mid < outcome.high < 75
    assert outcome.mid == pytest.approx(followers["2022-02"].sum(), rel=0.3)


def test_no_days_at_all():
    outcome = forecast(pd.Series(dtype=float, index=pd.DatetimeIndex([])), FEBRUARY)
    assert outcome == CannotTell("Known days of this month: 0. A forecast needs 3.")


def test_days_that_cannot_be_counted_are_refused():
    known = account(5)
    with pytest.raises(InputError, match="negative or infinite"):
        forecast(-known, pd.Period("2021-05", "M"))
    with pytest.raises(InputError, match="given twice"):
        forecast(pd.concat([known, known[-1:]]), pd.Period("2021-05", "M"))


@hypothesis_settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.one_of(st.just(0.0), st.floats(0, 1e7)), min_size=121, max_size=151),
    st.lists(st.booleans(), min_size=151, max_size=151),
)
def test_any_daily_figures_give_an_ordered_answer_or_a_reason(values, gaps):
    known = pd.Series(values, index=pd.date_range("2021-01-01", periods=len(values)))
    known[(known.index >= "2021-05-01") & np.array(gaps[: len(known)])] = np.nan
    month = pd.Period("2021-05", "M")
    outcome = forecast(known, month)
    if isinstance(outcome, CannotTell):
        assert outcome.reason
        return
    so_far = known["2021-05"].sum()
    assert so_far * (1 - 1e-9) <= outcome.low <= outcome.mid <= outcome.high < float("inf")
    assert np.isfinite(outcome.draws).all()
    assert outcome.probability(outcome.high * 2 + 1) <= outcome.probability(outcome.low) <= 1


@hypothesis_settings(max_examples=40, deadline=None, derandomize=True)
@given(st.floats(0.01, 1e6))
def test_the_unit_changes_nothing(scale):
    known, month = account(6) * 1e6, pd.Period("2021-06", "M")
    one, other = (told(forecast(days, month, as_of=date(2021, 6, 10))) for days in (known, known * scale))
    assert [other.low, other.mid, other.high] == pytest.approx(
        [x * scale for x in (one.low, one.mid, one.high)], rel=1e-3
    )
    assert other.coverage == one.coverage
