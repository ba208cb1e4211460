"""How good and how fast are learning curves? `python -m tests.benchmarks.curves worlds|speed|features`; Markdown.

worlds    five worlds whose truth is known: are the verdicts right, does the forecast's interval hold?
speed     against scikit-learn's learning_curve with the same splits and penalty, side by side
features  the starter's features of labelled photos: forecast four times the data from a quarter, and look

Seeds 0 to 29 are for development; what is reported comes from others. Nothing was tuned on the figures.
"""

import argparse
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from engine.curves import heads
from engine.curves.curve import learning_curve
from engine.curves.data import labelled, load
from engine.curves.diagnose import Evidence, fit
from engine.curves.subsets import Split, split, splits, training_sizes

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class World:
    """logit P(y = 1 | x) = scale (cos(bend) x.w + sin(bend) x1 x2); a share of labels is turned over."""

    name: str
    items: int  # N, of the largest training set
    width: int
    scale: float
    bend: float = 0.0
    flipped: float = 0.0
    intended: tuple[str, str, str] = ("no", "no", "no")  # more data, bias, variance

    def draw(self, items: int, random: np.random.Generator) -> tuple[Array, Array]:
        """Features, and P(y = 1 | x)."""
        x = random.standard_normal((items, self.width))
        # The bend's two features have no part in the straight term.
        straight = x[:, 2:].sum(1) / np.sqrt(self.width - 2)
        logit = self.scale * (np.cos(self.bend) * straight + np.sin(self.bend) * x[:, 0] * x[:, 1])
        return x.astype(np.float32), self.flipped + (1 - 2 * self.flipped) / (1 + np.exp(-logit))


WORLDS = [
    World("ideal", 4000, 8, 6.0),
    World("high variance", 600, 120, 8.0, intended=("yes", "no", "yes")),
    World("high bias", 4000, 8, 7.5, bend=0.97, intended=("no", "yes", "no")),
    World("label noise", 4000, 8, 6.0, flipped=0.2),
    World("bias and variance", 600, 100, 9.5, bend=1.05, intended=("yes", "yes", "yes")),
]
HUMAN_ITEMS = 300
SCORED = 40_000  # rows of the truth
PENALTY = 0.01  # of the speed test, where both fits are exact enough to compare
TRUTHS = 40  # training sets of a world's truth


def truth(world: World, items: int) -> float:
    """The error after training on `items`: mean over fresh training sets, scored with the known probabilities."""
    random = np.random.default_rng(items)
    unseen, chance = world.draw(SCORED, random)
    errors = []
    for _ in range(TRUTHS):
        seen, likely = world.draw(items, random)
        labels = np.concatenate([random.random(items) < likely, np.zeros(SCORED)]).astype(np.int64)
        part = split(labels, None, np.arange(items), np.arange(items, items + SCORED), random)
        scores = heads.score(np.concatenate([seen, unseen]), labels, [part], [items])
        said = scores.predicted[items:]
        errors.append(np.where(said == 1, 1 - chance, chance).mean())
    return float(np.mean(errors))


@dataclass(frozen=True)
class Outcome:
    """One run in a world."""

    answers: tuple[str, str, str]
    refused: bool
    low: float
    mid: float
    high: float
    last: float  # measured error of the largest training set


def run(world: World, seed: int) -> Outcome:
    random = np.random.default_rng(seed)
    features, chance = world.draw(round(world.items / 0.8), random)
    labels = (random.random(len(chance)) < chance).astype(int)
    _, likely = world.draw(SCORED, random)
    human = float(random.binomial(HUMAN_ITEMS, np.minimum(likely, 1 - likely).mean()))
    given = labelled(features, [""] * len(labels), [str(label) for label in labels])
    curve = learning_curve(given, human=(human, HUMAN_ITEMS), seed=seed)
    found = curve.diagnosis
    low, mid, high = found.posterior.predicted(2)
    return Outcome(
        (found.more_data, found.bias, found.variance),
        found.worse is not None,
        low,
        mid,
        high,
        float(curve.validation_error[-1]),
    )


