"""`tally audit`: a sample and what is known outside it -> how the sample lies, in words or as JSON."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.audit.audit import Audit

THEATRE = "theatre"

_FILES = {
    "--reference": "an even sample of the population; the same columns or photos",
    "--margins": 'known shares: CSV of column, value, share (or count), or JSON {"region": {"north": 0.3}}',
    "--frame": "everybody who was invited, with a column of yes and no",
}


def add_arguments(command: argparse.ArgumentParser, existing: Callable[[str], Path]) -> None:
    """What the command takes; `existing` makes a path of what can be read."""
    command.add_argument(
        "sample",
        type=lambda text: text if text == THEATRE else existing(text),
        metavar="SAMPLE",
        help="CSV, Parquet, or photos (folder, ZIP, Parquet); theatre is a built-in survey whose truth is known",
    )
    for name, what in _FILES.items():
        command.add_argument(name, type=existing, metavar="FILE", help=what)
    command.add_argument("--responded", metavar="COLUMN", help="the frame's column of who answered")
    command.add_argument("--label", metavar="COLUMN", help="the sample's column of classes or answers")
    command.add_argument(
        "--group", action="append", default=[], metavar="COLUMN", help="values of it must all be there; may be repeated"
    )
    command.add_argument("--json", action="store_true", help="JSON Lines for programs")


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    if options.responded and not options.frame:
        print("tally audit: --responded names a column of --frame, which is not given", file=sys.stderr)
        return 2
    from engine.audit.theatre import survey

    found = survey().audit() if options.sample == THEATRE else _audit(options)
    print(json.dumps(found.as_dict()) if options.json else "\n".join(_told(found)))
    return 0


def _audit(options: argparse.Namespace) -> "Audit":
    """The audit, and a run of it in the history if it tested anything."""
    from engine.audit.audit import audit_selection
    from engine.audit.tables import read, read_margins
    from engine.store.runs import save_audit

    started = time.monotonic()
    sample = read(options.sample)
    found = audit_selection(
        sample,
        reference=options.reference and read(options.reference),
        margins=options.margins and read_margins(options.margins),
        frame=options.frame and read(options.frame),
        responded=options.responded,
        label=options.label,
        groups=options.group,
    )
    given = ("reference", "margins", "frame", "responded", "label", "group")
    settings = {name: str(value) for name in given if (value := getattr(options, name))}
    if why := save_audit(sample, found, settings, time.monotonic() - started):
        print(f"the run is not kept: {why}", file=sys.stderr)
    return found


def _told(found: "Audit") -> Iterator[str]:
    """The verdicts as a table for people, the sentences, and the cells and columns behind them."""
    from dashboard.text import table

    parts = {name: getattr(found, name) for name in ("coverage", "sampling", "participation")}
    yield table(["bias", "found"], [[name, part["verdict"]] for name, part in parts.items()])
    yield "\n" + "\n".join(found.sentences)
    cells = [cell for cell in parts["coverage"].get("cells", ()) if cell["state"] != "covered"]
    if cells:
        columns = ("column", "value", "target", "sample", "state")
        yield "\n" + table(columns, [[_cell(cell[name]) for name in columns] for cell in cells])
    if found.weights:
        balance = found.weights["balance"]
        yield "\nDifference from the population in standard deviations"
        yield table(["column", "before", "weighted"], [[_cell(cell) for cell in row.values()] for row in balance])


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
