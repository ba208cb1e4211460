"""Folds and nested training sets: what must hold for any labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.curves.subsets import FOLDS, INNER_FOLDS, splits, stratified_order, training_sizes
from engine.errors import InputError


def labels_of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def test_sizes_grow_in_equal_ratios_to_the_largest():
    assert training_sizes(16_000, 20) == [500, 735, 1080, 1587, 2333, 3429, 5040, 7407, 10886, 16000]
    assert training_sizes(16, 2) == [4, 6, 8, 11, 16]
    assert training_sizes(400, 100) == [100, 141, 200, 283, 400]


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(5, 40), min_size=2, max_size=5), st.integers(0, 99))
def test_folds_share_nothing_and_cover_everything(counts, seed):
    labels = labels_of(counts)
    parts = splits(labels, None, seed)
    assert sorted(np.concatenate([part.validation for part in parts])) == list(range(len(labels)))
    for part in parts:
        assert sorted([*part.order, *part.validation]) == list(range(len(labels)))
        held = np.bincount(labels[part.validation], minlength=len(counts))
        assert (np.abs(held - np.array(counts) / FOLDS) < 1).all()


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(5, 40), min_size=2, max_size=5), st.integers(0, 99))
def test_every_beginning_holds_each_class_in_proportion(counts, seed):
    labels = labels_of(counts)
    order = stratified_order(labels, None, np.random.default_rng(seed))
    shares = np.array(counts) / len(labels)
    for size in range(1, len(labels) + 1):
        beginning = np.bincount(labels[order[:size]], minlength=len(counts))
        assert (np.abs(beginning - size * shares) <= len(counts)).all()


def test_the_first_items_of_even_classes_are_one_of_each():
    order = stratified_order(labels_of([50] * 10), None, np.random.default_rng(0))
    assert sorted(order[:10] // 50) == list(range(10))


def test_inner_folds_hold_every_class_where_classes_alternate():
    labels = labels_of([40] * INNER_FOLDS)
    part = splits(labels, None, 0)[0]
    for fold in range(INNER_FOLDS):
        held = np.bincount(labels[part.order][part.inner == fold], minlength=INNER_FOLDS)
        assert held.tolist() == [8] * INNER_FOLDS


def test_groups_stay_together():
    random = np.random.default_rng(0)
    groups = random.integers(0, 60, 400)
    labels = groups % 3
    for part in splits(labels, groups, 0):
        assert not set(groups[part.order]) & set(groups[part.validation])
        for group in set(groups[part.order]):
            places = np.flatnonzero(groups[part.order] == group)
            assert places[-1] - places[0] == len(places) - 1
            assert len(set(part.inner[places])) == 1


def test_four_groups_are_too_few():
    with pytest.raises(InputError, match="4 groups, and 5 are the least"):
        splits(labels_of([20, 20]), np.arange(40) % 4, 0)


def test_rounds_differ_and_seeds_repeat():
    labels = labels_of([30, 30])
    parts = splits(labels, None, 3, rounds=2)
    assert len(parts) == 2 * FOLDS
    assert set(parts[0].validation) != set(parts[FOLDS].validation)
    again = splits(labels, None, 3, rounds=2)
    assert all((one.order == other.order).all() for one, other in zip(parts, again, strict=True))
