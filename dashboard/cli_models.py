"""`tally models`: list, rename and delete models, and fetch published ones."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from engine.models.imagenet import ARCHITECTURES

_COLUMNS = ("name", "kind", "id", "classes", "accuracy", "log_loss", "photos")


def add_arguments(command: argparse.ArgumentParser, action: Callable[..., argparse.ArgumentParser]) -> None:
    """What the command takes; `action` makes a parser of a sub-command."""
    as_json: dict[str, Any] = {"action": "store_true", "help": "JSON Lines for programs"}
    command.add_argument("--json", **as_json)
    actions = command.add_subparsers(metavar="ACTION")
    rename = action(actions, "rename", "rename a model", "tally models rename mine ours", _rename)
    rename.add_argument("name")
    rename.add_argument("new_name")
    delete = action(actions, "delete", "delete a model", "tally models delete mine", _delete)
    delete.add_argument("name")
    fetch = action(
        actions,
        "fetch",
        "download a published ImageNet classifier and make a model of it",
        "tally models fetch mobilenet_v3_large",
        _fetch,
    )
    fetch.add_argument("architecture", choices=ARCHITECTURES)
    fetch.add_argument("--json", **as_json, default=argparse.SUPPRESS)
    fetch.add_argument("--name", help="of the new model; default: imagenet-ARCHITECTURE")


def run(options: argparse.Namespace) -> int:
    """List the models; returns the exit status."""
    from dashboard.text import table
    from engine.models.registry import list_models

    rows = list_models()
    if options.json:
        print("\n".join(json.dumps(row) for row in rows))
        return 0
    print(table(_COLUMNS, [[f"{row.get(name) or '-'}" for name in _COLUMNS] for row in rows]))
    for row in rows:
        if "error" in row:
            print(f"{row['name']}: {row['error']}")
    return 0


def _rename(options: argparse.Namespace) -> int:
    from engine.models.registry import rename_model

    rename_model(options.name, options.new_name)
    return 0


def _delete(options: argparse.Namespace) -> int:
    from engine.models.registry import delete_model

    delete_model(options.name)
    return 0


def _fetch(options: argparse.Namespace) -> int:
    from dashboard.cli_classify import progress
    from dashboard.cli_train import bar
    from engine.listings.vote import readable
    from engine.models.published import fetch

    try:
        card = fetch(options.architecture, options.name or f"imagenet-{options.architecture}", bar())
    finally:
        progress("")
    classes, missing = len(card.classes), card.raw["missing"]
    if options.json:
        print(json.dumps({"name": card.name, "id": card.id, "classes": classes, "missing": missing}))
    else:
        print(f"{card.id} is ready, with {classes} classes: tally classify PHOTOS --model {card.name}")
        print(f"ImageNet lacks {', '.join(map(readable, missing))}.")
        print(
            "It was never calibrated on photos like yours, so all its listings go to people. "
            f"Photos of your own mend that: tally train PHOTOS --name NAME --backbone {options.architecture}"
        )
    return 0
