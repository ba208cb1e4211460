"""Google Sheets on this computer: the API, the token exchange and the CSV exports, over HTTP on loopback.

    with FakeSheets() as google:
        google.books[ID] = growth()
        monkeypatch.setenv("TALLY_SHEETS_URL", google.url)

Its answers have the shapes of Google's own: the `values` of an empty tab are absent, trailing empty cells are cut, and
a private sheet's export is a sign-in page. Requests are in `log`; `faults` come in place of the next answers.
"""

import contextlib
import csv
import functools
import io
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

ID = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE"
LINK = f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=7#gid=7"
PUBLISHED = "e/2PACX-1vAbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE"
EMAIL = "tally@fake.iam.gserviceaccount.com"
API_KEY = "AIzaFake-key_1"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
JSON, HTML, CSV = "application/json; charset=UTF-8", "text/html; charset=UTF-8", "text/csv"
_QUOTA = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user'"


@dataclass(frozen=True)
class Shown:
    """A cell that looks other than what it holds: Shown("3.126", 3126)."""

    text: str
    value: object


@dataclass
class FakeTab:
    title: str
    cells: list[list[object]]
    gid: int = 0
    kind: str = "GRID"


@dataclass
class FakeBook:
    title: str
    tabs: list[FakeTab]
    locale: str = "en_US"
    time_zone: str = "Etc/GMT"
    readers: set[str] = field(default_factory=set)  # addresses of service accounts
    by_link: bool = False
    published: str | None = None  # the id "e/2PACX-.." of its public address


def growth(**changes: Any) -> FakeBook:
    """A hand-made sheet of months, as people make them, which all may read."""
    cells: list[list[object]] = [
        ["Growth 2020/21", "", ""],  # a title over merged cells
        ["Month", "Tweets", "Tweets"],
        [Shown("Aug 2020", 44044), Shown("3.126", 3126), 5],
        [Shown("Jan 2021", 44197), 949, "14.4M"],
        ["Total", Shown("4.075", 4075), ""],
        ["", "", ""],
    ]
    book = FakeBook("Growth", [FakeTab("Months", cells, gid=7)], readers={EMAIL}, by_link=True, published=PUBLISHED)
    return replace(book, **changes)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


def error(status: int, word: str, message: str, reason: str | None = None) -> Reply:
    """An error of the API, as Google words it."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    body = {"error": {"code": status, "message": message, "status": word, **({"details": details} if details else {})}}
    return Reply(status, json.dumps(body, indent=2).encode())


NOT_FOUND = error(404, "NOT_FOUND", "Requested entity was not found.")
FORBIDDEN = error(403, "PERMISSION_DENIED", "The caller does not have permission")
QUOTA = error(429, "RESOURCE_EXHAUSTED", _QUOTA, "RATE_LIMIT_EXCEEDED")
BAD_GATEWAY = Reply(502, b"<!DOCTYPE html><title>Error 502</title>", HTML)
HANG = Reply(0)  # none: the line stays open and silent until the fake is closed
SIGN_IN = Reply(200, b"<!DOCTYPE html><title>Sign in - Google Accounts</title>", HTML)


@functools.cache
def _key_pair() -> tuple[str, str]:
    """An RSA key's private and public halves (PEM). One for all tests: making one takes a while."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


