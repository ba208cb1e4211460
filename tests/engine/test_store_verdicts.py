"""Every verdict is kept with all it rests on: found again, decided again, forgotten."""

import random
import sqlite3
from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dashboard.samples import drawn_listing
from engine.errors import InputError, LimitExceeded, StoreError, UnreadablePhoto
from engine.listings.pipeline import decide, look, open_photos
from engine.listings.route import Dial
from engine.listings.verdict import Verdict
from engine.listings.weigh import Look
from engine.photos.quality import Measures
from engine.store import changes, database, queue, verdicts
from engine.store.looks import pack, unpack
from engine.store.terms import terms_in_force
from tests.engine.kept import LOOKS, MODEL, NAMES, said, save, save_waiting

pytestmark = pytest.mark.usefixtures("fresh_database")

MEASURES = st.builds(
    Measures,
    **{item.name: st.floats(0.01, 50) for item in fields(Measures) if item.name != "look"},
    look=arrays(np.uint8, st.tuples(st.integers(4, 64), st.integers(4, 64))),
)
SEEN = st.builds(
    Look,
    MEASURES,
    arrays(np.float64, 3, elements=st.floats(-50, 0)),
    arrays(np.float32, 4, elements=st.floats(-9, 9, width=32)),
    st.none() | st.floats(0, 1),
    st.lists(st.integers(0, 2), min_size=2, max_size=5).map(tuple),
)
UNSEEN = st.builds(
    lambda kind, *words: kind(*words),
    st.sampled_from([InputError, LimitExceeded, UnreadablePhoto]),
    st.text(),
    st.text(),
)


def exact(item: Look | InputError) -> object:
    """All that an item holds, to the last bit."""
    if isinstance(item, InputError):
        return type(item), item.message, item.remedy
    held = [getattr(item, part.name) for part in fields(Look)]
    held += [getattr(item.measures, part.name) for part in fields(Measures)]
    return [(a.dtype.str, a.shape, a.tobytes()) if isinstance(a, np.ndarray) else a for a in held]


