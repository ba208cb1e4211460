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


def test_most_votes_win_and_no_tie_is_told():
    rows = photos([0.8, 0.1, 0.1], [0.5, 0.1, 0.4], [0.0001, 0.0001, 0.9998])
    assert vote.majority(rows, ones(3), CLASSES) == (0, None)
    assert vote.count_votes(rows, ones(3)) == {0: 2, 2: 1}


def test_a_tie_goes_to_the_summed_probability():
    rows = photos([0.9, 0.05, 0.05], [0.03, 0.41, 0.56])
    winner, tie = vote.majority(rows, ones(2), CLASSES)
    assert CLASSES[winner] == "bicycle"
    assert tie is not None
    assert (tie.tied, tie.by) == (["bicycle", "tire"], "score")
    assert tie.sentence == "1-1; bicycle wins on score 0.93 to 0.61"


def test_a_tie_of_equal_scores_goes_to_the_name():
    rows = photos([0.2, 0.1, 0.7], [0.7, 0.1, 0.2])
    winner, tie = vote.majority(rows, ones(2), CLASSES)
    assert CLASSES[winner] == "bicycle"
    assert tie is not None
    assert tie.by == "name"
    assert tie.sentence == "1-1; bicycle wins on its name, as the scores are equal (0.90)"


def test_three_way_ties_and_close_scores_are_told_apart():
    rows = photos([0.9, 0.05, 0.05], [0.051, 0.899, 0.05], [0.1, 0.1, 0.8])
    _, tie = vote.majority(rows, ones(3), CLASSES)
    assert tie is not None
    assert tie.sentence == "1-1-1; bicycle wins on score 1.051 to 1.049 to 0.900"


def test_the_pool_multiplies_odds():
    # Two photos with odds 4:1 and 1:2 for bicycle over mug make odds 2:1; the third class gets what is left.
    rows = photos([0.64, 0.16, 0.2], [0.2, 0.4, 0.4])
    scores = vote.softmax(vote.pooled_evidence(rows, ones(2)).sum(0))
    assert scores[0] / scores[1] == pytest.approx(2.0)
    assert scores.sum() == pytest.approx(1.0)


def test_evidence_of_a_photo_that_knows_nothing_is_zero():
    assert np.allclose(vote.pooled_evidence(photos([1 / 3, 1 / 3, 1 / 3]), ones(1)), 0)


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
    one, other = (vote.hold(part, ones(len(part)), CLASSES) for part in (rows, rows[order]))
    assert one.voted == other.voted
    assert one.votes == other.votes
    assert one.tie_break == other.tie_break
    assert np.allclose(one.scores, other.scores)


@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
@given(listings(), st.integers(2, 7))
def test_copies_that_share_a_vote_change_nothing(rows, copies):
    one = vote.hold(rows, ones(len(rows)), CLASSES)
    repeated = np.vstack([rows, np.repeat(rows[-1:], copies - 1, axis=0)])
    weights = ones(len(rows) - 1) + [Fraction(1, copies)] * copies
    other = vote.hold(repeated, weights, CLASSES)
    assert one.votes == other.votes
    assert one.voted == other.voted
    assert np.allclose(one.scores, other.scores)


@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
@given(listings())
def test_the_evidence_adds_up_to_the_scores(rows):
    poll = vote.hold(rows, ones(len(rows)), CLASSES)
    total = poll.evidence.sum(0)
    assert np.allclose(np.exp(total) / np.exp(total).sum(), poll.scores)
    assert poll.best == int(poll.scores.argmax())
    assert sum(poll.votes.values()) == len(rows)
