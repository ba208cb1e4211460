"""The HTTP API beside the pages, on the same server and port.

Streamlit guards its own routes; these guard themselves: a size limit enforced while the body streams in, a limit on
waiting work, and no requests from other sites' pages.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Semaphore
from typing import TYPE_CHECKING, Any

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive

from dashboard import keeping
from dashboard.cached import model_in_background
from engine import settings
from engine.errors import Busy, InputError, LimitExceeded, ModelError, StoreError, TallyError
from engine.listings.pipeline import Rule, check_request
from engine.listings.terms import Terms
from engine.listings.verdict import Verdict
from engine.models.registry import STARTER, list_models
from engine.store.accounts import list_accounts
from engine.store.terms import terms_in_force

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Photos = list[tuple[str, bytes | InputError]]
_log = logging.getLogger(__name__)
_places = Semaphore(settings.WAITING_REQUESTS)
_DRAIN_SECONDS = 10  # a client that sends on after an error gets this long to finish and read it


class _Refused(TallyError):
    """A request that cannot be served, with its HTTP status."""

    def __init__(self, status: int, code: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.code = code


class _TooLarge(LimitExceeded):
    """The body is over the limit: no more of it is read."""

    def __init__(self) -> None:
        limit = f"the request is over the limit of {settings.REQUEST_MEGABYTES} MB"
        super().__init__(limit, "send fewer or smaller photos, or use tally classify")


class _Body:
    """A request's body, counted as it comes: a stated length need not be true."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._received > settings.REQUEST_MEGABYTES * settings.MEGABYTE:
            raise _TooLarge
        return message

    async def drain(self) -> None:
        """Read what is left: a client that is still sending when the connection closes never sees the answer."""
        with anyio.move_on_after(_DRAIN_SECONDS), suppress(LimitExceeded):
            while not self._ended:
                await self.receive()


async def healthz(_: Request) -> Response:
    """Alive: the process answers."""
    return JSONResponse({"alive": True})


async def readyz(_: Request) -> Response:
    """Ready: the model is loaded and the database answers."""
    model = _ready_model()
    await anyio.to_thread.run_sync(list_accounts)
    return JSONResponse({"ready": True, "model": model.id})


async def classify(request: Request) -> Response:
    """multipart `photos` (1..N), `description`, `rule`, `model` -> the verdict as JSON; its address is in a header."""
    _check_headers(request)
    _ready_model()
    fields = await _receive_form(request)
    # A place is taken only now: a slow upload holds none, and its bytes are still on disk.
    try:
        if not _places.acquire(blocking=False):
            raise Busy("too many listings are waiting already", "try again in some seconds")
        try:
            photos, description, rule = await _read(fields)
            model = _ready_model(fields.get("model") or STARTER)
            work = partial(_classified, photos, description, rule, model)
            verdict, kept = await anyio.to_thread.run_sync(work)
        finally:
            _places.release()
    finally:
        await fields.close()
    headers = {"Content-Location": f"/classify?verdict={kept}"} if kept else {}
    return JSONResponse(verdict.as_dict(), headers=headers)


def _classified(photos: Photos, description: str, rule: Rule, model: "Classifier") -> tuple[Verdict, str | None]:
    """The verdict on the terms in force, and its id; without a store there is none, and nothing is accepted blindly."""
    lost = None
    try:
        terms = terms_in_force(model)
    except StoreError as error:
        _log.exception("the terms in force cannot be read")
        terms, lost = Terms(), f"the settings in force could not be read ({error.message})"
    verdict, keep = keeping.classify(photos, description, model=model, rule=rule, terms=terms, origin="http")
    if lost:
        decision = "review" if verdict.decision == "accept" else verdict.decision
        return replace(verdict, decision=decision, reasons=[*verdict.reasons, lost]), None
    try:
        return verdict, keep()
    except StoreError:
        _log.exception("a verdict is not kept")
        return verdict, None


