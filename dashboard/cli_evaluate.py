"""`tally evaluate`: a model's figures on labelled photos, in lines for people or as JSON."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from dashboard.cli_classify import progress


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    from engine.models.data import read_labelled
    from engine.models.evaluate import evaluate
    from engine.models.registry import load_model

    model = load_model(options.model)
    figures = evaluate(read_labelled(options.paths), model, lambda done: progress(f"{done:,} photos"))
    progress("")
    print(json.dumps(figures) if options.json else "\n".join(told(figures)))
    return 0


def told(figures: dict[str, Any]) -> Iterator[str]:
    """An evaluation in lines for people."""
    from dashboard.text import count, table

    names = ("photos", "accuracy", "balanced_accuracy", "top5", "log_loss", "ece")
    sources = [("all", figures), *figures["per_source"].items()]
    rows = [[source, *(f"{part[name]}" for name in names)] for source, part in sources]
    yield f"{figures['model']}\n\n{table(['source', *names], rows)}"

    columns = ("photos", "recall", "precision", "log_loss")
    hardest = sorted(figures["per_class"].items(), key=lambda item: item[1]["recall"])[:10]
    rows = [[label, *(f"{part[name]}" for name in columns)] for label, part in hardest]
    yield f"\nHardest classes (all are in --json)\n{table(['class', *columns], rows)}"

    if figures["confusions"]:
        rows = [
            [pair["label"], pair["predicted"], f"{pair['photos']} of {pair['of']}"] for pair in figures["confusions"]
        ]
        yield f"\nCommonest confusions\n{table(['shows', 'taken for', 'photos'], rows[:10])}"
    if figures["worst"]:
        rows = [[photo["name"], photo["label"], photo["predicted"], f"{photo['score']}"] for photo in figures["worst"]]
        yield f"\nWorst photos\n{table(['photo', 'shows', 'taken for', 'score'], rows[:10])}"
    for photo in figures["unreadable"]:
        yield f"not read: {photo['name']}: {photo['reason']}"
    for label, number in figures["unknown_labels"].items():
        yield f"left out: {count(number, 'photo')} labelled {label!r}, which the model does not know"
