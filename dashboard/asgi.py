"""The server: the pages and the HTTP API in one ASGI application.

`tally serve` runs it; `uvicorn dashboard.asgi:app` from the root of the checkout does too.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.api import routes
from dashboard.cached import model_in_background


@asynccontextmanager
async def _loading_the_model(_: Any) -> AsyncIterator[None]:
    model_in_background()  # the first page is served meanwhile
    yield


app = st.App(Path(__file__).with_name("app.py"), routes=routes, lifespan=_loading_the_model)
