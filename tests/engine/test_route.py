"""Routing: known answers, and what must hold at every threshold."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from engine.errors import InputError
from engine.listings import route
from engine.listings.fitted import Fitted
from engine.listings.operating import Judged


def test_the_risk_coverage_curve_of_four_listings():
    curve = route.risk_coverage(np.array([0.6, 0.9, 0.8, 0.7]), np.array([False, True, True, False]))
    assert curve.threshold.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert curve.generalised_area == pytest.approx((0 + 0 + 1 / 4 + 1 / 2) / 4)


def test_listings_of_equal_kappa_are_accepted_together():
    curve = route.risk_coverage(np.array([0.5, 0.5, 0.9]), np.array([True, False, True]))
    assert curve.threshold.tolist() == [0.9, 0.5]
    assert curve.risk == pytest.approx([0, 1 / 3])


@hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=300), st.sampled_from([0.05, 0.2]))
def test_the_bound_on_errors_is_clopper_and_pearsons(listings, rate):
    kappa, right = np.array([value / 20 for value, _ in listings]), np.array([ok for _, ok in listings])
    threshold = route.error_threshold(kappa, right, rate)
    for value in {*kappa.tolist(), threshold}:
        accepted = right[kappa >= value]
        if not len(accepted):
            continue
        # A one-sided bound at 95 % is the upper end of a two-sided interval at 90 %.
        upper = binomtest(int((~accepted).sum()), len(accepted)).proportion_ci(0.90, "exact").high
        if value == threshold:
            assert upper <= rate + 1e-9
        elif value < threshold:
            assert upper > rate - 1e-9


def test_listings_that_share_photos_count_for_less():
    kappa, right = np.linspace(0, 1, 200), np.arange(200) > 5
    assert route.error_threshold(kappa, right, 0.05) < route.error_threshold(kappa, right, 0.05, independent=0.4)
    assert route.error_threshold(kappa, ~right, 0.05) == 1.01


def test_costs_of_errors_reviews_and_people_who_err():
    # An error costs 20, a review 1, and people err in 3 of 100: accept from .92 (the example of Chow's rule).
    assert route.cost_threshold(20, 1, 0.03) == pytest.approx(0.92)


def test_the_audit_sample_is_a_share_and_the_same_every_time():
    pictures = [[f"{number}", "front"] for number in range(4000)]
    drawn = [route.audited(item, 0.05) for item in pictures]
    assert drawn == [route.audited(item[::-1], 0.05) for item in pictures]
    assert np.mean(drawn) == pytest.approx(0.05, abs=0.01)
    assert not any(route.audited(item, 0.0) for item in pictures)
    assert all(route.audited(item, 1.0) for item in pictures)


def test_a_model_with_nothing_fitted_knows_everything():
    known = route.Known().probability(np.array([-9.0, 9.0]), np.array([1.0, 4.0]))
    assert known.tolist() == [1.0, 1.0]


def test_stranger_listings_are_less_likely_known():
    known = route.Known(bias=0, strange=-1, spread=-1)
    values = np.linspace(-2, 2, 10)
    assert (np.diff(known.probability(values, np.full(10, 4.0))) < 0).all()
    assert known.probability(values, np.full(10, 6.0)) == pytest.approx(known.probability(values, np.full(10, 12.0)))


TRIAL = route.Trial(
    kappa=np.tile(np.linspace(0, 1, 400), 2),
    right=np.tile(np.linspace(0, 1, 400) > 0.3, 2),
    size=np.repeat([1, 2], 400),
    fitted=np.tile([True, False], 400),
)


def test_a_dial_takes_the_contracts_point_from_the_model_and_any_other_from_its_trial():
    known = Fitted(accept=(0.9, 0.8), trial=TRIAL)
    assert [route.Dial().threshold(known, photos) for photos in (1, 2, 9)] == [0.9, 0.8, 0.8]
    limits = [route.Dial(errors=rate).threshold(known, 1) for rate in (0.02, 0.1, 0.2)]
    assert limits == sorted(limits, reverse=True)
    assert limits[1] == TRIAL.threshold(1, 0.1)
    assert route.Dial(errors=0.02).threshold(Fitted(), 1) == route.NEVER


def test_a_dial_of_costs_and_what_a_look_saves():
    dial = route.Dial("costs", cost_of_error=20, cost_of_review=1, errors_of_people=0.03)
    limit = dial.threshold(Fitted(), 3)
    assert limit == pytest.approx(0.92)
    assert dial.gain(limit) == pytest.approx(0)
    assert dial.gain(0.5) == pytest.approx(0.47 * 20 - 1)


def test_a_trial_gives_thresholds_of_one_half_and_curves_of_the_other():
    assert Judged.of_trial(TRIAL, 1).curve.threshold.tolist() == TRIAL.kappa[1:400:2][::-1].tolist()
    assert Judged.of_trial(TRIAL, 1).curve.coverage[-1] == 1
    assert replace(TRIAL, right=~TRIAL.fitted).threshold(1, 0.1) == route.NEVER
    assert replace(TRIAL, right=TRIAL.fitted).threshold(1, 0.1) == 0.5
    assert TRIAL.threshold(7, 0.1) == TRIAL.threshold(2, 0.1)


def test_a_dial_survives_json():
    for dial in (route.Dial(), route.Dial("costs", places=40, audit=0.02)):
        assert route.Dial.from_dict(json.loads(json.dumps(dial.as_dict()))) == dial
    assert route.Dial.from_dict({"errors": 0.02}) == route.Dial(errors=0.02)


@pytest.mark.parametrize(
    "data",
    [[], "errors", {"rule": "luck"}, {"errors": 0}, {"errors": "few"}, {"errors": float("nan")}, {"audit": 2},
     {"cost_of_error": 0}, {"places": -1}, {"places": 1.5}, {"errors_of_people": 1}, {"eroors": 0.1}],
)  # fmt: skip
def test_what_is_no_dial_is_refused(data):
    with pytest.raises(InputError, match="not a dial"):
        route.Dial.from_dict(data)
