"""The vote and the pool: known answers and what must hold for any photos."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.listings import vote

CLASSES = ["bicycle", "mug", "tire"]


def photos(*rows: list[float]) -> np.ndarray:
    return np.log(np.array(rows))


def ones(number: int) -> list[Fraction]:
    return [Fraction(1)] * number


NONE = np.zeros(3)


def pool(rows, weights=None, prior=NONE, text=NONE, rho=0.0) -> vote.Evidence:
    weights = np.ones(len(rows)) if weights is None else np.array(weights, dtype=float)
    return vote.Evidence(rows, weights, np.array(prior), np.array(text), rho)


def hold(rows, shares=None, **terms) -> vote.Poll:
    shares = shares or ones(len(rows))
    return vote.hold(rows, shares, pool(rows, [float(share) for share in shares], **terms), CLASSES)


def test_most_votes_win_and_no_tie_is_told():
    rows = photos([0.8, 0.1, 0.1], [0.5, 0.1, 0.4], [0.0001, 0.0001, 0.9998])
    assert vote.majority(rows, ones(3), NONE, CLASSES) == (0, None)
    assert vote.count_votes(rows, ones(3)) == {0: 2, 2: 1}


def test_a_tie_goes_to_the_summed_probability():
    rows = photos([0.9, 0.05, 0.05], [0.03, 0.41, 0.56])
    winner, tie = vote.majority(rows, ones(2), NONE, CLASSES)
    assert CLASSES[winner] == "bicycle"
    assert tie is not None
    assert (tie.tied, tie.by) == (["bicycle", "tire"], "score")
    assert tie.sentence == "1-1; bicycle wins on score 0.93 to 0.61"


def test_a_tie_of_equal_scores_goes_to_the_name():
    rows = photos([0.2, 0.1, 0.7], [0.7, 0.1, 0.2])
    winner, tie = vote.majority(rows, ones(2), NONE, CLASSES)
    assert CLASSES[winner] == "bicycle"
    assert tie is not None
    assert tie.by == "name"
    assert tie.sentence == "1-1; bicycle wins on its name, as the scores are equal (0.90)"


def test_three_way_ties_and_close_scores_are_told_apart():
    rows = photos([0.9, 0.05, 0.05], [0.051, 0.899, 0.05], [0.1, 0.1, 0.8])
    _, tie = vote.majority(rows, ones(3), NONE, CLASSES)
    assert tie is not None
    assert tie.sentence == "1-1-1; bicycle wins on score 1.051 to 1.049 to 0.900"


def test_a_tie_of_equal_scores_goes_to_the_prior_before_the_name():
    rows = photos([0.2, 0.1, 0.7], [0.7, 0.1, 0.2])
    winner, tie = vote.majority(rows, ones(2), np.log([0.3, 0.1, 0.6]), CLASSES)
    assert CLASSES[winner] == "tire"
    assert tie is not None
    assert (tie.by, tie.sentence) == ("prior", "1-1; tire wins on its prior, as the scores are equal (0.90)")


def test_the_pool_multiplies_odds():
    # Two photos with odds 4:1 and 1:2 for bicycle over mug make odds 2:1; the third class gets what is left.
    scores = pool(photos([0.64, 0.16, 0.2], [0.2, 0.4, 0.4])).scores
    assert scores[0] / scores[1] == pytest.approx(2.0)
    assert scores.sum() == pytest.approx(1.0)


def test_photos_that_repeat_each_other_count_as_fewer():
    # With a correlation of one half, two photos of odds 4:1 count as 2 / 1.5 photos: odds 4^(4/3).
    scores = pool(photos([0.64, 0.16, 0.2], [0.64, 0.16, 0.2]), rho=0.5).scores
    assert scores[0] / scores[1] == pytest.approx(4 ** (4 / 3))
    alone, doubled = pool(photos([0.64, 0.16, 0.2]), rho=1.0), pool(photos(*[[0.64, 0.16, 0.2]] * 2), rho=1.0)
    assert np.allclose(alone.scores, doubled.scores)


def test_the_prior_and_the_text_are_counted_once():
    rows = photos(*[[0.5, 0.3, 0.2]] * 3)
    scores = pool(rows, prior=np.log([0.1, 0.8, 0.1]), text=[0.0, 0.0, 1.0]).scores
    assert scores[1] / scores[0] == pytest.approx(8 * (3 / 5) ** 3)
    assert scores[2] / scores[0] == pytest.approx(np.e * (2 / 5) ** 3)


def test_the_prior_alone_speaks_where_no_photo_counts():
    prior = np.array([0.1, 0.8, 0.1])
    assert np.allclose(pool(photos([0.9, 0.05, 0.05]), [0.0], np.log(prior)).scores, prior)


def test_a_doubtful_photo_alone_is_less_sure():
    sure, doubtful = (pool(photos([0.9, 0.05, 0.05]), [weight], rho=0.3).scores for weight in (1.0, 0.5))
    assert 1 / 3 < doubtful[0] < sure[0] == pytest.approx(0.9)


def test_readable_names():
    labels = ["wooden_spoon", "cd_player", "tv", "desktop_pc", "t_shirt"]
    assert [vote.readable(label) for label in labels] == ["wooden spoon", "CD player", "TV", "desktop PC", "T shirt"]


def listings() -> st.SearchStrategy[np.ndarray]:
    row = st.lists(st.floats(0.001, 1), min_size=3, max_size=3)
    return st.lists(row, min_size=1, max_size=6).map(
        lambda rows: np.log(np.array(rows) / np.sum(rows, axis=1, keepdims=True))
    )


@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
@given(listings(), st.randoms(use_true_random=False))
def test_the_order_of_photos_changes_nothing(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    one, other = (hold(part, rho=0.3) for part in (rows, rows[order]))
    assert one.voted == other.voted
    assert one.votes == other.votes
    assert one.tie_break == other.tie_break
    assert np.allclose(one.scores, other.scores)


@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
@given(listings(), st.integers(2, 7))
def test_copies_that_share_a_vote_change_nothing(rows, copies):
    one = hold(rows, rho=0.3)
    repeated = np.vstack([rows, np.repeat(rows[-1:], copies - 1, axis=0)])
    weights = ones(len(rows) - 1) + [Fraction(1, copies)] * copies
    other = hold(repeated, weights, rho=0.3)
    assert one.votes == other.votes
    assert one.voted == other.voted
    assert np.allclose(one.scores, other.scores)


@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
@given(listings())
def test_the_evidence_adds_up_to_the_scores(rows):
    poll = hold(rows, prior=np.log([0.5, 0.3, 0.2]), text=[0.1, 0.0, -0.2], rho=0.3)
    total = poll.evidence.by_photo.sum(0) + poll.evidence.prior + poll.evidence.text
    assert np.allclose(np.exp(total) / np.exp(total).sum(), poll.scores)
    assert poll.best == int(poll.scores.argmax())
    assert sum(poll.votes.values()) == len(rows)
