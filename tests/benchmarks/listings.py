"""How good are verdicts on listings? `python -m tests.benchmarks.listings PHOTOS`; prints Markdown for RESULTS.md.

PHOTOS is a folder with val.parquet, unknown-near.parquet and unknown-far.parquet. What a model fits for its listings
was fitted on half of val; every figure here is of the other half (halves by the hash of the photo's file), and of the
same half of the unknown objects. The data does not say which photos show one object, so a listing is several photos of
one class. `peers` compares single scores with pytorch-ood and cleanlab, under a Python that has them.
"""

import argparse
import hashlib
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

import engine
from engine import settings
from engine.listings import unknown
from engine.listings.held_out import Index, Photo, draw, look_at
from engine.listings.outcomes import Material, Outcomes, by_version, outcomes
from engine.listings.pipeline import decide
from engine.listings.route import cost_threshold, risk_coverage
from engine.models.classifier import Classifier
from engine.models.data import read_labelled

LISTINGS = 2000
SPOILED = 0.25
ERROR, REVIEW, PEOPLE = 20.0, 1.0, 0.03  # costs, and the error rate of people
FILES = {"known": "val.parquet", "near": "unknown-near.parquet", "far": "unknown-far.parquet"}


@dataclass
class Side:
    """Photos of one file, of the half that nothing was fitted on."""

    photos: list[Photo]
    material: Material
    strangeness: np.ndarray  # [photos, versions]

    def draw(self, size: int, count: int, spoiled: float, seed: int) -> tuple[Index, Index]:
        return draw(self.material.groups, size, count, spoiled, np.random.default_rng(seed))


def looked(path: Path, model: Classifier) -> list[Photo]:
    """What the photos of a file showed; kept, so that a second run is quick."""
    key = hashlib.sha256(f"{model.id} {path.name} {path.stat().st_size} 1".encode()).hexdigest()[:16]
    kept = settings.home() / "cache" / "benchmark" / f"{key}.pickle"
    if not kept.exists():
        photos = look_at(read_labelled([path]), model, lambda done: print(path.name, done, file=sys.stderr))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(photos))
    return pickle.loads(kept.read_bytes())


def side(path: Path, model: Classifier) -> Side:
    photos = [photo for photo in looked(path, model) if not photo.in_first_half]
    material = Material.of(photos, model, model.fitted.gate)
    novelty = model.fitted.novelty
    assert novelty is not None, "fit the model first: python -m engine.listings.fit"
    strangeness = by_version(material, novelty.strangeness)
    for photo, values in zip(photos, strangeness.tolist(), strict=True):
        photo.looks[:] = [replace(item, unknown=value) for item, value in zip(photo.looks, values, strict=True)]
    return Side(photos, material, strangeness)


def came_to(item: Side, model: Classifier, chosen: tuple[Index, Index]) -> Outcomes:
    assert model.fitted.novelty is not None
    return outcomes(model.fitted, model.fitted.novelty, item.material, chosen)


def interval(differences: np.ndarray) -> str:
    """Mean of paired differences in points, and its 95 % interval."""
    mean, half = differences.mean() * 100, 196 * differences.std() / np.sqrt(len(differences))
    return f"{mean:+.1f} ({mean - half:+.1f} to {mean + half:+.1f})"


def answers(known: Side, model: Classifier, chosen: tuple[Index, Index]) -> dict[str, np.ndarray]:
    """Class indices that each rule gives, [listings]; `confidence` is the pool's."""
    material = known.material
    rows = material.log_p[chosen]
    card = np.exp(rows)
    votes = np.stack([np.bincount(row, minlength=card.shape[2]) for row in card.argmax(2)])
    found = came_to(known, model, chosen)
    return {
        "pooled": found.label,
        "majority": (votes + 1e-3 * card.sum(1)).argmax(1),
        "mean probability": card.mean(1).argmax(1),
        "first photo": card[:, 0].argmax(1),
        "plain pool": rows.sum(1).argmax(1),
        "confidence": found.confidence,
    }


def fusion(known: Side, model: Classifier) -> None:
    rivals = ("majority", "mean probability", "first photo", "plain pool")
    print("\n| photos | spoiled | pooled | ECE |", *(f"over {name} |" for name in rivals))
    print("|---:|---:|---:|---:|", "---:|" * len(rivals))
    for spoiled in (0.0, 0.25, 0.5):
        for size in range(1, 7):
            chosen = known.draw(size, LISTINGS, spoiled, seed=1000 + size)
            truth = known.material.labels[chosen[0][:, 0]]
            found = answers(known, model, chosen)
            right = found["pooled"] == truth
            gains = [interval(right.astype(float) - (found[name] == truth)) for name in rivals]
            ece = calibration_error(found["confidence"], right)
            print(f"| {size} | {spoiled:.0%} | {right.mean():.3f} | {ece:.3f} |", *(f"{gain} |" for gain in gains))


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return sum(
        (place == index).mean() * abs(confidence[place == index].mean() - right[place == index].mean())
        for index in np.unique(place)
    )


