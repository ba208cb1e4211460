"""People's accuracy and agreement: published examples, another library, and what must hold for any answers."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from engine.curves.agreement import agreement
from engine.curves.data import load
from engine.curves.people import answers_needed, assess, judge, pooled_error, questions

# Four observers, twelve units (Krippendorff 2011, Computing Krippendorff's alpha-reliability, section C).
OBSERVERS = {"A": "123321412", "B": "123322412" + "5 3", "C": " 33323422" + "51", "D": "123324412" + "51"}
# How many of 14 people gave each of 10 items each of 5 classes (Fleiss's kappa 0.210 in the usual worked example).
FLEISS = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip
TRUTH = {str(item): label for item, label in enumerate("aaaaaaaaaabbbbbbbbbb")}
ANSWERS = st.lists(
    st.tuples(st.sampled_from(["Ana", "Ben", "Cleo"]), st.sampled_from(sorted(TRUTH)), st.sampled_from("abc")),
    max_size=60,
)


def said(people: dict[str, str]) -> list[tuple[str, str, str]]:
    """The answers of people to items 0, 1, ...; a blank is none."""
    return [(name, str(item), label) for name, row in people.items() for item, label in enumerate(row) if label != " "]


def measure(name: str, people: dict[str, str]):
    return next(found for found in agreement(said(people), "photos") if found.measure == name)


def test_alpha_is_krippendorffs_own():
    found = measure("Krippendorff's alpha", OBSERVERS)
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.items == 11
    low, high = found.interval
    assert low < found.value < high <= 1
    assert "on 11 photos that two people or more answered" in found.sentence


def test_fleiss_kappa_of_the_worked_example():
    people = {f"{at:02}": "".join(("abcde"[_class(counts, at)]) for counts in FLEISS) for at in range(14)}
    found = measure("Fleiss' kappa", people)
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert "all 14 people" in found.sentence


def _class(counts: tuple[int, ...], person: int) -> int:
    return next(at for at in range(5) if person < sum(counts[: at + 1]))


def test_someone_with_few_answers_does_not_shrink_what_fleiss_is_measured_on():
    people = {"Ana": "aabbabab" * 3, "Ben": "aabbabba" * 3, "Cleo": "aabbaabb" * 3, "Dan": "ab"}
    found = measure("Fleiss' kappa", people)
    assert (found.items, "the 3 busiest people all answered" in found.sentence) == (24, True)
    alone = measure("Fleiss' kappa", {"Ana": "aabbabab" * 3, "Ben": "aab", "Cleo": "ba"})
    assert alone.items == 3


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40))
def test_kappa_of_two_people_is_cohens(pairs):
    one, other = ("".join(labels) for labels in zip(*pairs, strict=True))
    found = measure("Cohen's kappa", {"Ana": one, "Ben": other})
    if len({*one, *other}) == 1:
        assert found.value is None
        assert "all answers are one class" in found.sentence
    else:
        assert found.value == pytest.approx(cohen_kappa_score(list(one), list(other)))
        assert found.interval is None or found.interval[0] <= found.interval[1]


def test_the_interval_of_agreement_covers_what_more_items_would_show():
    people = {"Ana": "aabbccab" * 20, "Ben": "aabbcbab" * 20}
    table = [[60, 0, 0], [0, 60, 0], [0, 20, 20]]
    found = measure("Cohen's kappa", people)
    low, high = found.interval
    assert low < found.value < high
    assert high - low == pytest.approx(2 * 1.96 * cohens_kappa(table).std_kappa, rel=0.1)  # the asymptotic error
    assert agreement(said(people), "photos") == agreement(said(people), "photos")


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ({}, "needs the answers of a second person"),
        ({"Ana": "abab"}, "needs the answers of a second person"),
        ({"Ana": "ab", "Ben": "  ab"}, "no photos that both people answered"),
        ({"Ana": "aaaa", "Ben": "aaaa"}, "all answers are one class"),
        ({"Ana": "ab", "Ben": "  ab", "Cleo": "    ab"}, "no photos that all 3 people"),
    ],
)
def test_agreement_that_cannot_be_told_is_said_to_be_so(people, words):
    found = agreement(said(people), "photos")
    assert [one.value for one in found] == [None] * len(found)
    assert words in " ".join(one.sentence for one in found)


def test_full_agreement_is_not_said_to_be_certain():
    (alpha, _) = agreement(said({"Ana": "ab" * 20, "Ben": "ab" * 20}), "photos")
    assert (alpha.value, alpha.interval) == (1, None)
    assert "up to 9 % might on others" in alpha.sentence


def test_people_are_judged_by_the_labels():
    study = assess(said({"Ana": "a" * 10 + "b" * 10, "Ben": "aaaabbbb  bbbbbbbbb"}), TRUTH, "photos")
    ana, ben = study.people
    assert (ana.errors, ana.items, ana.accuracy) == (0, 20, 1)
    assert ana.interval == pytest.approx((0.8389, 1), abs=1e-4)  # Wilson, of 20 of 20
    assert (ben.errors, ben.items) == (4, 17)
    assert study.pooled == (2, 20)  # four items that one of two got wrong
    (confusion,) = study.confusions
    assert (confusion.true, confusion.said, confusion.count) == ("a", "b", 4)
    assert confusion.share == pytest.approx(4 / 18)
    words = " ".join(study.sentences)
    assert "Ben agrees with the labels on 13 of 17 photos: 76.5 % (52.7 to 90.4)." in words
    assert "Together people err on 10.0 % of 20 photos (2.8 to 30.1)" in words
    assert "Most often confused: a, said to be b (4 times, 22 % of the answers to a)." in words
    assert "people can agree and be wrong" in words


def test_without_labels_people_are_judged_by_the_others():
    answers = said({"Ana": "aabb a", "Ben": "aaba  ", "Cleo": "aba   "})
    truths = {(person, item): truth for person, item, _, truth in judge(answers, None)}
    assert truths["Cleo", "1"] == "a"
    assert truths["Ana", "1"] is None  # Ben and Cleo differ
    assert truths["Ana", "3"] == "a"  # Ben alone
    assert truths["Ana", "5"] is None  # nobody else
    ana = assess(answers, None, "photos").people[0]
    assert (ana.errors, ana.items, ana.left_out) == (1, 2, 3)
    told = assess(said({"Ana": "ab"}), None, "photos")
    assert (told.pooled, told.needed) == (None, {})
    assert "no answer can be judged" in told.sentences[-1]


def test_answers_needed_are_those_of_the_formula():
    assert answers_needed(0.5, 0.05) == 385  # the textbook's poll
    assert answers_needed(0.1, 0.01) == 3458
    study = assess(said({"Ana": "a" * 10 + "b" * 10}), TRUTH, "photos")
    five, two, one = study.needed.values()
    assert 0 < five < two < one
    assert f"± 5 points takes about {five} more photos" in " ".join(study.sentences)


@settings(deadline=None)
@given(ANSWERS)
def test_any_answers_make_a_study(answers):
    for known in (TRUTH, None):
        study = assess(answers, known, "photos")
        latest = {answer[:2] for answer in answers}
        assert sum(person.items + person.left_out for person in study.people) == len(latest)
        assert sum(found.count for found in study.confusions) == sum(person.errors for person in study.people)
        pooled = pooled_error(answers, known)
        assert study.pooled == pooled
        assert pooled is None or 0 <= pooled[0] <= pooled[1] <= len({item for _, item in latest})
        assert all(found.sentence.endswith(".") for found in study.agreement)


@settings(deadline=None)
@given(ANSWERS, st.randoms(use_true_random=False))
def test_who_answers_first_does_not_matter(answers, random):
    once = list({answer[:2]: answer for answer in answers}.values())
    shuffled = once.copy()
    random.shuffle(shuffled)
    one, other = (assess(answers, TRUTH, "photos") for answers in (once, shuffled))
    assert (one.people, one.confusions, one.agreement) == (other.people, other.confusions, other.agreement)
    assert one.pooled == pytest.approx(other.pooled)


def test_everybody_is_asked_the_same_and_early_answers_hold_every_class():
    digits = load("digits")
    asked = questions(digits)
    assert asked == dict(zip(digits.keys, (digits.classes[label] for label in digits.labels), strict=True))
    assert list(asked) == list(questions(load("digits")))
    for number in (30, 100, 1000):
        counts = Counter(list(asked.values())[:number])
        assert len(counts) == 10
        assert max(counts.values()) - min(counts.values()) <= 1 + number // 100


def test_a_picture_with_two_labels_is_not_asked():
    digits = load("digits")
    keys = digits.keys.copy()
    other = next(item for item in range(1, 99) if digits.labels[item] != digits.labels[0])
    keys[other] = keys[0]
    assert keys[0] not in questions(replace(digits, keys=keys))
    assert len(questions(replace(digits, keys=keys))) == len(keys) - 2
