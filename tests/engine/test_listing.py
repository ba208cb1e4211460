"""From bytes to verdict: what callers of `engine.classify_listing` may rely on."""

import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import engine
from dashboard.samples import TITLES, drawn_listing
from engine import settings
from engine.listings import pipeline
from engine.listings.pipeline import decide, unique_names
from engine.listings.weigh import Look
from engine.photos.quality import measure
from tests.engine.looks import STRICT, decided, look

FIELDS = ["listing", "decision", "label", "confidence", "unknown", "known", "sure", "rule", "scores", "votes",
          "tie_break", "ask", "evidence", "without", "photos", "reasons", "notes", "price", "model"]  # fmt: skip


def test_a_verdict_has_the_contracts_fields_and_survives_json(model):
    verdict = engine.classify_listing(drawn_listing("bicycle"), "old road bike", model=model, listing="bike-17")
    data = verdict.as_dict()
    assert list(data) == FIELDS
    assert data["listing"] == "bike-17"
    assert data["model"] == model.id
    assert engine.Verdict.from_dict(json.loads(json.dumps(data))) == verdict
    assert engine.Verdict.from_dict({**data, "of a newer Tally": 1}) == verdict


def test_a_tie_break_survives_json_too(model):
    verdict = engine.classify_listing(drawn_listing("tie"), model=model, rule="majority")
    assert verdict.tie_break is not None
    assert engine.Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict


@pytest.mark.parametrize("data", [{}, {"listing": "x"}, dict.fromkeys(FIELDS)])
def test_what_is_no_verdict_is_refused(data):
    with pytest.raises(engine.InputError, match="not a verdict"):
        engine.Verdict.from_dict(data)


def test_the_starter_knows_the_drawn_samples(model):
    labels = {name: engine.classify_listing(drawn_listing(name), model=model).label for name in TITLES}
    assert labels == {"bicycle": "bicycle", "mug": "mug", "tie": "bicycle"}
    tied = engine.classify_listing(drawn_listing("tie"), model=model)
    assert tied.votes == {"bicycle": 1.0, "tire": 1.0}
    assert tied.tie_break is not None


def test_scores_evidence_and_confidence_agree(model):
    verdict = engine.classify_listing(drawn_listing("bicycle"), model=model)
    assert len(verdict.scores) == 5
    assert verdict.confidence == verdict.scores[verdict.label] == max(verdict.scores.values())
    summed = {label: sum(photo[label] for photo in verdict.evidence["photos"].values()) for label in verdict.scores}
    for label, score in verdict.scores.items():
        if score > 1e-5:  # below, six decimals tell too little
            odds = summed[label] - summed[verdict.label]
            assert np.log(score / verdict.confidence) == pytest.approx(odds, abs=0.1)


def test_unreadable_photos_are_listed_and_the_others_count(model):
    name, data = drawn_listing("mug")[0]
    verdict = engine.classify_listing([("x.jpg", b"hello"), (name, data), ("empty.png", b"")], model=model)
    assert verdict.label == "mug"
    assert [photo.status for photo in verdict.photos] == ["unreadable", "ok", "unreadable"]
    assert verdict.photos[0].reasons[0].startswith("not an image: ")
    assert verdict.votes == {"mug": 1.0}


def test_nothing_readable_goes_to_people(model):
    verdict = engine.classify_listing([("x.jpg", b"hello")], model=model)
    assert (verdict.decision, verdict.label, verdict.confidence) == ("review", None, None)
    assert verdict.scores == verdict.votes == {}
    assert verdict.reasons


