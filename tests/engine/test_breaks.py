"""Anomalies, change points and changed definitions: series with known answers, and series that have none."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.tweets import breaks

START = pd.Timestamp("2021-01-04")


def daily(values) -> pd.Series:
    values = np.asarray(values, dtype=float)
    return pd.Series(values, index=pd.date_range(START, periods=len(values), freq="D").astype("datetime64[s]"))


def noisy(size: int, level: float = 10_000, seed: int = 0) -> pd.Series:
    random = np.random.default_rng(seed)
    weekday = np.where(np.arange(size) % 7 >= 5, 0.5, 1.0)
    return daily(level * weekday * np.exp(random.normal(0, 0.2, size))).round()


def test_a_viral_day_and_a_dead_day_are_found_and_no_other():
    series = noisy(120)
    series.iloc[50] *= 8
    series.iloc[90] /= 8
    found = breaks.anomalies(series)
    assert found["day"].to_list() == [series.index[50], series.index[90]]
    assert np.sign(found["z"]).to_list() == [1, -1]
    assert found["value"].to_list() == pytest.approx([series.iloc[50], series.iloc[90]])
    assert 5_000 < found["expected"].iloc[0] < 15_000


def test_weekends_are_no_anomalies():
    pattern = daily(np.tile([1000.0] * 5 + [50.0] * 2, 20))
    assert breaks.anomalies(pattern).empty


def test_a_spike_on_a_constant_series_is_found():
    series = daily([500.0] * 60)
    series.iloc[30] = 5000
    assert breaks.anomalies(series)["day"].to_list() == [series.index[30]]


def test_a_sparse_count_raises_no_alarm():
    values = np.zeros(100)
    values[::17] = 1
    assert breaks.anomalies(daily(values)).empty


def test_a_missing_day_is_not_a_zero():
    series = noisy(120).drop(START + pd.Timedelta(days=40))
    series.iloc[60] = np.nan
    assert breaks.anomalies(series).empty


def test_a_step_is_found_in_its_week():
    series = pd.concat([noisy(140), noisy(140, 25_000, 1).set_axis(noisy(280).index[140:])])
    (found,) = breaks.change_points(series)
    assert abs(found - series.index[140].date()).days <= 7


def test_an_exact_step_without_noise_is_found_to_the_day():
    assert breaks.change_points(daily([100.0] * 70 + [300.0] * 70)) == [(START + pd.Timedelta(days=70)).date()]


def test_two_steps_and_back():
    level = np.repeat([10_000, 40_000, 10_000], 84)
    series = noisy(252) * level / 10_000
    first, second = breaks.change_points(series)
    assert abs(first - series.index[84].date()).days <= 7
    assert abs(second - series.index[168].date()).days <= 7


def test_a_level_must_last_four_weeks():
    series = noisy(280)
    series.iloc[100:103] *= 20
    assert breaks.change_points(series) == []


def test_noise_alone_has_few_breaks():
    assert sum(len(breaks.change_points(noisy(364, seed=seed))) for seed in range(20)) <= 4


def test_under_twelve_weeks_no_search():
    assert breaks.change_points(daily([100.0] * 42 + [900.0] * 35)) == []
    assert len(breaks.change_points(daily([100.0] * 42 + [900.0] * 42))) == 1


def test_only_the_last_two_years_count():
    assert breaks.change_points(daily([100.0] * 70 + [300.0] * 7 * 110)) == []


@pytest.mark.parametrize("values", [[], [5.0], [np.nan] * 200, [0.0] * 200, [np.inf, -1.0] * 60, [7.0] * 200])
def test_a_series_without_news_has_none(values):
    assert breaks.anomalies(daily(values)).empty
    assert breaks.change_points(daily(values)) == []


figures = st.one_of(st.just(np.nan), st.floats(0, 1e9), st.just(0.0))


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(figures, max_size=150))
def test_any_series_gives_days_of_its_own(values):
    series = daily(values)
    assert set(breaks.anomalies(series)["day"]) <= set(series.index)
    found = breaks.change_points(series)
    assert found == sorted(found)
    assert all(series.index[0].date() < day <= series.index[-1].date() for day in found)


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(0, 1e9), st.integers(0, 400))
def test_a_constant_series_has_neither(value, size):
    assert breaks.anomalies(daily([value] * size)).empty
    assert breaks.change_points(daily([value] * size)) == []


def test_definitions_that_change_are_marked():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-06-02", "2024-05-01", "2024-06-01", "2025-01-01"]).astype("datetime64[s]"),
            "definition": ["new", "old", None, "sheet"],
        }
    )
    assert breaks.definition_changes(frame) == [(date(2024, 6, 2), "old", "new"), (date(2025, 1, 1), "new", "sheet")]
    assert breaks.definition_changes(frame.head(1)) == []
    assert breaks.definition_changes(frame.head(0)) == []
