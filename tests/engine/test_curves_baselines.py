"""Baselines: the simple models against scikit-learn's, the comparison, and what it says in words."""

from dataclasses import replace

import numpy as np
import pytest

from engine.curves import levels
from engine.curves.baselines import Baseline, baselines, beats, standardised, with_people
from engine.curves.curve import learning_curve
from engine.curves.data import Labelled, labelled, load
from engine.curves.simple import NEIGHBOURS, best_column, k_nearest, nearest_mean
from engine.curves.subsets import splits


def made(features: np.ndarray, labels: np.ndarray, **more) -> Labelled:
    names = [f"row {number}" for number in range(len(labels))]
    answers = [f"class {label}" for label in labels]
    return labelled(features.astype(np.float32), names, answers, unit="rows", **more)


def blobs(items: int, width: int, apart: float, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.arange(items) % classes
    centres = apart * random.standard_normal((classes, width))
    return (centres[labels] + random.standard_normal((items, width))).astype(np.float32), labels


def rows_of(given: Labelled, wrong: np.ndarray, human: tuple[float, int] | None = None) -> dict[str, Baseline]:
    repeats = splits(given.labels, given.groups, 0)
    rows = baselines(given, repeats, wrong)
    return {row.name: row for row in (with_people(rows, given.groups, human) if human else rows)}


def said(rows: dict[str, Baseline]) -> str:
    return "\n".join(levels.tell(list(rows.values())))


def missing(items: int, share: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random(items) < share


@pytest.fixture(scope="module")
def digits() -> Labelled:
    return load("digits")


def test_k_nearest_is_scikit_learns_with_a_good_k(digits):
    from sklearn.neighbors import KNeighborsClassifier

    features, labels = standardised(digits.features), digits.labels
    repeats = splits(labels, None, 0)
    predicted, among = k_nearest(features, labels, None, repeats)
    assert among == 1797
    theirs = np.empty((len(NEIGHBOURS), len(labels)), dtype=int)
    for number, k in enumerate(NEIGHBOURS):
        for part in repeats:
            model = KNeighborsClassifier(k).fit(features[part.order], labels[part.order])
            theirs[number, part.validation] = model.predict(features[part.validation])
    for part in repeats:
        assert (theirs[:, part.validation] == predicted[part.validation]).mean(1).max() > 0.985  # ties differ
    assert (predicted != labels).mean() == pytest.approx((theirs != labels).mean(1).min(), abs=0.003)


def test_k_is_one_where_each_item_has_a_twin_and_large_where_labels_are_noise():
    features, labels = blobs(600, 2, 3, classes=2)
    noisy = np.where(missing(600, 0.3), 1 - labels, labels)
    repeats = splits(noisy, None, 0)
    predicted, _ = k_nearest(features, noisy, None, repeats)
    one_nearest = []
    for part in repeats:
        far = ((features[part.validation, None] - features[part.order]) ** 2).sum(2)
        one_nearest.append((noisy[part.order][far.argmin(1)] != noisy[part.validation]).mean())
    assert (predicted != noisy).mean() < np.mean(one_nearest) - 0.04
    twins = np.repeat(np.random.default_rng(0).standard_normal((150, 3)), 6, axis=0).astype(np.float32)
    answers = np.repeat(np.random.default_rng(1).integers(0, 3, 150), 6)
    assert (k_nearest(twins, answers, None, splits(answers, None, 0))[0] == answers).mean() > 0.99


@pytest.mark.parametrize("model", [k_nearest, best_column, nearest_mean])
def test_labels_of_the_validated_fold_are_never_looked_at(model):
    features, labels = blobs(300, 4, 1)
    repeats = splits(labels, None, 0)
    held = repeats[2].validation
    turned = labels.copy()
    turned[held] = (turned[held] + 1) % 3

    def run(answers: np.ndarray) -> np.ndarray:
        return (
            k_nearest(features, answers, None, repeats)[0] if model is k_nearest else model(features, answers, repeats)
        )

    assert (run(labels)[held] == run(turned)[held]).all()
    assert (run(labels) != labels).mean() < 0.6


def test_many_items_are_sought_among_a_sample(monkeypatch):
    from engine.curves import simple

    monkeypatch.setattr(simple, "_PRODUCTS", 600 * 4 * 200)
    features, labels = blobs(600, 4, 2)
    given = made(features, labels)
    rows = rows_of(given, missing(600, 0.02))
    assert rows["k-NN"].error < 0.2
    assert "k-NN looks for neighbours among 200 of the 600 rows, a sample." in said(rows)


def test_the_best_column_is_chosen_on_the_training_items():
    features, labels = blobs(400, 6, 0, classes=4)
    features[:, 4] += 3 * np.array([2, 0, 3, 1])[labels]
    features[:, 2] += 1.5 * labels
    repeats = splits(labels, None, 0)
    error = (best_column(features, labels, repeats) != labels).mean()
    assert error == (nearest_mean(features[:, [4]], labels, repeats) != labels).mean() < 0.2


def test_nearest_mean_is_scikit_learns_nearest_centroid():
    from sklearn.neighbors import NearestCentroid

    features, labels = blobs(300, 3, 1, classes=5)
    repeats = splits(labels, None, 0)
    found = nearest_mean(features, labels, repeats)
    for part in repeats:
        other = NearestCentroid().fit(features[part.order], labels[part.order]).predict(features[part.validation])
        assert (found[part.validation] == other).all()


def test_guessing_is_known_from_the_shares():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    rows = rows_of(made(blobs(100, 2, 0)[0], labels), missing(100, 0.1))
    assert rows["majority"].error == 0.5
    assert rows["majority"].interval == pytest.approx([0.403832, 0.596168], abs=1e-6)
    assert rows["random by prior"].error == pytest.approx(0.62)


def test_photos_have_a_rule_of_colour_and_models_on_pixels():
    random = np.random.default_rng(0)
    labels = np.arange(240) % 3
    looks = np.clip(0.5 + 0.1 * random.standard_normal((240, 64, 3)), 0, 1)
    looks[labels == 0, :, 0] += 0.3
    half = np.where(labels == 1, 1, -1)[:, None] * np.repeat(
        [1, -1], 32
    )  # of the same mean colour, bright above or below
    looks[labels > 0] += 0.1 * half[labels > 0, :, None]
    given = replace(made(random.standard_normal((240, 5)), labels), looks=looks.reshape(240, 192).astype(np.float32))
    rows = rows_of(given, missing(240, 0.02))
    assert [(row.name, row.level) for row in rows.values()] == [
        ("majority", "no skill"),
        ("random by prior", "no skill"),
        ("rule: mean colour", "rule"),
        ("k-NN", "off the shelf"),
        ("logistic regression on pixels", "off the shelf"),
        ("candidate", "candidate"),
    ]
    assert rows["rule: mean colour"].error == pytest.approx(1 / 3, abs=0.08)
    assert rows["logistic regression on pixels"].error < 0.05
    assert "off the shelf itself" not in said(rows)


def test_a_sentence_a_level_in_order():
    features, labels = blobs(600, 5, 2)
    rows = rows_of(made(features, labels), missing(600, 0.05), human=(3, 1000))
    people, skill, guessing, rule, shelf, itself = said(rows).splitlines()
    assert people.startswith("People are still ")
    assert people.endswith(" points better.")
    assert skill.startswith("From guessing, 0, to people, 1, the model's skill is 0.9")
    assert guessing.startswith("The model beats guessing by 6")
    assert rule.startswith("The model beats the rule (best column) by ")
    assert "k-NN" in shelf
    assert itself == "The model is off the shelf itself: a tuned logistic regression."


def test_skill_is_nought_for_guessing_and_one_for_people():
    features, labels = blobs(1000, 3, 1, classes=2)
    wrong = np.arange(1000) % 10 == 0
    rows = rows_of(made(features, labels), wrong, human=(1000, 10_000))
    assert rows["majority"].skill == (0, (0, 0))
    skill, (low, high) = rows["candidate"].skill
    assert skill == pytest.approx(1)
    assert 0.93 < low < 1 < high < 1.07
    assert rows["people"].skill is None
    assert rows["candidate"].as_dict()["skill"] == 1


def test_people_who_guess_are_no_scale():
    features, labels = blobs(200, 3, 1, classes=2)
    rows = rows_of(made(features, labels), missing(200, 0.1), human=(48, 100))
    assert not any(row.skill for row in rows.values())
    assert "no scale to measure skill on" in said(rows)
    assert "The model beats people by " in said(rows)


def test_an_accuracy_of_the_commonest_class_is_a_trap():
    labels = (np.arange(400) % 20 == 0).astype(int)
    rows = rows_of(made(blobs(400, 3, 0)[0], labels), labels == 1)
    assert rows["candidate"].versus.difference == 0
    assert "The model is no better than guessing" in said(rows)
    assert "misled by an accuracy of 95.0 %" in said(rows)
    assert not beats(list(rows.values()))
    fine = rows_of(made(blobs(400, 3, 0)[0], labels), missing(400, 0.005))
    assert "misled" not in said(fine)


def test_a_model_worse_than_what_is_off_the_shelf_is_not_ideal():
    random = np.random.default_rng(0)
    angle, labels = 2 * np.pi * random.random(300), np.arange(300) % 2
    rings = (1 + 2 * labels)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    found = learning_curve(made(rings + 0.1 * random.standard_normal((300, 2)), labels), rounds=1)
    rows = {row.name: row for row in found.levels}
    assert rows["k-NN"].error < 0.02 < 0.4 < rows["candidate"].error
    assert "The model is worse than k-NN by " in " ".join(found.sentences)
    assert not found.diagnosis.beats_baselines
    assert replace(found.diagnosis, more_data="no", bias="no", variance="no").ideal == "no"
    assert replace(found.diagnosis, more_data="no", bias="no", variance="no", beats_baselines=True).ideal == "yes"
    assert list(found.as_dict()["baselines"]) == [
        "majority",
        "random by prior",
        "rule: best column",
        "k-NN",
        "candidate",
    ]


def test_groups_stay_apart_and_count_as_one():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(60) % 2, 10)
    features = np.repeat(random.standard_normal((60, 3)), 10, axis=0)
    wrong = np.repeat(missing(60, 0.3), 10)
    given = made(features, labels, groups=[str(number // 10) for number in range(600)])
    rows, alone = rows_of(given, wrong), rows_of(replace(given, groups=None), wrong)
    assert alone["k-NN"].error < 0.05 < 0.3 < rows["k-NN"].error  # no copy was among the neighbours
    widths = [found["candidate"].interval[1] - found["candidate"].interval[0] for found in (rows, alone)]
    assert widths[0] > 2.5 * widths[1]
    assert rows["majority"].versus.p > alone["majority"].versus.p


@pytest.mark.parametrize("items", [20, 41])
def test_the_smallest_sets(items):
    features, labels = blobs(items, 2, 5, classes=2)
    features[:, 1] = 7
    rows = rows_of(made(features, labels), missing(items, 0.1), human=(0, 1))
    assert all(0 <= row.interval[0] <= row.error <= row.interval[1] <= 1 for row in rows.values())
    assert "nan" not in said(rows)