def test_a_copy_shares_the_vote_even_when_its_bytes_differ(model, encode):
    mug = Image.open(io.BytesIO(drawn_listing("mug")[0][1]))
    plain = encode(mug, "PNG")
    other_bytes = encode(mug, "PNG", compress_level=1)
    assert plain != other_bytes
    verdict = engine.classify_listing([("a.png", plain), ("b.png", other_bytes)], model=model)
    assert [photo.weight for photo in verdict.photos] == [0.5, 0.5]
    assert [photo.status for photo in verdict.photos] == ["doubtful", "doubtful"]
    assert verdict.photos[0].reasons == ["the same picture as b.png: together they have one vote"]
    assert list(verdict.votes.values()) == [1.0]
    alone = engine.classify_listing([("a.png", plain)], model=model)
    assert verdict.confidence == pytest.approx(alone.confidence, abs=1e-6)


def test_three_copies_make_a_whole_vote_against_another_photo():
    copy = look("same", bicycle=0.9, tire=0.1)
    verdict = decided(copy, copy, copy, look("other", tire=0.8, mug=0.2), rule="majority")
    assert verdict.votes == {"bicycle": 1.0, "tire": 1.0}
    assert verdict.tie_break is not None
    assert "one of 3 same pictures" in verdict.photos[0].reasons[0]


def test_majority_and_pool_may_differ_and_the_verdict_says_so():
    strong = look("a", tire=0.98, bicycle=0.01, mug=0.01)
    weak = [look(name, bicycle=0.36, tire=0.34, mug=0.30) for name in "bc"]
    pooled = decided(strong, *weak)
    voted = decided(strong, *weak, rule="majority")
    assert (pooled.label, voted.label) == ("tire", "bicycle")
    assert (pooled.decision, voted.decision) == ("review", "review")
    assert pooled.reasons == voted.reasons
    assert voted.confidence == voted.scores["bicycle"] < voted.scores["tire"]
    assert len(voted.reasons) == 1
    assert "the vote says bicycle, but all evidence together speaks for tire" in voted.reasons[0]


def test_too_many_photos_the_first_count_the_rest_are_said(model):
    name, data = drawn_listing("mug")[0]
    extra = 3
    photos = [(name, data)] * (settings.PHOTOS_PER_LISTING + extra)
    verdict = engine.classify_listing(photos, model=model)
    assert verdict.label == "mug"
    assert [photo.status for photo in verdict.photos[-extra:]] == ["unreadable"] * extra
    assert "a listing takes up to 20 photos" in verdict.photos[-1].reasons[0]
    assert len({photo.name for photo in verdict.photos}) == len(photos)


@pytest.mark.parametrize(
    ("photos", "description", "rule", "error", "words"),
    [
        ([], "", "pooled", engine.InputError, "no photos"),
        ([("a", b"")], "", "loudest", engine.InputError, "no rule 'loudest'"),
        ([("a", b"")], "x" * 5001, "pooled", engine.LimitExceeded, "5,001 characters"),
    ],
)
def test_requests_that_cannot_start(model, photos, description, rule, error, words):
    with pytest.raises(error, match=words):
        engine.classify_listing(photos, description, model=model, rule=rule)


def test_names_are_clean_and_unique():
    names = unique_names(
        ["a.jpg", "a.jpg", "", "\x1b[31mred\u202egpj.exe", "x" * 300 + ".jpg", "bad\udce9.jpg", "a.jpg (2)"]
    )
    assert names[:4] == ["a.jpg", "a.jpg (2)", "photo 3", "[31mredgpj.exe"]
    assert names[4].endswith("xxx.jpg")
    assert len(names[4]) == settings.NAME_CHARACTERS
    assert names[5] == "bad?.jpg"
    assert len(set(names)) == len(names)


def test_photos_looked_at_one_by_one_or_together_give_the_same_verdict(model, encode):
    """On the page photos come one by one, over HTTP all at once."""
    noise = [encode(Image.effect_noise((90 + 7 * n, 80), 40 + 20 * n).convert("RGB"), "PNG") for n in range(9)]
    data = [photo for name in TITLES for _, photo in drawn_listing(name)] + noise
    names = [f"{number}.jpg" for number in range(len(data))]
    one_by_one = [item for photo in data for item in pipeline.look(list(pipeline.open_photos([photo])), model)]
    apart = decide(names, one_by_one, model)
    assert apart == engine.classify_listing(list(zip(names, data, strict=True)), model=model)