def worlds(first_seed: int, runs: int) -> None:
    print(
        "| world (N) | true error N / 2N | more data | bias | variance | refused "
        "| 90 % covers | MAE: ours / last point |"
    )
    print("|---|---|---|---|---|---:|---:|---|")
    covered, opposite = [], 0
    for world in WORLDS:
        now, doubled = truth(world, world.items), truth(world, 2 * world.items)
        done = [run(world, first_seed + index) for index in range(runs)]
        inside = [outcome.low <= doubled <= outcome.high for outcome in done if not outcome.refused]
        covered += inside
        wrong = {"yes": "no", "no": "yes"}
        opposite += sum(
            answer == wrong[meant]
            for outcome in done
            for answer, meant in zip(outcome.answers, world.intended, strict=True)
        )
        told = []
        for number, meant in enumerate(world.intended):
            counts = Counter(outcome.answers[number] for outcome in done)
            told.append(f"{meant}: " + ", ".join(f"{answer} {counts[answer]}" for answer in ("yes", "no", "unsure")))
        ours = np.mean([abs(outcome.mid - doubled) for outcome in done])
        last = np.mean([abs(outcome.last - doubled) for outcome in done])
        refused = sum(outcome.refused for outcome in done)
        print(
            f"| {world.name} ({world.items:,}) | {now:.3f} / {doubled:.3f} | {' | '.join(told)} | {refused} "
            f"| {np.mean(inside):.2f} | {ours:.4f} / {last:.4f} |",
            flush=True,
        )
    print(f"\nOpposite verdicts: {opposite} of {3 * runs * len(WORLDS)}. ", end="")
    print(f"The 90 % interval of the doubled size covers {np.mean(covered):.1%} of {len(covered)} runs.")


def twenty_classes(items: int = 20_000, width: int = 576, classes: int = 20) -> tuple[Array, Array]:
    """Features as a network's after its last ReLU, 5 % of labels at random."""
    random = np.random.default_rng(1)
    labels = random.integers(0, classes, items)
    centres = 0.18 * random.standard_normal((classes, width))
    features = np.maximum(centres[labels] + random.standard_normal((items, width)), 0).astype(np.float32)
    turned = random.random(items) < 0.05
    labels[turned] = random.integers(0, classes, turned.sum())
    return features, labels


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def speed(rounds: int = 2) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import ShuffleSplit
    from sklearn.model_selection import learning_curve as sklearn_curve

    features, labels = twenty_classes()
    sizes = [round(size) for size in np.geomspace(250, 16_000, 10)]
    parts = list(ShuffleSplit(5, train_size=16_000, test_size=4_000, random_state=0).split(features))
    repeats = [Split(order, np.zeros_like(order), validation) for order, validation in parts]

    def theirs(kind: type) -> Array:
        model, table = LogisticRegression(C=PENALTY, max_iter=200), features.astype(kind)
        found = sklearn_curve(
            model, table, labels, train_sizes=sizes, cv=parts, scoring="neg_log_loss", n_jobs=os.cpu_count()
        )
        return -found[2]

    ways = {
        "Tally": lambda: heads.score(features, labels, repeats, sizes, PENALTY).validation_log_loss,
        "scikit-learn, float64": lambda: theirs(np.float64),
        "scikit-learn, float32": lambda: theirs(np.float32),
    }
    best, losses = dict.fromkeys(ways, np.inf), {}
    ways["Tally"]()  # starts its threads
    # In turn, so that a neighbour's load falls on all alike; the best round is the machine's, the rest is noise.
    for _ in range(rounds):
        for name, work in ways.items():
            took, losses[name] = seconds(work)
            best[name] = min(best[name], took)
    print("| what | s | ratio | largest difference of mean log-loss |\n|---|---:|---:|---:|")
    for name, took in best.items():
        apart = np.abs(losses[name].mean(1) - losses["scikit-learn, float64"].mean(1)).max()
        print(f"| {name} | {took:.2f} | {took / best['Tally']:.1f} | {apart:.4f} |")
    print(f"\n{_products(sizes, features.shape[1], 20, len(labels), best['Tally'])}")


