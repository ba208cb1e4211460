"""Policies: read, written, and what a part says for its whole."""

import numpy as np
import pytest

from dashboard.panels.classify.policy import frame, written
from engine.errors import InputError
from engine.listings.policy import Policy, Rule
from engine.listings.vote import softmax
from engine.models.checkpoint import read_card
from engine.models.registry import find
from tests.exports import workbook

CLASSES = ("banjo", "bicycle", "car", "tire")
PARTS = Policy.read(b'class,policy,part_of\ntire,part_of,"bicycle, car"\nbanjo,review,\n', CLASSES)


def test_a_policy_is_read_as_it_was_written():
    assert written(frame(Policy.read(written(frame(PARTS)), CLASSES))) == written(frame(PARTS))
    assert written(frame(PARTS)).splitlines()[-1] == b'tire,part_of,"bicycle, car",,'
    assert PARTS.of("tire").wholes == ("bicycle", "car")
    assert PARTS.of("car").action == "accept"


def test_a_policy_is_read_from_a_workbook_with_classes_as_people_write_them():
    book = workbook({"Policy": [["Our policy"], ["Class", "Policy", "Part of"], ["T-Shirt", "Review", None]]})
    assert Policy.read(book, ["t_shirt"]).of("t_shirt").action == "review"


def test_the_starter_knows_the_parts_among_its_classes():
    classes = read_card(find("starter")).classes
    policy = Policy.default(classes)
    parts = {label: policy.of(label).wholes for label in classes if policy.of(label).action == "part_of"}
    assert parts["tire"] == ("bicycle", "car", "go_kart", "motorcycle", "tractor")
    assert len(parts) == 4
    assert Policy.default(["tire", "sofa"]).rules == {}
    assert written(frame(Policy.read(written(frame(policy)), classes))) == written(frame(policy))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("bycicle,ask,", "row 2: there is no class 'bycicle': did you mean bicycle"),
        ("xyz,ask,", "use one of the model's class names"),
        (",ask,", "there is no class ''"),
        ("car,maybe,", "there is no policy 'maybe': use accept, review, ask, part_of"),
        ("tire,part_of,", "tire is part_of with nothing"),
        ("tire,ask,car", "tire is ask with car"),
        ("tire,part_of,tire", "name other classes"),
        ("tire,part_of,lorry", "there is no class 'lorry'"),
        ("car,ask,\ncar,review,", "row 3: car has a policy already"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(rows: str, words: str):
    with pytest.raises(InputError, match=words):
        Policy.read(f"class,policy,part_of\n{rows}\n".encode(), CLASSES)


def test_a_table_without_the_columns_is_refused():
    with pytest.raises(InputError, match=r"policy\.csv lacks one of the columns class, policy"):
        Policy.read(b"a,b\n1,2\n", CLASSES, "policy.csv")


def test_a_part_supports_the_whole_that_another_photo_votes_for():
    evidence = np.log([[0.02, 0.9, 0.03, 0.05], [0.01, 0.02, 0.01, 0.96], [0.01, 0.02, 0.01, 0.96]])
    moved, sentences = PARTS.support(evidence, [1, 3, 3], ["front.jpg", "wheel.jpg", "rim.jpg"])
    assert CLASSES[evidence.sum(0).argmax()] == "tire"
    assert CLASSES[moved.sum(0).argmax()] == "bicycle"
    # The mixture: three photos in four show the whole, one a part.
    assert softmax(moved[1])[1] / softmax(moved[1])[3] == pytest.approx((0.75 * 0.02 + 0.25 * 0.96) / 0.96)
    changed = moved != evidence
    assert changed.tolist() == [[False] * 4, [False, True, False, False], [False, True, False, False]]
    assert sentences[0] == "the tire in wheel.jpg may be a part of the bicycle in front.jpg: it counts for both"


@pytest.mark.parametrize("best", [[3, 3, 3], [0, 3, 3], [1, 1, 2]])
def test_without_a_part_and_its_whole_nothing_moves(best: list[int]):
    evidence = np.log(np.random.default_rng(0).dirichlet(np.ones(4), 3))
    moved, sentences = PARTS.support(evidence, best, ["a", "b", "c"])
    assert np.array_equal(moved, evidence)
    assert sentences == []


def test_support_never_lowers_evidence():
    random = np.random.default_rng(1)
    for _ in range(200):
        evidence = np.log(random.dirichlet(np.full(4, 0.3), 4) + 1e-9)
        moved, _ = PARTS.support(evidence, evidence.argmax(1).tolist(), list("abcd"))
        assert (moved >= evidence).all()


def test_review_and_ask_are_said():
    policy = Policy.read(b"class,policy\nbanjo,review\ntire,ask\n", CLASSES)
    assert policy.rule_on("banjo", ["banjo"])[0] == ["by policy a person looks at every banjo"]
    reasons, ask = policy.rule_on("bicycle", ["bicycle", "tire"])
    assert ask == "tire"
    assert reasons == ["by policy the sender is asked for a separate photo of the tire"]
    assert policy.rule_on("car", ["car"]) == ([], None)


def test_a_policy_holds_for_a_model_of_other_classes():
    fewer = PARTS.within(["bicycle", "sofa", "tire"])
    assert fewer.classes == ("bicycle", "sofa", "tire")
    assert fewer.rules == {"tire": Rule("part_of", ("bicycle",))}
    assert PARTS.within(["tire", "sofa"]).rules == {}