def test_buffers_are_bytes_too(model):
    name, data = drawn_listing("mug")[0]
    verdicts = [engine.classify_listing([(name, kind(data))], model=model) for kind in (bytes, bytearray, memoryview)]
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_an_error_holds_no_bytes_of_its_photo():
    (error,) = pipeline.open_photos([b"x" * 1000])
    assert isinstance(error, engine.UnreadablePhoto)
    assert error.__traceback__ is error.__cause__ is error.__context__ is None


def test_many_photos_of_one_name_take_no_time_to_tell_apart():
    names = unique_names(["a.jpg"] * 30_000)
    assert (len(set(names)), names[-1]) == (30_000, "a.jpg (30000)")


def test_a_verdict_of_a_newer_tally_is_read(model):
    data = engine.classify_listing(drawn_listing("tie"), model=model).as_dict()
    data["tie_break"]["margin"] = 0.1
    assert engine.Verdict.from_dict(data).tie_break is not None


def test_a_verdict_of_an_older_tally_is_read():
    verdict = decided(look("a", mug=0.9, tire=0.1))
    older = {
        name: value for name, value in verdict.as_dict().items() if name not in {"known", "sure", "without", "notes"}
    }
    assert engine.Verdict.from_dict(older) == replace(verdict, known=None, sure=0.9)


def test_the_company_of_a_photo_does_not_change_it(model):
    (one, data), (_, other) = drawn_listing("bicycle")[:2]
    alone = engine.classify_listing([(one, data)], model=model)
    beside = engine.classify_listing([(one, data), ("other", other)], model=model)
    assert alone.photos[0] == beside.photos[0]
    # Two photos of one object repeat each other, so each speaks lower, of all classes alike.
    lower = alone.evidence["photos"][one]["bicycle"] / beside.evidence["photos"][one]["bicycle"]
    assert 1 + model.fitted.rho < lower < 2 * (1 + model.fitted.rho)


def test_votes_are_exact_fractions():
    copy = look("same", mug=1.0)
    assert decided(copy, copy, copy).votes == {"mug": 1.0}


def test_a_strange_listing_is_not_in_the_catalogue():
    sure = {"bicycle": 0.98, "mug": 0.01, "tire": 0.01}
    usual = decided(look("a", 0.05, **sure), look("b", 0.15, **sure), fitted=STRICT)
    assert (usual.decision, usual.unknown, usual.reasons) == ("accept", 0.1, [])
    assert [photo.unknown for photo in usual.photos] == [0.05, 0.15]
    strange = decided(look("a", 0.97, bicycle=0.5, mug=0.4), look("b", 0.99, bicycle=0.5, mug=0.4), fitted=STRICT)
    assert (strange.decision, strange.label, strange.unknown) == ("unknown", "bicycle", 0.98)
    (said,) = strange.reasons
    assert said == (
        "perhaps not in the catalogue, with a probability of 100 %: its photos are stranger than 98 % of known ones; "
        "nearest are bicycle and tire"
    )
    assert strange.known < 0.5 < usual.known


def test_a_listing_that_is_not_sure_enough_goes_to_people_and_says_so():
    verdict = decided(look("a", 0.1, bicycle=0.7, mug=0.3), fitted=STRICT)
    assert verdict.decision == "review"
    assert verdict.reasons == ["70 % sure; 90 % is needed to go without a person"]
    verdict = decided(look("a", 0.1, bicycle=0.9, mug=0.1), fitted=STRICT)
    assert verdict.reasons == ["89.6 % sure; 90.0 % is needed to go without a person"]


def test_more_photos_may_be_asked_for_less():
    weak = look("a", 0.1, bicycle=0.85, mug=0.15)
    assert decided(weak, fitted=STRICT).decision == "review"
    assert decided(weak, look("b", 0.1, bicycle=0.85, mug=0.15), fitted=STRICT).decision == "accept"


