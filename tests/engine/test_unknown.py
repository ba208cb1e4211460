"""Scores of strangeness: known answers, and against other libraries' arithmetic."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist, mahalanobis
from scipy.special import logsumexp, softmax
from scipy.stats import kstest
from sklearn.metrics import roc_auc_score

from engine.listings import unknown
from engine.listings.unknown import Novelty, Reference

CLASSES, WIDTH = 4, 6
LISTINGS = [(np.zeros((5, 1, CLASSES)), np.ones((5, 1, WIDTH)), np.ones((5, 1)))]


@pytest.fixture(scope="module")
def world() -> tuple[Reference, np.ndarray, np.ndarray, np.ndarray]:
    """Four classes of features around corners of their own; the reference, the head, features and labels."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), [40, 60, 80, 100])
    head = 3 * np.eye(CLASSES, WIDTH)
    features = head[labels] + random.normal(0, 0.5, (len(labels), WIDTH))
    return Reference.of(features, labels, head, per_class=30), head, features, labels


def test_the_bank_holds_the_first_of_each_class(world):
    known, _, features, labels = world
    assert np.bincount(known.bank_labels).tolist() == [30] * CLASSES
    first = features[np.flatnonzero(labels == 2)[0]]
    assert np.allclose(known.bank[known.bank_labels == 2][0], first / np.linalg.norm(first))


def test_scores_of_logits_have_their_closed_forms(world):
    known, *_ = world
    even, sure = np.zeros((1, 100)), np.array([[50.0] + [0.0] * 99])
    nothing = np.zeros((1, WIDTH))
    assert unknown.energy(known, even, nothing) == pytest.approx(-np.log(100))
    assert unknown.max_logit(known, sure, nothing) == -50
    assert unknown.gen(known, even, nothing) == pytest.approx(100 * (0.01 * 0.99) ** 0.1)
    assert unknown.gen(known, even, nothing) > unknown.gen(known, sure, nothing)
    logits = np.random.default_rng(1).normal(0, 3, (7, 100))
    p = softmax(logits, axis=1)
    assert np.allclose(unknown.gen(known, logits, nothing), (p**0.1 * (1 - p) ** 0.1).sum(1))
    assert np.allclose(unknown.energy(known, logits, nothing), -logsumexp(logits, axis=1))


def test_relative_mahalanobis_is_scipys(world):
    known, _, features, _ = world
    n = features / np.linalg.norm(features, axis=1, keepdims=True)
    found = unknown.mahalanobis(known, features[:5], features[:5])
    for row, score in zip(n[:5], found, strict=True):
        nearest = min(mahalanobis(row, mean, known.within) ** 2 for mean in known.means)
        assert score == pytest.approx(nearest - mahalanobis(row, known.centre, known.around) ** 2)


def test_neighbours_are_scipys_cosine_distances(world):
    known, _, features, _ = world
    distances = np.sort(cdist(features[:9], known.bank, "cosine"), axis=1)
    assert np.allclose(unknown.neighbours(known, features, features[:9]), distances[:, 4] - 1)


def test_the_distance_to_boundaries_by_hand(world):
    known, head, features, _ = world
    row = features[:1]
    logits = row @ head.T
    best = int(logits.argmax())
    distances = [
        (logits[0, best] - logits[0, other]) / np.linalg.norm(head[best] - head[other])
        for other in range(CLASSES)
        if other != best
    ]
    expected = -np.mean(distances) / np.linalg.norm(row - known.origin)
    assert unknown.boundary(known, logits, row) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["gen", "energy", "max logit", "mahalanobis", "boundary", "neighbours"])
def test_what_lies_between_all_classes_is_strange(world, name):
    known, head, features, _ = world
    strange = np.full((1, WIDTH), 0.7) + np.random.default_rng(0).normal(0, 0.1, (20, WIDTH))
    score = unknown.SCORES[name]
    usual = score(known, features @ head.T, features)
    assert (score(known, strange @ head.T, strange) > np.quantile(usual, 0.9)).mean() > 0.8