@given(st.lists(SEEN | UNSEEN, min_size=1, max_size=4), st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_decided_again_on_what_was_kept_the_verdict_is_the_same(looks, description):
    names = [f"{number}.jpg" for number in range(len(looks))]
    again = unpack(pack(looks))
    assert list(map(exact, again)) == list(map(exact, looks))
    verdict = decide(names, looks, MODEL, description=description)
    assert decide(names, again, MODEL, description=description) == verdict
    assert Verdict.from_dict(verdict.as_dict()) == verdict


def test_a_real_verdict_comes_back_as_it_was(model):
    photos = [*drawn_listing("bicycle"), ("x.jpg", b"hello")]
    looks = look(list(open_photos([data for _, data in photos])), model)
    names = [name for name, _ in photos]
    verdict = decide(names, looks, model, description="old road bike", listing="bike-17")
    jpegs = [data for _, data in photos[:-1]]
    key = verdicts.save_verdict(verdict, looks, [*jpegs, None], description="old road bike", origin="http")
    kept = verdicts.verdict(key)
    assert kept.verdict == verdict
    assert (kept.description, kept.origin, kept.terms, kept.decision) == ("old road bike", "http", "default", None)
    assert verdicts.pictures_of(key) == [*jpegs, None]
    assert decide(names, verdicts.looks_of(key), model, description="old road bike", listing="bike-17") == verdict


@pytest.mark.parametrize("cut", [0, 10, 40, 500, -1])
def test_damaged_looks_are_said_so(cut):
    packed = pack(LOOKS)
    with pytest.raises(StoreError, match="what was looked at cannot be read back"):
        unpack(packed[:cut])
    changed = bytearray(packed)
    changed[cut] ^= 1
    with pytest.raises(StoreError, match="what was looked at cannot be read back"):
        unpack(bytes(changed))


def test_the_same_again_is_kept_once_and_anything_else_beside_it():
    first = save()
    others = [
        save("other"),
        save(description="old"),
        save(rule="majority"),
        save(model="other@1"),
        save(options={"terms": "1a2b"}),
    ]
    assert save() == first
    assert len({first, *others}) == 6
    assert verdicts.search()[1] == 6


def test_photos_without_pictures_are_told_apart_by_what_was_measured():
    keys = {
        verdicts.save_verdict(said(), [look, LOOKS[1]], [None, None])
        for look in (LOOKS[0], replace(LOOKS[0], measures=replace(LOOKS[0].measures, look=np.ones((9, 9), np.uint8))))
    }
    assert len(keys) == 2


def test_what_is_not_accepted_waits_and_what_is_accepted_only_by_the_draw():
    waits = {save(name, decision=name): name for name in ("accept", "review", "unknown")}
    assert {key: verdicts.verdict(key).waits for key in waits} == {
        key: None if name == "accept" else name for key, name in waits.items()
    }
    dial = Dial(audit=0.3)
    keys = [save(f"audit {number}", options={"dial": dial}) for number in range(100)]
    drawn = [verdicts.verdict(key) for key in keys if verdicts.verdict(key).waits]
    assert 0.2 < len(drawn) / 100 < 0.4
    assert {(kept.waits, kept.propensity, kept.verdict.decision) for kept in drawn} == {("audit", 0.3, "accept")}


def test_a_later_verdict_on_a_listing_takes_the_place_of_the_earlier_one_in_the_queue():
    first = save_waiting("bike")
    second = save_waiting("bike 2", replaces=first)
    assert (verdicts.verdict(first).waits, verdicts.verdict(second).waits) == (None, "review")
    assert save_waiting("bike", replaces=second) == first  # back to the first
    assert (verdicts.verdict(first).waits, verdicts.verdict(second).waits) == ("review", None)
    assert save_waiting("bike", replaces=first) == first
    queue.settle(first, "Ana", "mug")
    save_waiting("bike 3", replaces=first)
    assert verdicts.verdict(first).decision.label == "mug"
    assert save_waiting("bike") == first
    assert verdicts.verdict(first).waits is None  # somebody decided: it does not come back


def test_a_listing_waits_once_whatever_the_rule_and_the_terms():
    first = save_waiting("bike")
    assert queue.claim("Ana").id == first
    second = save_waiting("bike", terms="1a2b")
    assert (verdicts.verdict(first).waits, verdicts.verdict(second).waits) == (None, "review")
    queue.settle(first, "Ana", "tire")
    assert queue.waiting() == 0
    assert queue.undo("Ana") == first
    queue.settle(second, "Ana", "mug")
    third = save_waiting("bike", terms="3c4d")
    assert len({first, second, third}) == 3
    assert queue.waiting() == 0  # a person said what it is
    assert queue.undo("Ana") == second
    assert queue.claim("Ana").id == second


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"a", "b", "c"}),
        ("50%", {"a"}),
        ("%", {"a"}),
        ("_", {"b"}),
        ("0% o", {"a"}),
        ("RENNRÄDER", {"c"}),
        ("ß\\", {"c"}),
        ("mug", {"b"}),
        ("nothing", set()),
        ("%" * 100_000, set()),
        ("☕%" * 4_000, set()),
        ("BICYCLE", {"a", "b", "c"}),
    ],
)
def test_a_search_finds_exactly_what_has_the_words(text, found):
    keys = {
        save("50% off"): "a",
        save("snake_case"): "b",
        save("bike", "Große Rennräder, ß\\/"): "c",
    }
    queue.settle(next(key for key, name in keys.items() if name == "b"), "Ana", "Mug")
    rows, count = verdicts.search(text)
    assert {keys[row.id] for row in rows} == found
    assert count == len(found)


def test_a_search_shows_the_newest_first_in_pages_and_by_decision():
    keys = [save(f"{number}", decision=("accept", "review")[number % 2]) for number in range(10)]
    queue.settle(keys[3], "Ana", None)
    queue.skip(keys[5], "Ana")
    rows, count = verdicts.search(limit=4, offset=2)
    assert ([row.id for row in rows], count) == (keys[7:3:-1], 10)
    assert [row.id for row in verdicts.search(decision="review", decided=True)[0]] == [keys[3]]
    assert verdicts.search(decided=False)[1] == 9
    (row,) = verdicts.search("3")[0]
    assert row.decision is not None
    assert (row.verdict.listing, row.verdict.label, row.decision.person) == ("3", "bicycle", "Ana")
    assert row.decision.label is None
    assert verdicts.search("", limit=3, offset=20) == ([], 10)


def test_what_no_database_keeps_as_text_is_no_hindrance():
    key = save("bike", "a\0b \ud800 ☕" + "x" * 5000)
    assert verdicts.verdict(key).description.startswith("a b ? ☕")
    assert verdicts.search("☕")[1] == 1
    assert verdicts.search("b \ud800")[1] == 1
    assert verdicts.search("\0")[1] == 1