def test_two_groups_of_photos_may_be_two_objects():
    bikes = [look(name, bicycle=0.98, mug=0.01, tire=0.01) for name in "ab"]
    mugs = [look(name, bicycle=0.01, mug=0.98, tire=0.01) for name in "cd"]
    verdict = decided(*bikes, *mugs, fitted=STRICT)
    assert verdict.decision == "review"
    assert "the photos fall into two groups: two different objects?" in verdict.reasons
    assert all(photo.weight == 1 for photo in verdict.photos)


def test_one_odd_photo_among_good_ones_counts_less_and_is_told():
    bikes = [look(name, bicycle=0.98, mug=0.01, tire=0.01) for name in "abc"]
    verdict = decided(*bikes, look("d", bicycle=0.01, mug=0.98, tire=0.01), fitted=STRICT)
    assert (verdict.decision, verdict.label) == ("accept", "bicycle")
    odd = verdict.photos[3]
    assert (odd.status, odd.weight) == ("doubtful", 0.5)
    assert odd.reasons == ["unlike the other photos (mug): is it another object?"]
    assert verdict.votes == {"bicycle": 3.0, "mug": 1.0}


def test_the_prior_is_part_of_the_evidence_and_may_decide():
    rows = look("a", bicycle=0.5, mug=0.4, tire=0.1), look("b", bicycle=0.5, mug=0.4, tire=0.1)
    prior = np.log([0.1, 0.8, 0.1])
    verdict = decided(*rows, prior=prior)
    assert (decided(*rows).label, verdict.label) == ("bicycle", "mug")
    sums = {
        label: sum(photo[label] for photo in verdict.evidence["photos"].values()) + verdict.evidence["prior"][label]
        for label in verdict.scores
    }
    total = np.logaddexp.reduce(list(sums.values()))
    assert {label: np.exp(value - total) for label, value in sums.items()} == pytest.approx(verdict.scores, abs=1e-5)


def test_listings_without_one_good_photo_go_to_people():
    black = Look(measure(Image.new("RGB", (90, 80))), np.log([0.98, 0.01, 0.01]), np.zeros(4, dtype=np.float32))
    verdict = decided(black)
    assert verdict.decision == "review"
    assert verdict.label == "bicycle"
    assert "no photo is good: the reasons stand beside them" in verdict.reasons


def test_a_description_is_one_more_voter_and_a_contradiction_goes_to_people():
    bike = look("a", bicycle=0.5, tire=0.4, mug=0.1)
    plain = decided(bike)
    helped = decided(bike, description="an old tire")
    assert plain.label == "bicycle"
    assert plain.evidence["text"] == {}
    assert helped.label == "tire"
    assert helped.decision == "review"
    assert "the text says tire, the photos show bicycle" in helped.reasons
    total = {
        label: sum(values[label] for values in helped.evidence["photos"].values()) + helped.evidence["text"][label]
        for label in helped.scores
    }
    assert helped.scores["tire"] / helped.scores["bicycle"] == pytest.approx(
        math.exp(total["tire"] - total["bicycle"]), rel=1e-4
    )
    assert decided(bike, description="never used, fits anywhere").evidence["text"] == {}


def test_without_a_photo_the_verdict_is_that_of_the_others():
    rows = look("a", bicycle=0.5, tire=0.4, mug=0.1), look("b", mug=0.8, tire=0.2), look("c", bicycle=0.6, mug=0.4)
    names = ["1.jpg", "2.jpg", "3.jpg"]
    for rule in ("pooled", "majority"):
        verdict = decided(*rows, rule=rule)
        assert list(verdict.without) == names
        for index, name in enumerate(names):
            others = decided(*rows[:index], *rows[index + 1 :], rule=rule)
            assert verdict.without[name] == {"label": others.label, "confidence": others.confidence}
    assert decided(rows[0]).without == {}
