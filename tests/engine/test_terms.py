"""What an operator sets and what was learned: each term reaches the verdict, and its evidence still adds up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import engine
from engine.listings.fitted import Fitted
from engine.listings.pipeline import decide
from engine.listings.policy import Policy
from engine.listings.price import Prices
from engine.listings.route import Dial
from engine.listings.terms import Terms
from tests.engine.looks import STRICT, Judge, Strangeness, decided, look

POLICY = b"class,policy,part_of\ntire,part_of,bicycle\nmug,%s,\n"


@pytest.mark.parametrize(
    ("action", "decision", "ask", "reasons"),
    [
        (b"accept", "accept", None, []),
        (b"review", "review", None, ["by policy a person looks at every mug"]),
        (b"ask", "review", "mug", ["by policy the sender is asked for a separate photo of the mug"]),
    ],
)
def test_a_policy_decides_what_follows_for_a_class(action, decision, ask, reasons):
    policy = Policy.read(POLICY % action, Judge.classes)
    verdict = decided(look("a", mug=0.9, tire=0.1), policy=policy)
    assert (verdict.label, verdict.decision, verdict.ask, verdict.reasons) == ("mug", decision, ask, reasons)


def test_a_part_counts_for_its_whole_where_another_photo_shows_that():
    rows = look("a", bicycle=0.8, tire=0.1, mug=0.1), look("b", tire=0.97, bicycle=0.01, mug=0.02)
    parts = decided(*rows, policy=Policy.read(POLICY % b"accept", Judge.classes))
    alone = decided(*rows, policy=Policy(Judge.classes))
    assert (alone.label, parts.label) == ("tire", "bicycle")
    assert alone.votes == parts.votes
    assert parts.notes == ["the tire in 2.jpg may be a part of the bicycle in 1.jpg: it counts for both"]
    assert alone.notes == []
    assert parts.without["1.jpg"]["label"] == "tire"


def test_a_price_stands_beside_what_is_known_and_says_what_it_rests_on():
    sales = Prices.read(b"label,price,currency\n" + b"".join(b"mug,%d,EUR\n" % n for n in range(1, 13)))
    verdict = decided(look("a", mug=0.9, tire=0.1), prices=sales)
    assert verdict.price == {"low": 1, "high": 12, "currency": "EUR", "n": 12, "coverage": 0.846}
    assert verdict.notes == [sales.range("mug").sentence]
    assert decided(look("a", tire=0.9, mug=0.1), prices=sales).notes[0].startswith("no price: no sale of tire")
    strange = decided(look("a", 0.99, mug=0.5, tire=0.4), prices=sales, fitted=STRICT)
    assert (strange.decision, strange.price) == ("unknown", None)
    assert strange.notes == ["no price: the object may be none of the catalogue"]


def test_the_verdict_says_how_sure_it_is_and_the_dial_decides_by_that():
    rows = look("a", 0.1, bicycle=0.9, mug=0.1), look("b", 0.1, bicycle=0.8, mug=0.2)
    verdict = decided(*rows, fitted=STRICT)
    assert verdict.sure < verdict.confidence
    costs = Dial("costs", cost_of_error=1, cost_of_review=1 - verdict.sure - 0.001, errors_of_people=0)
    assert " % sure; " in decided(*rows, fitted=STRICT, dial=costs).reasons[0]
    costs = Dial("costs", cost_of_error=1, cost_of_review=1 - verdict.sure + 0.001, errors_of_people=0)
    assert decided(*rows, fitted=STRICT, dial=costs).decision == "accept"
    never = decided(*rows, fitted=STRICT, dial=Dial(errors=0.01)).reasons
    assert never == ["no listing of 2 different photos is known to be sure enough to go without a person"]


def test_what_was_learned_takes_the_place_of_what_was_fitted():
    rows = look("a", bicycle=0.7, mug=0.3), look("b", bicycle=0.6, mug=0.4)
    names = ["1.jpg", "2.jpg"]
    assert decide(names, rows, Judge(), terms=Terms(fitted=STRICT)) == decide(names, rows, Judge(STRICT))
    bike = look("a", bicycle=0.6, tire=0.4)
    trusting, doubting = (decided(bike, description="a mug", right=right) for right in (0.95, 0.3))
    assert trusting.evidence["text"]["mug"] > doubting.evidence["text"]["mug"] > 0
    assert trusting.notes == ["the text names mug"]


class Correction:
    """An adapter that takes bicycles for mugs."""

    def shift(self, log_p: np.ndarray, features: np.ndarray) -> np.ndarray:
        assert features.shape == (len(log_p), 4)
        return log_p[:, [1, 0, 2]]


def test_a_correction_of_the_head_comes_before_all_else():
    verdict = decided(look("a", bicycle=0.9, mug=0.1), adapter=Correction())
    assert (verdict.label, verdict.photos[0].label, verdict.confidence) == ("mug", "mug", 0.9)


def test_a_prior_of_another_model_is_refused():
    with pytest.raises(engine.InputError, match="the prior has the shape"):
        decided(look("a", mug=1.0), prior=np.zeros(7))


@pytest.mark.parametrize(
    ("photos", "reason"),
    [(1, "the only photo is a close-up"), (3, "all 3 photos are close-ups")],
)
def test_nothing_but_close_ups_goes_to_people_with_the_fix(photos, reason):
    rows = [look(name, mug=0.99, tire=0.01) for name in "abc"[:photos]]
    verdict = decided(*rows, fitted=Fitted(gate={"closeup": np.array([0, 0, 0, 0, 9.0])}))
    assert [photo.reasons for photo in verdict.photos] == [["close-up: add one of the whole item"]] * photos
    assert (verdict.decision, verdict.reasons) == ("review", [f"{reason}: add one of the whole item"])


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(*[st.floats(0.001, 1)] * 3), min_size=1, max_size=5),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
    st.floats(0, 1),
    st.booleans(),
)
def test_the_waterfall_adds_up_with_parts_prior_text_and_adapter(rows, prior, rho, corrected):
    looks = [look("ab"[n % 2] * (n + 1), bicycle=b, mug=m, tire=t) for n, (b, m, t) in enumerate(rows)]
    terms = {
        "prior": np.log(prior),
        "policy": Policy.read(POLICY % b"accept", Judge.classes),
        "adapter": Correction() if corrected else None,
    }
    verdict = decided(*looks, fitted=Fitted(rho=rho, beta=0.7), description="a mug", **terms)
    columns = [*verdict.evidence["photos"].values(), verdict.evidence["prior"], verdict.evidence["text"]]
    sums = {label: sum(column[label] for column in columns) for label in verdict.scores}
    total = np.logaddexp.reduce(list(sums.values()))
    assert {label: np.exp(value - total) for label, value in sums.items()} == pytest.approx(verdict.scores, abs=1e-4)
    assert sum(verdict.scores.values()) == pytest.approx(1, abs=1e-5)


def test_views_that_hardly_differ_are_no_more_sure_than_one():
    """Of one photo and its slightly different neighbours, all of one picture as far as the network can tell."""

    class Alike(Strangeness):
        def different(self, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
            return np.ones(len(weights))

    rows = [look(name, bicycle=0.6, mug=0.4) for name in "abc"]
    alone, several, repeated = (
        decided(*shown, fitted=replace(STRICT, novelty=novelty))
        for shown, novelty in ((rows[:1], Strangeness()), (rows, Strangeness()), (rows, Alike()))
    )
    assert several.confidence > alone.confidence + 0.1
    assert repeated.confidence == pytest.approx(alone.confidence)
    assert repeated.without["1.jpg"]["confidence"] == pytest.approx(alone.confidence)
