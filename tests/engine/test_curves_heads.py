"""The batched logistic regression, against scikit-learn's and against what must hold."""

import threading

import numpy as np
import pytest

from engine.curves import heads
from engine.curves.subsets import split, splits


def classes_apart(items: int, width: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, items)
    centres = random.standard_normal((classes, width)) / 2
    return (centres[labels] + random.standard_normal((items, width))).astype(np.float32), labels


@pytest.mark.parametrize(
    ("width", "classes", "penalty", "within"),
    [(64, 6, 0.01, 0.005), (12, 2, 0.01, 0.005), (400, 4, 0.01, 0.005), (12, 3, 1.0, 0.01)],
)
def test_agrees_with_scikit_learn(width, classes, penalty, within):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from threadpoolctl import threadpool_limits

    features, labels = classes_apart(900, width, classes, seed=1)
    features = features * np.linspace(0.5, 3, width, dtype=np.float32) + 4
    part, sizes = splits(labels, None, 0)[0], [60, 200, 700]
    ours = heads.score(features, labels, [part], sizes, penalty)
    # Of two classes scikit-learn penalises one logit, and a softmax two of half the size.
    model = LogisticRegression(C=penalty * (2 if classes == 2 else 1), max_iter=2000, tol=1e-7)
    for row, size in enumerate(sizes):
        seen, held = part.order[:size], part.validation
        with threadpool_limits(1):
            model.fit(features[seen].astype(float), labels[seen])
        for chosen, loss, error in (
            (held, ours.validation_log_loss, ours.validation_error),
            (seen, ours.train_log_loss, ours.train_error),
        ):
            expected = log_loss(labels[chosen], model.predict_proba(features[chosen]))
            assert loss[row, 0] == pytest.approx(expected, abs=within)
            assert error[row, 0] == pytest.approx(1 - model.score(features[chosen], labels[chosen]), abs=0.017)


def test_more_features_than_items_is_the_same_model():
    features, labels = classes_apart(80, 40, 3, seed=2)
    parts = splits(labels, None, 0)
    padded = np.hstack([features, np.zeros((80, 100), dtype=np.float32)])  # found through the items' products
    plain, wide = (heads.score(table, labels, parts, [30, 60], 0.1) for table in (features, padded))
    assert plain.validation_log_loss == pytest.approx(wide.validation_log_loss, abs=0.003)


def test_each_size_is_as_if_it_were_alone():
    features, labels = classes_apart(500, 20, 4, seed=3)
    parts = splits(labels, None, 0)[:1]
    together = heads.score(features, labels, parts, [40, 120, 400], 0.1)
    alone = [heads.score(features, labels, parts, [size], 0.1).validation_log_loss[0, 0] for size in (40, 120, 400)]
    assert together.validation_log_loss[:, 0] == pytest.approx(alone, abs=0.003)


def test_the_penalty_is_strong_for_noise_and_weak_for_signal():
    random = np.random.default_rng(4)
    noise = random.standard_normal((300, 50)).astype(np.float32)
    signal, labels = classes_apart(300, 50, 2, seed=5)
    signal = 3 * signal
    parts = splits(labels, None, 0)
    weak, strong = (heads.score(table, labels, parts, [60, 240]).penalty for table in (signal, noise))
    assert max(strong) <= 1 / 50 < min(weak)


def test_labels_of_the_validation_fold_are_never_looked_at():
    features, labels = classes_apart(400, 10, 3, seed=6)
    part = splits(labels, None, 0)[0]
    turned = labels.copy()
    turned[part.validation] = (turned[part.validation] + 1) % 3
    one, other = (heads.score(features, answers, [part], [100, 300]) for answers in (labels, turned))
    assert (one.predicted == other.predicted).all()
    assert (one.train_log_loss == other.train_log_loss).all()
    assert one.validation_error[-1] < 0.3 < other.validation_error[-1]


def test_a_class_not_seen_yet_is_no_trouble():
    features, labels = classes_apart(200, 5, 4, seed=7)
    order = np.argsort(labels, kind="stable")
    part = split(labels, None, order[:150], order[150:], np.random.default_rng(0))
    part.order[:] = order[:150]  # the first sizes lack classes
    scores = heads.score(features, labels, [part], [20, 60, 150], 1.0)
    assert np.isfinite(scores.validation_log_loss).all()


def test_threads_elsewhere_keep_their_number():
    import torch

    before = torch.get_num_threads()
    features, labels = classes_apart(100, 5, 2, seed=8)
    heads.score(features, labels, splits(labels, None, 0), [20, 80], 1.0)
    elsewhere: list[int] = []
    other = threading.Thread(target=lambda: elsewhere.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert (torch.get_num_threads(), elsewhere) == (before, [before])
