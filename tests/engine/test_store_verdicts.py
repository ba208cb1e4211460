"""Every verdict is kept with all it rests on: found again, decided again, forgotten."""

import pytest

from engine.errors import InputError, UnreadablePhoto
from engine.listings.pipeline import decide
from engine.store import database, queue, verdicts
from tests.engine.test_listing import Judge, look

MODEL = Judge()


@pytest.fixture(autouse=True)
def _restarted(home) -> None:
    database._open.cache_clear()


def save(name="a", picture=b"jpeg", description="", **options):
    looks = [look(name, bicycle=0.9), UnreadablePhoto("not an image", "add another")]
    verdict = decide(["1.jpg", "2.jpg"], looks, MODEL, listing=name, description=description)
    options.setdefault("description", description)
    return verdicts.save_verdict(verdict, looks, [picture, None], **options), verdict


def test_a_verdict_comes_back_with_all_it_rests_on():
    key, verdict = save(description="old road bike")
    database._open.cache_clear()
    kept = verdicts.verdict(key)
    assert kept.verdict == verdict
    assert (kept.description, kept.origin, kept.terms, kept.decision) == ("old road bike", "page", "default", None)
    assert verdicts.pictures_of(key) == [b"jpeg", None]
    assert (
        decide(["1.jpg", "2.jpg"], verdicts.looks_of(key), MODEL, listing="a", description="old road bike") == verdict
    )
    assert str(verdicts.looks_of(key)[1]) == "not an image: add another"


def test_what_there_is_not_is_said():
    for ask in (verdicts.verdict, verdicts.looks_of, verdicts.pictures_of):
        with pytest.raises(InputError, match="no verdict 'x'"):
            ask("x")
    assert verdicts.search() == ([], 0)
    assert queue.claim("Ana") is None
