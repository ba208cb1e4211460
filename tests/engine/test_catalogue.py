"""What people call the classes, and which of them are one, in verdicts and in what reviews teach."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.panels.classify.policy import frame, written
from engine.errors import InputError
from engine.listings.lessons import Reviewed
from engine.listings.policy import Policy
from engine.listings.price import Prices
from engine.listings.prior import mixed
from tests.engine.looks import Judge, decided, look

CLASSES = Judge().classes  # bicycle, mug, tire
WHEELS = Policy.read(b"class,policy,name,synonyms\nbicycle,,wheels,\ntire,,Wheels,\nmug,,cup,beaker; Humpen\n", CLASSES)


def test_classes_of_one_name_are_one_and_keep_their_probability():
    photo = look("a", bicycle=0.4, tire=0.25, mug=0.35)
    apart, together = decided(photo), decided(photo, policy=WHEELS)
    assert apart.label == "bicycle"
    assert together.scores == pytest.approx({"wheels": 0.65, "cup": 0.35})
    assert together.confidence == pytest.approx(0.65)
    assert together.votes == {"wheels": 1}
    assert together.photos[0].label == "wheels"


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.integers(1, 4))
def test_evidence_still_adds_up_under_names(weights: list[float], photos: int):
    given_looks = [look(f"photo {number}", **dict(zip(CLASSES, weights, strict=True))) for number in range(photos)]
    verdict = decided(*given_looks, policy=WHEELS, prior=mixed(np.array([0.5, 0.2, 0.3])), description="a beaker")
    parts = [*verdict.evidence["photos"].values(), verdict.evidence["prior"], verdict.evidence["text"]]
    logs = {name: sum(part[name] for part in parts) for name in verdict.scores}
    total = sum(math.exp(value - max(logs.values())) for value in logs.values())
    for name, score in verdict.scores.items():
        assert score == pytest.approx(math.exp(logs[name] - max(logs.values())) / total, abs=1e-4)


def test_a_description_knows_names_synonyms_and_the_old_words():
    photo = look("a", bicycle=0.5, mug=0.5)
    for words in ("a cup", "HUMPEN aus Ton", "my beaker", "a mug"):
        verdict = decided(photo, description=words, policy=WHEELS)
        assert verdict.label == "cup"
        assert verdict.notes[0].startswith("the text names cup")
    assert decided(photo, description="car wheels", policy=WHEELS).label == "wheels"
    assert "names" not in " ".join(decided(photo, description="Humpen").notes)


def test_a_text_that_names_two_classes_of_one_name_speaks_for_it_once():
    photo = look("a", bicycle=0.4, tire=0.4, mug=0.2)
    both = decided(photo, description="a bicycle and a tire", policy=WHEELS)
    one = decided(photo, description="a bicycle", policy=WHEELS)
    assert both.scores == pytest.approx(one.scores)
    assert both.notes == ["the text names wheels (“bicycle”)"]


def test_prices_and_parts_follow_the_names():
    sold = Prices.read(
        b"label,price,currency\n" + b"".join(b"tire,%d,EUR\nbicycle,%d,EUR\n" % (n, n) for n in range(10, 20))
    )
    verdict = decided(look("a", tire=1), policy=WHEELS, prices=sold)
    assert verdict.price is not None
    assert verdict.price["n"] == 20
    parts = Policy.read(b"class,policy,part_of,name\ntire,part_of,bicycle,tyre\nbicycle,,,bike\n", CLASSES)
    verdict = decided(look("a", bicycle=0.9, mug=0.1), look("b", tire=0.6, mug=0.4), policy=parts)
    assert verdict.label == "bike"
    assert "the tyre in 2.jpg may be a part of the bike in 1.jpg" in verdict.notes[0]


def test_a_catalogue_is_written_as_it_was_read():
    assert written(frame(Policy.read(written(frame(WHEELS)), CLASSES))) == written(frame(WHEELS))
    assert WHEELS.names == ("wheels", "cup")
    assert WHEELS.within(["mug", "sofa"]).names == ("cup", "sofa")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("mug,,,bicycle\nbicycle,,,bike", "mug is called bicycle, and the class bicycle is called bike"),
        ("mug,,,x\nbicycle,,,x\ntire,,,x", "all classes are called the same"),
        ("mug,review,,x\nbicycle,,,x", "the classes called x have different policies"),
        ("tire,part_of,bicycle,bicycle\nbicycle,part_of,mug,", "have different policies"),
    ],
)
def test_names_that_would_mislead_are_refused(rows: str, words: str):
    with pytest.raises(InputError, match=words):
        Policy.read(f"class,policy,part_of,name\n{rows}\n".encode(), CLASSES)


def test_to_call_a_class_as_another_makes_them_one():
    policy = Policy.read(b"class,policy,name\nTire,,Bicycle\n", CLASSES)
    assert policy.names == ("bicycle", "mug")
    assert policy.members("bicycle") == ["bicycle", "tire"]


def test_what_people_say_under_names_teaches_the_classes():
    said = Reviewed("1", [look("a", bicycle=0.2, tire=0.7, mug=0.1)], "", "pooled", "wheels")
    assert said.of_class(WHEELS).label == "tire"  # the one of both that its photo shows
    assert replace(said, label="cup").of_class(WHEELS).label == "mug"
    assert replace(said, label="mug").of_class(WHEELS).label == "mug"  # said before it was called so
    assert replace(said, label="sofa").of_class(WHEELS) is None
    assert replace(said, label=None).of_class(WHEELS).label is None
