"""The queue gives each listing to one person, the most worthwhile first, and every decision stays on record."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import settings
from engine.errors import InputError
from engine.listings.route import Dial
from engine.store import queue, verdicts
from tests.engine.kept import save, save_waiting

pytestmark = pytest.mark.usefixtures("fresh_database")

ROOT = Path(__file__).resolve().parents[2]
REVIEW = """
import sys
from engine.store import queue
input()
while kept := queue.claim(sys.argv[1]):
    queue.settle(kept.id, sys.argv[1], "mug")
    print(kept.id)
"""


def claimed(person: str) -> str | None:
    kept = queue.claim(person)
    return kept and kept.id


def decide_next(person: str, label: str | None = "mug") -> str:
    key = claimed(person)
    assert key is not None
    queue.settle(key, person, label)
    return key


def test_the_largest_gain_comes_first_and_of_equals_the_oldest():
    by_gain = {save_waiting(str(number), sure): (sure, number) for number, sure in enumerate((0.5, 0.1, 0.9, 0.1))}
    seen = [by_gain[decide_next("Ana")] for _ in by_gain]
    assert seen == [(0.1, 1), (0.1, 3), (0.5, 0), (0.9, 2)]
    assert queue.claim("Ana") is None


def test_audits_come_before_the_largest_gain():
    save_waiting("doubtful", sure=0.1)
    audited = save("sure", options={"dial": Dial(audit=1.0)}, decision="accept", sure=0.99)
    assert claimed("Ana") == audited


def test_a_claim_is_the_persons_own_until_it_ends(monkeypatch):
    first, second = (save_waiting(name) for name in "ab")
    assert [claimed("Ana"), claimed(" Ana "), claimed("Ben"), claimed("Cid")] == [first, first, second, None]
    assert [queue.waiting(), queue.waiting("Ana"), queue.waiting("Cid")] == [2, 1, 0]
    monkeypatch.setattr(settings, "CLAIM_MINUTES", 0)
    assert claimed("Cid") == first
    assert queue.waiting("Ben") == 2


def test_four_people_at_once_never_get_the_same_listing_and_none_is_lost():
    keys = {save_waiting(f"{number}", number / 400) for number in range(200)}
    people = ["Ana", "Ben", "Cid", "Dea"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen([sys.executable, "-c", REVIEW, person], **pipes) for person in people]  # type: ignore[call-overload]
    for process in processes:  # each has loaded its code when it reads its line: they start together
        process.stdin.write("\n")
        process.stdin.flush()
    seen = [process.communicate()[0].split() for process in processes]
    assert Counter(key for own in seen for key in own) == Counter(keys)
    assert all(seen)
    assert queue.waiting() == 0
    assert Counter(line.person for line in queue.decisions(500)) == {
        person: len(own) for person, own in zip(people, seen, strict=True)
    }


def test_threads_of_one_server_never_get_the_same_listing():
    keys = {save_waiting(f"{number}") for number in range(60)}

    def review(person: str) -> list[str]:
        seen = []
        while key := claimed(person):
            queue.settle(key, person, "mug")
            seen.append(key)
        return seen

    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(review, [f"person {number}" for number in range(6)]))
    assert Counter(key for own in seen for key in own) == Counter(keys)


def test_what_a_person_skips_comes_last_for_them_alone():
    keys = [save_waiting(str(number), number / 10) for number in range(3)]
    for key in keys[:2]:
        assert claimed("Ana") == key
        queue.skip(key, "Ana")
    assert claimed("Ben") == keys[0]
    assert decide_next("Ana") == keys[2]
    assert claimed("Ana") == keys[1]
    queue.skip(keys[1], "Ana")
    queue.settle(keys[0], "Ben", "mug")
    assert claimed("Ana") == keys[1]  # there is no other


def test_undo_takes_back_the_newest_and_brings_its_listing_again():
    first, second = (save_waiting(str(number), number / 10) for number in range(2))
    assert [decide_next("Ana"), decide_next("Ana", None)] == [first, second]
    assert queue.waiting() == 0
    assert queue.undo("Ana") == second
    assert (queue.waiting(), claimed("Ben"), claimed("Ana")) == (1, None, second)
    assert queue.undo("Ana") == first
    assert claimed("Ana") == first
    assert queue.undo("Ana") is None
    assert verdicts.verdict(first).decision is None
    queue.skip(first, "Ana")
    assert claimed("Ana") == second
    assert queue.undo("Ana") == first
    assert claimed("Ana") == first  # a skip that was taken back does not put it last


def test_undo_leaves_alone_what_somebody_else_decided_or_holds():
    key = save_waiting()
    assert decide_next("Ana", "mug") == key
    queue.settle(key, "Ben", "tire")
    assert queue.undo("Ana") == key
    assert verdicts.verdict(key).decision.label == "tire"
    assert (queue.waiting(), queue.claim("Ana")) == (0, None)
    assert queue.undo("Ben") == key
    assert claimed("Ben") == key  # now nobody's decision stands: it waits again
    queue.skip(key, "Ben")
    assert claimed("Cid") == key
    assert queue.undo("Ben") == key
    assert (claimed("Ben"), claimed("Cid")) == (None, key)


def test_a_verdict_decided_again_keeps_both_and_the_newest_counts():
    key = save()  # accepted: it never waited
    for person, label in (("Ana", "mug"), ("Ben", None), ("Ana", "tire")):
        queue.settle(key, person, label)
    assert verdicts.verdict(key).decision.label == "tire"
    assert queue.undo("Ana") == key
    assert (verdicts.verdict(key).decision.person, verdicts.verdict(key).decision.label) == ("Ben", None)
    assert queue.waiting() == 0
    assert queue.undo("Ana") == key
    assert [(line.label, line.undone_at is None) for line in queue.decisions()] == [
        ("tire", False),
        (None, True),
        ("mug", False),
    ]


def test_the_log_says_who_when_what_and_what_the_engine_said():
    key = save_waiting("bike-17")
    assert claimed("Ana") == key
    queue.settle(key, "Ana", "mug")
    queue.settle(key, "Ben", None, seen=False)
    ben, ana = queue.decisions()
    assert (ana.person, ana.verdict_id, ana.listing, ana.label, ana.skipped) == ("Ana", key, "bike-17", "mug", False)
    said = {"decision": "review", "label": "bicycle", "confidence": ana.said["confidence"], "sure": 0.5}
    assert ana.said == said
    assert (ana.model, ana.terms, ana.undone_at) == ("test@0", "default", None)
    assert 0 <= ana.seconds < 60
    assert datetime.now(UTC) - ana.decided_at < timedelta(minutes=1)
    assert (ana.seen, ben.seen, ben.seconds) == (True, False, None)
    assert [line.id for line in queue.decisions(limit=1, offset=1)] == [ana.id]


def test_the_day_counts_listings_that_stand_decided():
    keys = [save_waiting(str(number)) for number in range(3)]
    assert queue.decided_today() == 0
    queue.settle(keys[0], "Ana", "mug")
    queue.settle(keys[0], "Ana", "tire")
    queue.settle(keys[1], "Ben", "mug")
    queue.skip(keys[2], "Ana")
    assert [queue.decided_today(), queue.decided_today("Ana "), queue.decided_today("Cid")] == [2, 1, 0]
    queue.undo("Ben")
    assert queue.decided_today() == 1


@pytest.mark.parametrize("use", [queue.claim, queue.undo, queue.waiting, queue.decided_today])
def test_what_cannot_name_a_person_is_refused(use):
    with pytest.raises(InputError, match="cannot name a person"):
        use("two\nlines")


def test_a_decision_takes_a_verdict_a_person_and_a_class():
    key = save_waiting()
    for verdict_id, person, label in (
        ("x", "Ana", "mug"),
        (key, " ", "mug"),
        (key, "Ana", ""),
        (key, "Ana", "x" * 401),
    ):
        with pytest.raises(InputError):
            queue.settle(verdict_id, person, label)
    with pytest.raises(InputError, match="no verdict"):
        queue.skip("x", "Ana")
    assert queue.decisions() == []
