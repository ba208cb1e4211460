"""A link to a Google Sheet -> its cells as Google holds them, and no more requests than Google allows.

With a service account or an API key the cells come unformatted through gspread: 3126 stays 3126 whatever the sheet's
language. Without either, a sheet that anyone with the link may view, or one published to the web, comes as a CSV file
of formatted text. Method and measurements: the design's tweets.md, B4 to B6.
"""

import hashlib
import io
import json
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message
from typing import TYPE_CHECKING, Any

from engine import settings
from engine.errors import InputError, SheetError, SheetForbidden, SheetNotFound, SheetUnavailable
from engine.tweets.numbers import Cell
from engine.tweets.transport import LATER, LOCAL, Answer, Line, Place, aimed, find_place

if TYPE_CHECKING:
    import gspread

_SCOPES = ["https://www.googleapis.com/auth/spreadsheets.readonly"]
_RAW = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "SERIAL_NUMBER"}
_ABOUT = "properties(title,locale,timeZone),sheets(properties(sheetId,title,sheetType))"
_HOPS = 5  # a CSV file is one redirect away
_HOP = re.compile(r"https://(?:docs\.google\.com|(?:[\w-]+\.)+googleusercontent\.com)/[!-~]*", re.ASCII)
_SIGN_IN = "https://accounts.google.com/"
_WHOLE_KEY = "put the whole JSON key file that Google gave you into the secrets"
_CONSOLE = "in the Google Cloud console"
_REASONS: dict[bytes, tuple[type[SheetError], str, str]] = {
    b"SERVICE_DISABLED": (SheetForbidden, "the Google Sheets API is off in this project", f"enable it {_CONSOLE}"),
    b"API_KEY_INVALID": (SheetForbidden, "Google does not know this API key", f"copy it again {_CONSOLE}"),
    b"FAILED_PRECONDITION": (SheetError, "this is an Excel file kept in Google Drive", "download it and drop it here"),
}
_clock = time.monotonic


@dataclass(frozen=True)
class ServiceAccount:
    """An account of a program: what the JSON key file that Google gives holds."""

    info: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class ApiKey:
    """A key of a Google Cloud project. It reads only what anyone with the link may view."""

    key: str = field(repr=False)


Credentials = ServiceAccount | ApiKey | None


@dataclass(frozen=True)
class Tab:
    """One tab. Rows may differ in length; what is empty at their ends and below the last is cut."""

    name: str
    gid: int
    rows: list[list[Cell]]  # dates are serial numbers; of merged cells the first holds the value


@dataclass(frozen=True)
class Book:
    """A whole sheet. It is shared with everyone who reads the same link: do not change it."""

    title: str
    locale: str | None  # "de_DE"
    time_zone: str | None  # "Europe/Berlin"
    tabs: list[Tab]
    fetched_at: datetime  # UTC
    stale: str | None = None  # why this is the last good copy, in words


@dataclass(frozen=True)
class CsvCopy:
    """One tab as the CSV file that Google makes of it: formatted text, in the sheet's language."""

    name: str
    data: bytes
    fetched_at: datetime  # UTC
    stale: str | None = None  # why this is the last good copy, in words


_lock = threading.Lock()
_copies: dict[tuple[Place, str], tuple[Book | CsvCopy, float]] = {}  # and when Google was last asked
_flights: dict[tuple[Place, str], "Future[Book | CsvCopy]"] = {}


def read_book(link: str, credentials: Credentials = None) -> Book | CsvCopy:
    """Read a Google Sheet: a `Book` with a service account or an API key, a `CsvCopy` of one tab without.

    A sheet published to the web is always a `CsvCopy`: that link is no way to its cells. The same link is read at most
    once a minute, and by one caller at a time; the others get the same copy. Where Google cannot be reached, the last
    good copy comes with the reason in `stale`; where access was withdrawn it does not.

    Raises InputError (not a link to a sheet, or unusable credentials), SheetForbidden, SheetNotFound, SheetUnavailable,
    another SheetError, or LimitExceeded.
    """
    place = find_place(link)
    if credentials and not place.id.startswith("e/"):
        place = replace(place, gid=None)  # all tabs come together
    else:
        credentials = None
    key = (place, _fingerprint(credentials))
    with _lock:
        book, asked = _copies.get(key, (None, 0.0))
        if book and _clock() - asked < settings.SHEET_FRESH_SECONDS:
            return book
        flight = _flights.get(key)
        leads = flight is None
        if flight is None:
            flight = _flights[key] = Future()
    if leads:
        try:
            flight.set_result(_renewed(key, credentials))
        except BaseException as error:  # whatever it is, those who wait must not wait for ever
            flight.set_exception(error)
        finally:
            with _lock:
                del _flights[key]
    return flight.result()


def _renewed(key: tuple[Place, str], credentials: Credentials) -> Book | CsvCopy:
    """A new copy, or the last good one where Google is down. Both are kept, so that an outage is not asked about at
    every turn."""
    import requests

    with _lock:
        last = _copies.pop(key, None)
    with requests.Session() as session:
        line = Line(session, data_only=credentials is not None)
        try:
            book = _read_tabs(key[0], credentials, line) if credentials else _read_csv(key[0], line)
        except SheetUnavailable as error:
            if last is None:
                raise
            book = replace(last[0], stale=error.message)
        except (KeyError, TypeError, ValueError) as error:
            raise SheetError("Google answered in a form that Tally does not know", LATER) from error
    with _lock:
        _copies[key] = (book, _clock())
        while len(_copies) > settings.CACHED_SHEETS:
            del _copies[next(iter(_copies))]
    return book


