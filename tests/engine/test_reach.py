"""Engagement against reach: simulated accounts whose relation is known, and a real one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.tweets import reach

SLOPES = {"reply": -0.3, "text": 0.2}


def account(  # what one period of a simulated account looks like
    month: str,
    *,
    replies: int = 400,
    texts: int = 200,
    lift: float = 1.0,  # impressions per post
    level: float = 1.0,  # rate, whatever the reach
    slopes: dict[str, float] = SLOPES,
    seed: int = 0,
) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    types = np.repeat(["reply", "text"], [replies, texts])
    middle = np.where(types == "reply", 300.0, 3000.0)
    shown = np.ceil(middle * lift * np.exp(random.normal(0, 0.8, len(types))))
    slope = np.where(types == "reply", slopes["reply"], slopes["text"])
    rate = np.where(types == "reply", 0.06, 0.02) * level * (shown / middle) ** slope
    engaged = random.poisson(shown * rate * random.gamma(4, 1 / 4, len(types)))
    days = pd.Timestamp(month) + pd.to_timedelta(random.integers(0, 28, len(types)), unit="D")
    return pd.DataFrame({"type": types, "day": days, "impressions": shown, "engagements": engaged.astype(float)})


def parts_add_up(answer: reach.ReachAnswer) -> bool:
    parts = answer.reach.estimate + answer.mix.estimate + answer.rest.estimate
    return parts == pytest.approx(answer.change.estimate, abs=1e-12)


def test_a_fall_that_reach_explains():
    slopes = {"reply": -0.5, "text": -0.5}
    before, after = (account("2021-01-01", slopes=slopes), account("2021-02-01", slopes=slopes, lift=4, seed=1))
    answer = reach.explain(before, after)
    assert answer.verdict == "explained"
    assert answer.change.estimate == pytest.approx(4**-0.5 - 1, abs=0.06)
    assert answer.reach.estimate == pytest.approx(4**-0.5 - 1, abs=0.08)
    assert answer.rest.low < 0 < answer.rest.high
    assert parts_add_up(answer)
    assert "cannot be expected to stay the same" in answer.sentences[0]


def test_a_fall_at_equal_reach_is_not_explained():
    answer = reach.explain(account("2021-01-01"), account("2021-02-01", level=0.6, seed=1))
    assert answer.verdict == "not explained"
    assert answer.rest.high < -0.2
    assert parts_add_up(answer)
    assert "Keep watching" in answer.sentences[0]


def test_a_fall_of_two_reasons_is_partly_explained():
    slopes = {"reply": -0.3, "text": -0.3}
    before = account("2021-01-01", slopes=slopes)
    after = account("2021-02-01", slopes=slopes, lift=3, level=0.5, seed=1)
    assert reach.explain(before, after).verdict == "partly"


def test_a_rate_that_did_not_change_gives_nothing_to_explain():
    answer = reach.explain(account("2021-01-01"), account("2021-02-01", seed=1))
    assert answer.verdict == "cannot tell"
    assert answer.change.low < 0 < answer.change.high


def test_simpson_more_texts_lower_the_rate_while_no_type_falls():
    slopes = {"reply": 0.0, "text": 0.0}
    before = account("2021-01-01", replies=600, texts=60, slopes=slopes)
    after = account("2021-02-01", replies=200, texts=500, slopes=slopes, seed=1)
    answer = reach.explain(before, after)
    pooled = np.polyfit(np.log(after["impressions"]), np.log((after["engagements"] + 0.5) / after["impressions"]), 1)[0]
    assert pooled < -0.2
    assert all(slope.low < 0 < slope.high for slope in answer.elasticities)
    assert answer.change.high < 0
    assert answer.mix.high < 0
    assert answer.mix.estimate == pytest.approx(answer.change.estimate, abs=0.08)
    assert answer.verdict == "not explained"


def test_the_intervals_hold_what_is_true():
    held = []
    for seed in range(60):
        before, after = account("2021-01-01", seed=2 * seed), account("2021-02-01", lift=2, seed=2 * seed + 1)
        answer = reach.explain(before, after)
        held += [slope.low <= SLOPES[slope.type] <= slope.high for slope in answer.elasticities]
        held.append(answer.rest.low <= 0 <= answer.rest.high)
    assert 0.88 <= np.mean(held) <= 1


def test_many_months_are_clustered_and_still_hold_the_truth():
    months = [account(f"2021-{month:02}-01", level=1 + month % 3 / 5, replies=80, seed=month) for month in range(1, 11)]
    answer = reach.explain(pd.concat(months[:5]), pd.concat(months[5:]))
    for slope in answer.elasticities:
        assert slope.low < SLOPES[slope.type] < slope.high
        assert slope.high - slope.low < 0.4


def test_the_same_posts_give_the_same_answer():
    before, after = account("2021-01-01"), account("2021-02-01", lift=2, seed=1)
    assert reach.explain(before, after) == reach.explain(before, after)


def test_small_types_are_pooled():
    before, after = account("2021-01-01"), account("2021-02-01", seed=1)
    after.loc[:4, "type"] = "media"
    after.loc[5:9, "type"] = "link"
    assert [slope.type for slope in reach.explain(before, after).elasticities] == ["other", "reply"]


def test_rows_without_figures_are_left_out_and_counted():
    before, after = account("2021-01-01"), account("2021-02-01", seed=1)
    before.loc[0, "impressions"] = 0
    before.loc[1, "engagements"] = np.nan
    after.loc[2, "impressions"] = np.inf
    answer = reach.explain(before, after)
    assert (answer.before.posts, answer.after.posts) == (598, 599)
    assert answer.sentences[-1] == "3 of 1,200 posts have no figures and are left out."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame: frame.head(0), "no posts with figures"),
        (lambda frame: frame.head(5), "that needs 30 posts"),
        (lambda frame: frame.assign(engagements=0.0), "no engagements at all"),
        (lambda frame: frame.assign(impressions=100.0), "differ too little"),
    ],
)
def test_without_enough_to_fit_it_cannot_tell_and_says_why(change, reason):
    answer = reach.explain(change(account("2021-01-01")), change(account("2021-02-01", seed=1)))
    assert answer.verdict == "cannot tell"
    assert answer.change is None
    assert reason in answer.sentences[0]


def months(tweets, impressions, engagements) -> pd.DataFrame:
    return pd.DataFrame({"tweets": tweets, "impressions": impressions, "engagements": engagements}, dtype=float)


def test_totals_cannot_tell_and_name_both_elasticities():
    # Impressions double, on 3.3 times fewer tweets, while the rate falls to 0.53 of itself.
    answer = reach.months_only(months([3126, np.nan, 949], [7.2e6, 9e6, 14.4e6], [720_000, 8e5, 763_200]))
    assert answer.verdict == "cannot tell"
    assert "under 24" in answer.sentences[0]
    assert "against total impressions is -0.92;" in answer.sentences[1]
    assert "against impressions per post is -0.34;" in answer.sentences[2]
    assert "720,000 to 763,200" in answer.sentences[-1]


def test_many_months_of_totals_still_do_not_show_the_types():
    answer = reach.months_only(months([100] * 30, range(1000, 1300, 10), [50] * 30))
    assert answer.verdict == "cannot tell"
    assert "under 24" not in answer.sentences[0]
    assert "which types" in answer.sentences[0]


def test_one_month_cannot_be_compared():
    answer = reach.months_only(months([100, 0], [1000, 0], [50, 0]))
    assert (answer.verdict, answer.before) == ("cannot tell", None)


def test_a_real_account_whose_rate_does_not_fall_with_reach(shared: Path):
    files = sorted((shared.parent / "tweets" / "debruine").glob("tweet_activity_metrics_*.csv"))
    if not files:
        pytest.skip("the real exports are not here")
    posts = pd.concat([pd.read_csv(file) for file in files])
    reply = posts["Tweet text"].str.startswith("@")
    posts = posts.assign(type=reply.map({True: "reply", False: "text"}), day=pd.to_datetime(posts["time"].str[:10]))
    first = posts["day"] < "2021-07-01"
    answer = reach.explain(posts[first], posts[~first])
    text, replies = sorted(answer.elasticities, key=lambda slope: slope.type, reverse=True)
    assert text.low > 0
    assert replies.low < 0 < replies.high
    assert (text.posts, replies.posts) == (1077, 2010)
    assert parts_add_up(answer)
