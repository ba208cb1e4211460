"""`tally curve`: a labelled set -> its learning curve and what it says, in words or as JSON."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dashboard.cli_classify import progress
from engine import settings

DIGITS = "digits"


def add_arguments(command: argparse.ArgumentParser, existing: Callable[[str], Path]) -> None:
    """What the command takes; `existing` makes a path of what can be read."""
    command.add_argument(
        "data",
        type=lambda text: text if text == DIGITS else existing(text),
        metavar="DATA",
        help="photos by class, a table of features, or digits (built in)",
    )
    command.add_argument("--human", type=human, metavar="ERROR:ITEMS", help="people's error on so many items")
    command.add_argument("--label", metavar="COLUMN", help="the table's column of classes")
    command.add_argument(
        "--rounds", type=_rounds, metavar="N", help="of five folds each: more rounds, less noise (3 up to 5,000 items)"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    from engine.curves.curve import learning_curve
    from engine.curves.data import load
    from engine.models.registry import load_model
    from engine.store.runs import save_curve

    started, model = time.monotonic(), partial(load_model, options.model)
    labelled = load(options.data, label=options.label, model=model, progress=lambda done: progress(f"{done:,} photos"))
    progress("")
    curve = learning_curve(labelled, human=options.human, rounds=options.rounds)
    if why := save_curve(Path(options.data).name, curve, str(options.model), time.monotonic() - started):
        print(f"the run is not kept: {why}", file=sys.stderr)
    if options.json:
        print(json.dumps(curve.as_dict()))
        return 0
    from dashboard.text import share, table

    found = curve.as_dict()
    columns = ("sizes", "train_error", "validation_error", "train_log_loss", "validation_log_loss")
    rows = [[f"{value:,}" for value in row] for row in zip(*(found[name] for name in columns), strict=True)]
    print(table([name.replace("_", " ") for name in columns], rows))
    baselines = [[row.name, share(row.error), *map(share, row.interval)] for row in curve.levels]
    print("\n" + table(["baseline", "error", "low (95 %)", "high (95 %)"], baselines))
    print("\n" + "\n".join(curve.sentences))
    return 0


def human(text: str) -> tuple[float, int]:
    """ERROR:ITEMS, such as 0.05:300 -> errors and items."""
    error, _, items = text.partition(":")
    try:
        share, number = float(error.removesuffix("%")) / (100 if error.endswith("%") else 1), int(items)
    except ValueError:
        share, number = -1.0, 0
    if not (0 <= share <= 1 and number > 0):
        raise argparse.ArgumentTypeError(f"{text} is not ERROR:ITEMS, such as 0.05:300 (5 % errors of 300 answers)")
    return share * number, number


def _rounds(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= settings.CURVE_ROUNDS):
        raise argparse.ArgumentTypeError(f"{text} is no number of rounds from 1 to {settings.CURVE_ROUNDS}")
    return int(text)