def auroc(known: np.ndarray, strange: np.ndarray) -> str:
    truth, random = np.repeat([0, 1], [len(known), len(strange)]), np.random.default_rng(0)
    values = [
        roc_auc_score(truth, np.r_[random.choice(known, len(known)), random.choice(strange, len(strange))])
        for _ in range(200)
    ]
    low, high = np.quantile(values, (0.025, 0.975))
    return f"{roc_auc_score(truth, np.r_[known, strange]):.3f} ({low:.3f} to {high:.3f})"


def strange(sides: dict[str, Side], model: Classifier) -> None:
    """AUROC of unknown against known: P(known) of listings, and means of a photo's strangeness and of single scores."""
    novelty = model.fitted.novelty
    assert novelty is not None
    ways: dict[str, Callable[[Side], np.ndarray]] = {"Tally": lambda item: item.strangeness}
    ways["maximum softmax"] = lambda item: -item.material.log_p.max(2)
    ways |= {
        name: lambda item, score=score: by_version(item.material, partial(score, novelty.reference))
        for name, score in unknown.SCORES.items()
    }

    def doubt(item: Side, chosen: tuple[Index, Index]) -> np.ndarray:
        found = came_to(item, model, chosen)
        return -model.fitted.known.probability(found.strange, found.photos)

    def mean_of(way: Callable[[Side], np.ndarray]) -> Callable[[Side, tuple[Index, Index]], np.ndarray]:
        values = {id(item): way(item) for item in sides.values()}
        return lambda item, chosen: values[id(item)][chosen].mean(1)

    scores = {"Tally, P(known)": doubt} | {f"{name}, the mean": mean_of(way) for name, way in ways.items()}
    print("\n| score | spoiled | near, a photo | near, 4 photos | far, a photo | far, 4 photos |")
    print("|---|---:|---:|---:|---:|---:|")
    for spoiled in (0.0, SPOILED):
        for name, score in scores.items():
            cells = [
                auroc(
                    *(score(sides[key], sides[key].draw(size, LISTINGS, spoiled, seed=7)) for key in ("known", other))
                )
                for other in ("near", "far")
                for size in (1, 4)
            ]
            print(f"| {name} | {spoiled:.0%} |", " | ".join(cells), "|")


