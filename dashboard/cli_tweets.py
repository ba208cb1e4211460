"""`tally tweets`: exports and spreadsheets -> figures by month, in a table for people or lines of JSON."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import UnreadableData

if TYPE_CHECKING:
    from engine.tweets.history import Report
    from engine.tweets.metrics import Month
    from engine.tweets.read import FileRead


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    from engine.tweets.goals import outcome, read_goals, sheet_goals
    from engine.tweets.history import combine, zone_named
    from engine.tweets.metrics import by_month
    from engine.tweets.read import read_all

    zone_named(options.timezone)
    goals = read_goals(options.goals.name, options.goals) if options.goals else {}
    files = [(path.name, path) for path in _files(options.files)]
    read = read_all(files, mappings=_mappings(options), text=options.save)
    for file in read:
        if file.error:
            print(f"tally: {file.name}: {file.error}", file=sys.stderr)
    parts = [part for file in read for part in file.parts]
    if not parts:
        raise UnreadableData("no file could be read", "the reasons stand above")
    history = combine(parts, options.timezone, [report for file in read if file.error for report in file.reports()])
    months = by_month(history, options.basis)
    if options.save:
        _save(options.account, files, read)
    goals = sheet_goals(history.months) | goals
    lines = []
    for month in months:
        line = month.as_dict()
        aims = {
            metric: outcome(month, metric, target) for (when, metric), target in goals.items() if when == month.month
        }
        if goals:
            line["goals"] = {name: {"target": aim.target, "status": aim.status} for name, aim in aims.items()}
        lines.append(line)
    if options.json:
        print("\n".join(json.dumps(line) for line in lines))
        if options.report:
            print(json.dumps({"report": history.report.as_dict()}))
        return 0
    print("\n".join(_table(months)))
    for line in lines:
        for metric, aim in line.get("goals", {}).items():
            print(f"{line['month']}: goal of {aim['target']:,.10g} {metric.replace('_', ' ')}: {aim['status']}")
    print("\n".join(_told(history.report, everything=options.report)))
    return 0


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those in the folders named."""
    return [
        file
        for path in paths
        for file in (sorted(entry for entry in path.iterdir() if _is_table(entry)) if path.is_dir() else [path])
    ]


def _is_table(path: Path) -> bool:
    suffixes = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"}
    return path.is_file() and path.suffix.lower() in suffixes and not path.name.startswith((".", "~$"))


def _mappings(options: argparse.Namespace) -> dict[str, dict[str, str]]:
    """What was answered on the page about unknown headers; only where the database is used anyway."""
    if not options.save:
        return {}
    from engine.store.accounts import mappings

    return mappings()


def _save(account: str, files: Sequence[tuple[str, Path]], read: "Sequence[FileRead]") -> None:
    from engine.store import accounts

    if account not in accounts.list_accounts():
        accounts.create_account(account)
    for (name, path), file in zip(files, read, strict=True):
        if file.parts:
            status = accounts.save_import(account, name, "file", accounts.digest(path), file.parts)
            print(f"{name}: {status}", file=sys.stderr)


def _table(months: "Sequence[Month]") -> Iterator[str]:
    from dashboard.text import share, short, table

    rows: list[list[str]] = []
    for month in months:
        figures = (month.tweets, month.impressions, month.impressions_per_tweet, month.new_followers)
        cells = ["-" if value is None else short(value) for value in (*figures, month.followers_per_tweet)]
        rate = "-" if month.engagement_rate is None else share(month.engagement_rate)
        complete = {True: "yes", False: "no", None: "?"}[month.complete]
        rows.append([month.month, *cells, rate, complete, month.source.get("impressions") or "-"])
    headers = [
        "month",
        "tweets",
        "impressions",
        "per tweet",
        "new followers",
        "per tweet",
        "rate",
        "complete",
        "counted",
    ]
    yield table(headers, rows)


def _told(report: "Report", *, everything: bool) -> Iterator[str]:
    """What there is to say of the import; `everything` adds a line a file."""
    data: dict[str, Any] = report.as_dict()
    dropped = ", ".join(f"{number:,} {reason}" for reason, number in data["dropped"].items() if number)
    yield f"\n{data['rows']:,} rows: {data['kept']:,} kept" + (f"; left out: {dropped}" if dropped else "")
    if everything:
        for file in data["files"]:
            yield f"{file['name']}: {file['read_as']}, {file['kept']:,} of {file['rows']:,} rows"
    yield from (f"warning: {text}" for text in data["warnings"])
    yield from (f"guess: {text}" for text in data["guesses"])
