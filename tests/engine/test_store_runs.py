"""Runs are kept, once, and models on the same items can be paired from them."""

import numpy as np
import polars as pl
import pytest

from engine.audit.audit import audit_selection
from engine.audit.tables import from_frame
from engine.curves.curve import learning_curve
from engine.curves.data import labelled
from engine.curves.paired import compare
from engine.store import runs


@pytest.fixture(scope="module")
def curve():
    random = np.random.default_rng(0)
    answers = random.integers(0, 2, 61)
    features = random.standard_normal((61, 3)) + answers[:, None]
    return learning_curve(
        labelled(features.astype(np.float32), [str(row) for row in range(61)], list(map(str, answers)))
    )


def test_a_run_comes_back_as_it_was(home, curve):
    runs.save_curve("set.csv", curve, "starter", 1.5)
    (kept,) = runs.list_runs()
    assert (kept.kind, kept.data_name, kept.items, kept.seconds) == ("curve", "set.csv", 61, 1.5)
    assert kept.figures == curve.as_dict()
    assert kept.settings == {"human": None, "rounds": 3}  # no model looked at these features
    assert (runs.wrong_of(kept) == ~curve.correct).all()
    assert compare(runs.wrong_of(kept), ~curve.correct).p == 1


def test_the_same_run_is_kept_once_and_another_judgement_beside_it(home, curve):
    runs.save_curve("set.csv", curve, "starter", 1.5)
    runs.save_curve("set.csv", curve, "starter", 2.5)
    runs.save_curve("set.csv", curve.with_human((3, 100)), "starter", 1.5)
    assert [kept.settings["human"] for kept in runs.list_runs()] == [[3, 100], None]


def test_an_audit_that_tested_something_is_kept_and_a_run_can_be_forgotten(home):
    sample = from_frame(pl.DataFrame({"region": ["north", "south"] * 200}), "a.csv")
    runs.save_audit(sample, audit_selection(sample), {}, 0.1)
    assert runs.list_runs() == []  # nothing outside it was given
    margins = {"region": {"north": 0.5, "south": 0.5}}
    runs.save_audit(sample, audit_selection(sample, margins=margins), {}, 0.1)
    (kept,) = runs.list_runs()
    assert (kept.kind, kept.data_name, kept.items) == ("audit", "a.csv", 400)
    assert runs.wrong_of(kept) is None
    runs.delete_run(kept.id)
    runs.delete_run(kept.id)
    assert runs.list_runs() == []
