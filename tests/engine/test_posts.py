"""Single posts: what small numbers must not do, and what the hour of posting can be said to do."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.tweets import posts as tweets

AS_OF = date(2022, 1, 1)


def frame(impressions, engagements=None, types="text") -> pd.DataFrame:
    """One post every seven hours from 4 January 2021, a Monday."""
    size = len(impressions)
    time = (pd.Timestamp("2021-01-04") + pd.to_timedelta(7 * np.arange(size), unit="h")).astype("datetime64[s]")
    engagements = np.ones(size) if engagements is None else engagements
    figures = {"impressions": np.asarray(impressions, float), "engagements": np.asarray(engagements, float)}
    return pd.DataFrame({"type": types, "day": time.normalize(), "time": time, **figures})


def drawn(size: int, mean: float, prior: float, types: str = "text", seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    shown = np.ceil(np.exp(random.normal(6, 1.5, size)))
    return frame(shown, random.binomial(shown.astype(int), random.beta(mean * prior, (1 - mean) * prior, size)), types)


def test_the_prior_of_a_known_beta_binomial_is_found():
    rates = tweets.shrunk_rates(drawn(2000, mean=0.04, prior=80))
    assert rates["prior"].iloc[0] == pytest.approx(80, rel=0.15)
    shrunk_away = rates[rates["impressions"] < 5]
    assert shrunk_away["shrunk"].between(0.03, 0.05).mean() > 0.5


def test_posteriors_hold_the_true_rate_nineteen_times_in_twenty():
    random = np.random.default_rng(3)
    true = random.beta(4, 96, 3000)
    shown = np.ceil(np.exp(random.normal(6, 1.5, 3000)))
    rates = tweets.shrunk_rates(frame(shown, random.binomial(shown.astype(int), true)))
    assert np.mean((rates["low"] <= true) & (true <= rates["high"])) == pytest.approx(0.95, abs=0.015)


def test_types_shrink_to_their_own_rate_and_small_types_to_all():
    both = pd.concat([drawn(500, 0.02, 100), drawn(500, 0.08, 100, "reply", 1)], ignore_index=True)
    few = drawn(5, 0.5, 10, "link", 2)
    rates = tweets.shrunk_rates(pd.concat([both, few], ignore_index=True))
    prior_of = rates.groupby("type")["prior"].first()
    assert prior_of["text"] == pytest.approx(tweets.shrunk_rates(both[both["type"] == "text"])["prior"].iloc[0])
    assert prior_of["link"] not in (prior_of["text"], prior_of["reply"])


def test_wilson_is_the_textbook_interval():
    row = tweets.shrunk_rates(frame([10], [1])).iloc[0]
    assert (row["wilson_low"], row["wilson_high"]) == (pytest.approx(0.0179, abs=1e-4), pytest.approx(0.4042, abs=1e-4))


def test_rows_that_cannot_be_a_rate_are_left_out():
    rates = tweets.shrunk_rates(frame([100, 0, np.nan, 50, 100, 80], [5, 0, 3, 60, np.nan, -1]))
    assert rates.index.to_list() == [0]
    assert tweets.shrunk_rates(frame([0, 0])).empty
    assert tweets.shrunk_rates(frame([])).empty


@hypothesis_settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 10**7), st.floats(0, 1)), min_size=1, max_size=40))
def test_a_shrunk_rate_lies_within_its_interval_and_is_a_rate(rows):
    shown = np.array([impressions for impressions, _ in rows])
    rates = tweets.shrunk_rates(frame(shown, np.floor(shown * [share for _, share in rows])))
    assert len(rates) == len(rows)
    assert (rates["prior"] > 0).all()
    assert rates[["shrunk", "low", "high"]].notna().all(axis=None)
    assert (rates["low"] <= rates["high"]).all()
    assert rates["shrunk"].between(0, 1).all()


def test_the_best_rate_is_one_that_many_saw():
    posts = drawn(200, 0.03, 500)
    posts.loc[100, ["impressions", "engagements"]] = (2, 2)
    posts.loc[150, ["impressions", "engagements"]] = (5000, 1500)
    best = tweets.ranked(posts, as_of=AS_OF, best=True, by="rate")
    assert best.index[0] == 150
    assert best.index.get_loc(100) > 0


def test_the_rate_that_an_export_holds_gives_way_to_that_of_its_figures():
    best = tweets.ranked(drawn(40, 0.03, 500).assign(rate=0.9), as_of=AS_OF, best=True, by="rate")
    assert (best["rate"] == best["engagements"] / best["impressions"]).all()


def test_reach_is_ranked_against_the_posts_before():
    # The account grows tenfold; a post of 1,000 was a hit then and is a flop now.
    posts = frame([100] * 100 + [1000] + [100] * 20 + [10_000] * 100 + [1000] + [10_000] * 20)
    best = tweets.ranked(posts, as_of=AS_OF, best=True, by="impressions")
    worst = tweets.ranked(posts, as_of=AS_OF, best=False, by="impressions")
    assert (best.loc[100, "expected"], worst.loc[221, "expected"]) == (pytest.approx(100), pytest.approx(10_000))
    assert best.loc[100, "excess"] == pytest.approx(np.log(10))
    assert worst.index[0] == 221


def test_the_worst_had_their_chance():
    posts = frame([1000] * 40)
    posts.loc[20, "impressions"] = 99
    posts.loc[39, "impressions"] = 100
    last = posts["day"].iloc[-1].date()
    for by in ("impressions", "rate"):
        assert not {20, 39} & set(tweets.ranked(posts, as_of=last, best=False, by=by).index)
        assert len(tweets.ranked(posts, as_of=last, best=True, by=by)) == 40
    assert tweets.ranked(posts, as_of=AS_OF, best=False, by="impressions").index[0] == 39


def test_one_type_alone():
    posts = pd.concat([drawn(40, 0.02, 100), drawn(40, 0.08, 100, "reply", 1)], ignore_index=True)
    for by in ("impressions", "rate"):
        alone = tweets.ranked(posts, as_of=AS_OF, best=True, by=by, type="reply")
        assert len(alone) == 40
        assert set(alone["type"]) == {"reply"}


def test_no_posts_no_ranking():
    for by in ("impressions", "rate"):
        assert tweets.ranked(frame([]), as_of=AS_OF, best=False, by=by).empty


def test_spread_tells_a_heavy_tail():
    spread = tweets.spread(frame([100] * 95 + [np.nan] + [10_000] * 5))
    assert (spread.posts, spread.median, spread.trimmed) == (100, 100, 100)
    assert spread.mean == pytest.approx(595)
    assert spread.low < 300 < 595 < spread.high
    assert spread.top_share == pytest.approx(50_000 / 59_500)
    assert tweets.spread(frame([np.nan, 0])) is None


def test_no_time_effect_is_found_where_there_is_none():
    random = np.random.default_rng(5)
    p_values = [tweets.hours(frame(np.ceil(np.exp(random.normal(6, 1, 400))))).p_value for _ in range(40)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15


def test_a_sitting_of_posts_is_not_many_witnesses():
    # Ten posts a sitting, all alike: hours differ only because few sittings do.
    random = np.random.default_rng(6)
    rejected = 0
    for _ in range(20):
        posts = frame(np.repeat(np.ceil(np.exp(random.normal(6, 1, 100))), 10))
        posts["time"] = posts["time"].iloc[:100].repeat(10).to_numpy()
        rejected += tweets.hours(posts.assign(day=posts["time"].dt.normalize())).p_value <= 0.05
    assert rejected <= 4


def test_a_strong_hour_is_found_but_not_sold():
    posts = frame(np.ceil(np.exp(np.random.default_rng(7).normal(6, 0.5, 600))))
    evening = posts["time"].dt.hour >= 20
    hours = tweets.hours(posts.assign(impressions=posts["impressions"] * np.where(evening, 3, 1)))
    effects = hours.grid.groupby("hour")["effect"].mean()
    assert hours.p_value <= 0.01
    assert effects.idxmax() == 20
    assert 0 < effects[20] < np.log(3)
    assert "best time" not in hours.sentence
    assert "not known to lift it" in hours.sentence


def test_thin_cells_are_hidden_and_unknown_hours_left_out():
    posts = frame(np.full(300, 500.0))
    posts.loc[200:, "time"] = pd.NaT
    grid = tweets.hours(posts).grid
    assert (len(grid), grid["n"].sum()) == (42, 200)
    assert (grid["effect"].isna() == (grid["n"] < 8)).all()


@pytest.mark.parametrize("size", [0, 1, 7])
def test_too_few_posts_for_hours(size):
    hours = tweets.hours(frame(np.full(size, 500.0)))
    assert hours.p_value is None
    assert "Too few posts" in hours.sentence


def test_posts_all_alike_show_no_time_effect():
    assert tweets.hours(frame(np.full(400, 500.0))).p_value == 1


def test_shrinkage_lifts_what_many_saw_on_a_real_account(shared: Path):
    files = sorted((shared.parent / "tweets" / "debruine").glob("tweet_activity_metrics_*.csv"))
    if not files:
        pytest.skip("the real exports are not here")
    posts = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    rates = tweets.shrunk_rates(posts.assign(type="any"))
    assert rates.nlargest(20, "rate")["impressions"].median() < 150
    assert rates.nlargest(20, "shrunk")["impressions"].median() > 900
    assert rates["prior"].between(30, 200).all()
