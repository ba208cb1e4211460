"""What a dial does: known answers, and what must hold at every threshold."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from engine.listings.operating import Judged, costs, operate, threshold_within
from engine.listings.route import Dial, Trial
from engine.listings.terms import Terms


def judged(kappa, right, weight=None, independent=1.0) -> Judged:
    count = len(kappa)
    weight = np.ones(count) if weight is None else np.asarray(weight, float)
    return Judged(np.asarray(kappa, float), np.asarray(right, bool), np.full(count, 4), weight, independent)


def test_four_listings_with_costs_of_errors_reviews_and_audits():
    four = judged([0.9, 0.8, 0.7, 0.2], [True, False, True, False])
    found = operate(four, four.accepted(0.7), Dial("costs", cost_of_error=20, cost_of_review=1, errors_of_people=0.03))
    assert (found.automatic, found.reviews) == (0.75, 0.25)
    assert found.errors == pytest.approx(1 / 3)
    # One wrong in four costs 20, one look in four costs 1 and goes wrong 3 times in 100.
    assert found.cost == pytest.approx((20 + 1 + 0.03 * 20) / 4)
    audited = operate(four, four.accepted(0.7), Dial(audit=0.1))
    assert audited.reviews == pytest.approx(0.25 + 0.75 * 0.1)
    assert audited.cost == pytest.approx(found.cost + 0.075)


def test_the_interval_is_clopper_and_pearsons_and_wider_where_listings_share_photos_or_weigh_unevenly():
    right = np.arange(200) >= 9
    even = judged(np.ones(200), right)
    whole = operate(even, even.accepted(0.5), Dial()).interval
    exact = binomtest(9, 200).proportion_ci(0.95, "exact")
    assert whole == pytest.approx((exact.low, exact.high))
    shared = judged(np.ones(200), right, independent=0.25)
    assert operate(shared, shared.accepted(0.5), Dial()).interval[1] > whole[1]
    uneven = judged(np.ones(200), right, np.where(np.arange(200) % 10, 1, 20))
    low, high = operate(uneven, uneven.accepted(0.5), Dial()).interval
    assert high - low > whole[1] - whole[0]


def test_a_listing_that_few_drew_stands_for_many():
    # Of ten listings people saw the two doubtful ones, and one of the eight accepted, drawn with a probability of 1/8.
    seen = judged([0.99, 0.4, 0.3], [True, False, True], [8, 1, 1])
    found = operate(seen, seen.accepted(0.9), Dial())
    assert (found.automatic, found.errors) == (0.8, 0)


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(-1, 20), st.booleans(), st.integers(1, 9)), min_size=1, max_size=60),
    st.floats(0, 1),
)
def test_points_of_the_curve_are_where_a_dial_stands_and_capacity_is_kept(listings, share):
    kappa, right, weight = (np.array(column) for column in zip(*listings, strict=True))
    some = judged(np.where(kappa < 0, -1, kappa / 20), right, weight)
    curve = some.curve
    prices = costs(curve.coverage, curve.risk, Dial())
    for place, (threshold, cost) in enumerate(zip(curve.threshold, prices, strict=True)):
        found = operate(some, some.accepted(threshold), Dial())
        assert (found.automatic, found.errors) == pytest.approx((curve.coverage[place], curve.risk[place]))
        assert found.cost == pytest.approx(cost)
    assert not some.accepted(-1)[some.kappa < 0].any()
    threshold = threshold_within(some, share)
    assert weight[some.kappa < threshold].sum() / weight.sum() <= share + 1e-6
    higher = some.kappa[some.kappa >= threshold]
    if len(higher):
        assert weight[some.kappa <= higher.min()].sum() / weight.sum() > share - 1e-6


def test_a_trial_is_judged_on_what_no_threshold_was_fitted_on():
    trial = Trial(
        np.array([0.1, 0.2, 0.3, 0.4]), np.array([True] * 4), np.array([4, 4, 4, 2]), np.array([1, 0, 0, 0]) > 0
    )
    assert Judged.of_trial(trial, 4).kappa.tolist() == [0.2, 0.3]


def test_reviewed_listings_are_decided_as_they_would_be_now_and_take_audits_to_stand_for_all():
    def reviewed(sure, propensity, decision="accept", label="mug"):
        photos = [SimpleNamespace(weight=1.0)] * 2
        verdict = SimpleNamespace(sure=sure, decision=decision, label=label, photos=photos)
        weight = 1 / propensity if propensity else 0.0
        return SimpleNamespace(under=lambda terms, model: verdict, propensity=propensity, weight=weight, label="mug")

    items = [reviewed(0.5, 1.0, label="sofa"), reviewed(0.9, 1.0, "review"), reviewed(0.7, 0.0)]
    model = SimpleNamespace(classes=("mug", "sofa"))
    assert Judged.of_reviewed(items, model, Terms()) is None
    found = Judged.of_reviewed([*items, reviewed(0.95, 0.1)], model, Terms())
    assert found.kappa.tolist() == [0.5, -1.0, 0.95]
    assert found.right.tolist() == [False, True, True]
    assert found.weight.tolist() == pytest.approx([1, 1, 10])
    assert found.size.tolist() == [2, 2, 2]