def _fingerprint(credentials: Credentials) -> str:
    """A different word for each way in, so that no one sees a copy that only another may read."""
    if credentials is None:
        return ""
    secret = credentials.key if isinstance(credentials, ApiKey) else json.dumps(credentials.info, default=str)
    return hashlib.sha256(f"{type(credentials).__name__} {secret}".encode()).hexdigest()


def _read_tabs(place: Place, credentials: ServiceAccount | ApiKey, line: Line) -> Book:
    """All tabs in two requests: what there is, then all values."""
    from gspread.utils import absolute_range_name

    client = _client(credentials, line)
    about = client.fetch_sheet_metadata(place.id, {"fields": _ABOUT, "prettyPrint": "false"})
    sheets = [sheet["properties"] for sheet in about["sheets"]]
    grids = [(sheet["title"], sheet["sheetId"]) for sheet in sheets if sheet.get("sheetType", "GRID") == "GRID"]
    ranges = [absolute_range_name(name) for name, _ in grids]
    values = client.values_batch_get(place.id, ranges, {**_RAW, "prettyPrint": "false"})
    tabs = [Tab(*grid, _cut(found.get("values", []))) for grid, found in zip(grids, values["valueRanges"], strict=True)]
    properties = about["properties"]
    return Book(properties["title"], properties.get("locale"), properties.get("timeZone"), tabs, datetime.now(UTC))


def _cut(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Empty cells are None, and gone where nothing follows."""
    cut = [[None if cell == "" else cell for cell in row] for row in rows]
    for row in cut:
        while row and row[-1] is None:
            row.pop()
    while cut and not cut[-1]:
        cut.pop()
    return cut


def _client(credentials: ServiceAccount | ApiKey, line: Line) -> "gspread.HTTPClient":
    """gspread's client, asking through our line: its own waits for ever, and its retries of a 429 do not end."""
    import gspread
    import requests

    headers = _login(credentials, line)

    class HTTPClient(gspread.HTTPClient):
        def request(self, method: str, endpoint: str, params: Any = None, *_: Any, **__: Any) -> requests.Response:
            answer = line.ask(aimed(endpoint), method, headers, params=params)
            if answer.status != 200:
                raise _refusal(answer, credentials)
            response = requests.Response()
            response.raw = io.BytesIO(answer.data)
            return response

    unused: Any = None  # gspread takes a login or a session
    return HTTPClient(unused, line.session)


def _login(credentials: ServiceAccount | ApiKey, line: Line) -> dict[str, str]:
    """The header that lets Tally in: a key as it is, a service account's token in exchange for a signed claim."""
    if isinstance(credentials, ServiceAccount):
        return {"Authorization": f"Bearer {_token(credentials.info, line)}"}
    if not re.fullmatch(r"[!-~]+", credentials.key):
        raise InputError("the API key is empty or damaged", f"copy it again {_CONSOLE}")
    return {"x-goog-api-key": credentials.key}


def _token(info: dict[str, Any], line: Line) -> str:
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2.service_account import Credentials as Account

    missing = [name for name in ("client_email", "private_key", "token_uri") if not isinstance(info.get(name), str)]
    if missing:
        raise InputError(f"the service account lacks {' and '.join(missing)}", _WHOLE_KEY)
    if not info["token_uri"].startswith("https://") and not LOCAL.fullmatch(info["token_uri"]):
        raise InputError("the service account's token_uri is not an https address", _WHOLE_KEY)
    try:
        account = Account.from_service_account_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call]
        account.sign_bytes(b"a key of another kind fails here")
    except (ValueError, TypeError):  # whose words may hold a piece of the key
        raise InputError("the service account's private_key cannot be read", _WHOLE_KEY) from None
    try:
        account.refresh(line.ask)
    except GoogleAuthError as error:
        if error.retryable:
            raise SheetUnavailable("Google cannot sign the service account in just now", LATER) from None
        raise SheetForbidden(
            f"Google does not accept the key of {info['client_email']}",
            "make a new key of this service account, and check this computer's clock",
        ) from None
    return str(account.token)


def _read_csv(place: Place, line: Line) -> CsvCopy:
    """The tab as Google exports it, wherever on its own hosts Google keeps the file."""
    url = place.csv_url
    for _ in range(_HOPS):
        answer = line.ask(aimed(url))
        if answer.status not in (301, 302, 303, 307, 308):
            break
        url = answer.headers.get("Location", "")
        if url.startswith(_SIGN_IN):
            raise _refusal(replace(answer, status=403), None)
        if not _HOP.fullmatch(url):
            raise SheetError("Google answered with an address that is not Google's", "check the link")
    if answer.status != 200 or answer.holds("html"):
        raise _refusal(answer, None)
    header = Message()
    header["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    name = header.get_filename() or "Google Sheet.csv"
    return CsvCopy(name[: settings.NAME_CHARACTERS], answer.data, datetime.now(UTC))


def _refusal(answer: Answer, credentials: Credentials) -> SheetError:
    """What a final answer without figures means. Google's own words are left out: they may name the API key."""
    for reason, (kind, message, remedy) in _REASONS.items():
        if credentials and reason in answer.data:
            return kind(message, remedy)
    if answer.status in (404, 410):
        return SheetNotFound("there is no Google Sheet at this link", "open it in a browser and copy the link again")
    if answer.status not in (200, 401, 403):
        return SheetError(f"Google refuses to give this sheet (error {answer.status})", "check the link and its tab")
    if isinstance(credentials, ServiceAccount):
        email = credentials.info["client_email"]
        return SheetForbidden(f"the sheet is not shared with {email}", "share it with that address, as a viewer")
    return SheetForbidden("the sheet is not shared by link", "choose Share in the sheet: anyone with the link, viewer")
