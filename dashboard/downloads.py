"""Tables and texts as files."""

from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.text import harmless

_Content = pd.DataFrame | str | bytes
_TYPES = {".csv": "text/csv", ".json": "application/json", ".jsonl": "application/jsonl"}


def download(label: str, content: _Content | Callable[[], _Content], name: str, **look: Any) -> None:
    """A button for a file: a table as CSV. What a function gives is made only when it is asked for."""
    data = partial(_file, content) if callable(content) else _file(content)
    look = {"icon": ":material/download:", "on_click": "ignore"} | look
    st.download_button(label, data, name, _TYPES[PurePath(name).suffix], **look)


def _file(content: _Content | Callable[[], _Content]) -> str | bytes:
    content = content() if callable(content) else content
    return csv(content) if isinstance(content, pd.DataFrame) else content


def csv(table: pd.DataFrame) -> str:
    """A table as CSV that Excel opens well; text that a spreadsheet would run is made harmless."""
    safe = table.copy()
    for name in safe.select_dtypes(include=["object", "string"]).columns:
        safe[name] = safe[name].map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    return "\ufeff" + safe.to_csv(index=False, lineterminator="\r\n")  # the mark tells Excel that this is UTF-8