async def unknown(request: Request) -> Response:
    """Anything else under /api."""
    raise _Refused(404, "not_found", f"there is no {request.method} {request.url.path}", "use POST /api/classify")


def _check_headers(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise _Refused(403, "cross_site", "requests from other sites' pages are refused", "call the API from a program")
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise _Refused(415, "not_multipart", "the body is not multipart/form-data", "send the photos as form files")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > settings.REQUEST_MEGABYTES * settings.MEGABYTE:
        raise _TooLarge


def _ready_model(name: Any = STARTER) -> "Classifier":
    if name != STARTER and name not in [row["name"] for row in list_models()]:
        raise InputError(f"there is no model {str(name)[:80]!r}", "use one that `tally models` lists, or leave it out")
    future = model_in_background(name)
    if not future.done():
        raise Busy("the model is still loading", "try again in some seconds")
    return future.result()


async def _receive_form(request: Request) -> FormData:
    """The form, its files on disk where they are large."""
    try:
        with anyio.fail_after(settings.UPLOAD_SECONDS):
            return await request.form(max_files=settings.PHOTOS_PER_LISTING, max_fields=8)
    except TimeoutError:
        limit = f"the upload took longer than {settings.UPLOAD_SECONDS} s"
        raise _Refused(400, "slow_upload", limit, "send fewer or smaller photos") from None
    except ClientDisconnect:
        raise _Refused(400, "cut_short", "the upload was cut short", "send it again") from None
    except HTTPException as error:
        if "Too many files" in str(error.detail):
            limit = f"a listing takes up to {settings.PHOTOS_PER_LISTING} photos"
            raise LimitExceeded(limit, "leave out the least telling") from None
        remedy = "send photos as files, description, rule and model as short text, and nothing else"
        raise _Refused(400, "bad_multipart", f"the form cannot be read ({error.detail})", remedy) from None


async def _read(form: FormData) -> tuple[Photos, str, Any]:
    """The photos, the description and the rule."""
    files = form.getlist("photos")
    uploads = [file for file in files if isinstance(file, UploadFile)]
    if len(uploads) != len(files):
        raise InputError("a field named photos is not a file", "send each photo as a file")
    description, rule = form.get("description") or "", form.get("rule") or "pooled"
    if not isinstance(description, str) or not isinstance(rule, str):
        raise InputError("description and rule are text, not files", "send only photos as files")
    check_request(len(uploads), description, rule)
    return [(file.filename or "", await file.read()) for file in uploads], description, rule


def _answering_errors(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Errors as the contract's JSON, on our routes only: the pages have their own."""

    async def answer(request: Request) -> Response:
        incoming = _Body(request.receive)
        try:
            return await endpoint(Request(request.scope, incoming.receive))
        except TallyError as error:
            status = _status(error)
            headers = {"Retry-After": "2"} if status == 503 else {}
            if isinstance(error, _TooLarge):
                headers["Connection"] = "close"  # the rest of the body is not read
            else:
                await incoming.drain()
            body = {"code": error.code, "message": error.message, "remedy": error.remedy}
        except Exception:
            _log.exception("%s %s failed", request.method, request.url.path)
            status, headers = 500, {}
            body = {"code": "internal", "message": "something went wrong here", "remedy": "see the server's log"}
        return JSONResponse({"error": body}, status, headers)

    return answer


def _status(error: TallyError) -> int:
    match error:
        case _Refused():
            return error.status
        case Busy() | ModelError() | StoreError():
            return 503
        case LimitExceeded():
            return 413
        case _:
            return 422


_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

routes = [
    Route("/healthz", _answering_errors(healthz)),
    Route("/readyz", _answering_errors(readyz)),
    Route("/api/classify", _answering_errors(classify), methods=["POST"]),
    Route("/api", _answering_errors(unknown), methods=_ANY),
    Route("/metrics", _answering_errors(unknown), methods=_ANY),  # else the pages' own HTML would answer
    Route("/api/{path:path}", _answering_errors(unknown), methods=_ANY),
]
