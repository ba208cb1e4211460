"""Fitting: drawn listings, spoiled copies, what is written beside a model's weights and what is refused."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageStat

import engine
from dashboard.samples import TITLES, drawn_listing
from engine.listings import fit, fitted, spoil
from engine.listings.fitted import Fitted
from engine.listings.held_out import Photo, draw
from engine.listings.operating import Judged
from engine.listings.outcomes import Material, outcomes, pool
from engine.listings.pipeline import decide
from engine.listings.vote import Evidence
from engine.listings.weigh import Look
from engine.models.data import LabelledPhoto
from engine.models.registry import find
from engine.photos.quality import measure

CLASSES, WIDTH = 12, 16


@pytest.fixture(scope="module")
def world() -> SimpleNamespace:
    """Twelve classes; the spoiled versions of a photo are noisier. Training favoured the first class four times."""
    random = np.random.default_rng(0)
    centres = random.normal(0, 1, (CLASSES, WIDTH))
    head = centres * 1.2

    def logits(features: np.ndarray) -> np.ndarray:
        return features.astype(float) @ head.T - (head * centres).sum(1) / 2 + np.log([4] + [1] * (CLASSES - 1))

    def feature(index: int, noise: float) -> np.ndarray:
        return (centres[index] + random.normal(0, noise, WIDTH)).astype(np.float32)

    sharp = measure(Image.fromarray(random.integers(0, 255, (64, 64, 3), dtype=np.uint8)))

    def look(index: int, noise: float) -> Look:
        features = feature(index, noise)
        z = logits(features[None])[0]
        return Look(sharp, z - np.logaddexp.reduce(z), features)

    names = [f"class {index:02}" for index in range(CLASSES)]
    photos = [
        Photo(names[index], f"{number:064x}", [look(index, noise) for noise in (0.9, 1.5, 1.5, 1.5)])
        for number, index in enumerate(np.repeat(np.arange(CLASSES), 60).tolist())
    ]
    labels = np.repeat(np.arange(CLASSES), [120, *[30] * (CLASSES - 1)])
    train = np.stack([feature(index, 0.7) for index in labels])
    model = SimpleNamespace(classes=tuple(names), head=head, logits=logits, id="toy@0")
    parameters, table = fit.fit(model, (train, labels), photos)  # type: ignore[arg-type]
    return SimpleNamespace(model=model, photos=photos, fitted=parameters, table=table)


def test_what_is_fitted_is_in_its_range_and_what_training_favoured_is_found(world):
    found = world.fitted
    assert 0.3 < found.temperature < 3
    assert 0 <= found.rho < 0.5
    assert found.train_prior[0] > found.train_prior[1]
    assert 0.5 < found.beta < 2
    assert len(found.accept) == len(fit.SIZES)
    assert all(0 < limit <= 1.01 for limit in found.accept)


def test_the_trial_has_both_halves_and_its_thresholds_hold_on_the_half_that_they_were_not_fitted_on(world):
    trial = world.fitted.trial
    assert trial.fitted.mean() == pytest.approx(0.5)
    for size, limit in zip(fit.SIZES, world.fitted.accept, strict=True):
        assert limit == trial.threshold(size, 0.05)
        assert trial.threshold(size, 0.2) <= limit <= trial.threshold(size, 0.01)
        curve = Judged.of_trial(trial, size).curve
        accepted = curve.threshold >= limit
        assert not accepted.any() or curve.risk[accepted][-1] < 0.08
    assert trial.threshold(9, 0.1) == trial.threshold(6, 0.1)


def test_the_mix_is_the_best_that_was_tried(world):
    mixes = {name: value for name, value in world.table.items() if "+" in name}
    assert " + ".join(world.fitted.novelty.mix) == max(mixes, key=mixes.__getitem__)
    assert {"mahalanobis", "neighbours"} <= set(world.table)


def test_stranger_listings_are_less_likely_known(world):
    chances = world.fitted.known.probability(np.linspace(-2, 2, 9), np.full(9, 4.0))
    assert (np.diff(chances) < 0).all()


def test_listings_at_once_are_as_one_by_one(world):
    material = Material.of(world.photos, world.model, None)
    chosen = draw(material.groups, 3, 20, 0.5, np.random.default_rng(1))
    rows = pool(world.fitted, material, chosen)
    flat, names = np.zeros(CLASSES), ["1", "2", "3"]
    found = outcomes(world.fitted, world.fitted.novelty, material, chosen)
    compared = 0
    for number, (photos, ways) in enumerate(zip(*chosen, strict=True)):
        log_p = fit.vote.calibrate(material.log_p[photos, ways], world.fitted.temperature, world.fitted.train_prior)
        evidence = Evidence(log_p, material.weights[photos, ways], flat, flat, world.fitted.rho)
        assert np.allclose(rows[number], evidence.by_photo.sum(0))
        assert found.confidence[number] == pytest.approx(evidence.scores.max())
        looks = [
            replace(
                world.photos[photo].looks[way],
                measures=measure(Image.effect_noise((60 + place, 60), 60).convert("RGB")),
            )
            for place, (photo, way) in enumerate(zip(photos, ways, strict=True))
        ]
        verdict = decide(names, looks, SimpleNamespace(**vars(world.model), fitted=world.fitted))
        if all(photo.weight == 1 for photo in verdict.photos):
            compared += 1
            assert found.sure(world.fitted)[number] == pytest.approx(verdict.sure, abs=1e-5)
            assert (found.voted[number] == found.label[number]) == ("the vote says" not in " ".join(verdict.reasons))
    assert compared > 15


def test_drawn_listings_show_one_class_each_and_no_photo_twice():
    labels = np.array(["a"] * 5 + ["b"] * 3 + ["c"])
    photos, ways = draw(labels, 3, 400, 0.25, np.random.default_rng(0))
    assert photos.shape == ways.shape == (400, 3)
    for row in photos:
        assert len(set(row.tolist())) == 3
        assert len(set(labels[row].tolist())) == 1
    assert set(labels[photos[:, 0]].tolist()) == {"a", "b"}
    assert (ways > 0).mean() == pytest.approx(0.25, abs=0.04)


def opened(photo: LabelledPhoto) -> Image.Image:
    assert isinstance(photo.data, bytes)
    return Image.open(io.BytesIO(photo.data))


def test_spoiled_copies_are_blurred_dark_or_a_piece_and_always_the_same(encode):
    sharp = Image.effect_noise((200, 150), 60).convert("RGB")
    photo = LabelledPhoto("1.png", "mug", None, encode(sharp, "PNG"))
    unreadable = LabelledPhoto("2.png", "mug", None, engine.UnreadablePhoto("cut", "again"))
    copies = {}
    for way in spoil.WAYS:
        (copies[way],) = spoil.spoiled([photo, unreadable], way)
        assert list(spoil.spoiled([photo], way)) == [copies[way]]
    assert ImageStat.Stat(opened(copies["blur"])).stddev[0] < ImageStat.Stat(sharp).stddev[0] / 2
    assert ImageStat.Stat(opened(copies["dark"])).mean[0] < ImageStat.Stat(sharp).mean[0] / 4
    piece = opened(copies["close-up"])
    assert 0.04 < piece.width * piece.height / (200 * 150) < 0.21


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter."""
    return Path(shutil.copytree(find("starter"), tmp_path / "starter"))


