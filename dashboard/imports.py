"""From what a visitor gives the Tweets page (files, the link of a sheet) to imports of an account."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from dashboard.account import FIRST_ACCOUNT, SAMPLE
from engine.errors import InputError, TallyError, UnknownLayout
from engine.store import accounts
from engine.tweets.read import FileRead, Mappings, read_all, read_sheet
from engine.tweets.sheets import ApiKey, Credentials, CsvCopy, ServiceAccount, read_book

Given = tuple[str, bytes | InputError]


@dataclass
class Outcome:
    """What came of one import, for the visitor."""

    account: str
    done: list[str] = field(default_factory=list)  # a sentence a file
    refused: list[tuple[str, TallyError]] = field(default_factory=list)
    unknown: list[tuple[str, bytes, UnknownLayout]] = field(default_factory=list)  # a person must name the columns
    link: str | None = None  # of the sheet that was read
    asking: bool = True  # the dialog for the unknown is open, until it is closed


def import_files(files: Sequence[Given], account: str, answers: Mappings | None = None) -> Outcome:
    """Read files and keep them; `answers` are what a person just said of unknown headers. Raises StoreError."""
    outcome = Outcome(_owner(account))
    sources = [(name, given) for name, given in files if isinstance(given, bytes)]
    outcome.refused += [(name, given) for name, given in files if isinstance(given, InputError)]
    read = read_all(sources, mappings={**accounts.mappings(), **(answers or {})})
    for (name, data), file in zip(sources, read, strict=True):
        if isinstance(file.error, UnknownLayout):
            outcome.unknown.append((name, data, file.error))
        elif file.error:
            outcome.refused.append((name, file.error))
        else:
            _keep(outcome, file, "file", accounts.digest(data))
    return outcome


def import_sheet(link: str, account: str, answers: Mappings | None = None) -> Outcome:
    """Read a Google Sheet and keep it; an earlier copy of the same sheet counts no longer. Raises StoreError."""
    link = link.strip()
    outcome = Outcome(_owner(account), link=link)
    try:
        book = read_book(link, credentials())
        parts = read_sheet(book, {**accounts.mappings(), **(answers or {})})
    except UnknownLayout as error:
        data = book.data if isinstance(book, CsvCopy) else b""
        outcome.unknown.append((_title(book), data, error))
        return outcome
    except TallyError as error:
        outcome.refused.append(("The sheet", error))
        return outcome
    content = book.data if isinstance(book, CsvCopy) else json.dumps([tab.rows for tab in book.tabs]).encode()
    digest = hashlib.sha256(link.encode() + content).hexdigest()
    _keep(outcome, FileRead(_title(book), parts), link, digest)
    for kept in accounts.account(outcome.account).imports:
        if kept.origin == link and kept.sha256 != digest and not kept.undone_at:
            accounts.undo_import(kept.id)
    if book.stale:
        outcome.done.append(
            f"Google could not be reached ({book.stale}): this is the copy of {book.fetched_at:%H:%M} UTC."
        )
    return outcome


def credentials() -> Credentials:
    """What the server's secrets hold for Google Sheets: a service account, an API key, or nothing."""
    try:
        secrets = st.secrets.get("sheets", {})
    except FileNotFoundError:
        return None
    if "service_account" in secrets:
        info = secrets["service_account"]
        return ServiceAccount(json.loads(info) if isinstance(info, str) else dict(info))
    return ApiKey(str(secrets["api_key"])) if "api_key" in secrets else None


def _title(book: object) -> str:
    return str(getattr(book, "title", None) or getattr(book, "name", "sheet"))


def _owner(account: str) -> str:
    """The account to import into; someone who has none, or looks at the sample, gets a first one."""
    return FIRST_ACCOUNT if account == SAMPLE else account


def _keep(outcome: Outcome, file: FileRead, origin: str, digest: str) -> None:
    if outcome.account not in accounts.list_accounts():
        accounts.create_account(outcome.account)
    status = accounts.save_import(outcome.account, file.name, origin, digest, file.parts)
    kept = sum(part.report.kept for part in file.parts)
    dropped = sum(part.report.rows - part.report.kept for part in file.parts)
    read_as = ", ".join(dict.fromkeys(part.report.read_as for part in file.parts if not part.frame.empty))
    said = {
        "saved": f"{kept:,} rows of {read_as}" + (f", {dropped:,} left out" if dropped else ""),
        "known": "the same file is there already",
        "restored": "the same file was undone before and counts again",
    }[status]
    outcome.done.append(f"{file.name}: {said}.")
