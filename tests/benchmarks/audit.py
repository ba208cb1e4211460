"""Does the audit name the bias that is there, and no other? `python -m tests.benchmarks.audit`; Markdown.

Two kinds of worlds whose truth is known: tables of 16 features and 8 groups with one bias each, and the theatre survey
with every combination of its three. Thresholds were fixed before; seeds are fresh.
"""

import argparse
import itertools
import os
import platform
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from engine.audit.audit import Audit, audit_selection
from engine.audit.tables import Table, from_frame
from engine.audit.theatre import survey

Array = np.ndarray[Any, np.dtype[Any]]

ITEMS, WIDTH = 3_000, 16
SHARES = np.array([0.2, 0.18, 0.15, 0.13, 0.1, 0.08, 0.08, 0.08])
PARTS = ("coverage", "sampling", "participation")
# What is named "yes" in each case; the rest must be "no".
CASES = {"null": "", "coverage": "coverage", "sampling": "sampling", "participation": "participation"}


class World:
    """Groups with their own centres, and a model that is wrong more often in some and at one end of a feature."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.centres = 1.5 * self.random.standard_normal((8, WIDTH))
        self.hard = self.random.normal(-1.2, 0.8, 8)

    def draw(self, items: int, shares: Array = SHARES) -> tuple[pl.DataFrame, Array]:
        group = self.random.choice(8, items, p=shares / shares.sum())
        own = self.random.standard_normal((items, WIDTH))
        chance = 1 / (1 + np.exp(-self.hard[group] + 0.5 * own[:, 0]))
        table = {f"x{number}": column for number, column in enumerate((self.centres[group] + own).T)}
        return pl.DataFrame({"region": [f"r{one}" for one in group], **table, "_own": own[:, 0]}), chance

    def truth(self) -> float:
        return float(self.draw(200_000)[1].mean())


def run(case: str, seed: int) -> tuple[Audit, float, float]:
    world = World(seed)
    reference, _ = world.draw(ITEMS)
    shares = SHARES.copy()
    if case == "coverage":
        shares[7] = 0
    elif case == "sampling":
        shares *= [2.5, 1, 0.3, 1, 2.5, 0.3, 1, 0.3]
    invited, chance = world.draw(2 * ITEMS, shares)
    pull = 1.2 if case == "participation" else 0.0
    answers = world.random.random(2 * ITEMS) < 1 / (1 + np.exp(-pull * invited["_own"].to_numpy()))
    wrong = (world.random.random(2 * ITEMS) < chance).astype(float)
    frame = invited.drop("_own").with_columns(pl.Series("responded", answers))
    sample = invited.drop("_own").with_columns(pl.Series("wrong", wrong)).filter(pl.Series(answers))
    start = time.perf_counter()
    found = audit_selection(
        table(sample), reference=table(reference.drop("_own")), frame=table(frame), responded="responded"
    )
    return found, world.truth(), time.perf_counter() - start


def table(frame: pl.DataFrame) -> Table:
    return from_frame(frame, "table")


def worlds(first: int, runs: int) -> None:
    print("| case | coverage | sampling | participation | missing | AUC | PSI | R | error -> weighted (truth) | s |")
    print("|---|---|---|---|---:|---:|---:|---:|---|---:|")
    for case in CASES:
        done = [run(case, first + number) for number in range(runs)]
        audits = [found for found, _, _ in done]
        wrong = [found.weights["estimates"][0] for found in audits]  # type: ignore[index]
        missing, auc, psi, indicator = (
            np.mean(values)
            for values in (
                [found.coverage["missing_share"] for found in audits],
                [found.sampling["auc"] for found in audits],
                [found.sampling["columns"][0]["psi"] for found in audits],
                [found.participation["r_indicator"] for found in audits],
            )
        )
        before, after = (np.mean([value[name] for value in wrong]) for name in ("before", "after"))
        print(
            f"| {case} | {told(audits)} | {missing:.3f} | {auc:.3f} | {psi:.3f} "
            f"| {indicator:.2f} | {before:.3f} -> {after:.3f} ({np.mean([truth for _, truth, _ in done]):.3f}) "
            f"| {np.median([took for _, _, took in done]):.2f} |",
            flush=True,
        )


def theatres(first: int, runs: int) -> None:
    print("| switched on | coverage | sampling | participation | content: asked -> weighted (reached, town) | covers |")
    print("|---|---|---|---|---|---:|")
    wrong = total = 0
    for switches in itertools.product((True, False), repeat=3):
        on = dict(zip(PARTS, switches, strict=True))
        surveys = [survey(first + number, **on) for number in range(runs)]
        audits = [one.audit() for one in surveys]
        for part in PARTS:
            wrong += sum(getattr(found, part)["verdict"] == ("no" if on[part] else "yes") for found in audits)
            total += runs
        shares = [found.weights["estimates"][-1] for found in audits]  # type: ignore[index]
        covers = np.mean([
            share["after_interval"][0] <= one.reached <= share["after_interval"][1]
            for one, share in zip(surveys, shares, strict=True)
        ])  # fmt: skip
        before, after = (np.mean([share[name] for share in shares]) for name in ("before", "after"))
        reached, truth = (np.mean([getattr(one, name) for one in surveys]) for name in ("reached", "truth"))
        print(
            f"| {', '.join(part for part in PARTS if on[part]) or 'none'} "
            f"| {told(audits)} "
            f"| {before:.3f} -> {after:.3f} ({reached:.3f}, {truth:.3f}) | {covers:.0%} |",
            flush=True,
        )
    print(f"\nVerdicts opposite to the switches: {wrong} of {total}.")


def told(audits: list[Audit]) -> str:
    """How often each verdict was given, by part."""
    counts = [Counter(getattr(found, part)["verdict"] for found in audits) for part in PARTS]
    return " | ".join(", ".join(f"{verdict} {number}" for verdict, number in one.most_common()) for one in counts)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.audit")
    parser.add_argument("--seed", type=int, default=8000, help="the first")
    parser.add_argument("--runs", type=int, default=40, help="in each case")
    chosen = parser.parse_args()
    start, before = time.perf_counter(), os.getloadavg()[0]
    print(f"## {datetime.now(UTC):%Y-%m-%d}: selection bias, {chosen.runs} runs a case from seed {chosen.seed}\n")
    worlds(chosen.seed, chosen.runs)
    print()
    theatres(chosen.seed, chosen.runs)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; ", end="")
    print(f"{time.perf_counter() - start:.0f} s; load {before:.1f} before, {os.getloadavg()[0]:.1f} after.")


if __name__ == "__main__":
    main()