def test_a_model_with_nothing_fitted_pools_plainly_and_accepts_what_it_reads(folder):
    for name in (fitted.NUMBERS, fitted.ARRAYS):
        (folder / name).unlink(missing_ok=True)
    verdict = engine.classify_listing(drawn_listing("mug"), model=engine.load_model(str(folder)))
    assert (verdict.decision, verdict.label, verdict.unknown) == ("accept", "mug", None)


def test_the_starter_says_how_strange_a_photo_is(model):
    for name in TITLES:
        verdict = engine.classify_listing(drawn_listing(name), model=model)
        strangeness = [photo.unknown for photo in verdict.photos]
        assert all(0 <= value < 1 for value in strangeness)
        assert verdict.unknown == pytest.approx(np.mean(strangeness), abs=1e-6)


def test_what_is_saved_is_loaded(world, tmp_path):
    fitted.save(tmp_path, world.fitted, "abc", world.table)
    found = fitted.load(tmp_path, "abc", (CLASSES, WIDTH))
    assert (found.temperature, found.accept, found.known) == (
        world.fitted.temperature,
        world.fitted.accept,
        world.fitted.known,
    )
    features = np.stack([photo.looks[0].features for photo in world.photos[::20]]).astype(float)
    before, after = (item.novelty.strangeness(world.model.logits(features), features) for item in (world.fitted, found))
    assert np.allclose(before, after, atol=0.02)
    assert [found.trial.threshold(size, 0.05) for size in fit.SIZES] == pytest.approx(world.fitted.accept)
    areas = [Judged.of_trial(item.trial, 4).curve.area for item in (found, world.fitted)]
    assert areas[0] == pytest.approx(areas[1])
    assert fitted.load(tmp_path / "elsewhere", "abc", (CLASSES, WIDTH)) == Fitted()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": "other"}, "other weights"),
        ({"temperature": -1}, "impossible"),
        ({"temperature": "hot"}, "damaged"),
        ({"accept": []}, "impossible"),
        ({"known": {"surprise": 1}}, "damaged"),
        ({"mix": ["taste"]}, "impossible"),
        ({"mix": 3}, "damaged"),
        ({"independent": 0}, "impossible"),
    ],
)
def test_damaged_numbers_are_refused_in_words(world, tmp_path, change, words):
    fitted.save(tmp_path, world.fitted, "abc", {})
    path = tmp_path / fitted.NUMBERS
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(engine.ModelError, match=words):
        fitted.load(tmp_path, "abc", (CLASSES, WIDTH))


def test_damaged_arrays_are_refused_in_words(world, tmp_path):
    fitted.save(tmp_path, world.fitted, "abc", {})
    with pytest.raises(engine.ModelError, match="impossible"):
        fitted.load(tmp_path, "abc", (CLASSES, WIDTH + 1))
    (tmp_path / fitted.ARRAYS).write_bytes(b"nonsense")
    with pytest.raises(engine.ModelError, match="damaged"):
        fitted.load(tmp_path, "abc", (CLASSES, WIDTH))
