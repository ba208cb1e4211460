"""`tally tweets`: exports and spreadsheets -> figures by month, in a table for people or lines of JSON."""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError, UnreadableData

if TYPE_CHECKING:
    from engine.tweets.goals import Goals
    from engine.tweets.history import Report
    from engine.tweets.metrics import Month
    from engine.tweets.read import FileRead
    from engine.tweets.tables import Source


def check(options: argparse.Namespace) -> None:
    """Look at what was asked for before any file is read. Raises InputError for wrong use."""
    from engine.tweets.history import zone_named

    zone_named(options.timezone)
    if options.save != (options.account is not None):
        raise InputError("--save and --account NAME go together")
    if options.save:
        from engine.store.accounts import account_name

        options.account = account_name(options.account)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit status."""
    from engine.tweets.goals import read_goals, sheet_goals
    from engine.tweets.history import combine
    from engine.tweets.metrics import by_month
    from engine.tweets.read import TableReport, read_all

    goals = read_goals(options.goals.name, options.goals) if options.goals else {}
    files = _sources(_files(options.files))
    mappings = None  # what was answered on the page about unknown headers; only where the database is used anyway
    if options.save:
        from engine.store import accounts

        mappings = accounts.mappings()
    read = read_all(files, mappings=mappings, text=options.save)
    for file in read:
        if file.error:
            _tell(f"{file.name}: {file.error}")
    parts = [part for file in read for part in file.parts]
    if not parts:
        raise UnreadableData("no file could be read", "the reasons stand above")
    unread = [TableReport(file.name, "not read", 0, 0, error=str(file.error)) for file in read if file.error]
    history = combine(parts, options.timezone, unread)
    months = by_month(history, options.basis)
    if not months:
        counted = f" counted {options.basis}" if options.basis else ""
        raise UnreadableData(f"no file holds tweets, impressions, engagements or new followers{counted}")
    if options.save:
        _save(options, files, read)
    goals = sheet_goals(history.months) | goals
    if ahead := sorted({when for when, _ in goals} - {month.month for month in months}):
        _tell(f"no figures for the goals of {', '.join(ahead)}")
    print("\n".join(_json(months, goals) if options.json else _table(months, goals)))
    if not options.json:
        print("\n".join(map(_line, _told(history.report, everything=options.report))))
    elif options.report:
        print(json.dumps({"report": history.report.as_dict()}))
    return 0


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those in the folders named."""
    files: list[Path] = []
    for path in paths:
        tables = sorted(filter(_is_table, path.iterdir())) if path.is_dir() else [path]
        files += tables
        if not tables:
            _tell(f"{path} holds no CSV, TSV, XLSX or ODS file")
    return files


def _is_table(path: Path) -> bool:
    suffixes = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"}
    return path.is_file() and path.suffix.lower() in suffixes and not path.name.startswith((".", "~$"))


def _sources(paths: Sequence[Path]) -> "list[tuple[str, Source]]":
    """Files with names that tell them apart; what can be read only once (a pipe) as its bytes."""
    names = [path.name for path in paths]
    return [
        (
            f"{path.parent.name}/{path.name}" if names.count(path.name) > 1 else path.name,
            path if path.is_file() else path.read_bytes(),
        )
        for path in paths
    ]


def _line(text: str) -> str:
    """A text that quotes a file, whose cells may have line breaks, on one line."""
    return re.sub(r"\s*[\n\r\x0b\x0c\x1b\x85\u2028\u2029]+\s*", " ", text)


def _tell(text: str) -> None:
    print(_line(f"tally: {text}"), file=sys.stderr)


def _aims(month: "Month", goals: "Goals") -> dict[str, dict[str, Any]]:
    """What became of a month's goals: metric -> target and status."""
    from engine.tweets.goals import outcome

    aims = [outcome(month, metric, target) for (when, metric), target in goals.items() if when == month.month]
    return {aim.metric: {"target": aim.target, "status": aim.status} for aim in aims}


def _save(options: argparse.Namespace, files: "Sequence[tuple[str, Source]]", read: "Sequence[FileRead]") -> None:
    """Keep what was read; an account that does not exist is made, with the time zone of the command."""
    from engine.store import accounts

    account = options.account
    if account not in accounts.list_accounts():
        with suppress(InputError):  # another command made it just now
            accounts.create_account(account, options.timezone)
    for (name, source), file in zip(files, read, strict=True):
        if file.parts:
            status = accounts.save_import(account, name, "file", accounts.digest(source), file.parts)
            _tell(f"{name}: {status}")


def _json(months: "Sequence[Month]", goals: "Goals") -> Iterator[str]:
    for month in months:
        yield json.dumps(month.as_dict() | ({"goals": _aims(month, goals)} if goals else {}))


def _table(months: "Sequence[Month]", goals: "Goals") -> Iterator[str]:
    from dashboard.text import share, short, table

    rows: list[list[str]] = []
    for month in months:
        figures = (month.tweets, month.impressions, month.impressions_per_tweet, month.new_followers)
        cells = ["-" if value is None else short(value) for value in (*figures, month.followers_per_tweet)]
        rate = "-" if month.engagement_rate is None else share(month.engagement_rate)
        complete = {True: "yes", False: "no", None: "?"}[month.complete]
        rows.append([month.month, *cells, rate, complete, month.source.get("impressions") or "-"])
    headings = "month, tweets, impressions, per tweet, new followers, per tweet, rate, complete, counted"
    yield table(headings.split(", "), rows)
    for month in months:
        for metric, aim in _aims(month, goals).items():
            yield f"{month.month}: goal of {aim['target']:,.10g} {metric.replace('_', ' ')}: {aim['status']}"


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
