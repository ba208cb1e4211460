"""Where a link to a Google Sheet points, and asking Google for it: patiently, but not for ever.

Only an id and a tab are taken from a link; the address asked is our own. Method: the design's tweets.md, B4 to B6.
"""

import os
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine import settings
from engine.errors import InputError, LimitExceeded, SheetUnavailable

if TYPE_CHECKING:
    import requests

LATER = "try again in a few minutes"
LOCAL = re.compile(r"https?://(?:127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{1,5})?(?:/[\w./-]*)?", re.ASCII)
_LINK = re.compile(
    r"(?i:https://docs\.google\.com)(?:/a/[\w.-]+)?/spreadsheets(?:/u/[0-9]{1,2})?"
    r"/d/(e/2PACX-[\w-]{20,200}|(?!e/)[\w-]{20,100})(?:[/?#][!-~]*)?",
    re.ASCII,
)
_LONGEST_WAIT = 16.0  # s
_sleep, _clock, _jitter = time.sleep, time.monotonic, random.uniform


@dataclass(frozen=True)
class Place:
    """Where a link points. `id` starts with "e/" where the sheet is published to the web."""

    id: str
    gid: str | None

    @property
    def csv_url(self) -> str:
        export = "pub?single=true&output=csv" if self.id.startswith("e/") else "export?format=csv"
        # Without a gid Google gives the first tab, whose gid is 0 only until it is deleted or the sheet is copied.
        tab = f"&gid={self.gid}" if self.gid else ""
        return f"https://docs.google.com/spreadsheets/d/{self.id}/{export}{tab}"


def find_place(link: str) -> Place:
    """Where the link points. Only the id and the tab are taken from it: the address asked is always our own."""
    text = link.strip()
    found = _LINK.fullmatch(text)
    gids = re.findall(r"[?&#]gid=([^&#]*)", text)
    if not found or (gids and not re.fullmatch(r"[0-9]{1,10}", gids[-1])):
        raise InputError(
            "that is not a link to a Google Sheet",
            "open the sheet and copy the link from the address bar; it starts with https://docs.google.com/spreadsheets/d/",
        )
    return Place(found[1], gids[-1] if gids else None)


def aimed(url: str) -> str:
    """The address to ask: Google's, or its stand-in on this computer where TALLY_SHEETS_URL names one."""
    base = os.environ.get("TALLY_SHEETS_URL")
    if not base:
        return url
    if not LOCAL.fullmatch(base):
        raise InputError(f"TALLY_SHEETS_URL is {base!r}, which is not this computer", "unset it to read from Google")
    return base.rstrip("/") + url.removeprefix("https://" + urlsplit(url).netloc)


class _MayPass(Exception):
    """A trouble worth another try, perhaps only after some seconds."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True)
class Answer:
    """An answer of Google, read to its end. google-auth takes it as one of its transport's."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    def holds(self, kind: str) -> bool:
        return kind in self.headers.get("Content-Type", "").lower()


class Line:
    """The line to Google for one read: its tries and its time are for all requests together."""

    def __init__(self, session: "requests.Session", data_only: bool) -> None:
        self.session = session
        self._data_only = data_only  # a web page, where there is only data, is a fault of Google's
        self._deadline = _clock() + settings.SHEET_PATIENCE_SECONDS
        self._troubles = 0

    def ask(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Google's answer: anything but a trouble that may pass. It is also a transport for google-auth.

        Waits with full jitter (Brooker, "Exponential backoff and jitter", 2015), and as long as Retry-After says.
        Raises SheetUnavailable when the tries or the time are spent, LimitExceeded when the answer is too large.
        """
        while True:
            try:
                return self._once(method, url, headers=headers, data=body, params=params)
            except _MayPass as trouble:
                wait = max(_jitter(0, min(_LONGEST_WAIT, 2.0**self._troubles)), trouble.after)
                self._troubles += 1
                if self._troubles >= settings.SHEET_TRIES or _clock() + wait >= self._deadline:
                    raise SheetUnavailable(str(trouble), LATER) from None
            _sleep(wait)

    def _once(self, method: str, url: str, **content: Any) -> Answer:
        import requests

        left = max(self._deadline - _clock(), 0.1)
        connect, silence = (
            min(left, seconds) for seconds in (settings.SHEET_CONNECT_SECONDS, settings.SHEET_SILENCE_SECONDS)
        )
        try:
            with self.session.request(
                method, url, timeout=(connect, silence), allow_redirects=False, stream=True, **content
            ) as response:
                answer = Answer(response.status_code, response.headers, self._read(response))
        except requests.Timeout:
            raise _MayPass("Google did not answer in time") from None
        except requests.RequestException:
            raise _MayPass("Google could not be reached") from None
        status = answer.status
        if status in (408, 429) or status >= 500:
            reason = "Google was asked too often" if status == 429 else "Google is in trouble"
            after = answer.headers.get("Retry-After", "")
            raise _MayPass(f"{reason} (error {status})", float(after) if re.fullmatch(r"[0-9]{1,6}", after) else 0.0)
        if self._data_only and not answer.holds("json") and status not in (400, 401, 403, 404):
            raise _MayPass("Google answered with a web page instead of figures")
        return answer

    def _read(self, response: "requests.Response") -> bytes:
        data = bytearray()
        for part in response.iter_content(1 << 16):
            data += part
            if len(data) > settings.REQUEST_MEGABYTES * settings.MEGABYTE:
                raise LimitExceeded(
                    f"the sheet is larger than {settings.REQUEST_MEGABYTES} MB",
                    "copy the tab with the figures to a sheet of its own",
                )
            if _clock() > self._deadline:
                raise _MayPass("Google did not answer in time")
        return bytes(data)