class FakeSheets:
    def __init__(self) -> None:
        self.books: dict[str, FakeBook] = {}
        self.keys: set[str] = set()  # API keys
        self.faults: deque[Reply] = deque()
        self.log: list[Call] = []
        self.claims: list[dict[str, Any]] = []  # of the tokens asked for
        self.export_to = "https://doc-0s-00-sheets.googleusercontent.com"  # where a public export is kept
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._tokens: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False  # so that closing waits for them, and no socket is left behind
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,)).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def service_account(self, email: str = EMAIL) -> dict[str, str]:
        """A key file whose claims this fake checks."""
        return {
            "type": "service_account",
            "client_email": email,
            "private_key": _key_pair()[0],
            "token_uri": f"{self.url}/token",
        }

    def asked(self, part: str) -> list[Call]:
        """The calls whose path holds `part`."""
        return [call for call in self.log if part in call.path]

    def answer(self, call: Call, body: bytes) -> Reply:
        if call.method == "POST":
            return self._token(parse_qs(body.decode()))
        if found := re.fullmatch(r"/v4/spreadsheets/([\w-]+)(/values:batchGet)?", call.path):
            return self._api(call, found[1], bool(found[2]))
        if found := re.fullmatch(r"/spreadsheets/d/([\w-]+)/export", call.path):
            return self._export(call, self.books.get(found[1]), shared=lambda book: book.by_link)
        if found := re.fullmatch(r"/spreadsheets/d/(e/[\w-]+)/pub", call.path):
            book = next((book for book in self.books.values() if book.published == found[1]), None)
            return self._export(call, book, shared=lambda book: True)
        if found := re.fullmatch(r"/kept/(.+)/(\d+)", call.path):
            return _csv_file(self.books[found[1]], int(found[2]))
        return NOT_FOUND

    def _token(self, form: dict[str, list[str]]) -> Reply:
        """An access token for a claim that is signed, in time and for us (RFC 7523)."""
        try:
            claims = dict(jwt.decode(form["assertion"][0], certs=_key_pair()[1], audience=AUDIENCE))
        except ValueError as problem:
            body = {"error": "invalid_grant", "error_description": str(problem)}
            return Reply(400, json.dumps(body).encode())
        self.claims.append(claims)
        token = f"token-{len(self.claims)}"
        if claims["scope"] == SCOPE:
            self._tokens[f"Bearer {token}"] = claims["iss"]
        return Reply(200, json.dumps({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}).encode())

    def _api(self, call: Call, book_id: str, values: bool) -> Reply:
        caller = self._tokens.get(call.headers.get("authorization", ""))
        key = call.headers.get("x-goog-api-key")
        if key is not None and key not in self.keys:
            return error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID")
        if caller is None and key is None:
            return error(401, "UNAUTHENTICATED", "Request is missing required authentication credential.")
        book = self.books.get(book_id)
        if book is None:
            return NOT_FOUND
        if not book.by_link and caller not in book.readers:
            return FORBIDDEN
        return _values(book, call.query) if values else _metadata(book_id, book)

    def _export(self, call: Call, book: FakeBook | None, shared: Callable[[FakeBook], bool]) -> Reply:
        if book is None:
            return Reply(404, b"<!DOCTYPE html><title>Page not found</title>", HTML)
        if not shared(book):
            return SIGN_IN
        book_id = next(book_id for book_id, each in self.books.items() if each is book)
        gid = call.query.get("gid", [str(book.tabs[0].gid)])[0]
        return Reply(307, b"", HTML, {"Location": f"{self.export_to}/kept/{book_id}/{gid}"})


def _metadata(book_id: str, book: FakeBook) -> Reply:
    about = {
        "spreadsheetId": book_id,
        "properties": {"title": book.title, "locale": book.locale, "timeZone": book.time_zone},
        "sheets": [{"properties": {"sheetId": t.gid, "title": t.title, "sheetType": t.kind}} for t in book.tabs],
    }
    return Reply(200, json.dumps(about, ensure_ascii=False).encode())


def _values(book: FakeBook, query: dict[str, list[str]]) -> Reply:
    shown = query.get("valueRenderOption") != ["UNFORMATTED_VALUE"]
    found = []
    for wanted in query.get("ranges", []):
        name = wanted[1:-1].replace("''", "'") if wanted.startswith("'") else wanted
        tab = next((tab for tab in book.tabs if tab.title == name and tab.kind == "GRID"), None)
        if tab is None:
            return error(400, "INVALID_ARGUMENT", f"Unable to parse range: {wanted}")
        rows = _cut([[_cell(cell, shown) for cell in row] for row in tab.cells])
        found.append({"range": f"{wanted}!A1:Z1000", "majorDimension": "ROWS", **({"values": rows} if rows else {})})
    return Reply(200, json.dumps({"valueRanges": found}, ensure_ascii=False).encode())


def _cell(cell: object, shown: bool) -> object:
    if isinstance(cell, Shown):
        return cell.text if shown else cell.value
    return str(cell) if shown else cell


def _cut(rows: list[list[object]]) -> list[list[object]]:
    rows = [row[: max((n + 1 for n, cell in enumerate(row) if cell != ""), default=0)] for row in rows]
    return rows[: max((n + 1 for n, row in enumerate(rows) if row), default=0)]


def _csv_file(book: FakeBook, gid: int) -> Reply:
    tab = next((tab for tab in book.tabs if tab.gid == gid), None)
    if tab is None:
        return Reply(400, b"<!DOCTYPE html><title>Bad request</title>", HTML)
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(cell, shown=True) for cell in row] for row in tab.cells])
    name = f"{book.title}-{tab.title}.csv".encode("ascii", "ignore").decode()
    return Reply(200, text.getvalue().encode(), CSV, {"Content-Disposition": f'attachment; filename="{name}"'})


def _handler(google: FakeSheets) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, unquote(parts.path), parse_qs(parts.query), headers)
            with google.lock:
                google.log.append(call)
                fault = google.faults.popleft() if google.faults else None
            reply = fault or google.answer(call, body)
            if reply is HANG:
                google.closing.wait()
            else:
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # who asked may have hung up
                self.wfile.write(reply.body)

    return Handler
