"""`tally train`: somebody's own photos -> a model of their own, with its report."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dashboard.cli_classify import progress
from dashboard.text import soon
from engine.errors import InputError
from engine.models.imagenet import ARCHITECTURES
from engine.models.progress import Pace, Progress

_BAR = 30  # characters
_LISTED = 10


def add_arguments(command: argparse.ArgumentParser, existing: Callable[[str], Path]) -> None:
    """What the command takes; `existing` makes a path of what can be read."""
    command.add_argument(
        "paths", nargs="+", type=existing, metavar="DATA", help="folder of class folders, ZIP of one, or Parquet"
    )
    command.add_argument(
        "--backbone",
        choices=ARCHITECTURES,
        help="train on the features of this network, with its published weights, in place of --model's",
    )
    command.add_argument(
        "--full", action="store_true", help="train the whole network too, and keep it if it beats the linear head"
    )
    command.add_argument("--name", required=True, type=_name, metavar="NAME", help="of the new model")


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    from engine.models.learn import learn
    from engine.models.published import backbone
    from engine.models.registry import load_model

    if options.backbone and options.full:
        print("tally train: --full trains networks of the starter's kind: leave out --backbone", file=sys.stderr)
        return 2
    told = bar()
    try:
        base = backbone(options.backbone, told) if options.backbone else load_model(options.model)
        report = learn(options.paths, options.name, base, told, full=options.full)
    except KeyboardInterrupt:
        print("stopped; what was seen of the photos is kept, and the same command goes on", file=sys.stderr)
        return 130
    finally:
        progress("")
    print(json.dumps(report) if options.json else "\n".join(_told(report)))
    return 0


def _told(report: dict[str, Any]) -> Iterator[str]:
    from dashboard.cli_evaluate import told
    from dashboard.text import table

    yield from told(report)
    if suspected := report["suspects"]["photos"]:
        columns = ("name", "label", "proposed", "score", "score_of_label")
        rows = [[str(photo[key]) for key in columns] for photo in report["suspects"]["worst"][:_LISTED]]
        heads = ["photo", "labelled", "rather", "score", "score of label"]
        yield f"\nLabels likely wrong: {suspected:,} (the worst 100 are in --json)\n{table(heads, rows)}"
    yield from report["notes"]
    yield (
        f"{report['model']} is ready after {report['seconds']:.0f} s: tally classify PHOTOS --model "
        f"{report['model'].partition('@')[0]}"
    )


def bar() -> Progress:
    """Shows a stage as a bar, with the time left, on the terminal's last line."""
    pace, latest = Pace(), ""

    def show(what: str, share: float, /, **figures: float) -> None:
        nonlocal latest
        if figures:
            latest = f", {figures['error']:.1%} errors so far"
        filled = round(min(share, 1) * _BAR)
        left = pace.left(what, share)
        progress(f"{what} [{'#' * filled}{'.' * (_BAR - filled)}] {share:.0%}{soon(left)}{latest}")

    return show


def _name(text: str) -> str:
    from engine.models.registry import check_name

    try:
        return check_name(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