def test_known_photos_are_evenly_strange(world):
    """The conformal promise: of known photos a share u is less strange than u."""
    known, head, *_ = world
    random = np.random.default_rng(2)
    labels = random.integers(0, CLASSES, 1200)
    features = head[labels] + random.normal(0, 0.5, (1200, WIDTH))
    novelty = Novelty.calibrated(
        known, ("energy", "mahalanobis", "neighbours"), (features @ head.T)[:600], features[:600], LISTINGS
    )
    found = novelty.strangeness((features @ head.T)[600:], features[600:])
    assert kstest(found, "uniform").pvalue > 0.01
    assert found.min() >= 0
    assert found.max() < 1


def test_the_share_of_those_below():
    known = np.array([1.0, 2.0, 2.0, 5.0])
    assert unknown.share_below(known, np.array([0.0, 2.0, 3.0, 9.0])).tolist() == [0, 0.2, 0.6, 0.8]


def test_the_nearest_classes_come_first(world):
    known, head, features, _ = world
    novelty = Novelty.calibrated(known, ("energy",), features @ head.T, features, LISTINGS)
    assert [row[0] for row in novelty.nearest(head)] == [0, 1, 2, 3]


def test_photos_together_tell_more_than_each_and_only_those_that_count(world):
    known, head, *_ = world
    random = np.random.default_rng(4)

    def listings(middles: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        features = middles[:, None] + random.normal(0, 1.2, (len(middles), size, WIDTH))
        return features @ head.T, features, np.ones((len(middles), size))

    usual = [listings(head[random.integers(0, CLASSES, 400)], size) for size in (1, 2, 3)]
    logits, features, _ = listings(head[random.integers(0, CLASSES, 400)], 1)
    novelty = Novelty.calibrated(known, ("energy",), logits[:, 0], features[:, 0], usual)
    found = {}
    for size in (1, 3):
        same, strange = (
            listings(head[random.integers(0, CLASSES, 400)], size),
            listings(np.full((400, WIDTH), 0.9), size),
        )
        scores = np.r_[novelty.together(*same)[0], novelty.together(*strange)[0]]
        found[size] = roc_auc_score(np.repeat([0, 1], 400), scores)
        assert novelty.together(*same)[0].mean() == pytest.approx(0, abs=0.2)
    assert found[3] > found[1] + 0.05
    more, alone = listings(head, 3), np.array([[1.0, 0, 0]] * CLASSES)
    first = [rows[:, :1] for rows in more]
    assert np.allclose(novelty.together(*more[:2], alone), novelty.together(*first))
    shifted = more[0] + random.normal(0, 5, (CLASSES, 3, 1))  # log-probabilities are logits less a constant
    assert np.allclose(novelty.together(shifted, *more[1:]), novelty.together(*more))
    assert novelty.together(*listings(head, 9))[0].shape == (CLASSES,)


def test_photos_that_repeat_each_other_are_not_many(world):
    known, head, features, _ = world
    novelty = replace(Novelty.calibrated(known, ("energy",), features @ head.T, features, LISTINGS), alike=0.5)
    different, same = np.eye(4, WIDTH)[None], np.tile(head[0], (4, 1))[None]
    weights = np.array([[1.0, 0.5, 0.2, 1.0]])
    assert novelty.different(different, weights) == pytest.approx(4)
    assert novelty.different(same, weights) == pytest.approx(1)
    assert novelty.different(same, np.zeros((1, 4))) == pytest.approx(1)
    assert 1 < novelty.different(same + [[0.0], [0.0], [1.0], [2.0]] * np.eye(1, WIDTH, 1), weights) < 4
    copies = (same @ head.T, same, weights)
    assert np.allclose(novelty.together(*copies), novelty.together(*(rows[:, :1] for rows in copies)))
