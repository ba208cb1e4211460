"""The server: the pages and the HTTP API in one ASGI application.

`tally serve` runs it; `uvicorn dashboard.asgi:app` from the root of the checkout does too.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.api import routes
from dashboard.cached import model_in_background
from engine.errors import TallyError
from engine.models.jobs import resume_interrupted

_log = logging.getLogger(__name__)


@asynccontextmanager
async def _under_way(_: Any) -> AsyncIterator[None]:
    model_in_background()  # the first page is served meanwhile
    try:
        resume_interrupted()
    except TallyError as error:
        _log.error("trainings do not go on: %s", error)
    yield


def _say(error: Exception) -> bool:
    """What a visitor reads when a page fails, in place of Streamlit's own box with its links to other sites."""
    _log.error("a page failed", exc_info=error)
    st.error("Try that again. If it stays, reload the page; the server's log says more.", title="Something went wrong")
    return True


async def _to_classify(request: Request) -> Response:
    """The first page stands at the root, where Streamlit knows it; its other name keeps what it asks for."""
    return RedirectResponse(f"./?{request.url.query}")


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[*routes, Route("/classify", _to_classify)],
    lifespan=_under_way,
    on_script_error=_say,
)