def mixed(sides: dict[str, Side], model: Classifier, size: int) -> Outcomes:
    """Listings of which one in five is unknown, half of these near and half far."""
    counts = {"known": LISTINGS, "near": LISTINGS // 8, "far": LISTINGS // 8}
    parts = [
        came_to(sides[key], model, sides[key].draw(size, count, SPOILED, seed=50 + size))
        for key, count in counts.items()
    ]
    return Outcomes.joined(parts)


def routing(sides: dict[str, Side], model: Classifier) -> None:
    print(
        "\n| photos | known, automatic at 5 % errors | at 2 % | without the reason of disagreeing rules | at 2 % "
        "| at the model's threshold | errors of accepted | AURC | AUGRC |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for size in range(1, 7):
        found = mixed(sides, model, size)
        kappa, shares = found.kappa(model.fitted), []
        for values in (kappa, found.sure(model.fitted)):
            curve = risk_coverage(values, found.right)
            for rate in (0.05, 0.02):
                within = np.flatnonzero(curve.risk <= rate)
                shares.append((values[found.known] >= curve.threshold[within[-1]]).mean() if len(within) else 0.0)
        accepted = kappa >= model.fitted.accept_from(size)
        automatic = " | ".join(f"{share:.1%}" for share in (*shares, accepted[found.known].mean()))
        errors = f"{(~found.right[accepted]).mean():.1%} of {accepted.sum()}"
        print(f"| {size} | {automatic} | {errors} | {curve.area:.4f} | {curve.generalised_area:.4f} |")
    found = mixed(sides, model, 4)
    curve = risk_coverage(found.sure(model.fitted), found.right)
    print("\nRisk-coverage, 4 photos (all listings, one in five unknown, so at most 80 % could be right):\n")
    print("| accepted |", *(f"{share:.0%} |" for share in np.arange(1, 11) / 10), "\n|---|", "---:|" * 10)
    print("| errors |", *(f"{np.interp(share, curve.coverage, curve.risk):.1%} |" for share in np.arange(1, 11) / 10))
    costs(found, model)


def costs(found: Outcomes, model: Classifier) -> None:
    kappa = found.kappa(model.fitted)
    rules = {
        f"accept from {cost_threshold(ERROR, REVIEW, PEOPLE):.2f} of kappa (by costs)": kappa
        >= cost_threshold(ERROR, REVIEW, PEOPLE),
        f"at most 5 % errors (kappa {model.fitted.accept_from(4):.2f})": kappa >= model.fitted.accept_from(4),
        "confidence of 0.5": found.confidence >= 0.5,
        "confidence of 0.9": found.confidence >= 0.9,
        "everything to people": np.zeros(len(kappa), dtype=bool),
    }
    print(f"\nCosts a listing (4 photos; an error {ERROR:g}, a review {REVIEW:g}, people err in {PEOPLE:.0%}):\n")
    print("| rule | accepted | cost |\n|---|---:|---:|")
    for name, accepted in rules.items():
        cost = np.where(accepted, ERROR * ~found.right, REVIEW + PEOPLE * ERROR)
        print(f"| {name} | {accepted.mean():.1%} | {cost.mean():.3f} ± {1.96 * cost.std() / np.sqrt(len(cost)):.3f} |")


def decisions(sides: dict[str, Side], model: Classifier) -> None:
    """The whole way through `decide`, as every caller takes it; hard reasons included."""
    print("\n| listings of 4, a quarter spoiled | accept | review | unknown | right among accepted | ms a verdict |")
    print("|---|---:|---:|---:|---:|---:|")
    for key, count in {"known": 800, "near": 200, "far": 200}.items():
        item, right, start = sides[key], [], time.perf_counter()
        found = {"accept": 0, "review": 0, "unknown": 0}
        for photos, ways in zip(*item.draw(4, count, SPOILED, seed=99), strict=True):
            looks = [item.photos[photo].looks[way] for photo, way in zip(photos, ways, strict=True)]
            verdict = decide([str(number) for number in range(4)], looks, model)
            found[verdict.decision] += 1
            if verdict.decision == "accept":
                right.append(verdict.label == item.photos[photos[0]].label)
        shares = " | ".join(f"{number / count:.1%}" for number in found.values())
        print(f"| {key} | {shares} | {np.mean(right):.1%} | {(time.perf_counter() - start) / count * 1000:.1f} |")


def peers(sides: dict[str, Side], model: Classifier, python: str) -> None:
    """Single scores against other libraries', on the same features of clean photos, known against near and far.

    pytorch-ood's Mahalanobis does not shrink its covariances and here knows the bank alone; so does Tally's for it.
    """
    novelty = model.fitted.novelty
    assert novelty is not None
    parts = [sides[key].material for key in ("known", "near", "far")]
    logits, features = (
        np.concatenate([getattr(part, name)[:, 0] for part in parts]) for name in ("logits", "features")
    )
    truth = np.repeat([0, 1], [len(parts[0].labels), len(parts[1].labels) + len(parts[2].labels)])
    reference, own = novelty.reference, {}
    shrink, unknown._SHRINK = unknown._SHRINK, 1e-6
    plain = unknown.Reference.of(reference.bank, reference.bank_labels, model.head, len(reference.bank))
    unknown._SHRINK = shrink
    for name, score in unknown.SCORES.items():
        start = time.perf_counter()
        values = score(plain if name == "mahalanobis" else reference, logits, features)
        own[name] = roc_auc_score(truth, values), (time.perf_counter() - start) / len(truth) * 1e6
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.npz"
        np.savez(
            path, logits=logits, features=features, truth=truth, bank=reference.bank, bank_labels=reference.bank_labels
        )
        done = subprocess.run(
            [python, str(Path(__file__).with_name("listings_peers.py")), str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
    print("\n| score and library | AUROC | Tally's | µs a photo | Tally's |\n|---|---:|---:|---:|---:|")
    for line in done.stdout.splitlines():
        if line.count("\t") == 2:
            name, value, spent = line.split("\t")
            mine = own[name.split(",")[0]]
            print(f"| {name} | {float(value):.4f} | {mine[0]:.4f} | {float(spent):.1f} | {mine[1]:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--peers", metavar="PYTHON", help="a Python with pytorch-ood and cleanlab")
    options = parser.parse_args()
    model = engine.load_model(options.model)
    sides = {key: side(options.photos / name, model) for key, name in FILES.items()}
    numbers = ", ".join(f"{len(item.photos):,} {key}" for key, item in sides.items())
    print(f"## {datetime.now(UTC):%Y-%m-%d}, listings\n\n{model.id}; photos {numbers}; {LISTINGS:,} listings a row")
    fusion(sides["known"], model)
    strange(sides, model)
    routing(sides, model)
    decisions(sides, model)
    if options.peers:
        peers(sides, model, options.peers)


if __name__ == "__main__":
    main()