def test_what_there_is_not_is_said():
    for ask in (verdicts.verdict, verdicts.looks_of, verdicts.pictures_of):
        with pytest.raises(InputError, match="no verdict 'x'"):
            ask("x")
    assert verdicts.search() == ([], 0)
    assert (queue.claim("Ana"), queue.undo("Ana"), queue.waiting()) == (None, None, 0)


def test_a_deleted_verdict_leaves_only_what_others_show_and_the_log():
    keys = [
        verdicts.save_verdict(said(name), LOOKS, [picture, None])
        for name, picture in (("a", b"picture of both"), ("b", b"picture of both"), ("c", b"c's own"))
    ]
    queue.settle(keys[0], "Ana", "mug")
    for key in keys[::2]:
        verdicts.delete_verdict(key)
        verdicts.delete_verdict(key)
    assert [row.id for row in verdicts.search()[0]] == [keys[1]]
    assert verdicts.pictures_of(keys[1]) == [b"picture of both", None]
    with database.session() as opened:
        assert list(opened.scalars(verdicts.select(verdicts.Picture.jpeg))) == [b"picture of both"]
    (line,) = queue.decisions()
    assert (line.person, line.label, line.verdict_id, line.listing) == ("Ana", "mug", None, None)
    assert queue.undo("Ana") is None  # there is nothing left to look at


def test_nothing_of_a_deleted_picture_stays_in_the_file(home):
    secret = random.Random(0).randbytes(40_000)
    key = verdicts.save_verdict(said(), LOOKS, [secret, None])
    verdicts.delete_verdict(key)
    if not home.exists():
        pytest.skip("only SQLite's file is at hand")
    with sqlite3.connect(home / "tally.sqlite3") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = (home / "tally.sqlite3").read_bytes()
    assert not any(secret[at : at + 64] in content for at in range(0, len(secret), 1000))


def test_a_damaged_database_never_ends_in_a_traceback(home):
    for number in range(12):
        key = save_waiting(str(number), sure=number / 20)
        queue.settle(key, "Ana", "mug")
    if not home.exists():
        pytest.skip("only SQLite's file is at hand")
    for kind, content in (("dial", b'{"audit": 0.1}'), ("policy", b"class,policy\nmug,review\n")):
        changes.accept(kind, content, person="Ana")
    with sqlite3.connect(home / "tally.sqlite3") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    intact = (home / "tally.sqlite3").read_bytes()
    chance, refused = random.Random(0), []
    reads = (lambda: verdicts.search("1"), queue.decisions, changes.log, lambda: terms_in_force(MODEL), read_all)
    for at in range(40):
        damaged = bytearray(intact)
        for _ in range(4 * at):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for file in home.iterdir():
            file.unlink()
        (home / "tally.sqlite3").write_bytes(damaged)
        database._open.cache_clear()
        for read in reads:
            try:
                read()
            except StoreError as error:
                refused.append(str(error))
    assert len(refused) > 80
    assert all(len(text.splitlines()) == 1 for text in refused)


def read_all() -> None:
    for row in verdicts.search()[0]:
        with suppress(InputError):  # its own id may be what is damaged
            verdicts.verdict(row.id)
            verdicts.looks_of(row.id)
            verdicts.pictures_of(row.id)


def test_what_was_reviewed_is_told_with_all_that_teaches():
    keys = [save_waiting(str(number)) for number in range(4)]
    own, other = save("unasked"), save("other", model="other@1")
    queue.settle(keys[0], "Ana", "mug")
    queue.settle(keys[0], "Ben", "tire")
    queue.settle(keys[1], "Ana", None)
    queue.skip(keys[2], "Ana")
    queue.settle(keys[3], "Ana", "mug")
    queue.undo("Ana")
    queue.settle(own, "Ana", "tire")
    drawn = save("drawn", options={"dial": Dial(audit=1.0)})
    queue.settle(drawn, "Ana", "mug")
    queue.settle(other, "Ana", "tire")
    found = verdicts.reviewed(MODEL)
    assert [(item.id, item.label) for item in found] == [
        (keys[0], "tire"),
        (keys[1], None),
        (own, "tire"),
        (drawn, "mug"),
    ]
    assert [item.propensity for item in found] == [1, 1, 0, 1]  # nobody drew the one that was accepted
    first = found[0]
    assert (first.description, first.rule) == ("", "pooled")
    assert decide(NAMES, first.looks, MODEL, listing="0").scores == said("0").scores
