"""What decisions of people teach: known answers with a made-up model, and what may go wrong."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DamagedModel, InputError
from engine.listings.adapter import Adapter, Photos, fit_adapter
from engine.listings.fitted import Fitted
from engine.listings.lessons import effective
from engine.listings.prior import shares
from engine.listings.proposals import KINDS, Reviewed, apply, propose
from engine.listings.route import Dial, Known
from engine.listings.terms import Terms
from engine.listings.weigh import Look
from tests.engine.looks import Judge, Strangeness, look

CLASSES = ("bicycle", "mug", "tire")
MODEL = Judge(Fitted(accept=(0.9,)))
MEASURES = look("any", mug=1.0).measures


def photo(evidence: np.ndarray, random: np.random.Generator) -> Look:
    """A photo of a new picture; `evidence` [classes] in nats."""
    measures = replace(MEASURES, look=random.integers(0, 255, (64, 64), dtype=np.uint8))
    return Look(measures, evidence - np.logaddexp.reduce(evidence), np.zeros(4, dtype=np.float32))


@cache
def shop(count: int, seed: int = 0, common=(0.8, 0.1, 0.1), sure: float = 1.0, audit: float = 0.5) -> list[Reviewed]:
    """Listings of one photo each, as people review them: what waits, and an audited share of the accepted.

    The model's probabilities are right for even classes if `sure` is 1; above, it is too sure.
    """
    random, found, number = np.random.default_rng(seed), [], 0
    while len(found) < count:
        number += 1
        truth = random.choice(3, p=common)
        # Of evidence e = (m on the truth) + noise of variance m, softmax(e) is calibrated for even classes.
        seen = photo(random.normal(4 * np.eye(3)[truth], 2) * sure, random)
        item = Reviewed(f"{seed}-{number}", [seen], "", "pooled", CLASSES[truth])
        accepted = item.under(Terms(), MODEL).decision == "accept"
        if not accepted or random.random() < audit:
            found.append(replace(item, propensity=audit if accepted else 1.0))
    return found


def proposed(reviewed, terms=Terms(), model=MODEL):  # noqa: B008  (frozen)
    return {item.kind: item for item in propose(reviewed, model, terms)}


def test_a_shop_that_sells_mostly_bicycles_learns_so_and_errs_less():
    prior = proposed(shop(300))["prior"]
    assert prior.better is True
    before, after = prior.figures["accuracy"]
    assert after > before
    assert prior.after.area == pytest.approx(prior.figures["aurc"][1])
    terms = apply("prior", prior.content, Terms(), MODEL)
    assert np.exp(terms.prior) == pytest.approx([0.8, 0.1, 0.1], abs=0.06)  # weighed by how they came before people
    assert prior.sentence.startswith("the commonest classes are bicycle 7")
    assert f"Of 300 reviewed listings, {prior.figures['measured']} measured: " in prior.sentence
    assert "points fewer errors at the same share accepted" in prior.sentence


def test_even_classes_teach_no_prior_that_is_called_better():
    found = [proposed(shop(200, seed, common=(1 / 3, 1 / 3, 1 / 3)))["prior"] for seed in range(2)]
    assert [item.better for item in found].count(True) <= 1
    for item in found:
        assert np.exp(apply("prior", item.content, Terms(), MODEL).prior) == pytest.approx(1 / 3, abs=0.1)


def test_a_model_that_is_too_sure_learns_to_be_less_so():
    reviewed = shop(400, sure=4.0, common=(1 / 3, 1 / 3, 1 / 3), audit=1.0)
    thresholds = proposed(reviewed, Terms(dial=Dial(errors_of_people=0.0)))["thresholds"]
    terms = apply("thresholds", thresholds.content, Terms(), MODEL)
    assert 2 < terms.fitted.temperature < 4.5
    assert thresholds.better is True
    assert thresholds.figures["errors"][1] < thresholds.figures["errors"][0]
    assert terms.fitted.accept == MODEL.fitted.accept


def test_more_goes_without_a_person_only_with_proof():
    timid = shop(120, sure=0.5, common=(1 / 3, 1 / 3, 1 / 3))
    thresholds = proposed(timid)["thresholds"]
    assert thresholds.content == b""
    assert "no proof that the thresholds should be others" in thresholds.sentence
    freely = proposed(timid, Terms(dial=Dial("costs")))["thresholds"]  # kappa itself decides: it should be right
    assert apply("thresholds", freely.content, Terms(), MODEL).fitted.temperature < 0.8


def test_decisions_for_none_of_the_classes_teach_how_common_these_are():
    known = Known(bias=2.0, strange=-1.0)
    model = Judge(Fitted(known=known, accept=(0.9,), novelty=Strangeness()))  # type: ignore[arg-type]
    random, reviewed = np.random.default_rng(1), []
    for item in shop(240):
        odd = random.random() < 0.4
        features = np.array([1.4 if odd else -0.8, 0, 0, 0], dtype=np.float32)
        seen = [replace(item.looks[0], features=features)]
        reviewed.append(replace(item, looks=seen, label=None if odd else item.label))
    found = proposed(reviewed, Terms(dial=Dial("costs")), model)["thresholds"]
    terms = apply("thresholds", found.content, Terms(), model)
    assert terms.fitted.known.bias < 1.0
    assert terms.fitted.known.strange == -1.0


def test_texts_are_trusted_as_far_as_they_proved_right():
    random = np.random.default_rng(0)
    reviewed = shop(400, common=(1 / 3, 1 / 3, 1 / 3))
    liars = [
        replace(item, description=f"a nice {random.choice(CLASSES) if random.random() < 0.6 else item.label}")
        for item in reviewed
    ]
    found = proposed(liars)["text"]
    assert apply("text", found.content, Terms(), MODEL).right == pytest.approx(0.6, abs=0.1)
    own = {"bicycle": "velopard", "mug": "sippolo", "tire": "gummiro"}
    dialect = [replace(item, description=f"my {own[str(item.label)]}") for item in reviewed]
    words = proposed(dialect)["text"]
    assert words.better is True
    assert apply("text", words.content, Terms(), MODEL).learned.classes == sorted(CLASSES)


def test_the_head_learns_what_the_features_tell_and_the_model_misses():
    random = np.random.default_rng(0)
    reviewed = shop(240, common=(1 / 3, 1 / 3, 1 / 3))

    def seen(item: Reviewed, telling: bool) -> Reviewed:
        features = random.normal(0, 1, 4) + (3 * np.eye(4)[CLASSES.index(str(item.label))] if telling else 0)
        return replace(item, looks=[replace(item.looks[0], features=features.astype(np.float32))])

    head = proposed([seen(item, telling=True) for item in reviewed])["head"]
    assert head.better is True
    assert head.figures["accuracy"][1] > head.figures["accuracy"][0] + 0.05
    noise = proposed([seen(item, telling=False) for item in reviewed])["head"]
    assert noise.better is not True


def test_a_correction_leaves_alone_what_no_photo_showed():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 200)
    features = (random.normal(0, 1, (200, 3)) + 2 * np.eye(3)[labels]).astype(np.float32)
    adapter = fit_adapter(Photos(np.full((200, 4), np.log(0.25)), features, labels, np.arange(200), np.ones(200)))
    assert adapter is not None
    assert not adapter.weights[2:].any()
    assert not adapter.bias[2:].any()
    log_p = adapter.shift(np.full((200, 4), np.log(0.25)), features)
    assert np.exp(log_p).sum(1) == pytest.approx(1)
    assert (log_p.argmax(1) == labels).mean() > 0.85
    alone = np.vstack([adapter.shift(log_p[:1], row[None]) for row in features])
    assert alone == pytest.approx(adapter.shift(np.repeat(log_p[:1], 200, axis=0), features), abs=1e-12)


def test_labels_drawn_by_lot_teach_nothing():
    random = np.random.default_rng(0)
    lots = [replace(item, label=str(random.choice(CLASSES))) for item in shop(200)]
    with pytest.raises(InputError, match="no more than by chance"):
        propose(lots, MODEL, Terms())
    with pytest.raises(InputError, match="no more than by chance"):
        propose([replace(item, label="mug") for item in shop(200)], MODEL, Terms())
    with pytest.raises(InputError, match="agree in 0 of 0"):
        propose([replace(item, label=None) for item in shop(200)], MODEL, Terms())


def test_too_few_say_how_many_more():
    with pytest.raises(InputError, match="7 reviewed listings are too few") as raised:
        propose(shop(7), MODEL, Terms())
    assert raised.value.remedy == "review 33 more"


def test_without_audits_nobody_knows_how_common_classes_are_among_all():
    waited = [item for item in shop(400) if item.propensity == 1]
    found = proposed(waited)
    for kind in ("prior", "thresholds"):
        assert found[kind].content == b""
        assert found[kind].better is None
        assert "audit a share of the accepted ones" in found[kind].sentence


def test_what_nobody_drew_is_not_measured():
    reviewed = shop(200)
    corrected = [replace(item, id=f"corrected {item.id}", label="tire", propensity=0.0) for item in shop(50, seed=1)]
    plain, with_them = (proposed(items)["prior"] for items in (reviewed, [*reviewed, *corrected]))
    assert plain.figures == with_them.figures
    assert plain.content == with_them.content


def test_the_same_photos_in_another_listing_do_not_measure_what_was_learned_of_them():
    reviewed = shop(200)
    again = [replace(item, id=f"{item.id} again") for item in reviewed]
    measured = proposed([*reviewed, *again])["prior"].figures["measured"]
    assert measured < sum(item.frozen for item in [*reviewed, *again])


def test_the_frozen_half_never_teaches():
    reviewed = shop(200)
    changed = [replace(item, label="tire") if item.frozen else item for item in reviewed]
    found, others = proposed(reviewed), proposed(changed)
    assert [found[kind].content for kind in KINDS] == [others[kind].content for kind in KINDS]


def test_the_curve_is_that_of_the_measured_half_weighed_by_propensity():
    reviewed = shop(240)
    frozen = [item for item in reviewed if item.frozen]
    verdicts = [item.under(Terms(), MODEL) for item in frozen]
    weights = [item.weight for item in frozen]
    right = [
        weight for item, verdict, weight in zip(frozen, verdicts, weights, strict=True) if verdict.label == item.label
    ]
    found = proposed(reviewed)["prior"]
    assert found.before.coverage[-1] == pytest.approx(1)
    assert found.before.risk[-1] == pytest.approx(1 - sum(right) / sum(weights))
    assert found.figures["accuracy"][0] == pytest.approx(sum(right) / sum(weights))


def test_shares_are_shrunk_as_far_as_the_counts_ask_for_it():
    assert shares(np.array([10.0, 10.0, 10.0])) == pytest.approx(1 / 3, abs=1e-6)
    assert shares(np.zeros(4)) == pytest.approx(0.25)
    skewed = shares(np.array([60.0, 30.0, 0.0, 0.0]))
    assert skewed.sum() == pytest.approx(1)
    assert skewed[0] == pytest.approx(2 / 3, abs=0.03)
    assert 0 < skewed[3] < 0.02


def test_a_few_heavy_listings_count_as_few():
    assert effective(np.array([1.0, 1.0])).sum() == pytest.approx(2)
    assert effective(np.array([50.0, 1.0])).sum() == pytest.approx(51**2 / 2501)


IN_ANOTHER_PROCESS = """
import json, pickle, sys
from pathlib import Path
from engine.listings.proposals import apply
from engine.listings.terms import Terms
model, reviewed, contents = pickle.loads(Path(sys.argv[1]).read_bytes())
terms = Terms()
for kind, content in contents.items():
    terms = apply(kind, content, terms, model)