def _products(sizes: list[int], width: int, classes: int, items: int, took: float) -> str:
    """The share of the machine's matrix-product limit that a curve reaches, its passes counted."""
    passes = 0
    plain = heads._penalised_loss

    def counted(*arguments: Any) -> Any:
        nonlocal passes
        passes += 1
        return plain(*arguments)

    features, labels = twenty_classes()
    part = Split(np.arange(16_000), np.zeros(16_000, dtype=int), np.arange(16_000, 20_000))
    heads._penalised_loss = counted  # type: ignore[assignment]
    heads.score(features, labels, [part], sizes, PENALTY)
    heads._penalised_loss = plain
    curve = 4 * sum(sizes) * width * classes * passes + 2 * sum(sizes) * width * classes
    scored = 2 * (items - sizes[-1]) * width * classes * len(sizes)
    work = 5 * (curve + scored) + 4 * items * width**2
    limit = max(_limit() for _ in range(3))
    return (
        f"{passes} passes a repeat, {work / 1e9:.0f} GFLOP in {took:.2f} s: {work / took / 1e9:.0f} GFLOP/s, "
        f"{work / took / limit:.0%} of the {limit / 1e9:.0f} GFLOP/s that plain float32 products of 2,048 reach on "
        f"all cores."
    )


def _limit() -> float:
    import torch

    left, right = torch.randn(2, 2048, 2048)
    left @ right
    took, _ = seconds(lambda: [left @ right for _ in range(10)])
    return 10 * 2 * 2048**3 / took


def features(paths: list[str], cuts: int) -> None:
    """Fit on a quarter of random parts of the photos, forecast four times as many, and measure there."""
    given = load(paths[0])
    print(f"{len(given.labels):,} photos, {len(given.classes)} classes. {' '.join(given.notes)}\n")
    print("| part | N | error at N | forecast at 4N (90 %) | measured at 4N | inside | off: ours / last point |")
    print("|---|---:|---:|---|---:|---|---|")
    random = np.random.default_rng(9000)
    rows = np.array_split(random.permutation(len(given.labels)), cuts)
    errors = []
    for number, chosen in enumerate(rows, start=1):
        table, (_, labels) = given.features[chosen], np.unique(given.labels[chosen], return_inverse=True)
        table = (table - table.mean(0)) / np.maximum(table.std(0), 1e-6)
        repeats = splits(labels, None, number)
        largest = min(len(part.order) for part in repeats)
        scores = heads.score(table, labels, repeats, training_sizes(largest // 4, len(given.classes)))
        late = heads.score(table, labels, repeats, [largest])
        error = scores.validation_error[-1].mean()
        level = np.sqrt(error * (1 - error) / len(labels))
        evidence = Evidence(
            training_sizes(largest // 4, len(given.classes)), scores.train_error, scores.validation_error, level
        )
        low, mid, high = fit(evidence, np.random.default_rng(0)).predicted(4)
        real = late.validation_error.mean()
        errors.append((abs(mid - real), abs(error - real), low <= real <= high))
        print(
            f"| {number} | {largest // 4:,} | {error:.3f} | {mid:.3f} ({low:.3f} to {high:.3f}) | {real:.3f} "
            f"| {'yes' if errors[-1][2] else 'no'} | {errors[-1][0]:.3f} / {errors[-1][1]:.3f} |",
            flush=True,
        )
    off = np.array(errors, dtype=float).mean(0)
    print(f"\nMean: off by {off[0]:.4f}, the last point by {off[1]:.4f}; inside {off[2]:.0%}.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.curves")
    parser.add_argument("what", choices=["worlds", "speed", "features"])
    parser.add_argument("paths", nargs="*", help="features: labelled photos, as `tally curve` takes them")
    parser.add_argument("--seed", type=int, default=7000, help="worlds: the first seed")
    parser.add_argument("--runs", type=int, default=60, help="worlds: runs in each")
    chosen = parser.parse_args()
    start, before = time.perf_counter(), os.getloadavg()
    print(f"## {datetime.now(UTC):%Y-%m-%d}: learning curves, {chosen.what}\n")
    if chosen.what == "worlds":
        worlds(chosen.seed, chosen.runs)
    elif chosen.what == "speed":
        speed()
    else:
        features(chosen.paths, cuts=4)
    load_then, load_now = (", ".join(f"{value:.1f}" for value in values) for values in (before, os.getloadavg()))
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; ", end="")
    print(f"{time.perf_counter() - start:.0f} s; load {load_then} before, {load_now} after.")


if __name__ == "__main__":
    main()
