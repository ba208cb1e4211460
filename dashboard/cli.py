"""The `tally` command. What is heavy (torch, pandas, the server) is imported by the command that needs it.

Exit status: 0 done, also where some photos could not be read; 1 nothing could be processed or the work failed;
2 wrong use or a path that does not exist.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboard import cli_audit, cli_classify, cli_curve, cli_evaluate, cli_models, cli_train
from engine._version import __version__
from engine.errors import InputError, ModelNotFound, TallyError
from engine.models.registry import STARTER


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a name still shows the rest
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except TallyError as error:
        print("tally:", *str(error).split(), file=sys.stderr)  # on one line, whatever a library said
        return 2 if isinstance(error, ModelNotFound) else 1
    except BrokenPipeError:  # `tally ... | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"tally: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tally", description="Say what several photos of one object show, and why.")
    parser.add_argument("--version", action="version", version=f"tally {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = _command(commands, "serve", "start the dashboard and its HTTP API", "TALLY_PORT=8600 tally serve", _serve)

    command = _command(
        commands,
        "classify",
        "say what listings show: loose photos together are one listing, each folder or ZIP holds one or more",
        "tally classify bike-17/ --json",
        cli_classify.run,
    )
    cli_classify.add_arguments(command, _existing)
    _add_model_and_json(command)

    command = _command(
        commands,
        "evaluate",
        "score a model on labelled photos",
        "tally evaluate photos/val.parquet",
        cli_evaluate.run,
    )
    command.add_argument(
        "paths", nargs="+", type=_existing, metavar="DATA", help="folder of class folders, ZIP of one, or Parquet"
    )
    _add_model_and_json(command)

    command = _command(
        commands,
        "train",
        "make a model of your own from photos by class, in a minute",
        "tally train photos/ --name ours",
        cli_train.run,
    )
    cli_train.add_arguments(command, _existing)
    _add_model_and_json(command)

    command = _command(
        commands,
        "tweets",
        "figures by month from exports of X and from spreadsheets, in any mix",
        "tally tweets exports/ followers.xlsx --json",
        _tweets,
    )
    command.add_argument("files", nargs="+", type=_existing, metavar="FILE", help="CSV, XLSX or ODS; or a folder")
    command.add_argument(
        "--timezone", default="UTC", metavar="NAME", help="of times in the files; default: %(default)s"
    )
    command.add_argument("--basis", choices=("by-tweet", "by-day"), help="default: by tweet where there are such rows")
    command.add_argument("--goals", type=_existing, metavar="FILE", help="a table: month, metric, target")
    command.add_argument("--report", action="store_true", help="how each file was read")
    command.add_argument("--save", action="store_true", help="keep what was read, in --account")
    command.add_argument("--account", metavar="NAME", help="made if it does not exist")
    command.add_argument("--json", action="store_true", help="JSON Lines for programs")

    command = _command(
        commands,
        "curve",
        "would more data help? error against training-set size, and what it means",
        "tally curve photos/train.parquet --human 0.05:300",
        cli_curve.run,
    )
    cli_curve.add_arguments(command, _existing)
    _add_model_and_json(command)

    command = _command(
        commands,
        "audit",
        "is somebody missing from a sample? coverage, sampling and participation, each against what lies outside it",
        "tally audit survey.csv --reference register.csv --frame invited.csv --responded answered",
        cli_audit.run,
    )
    cli_audit.add_arguments(command, _existing)

    command = _command(
        commands,
        "models",
        "list, rename, delete or fetch models",
        "tally models fetch mobilenet_v3_large",
        cli_models.run,
    )
    cli_models.add_arguments(command, _command)
    return parser


def _command(commands: Any, name: str, does: str, example: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=does, description=f"{does[0].upper()}{does[1:]}.", epilog=f"Example: {example}"
    )
    parser.set_defaults(run=run)
    return parser


def _add_model_and_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", default=STARTER, metavar="NAME", help="a name from `tally models`, or a folder")
    command.add_argument("--json", action="store_true", help="JSON Lines for programs")


def _existing(text: str) -> Path:
    try:
        Path(text).stat()
    except (OSError, ValueError) as error:  # not every text can be a path
        reason = getattr(error, "strerror", None) or error
        raise argparse.ArgumentTypeError(f"{text} cannot be read ({reason})") from error
    return Path(text)


def _serve(_: argparse.Namespace) -> int:
    from dashboard.serve import serve

    return serve()


def _tweets(options: argparse.Namespace) -> int:
    from dashboard import cli_tweets

    try:
        cli_tweets.check(options)
    except InputError as error:
        print(f"tally tweets: {error}", file=sys.stderr)
        return 2
    return cli_tweets.run(options)


if __name__ == "__main__":
    sys.exit(main())