print(json.dumps([item.under(terms, model).as_dict() for item in reviewed]))
"""


def test_accepted_proposals_give_the_same_verdicts_in_another_process(tmp_path: Path):
    random, corners = np.random.default_rng(0), 4 * np.eye(4)
    reviewed = []
    for item in shop(240, sure=2.0):
        features = (random.normal(0, 1, 4) + corners[CLASSES.index(str(item.label))]).astype(np.float32)
        looks = [replace(item.looks[0], features=features)]
        reviewed.append(replace(item, looks=looks, description=f"the {item.label}"))
    by_costs = Terms(dial=Dial("costs"))
    contents = {kind: item.content for kind, item in proposed(reviewed, by_costs).items() if item.content}
    assert list(contents) == list(KINDS)
    terms = Terms()
    for kind, content in contents.items():
        terms = apply(kind, content, terms, MODEL)
    here = [item.under(terms, MODEL).as_dict() for item in reviewed[:50]]
    (tmp_path / "case").write_bytes(pickle.dumps((MODEL, reviewed[:50], contents)))
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path / "case")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(here))


def test_bytes_that_are_no_proposal_of_this_model_are_refused():
    content = proposed(shop(100))["prior"].content
    for damaged in (b"", b"hello", content[:-3], content[:40], b"\xff" * 500):
        with pytest.raises(DamagedModel, match="propos"):
            apply("prior", damaged, Terms(), MODEL)
    with pytest.raises(InputError, match=r"changes the prior of test@0, not the head of test@0"):
        apply("head", content, Terms(), MODEL)
    with pytest.raises(InputError, match=r"of test@0, not the prior of other@1"):
        apply("prior", content, Terms(), replace(MODEL, id="other@1"))
    with pytest.raises(DamagedModel, match="damaged"):
        apply("prior", content, Terms(), replace(MODEL, classes=("bicycle", "mug")))


def test_a_correction_of_another_width_is_refused():
    adapter = Adapter(np.zeros((3, 5), np.float32), np.zeros(3, np.float32))
    with pytest.raises(InputError, match="for 5 features and 3 classes, not for 4 and 3"):
        shop(1)[0].under(Terms(adapter=adapter), MODEL)
