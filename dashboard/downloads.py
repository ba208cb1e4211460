"""Tables as files for spreadsheets."""

import pandas as pd

from dashboard.text import harmless


def csv(table: pd.DataFrame) -> str:
    """A table as CSV that Excel opens well; text that a spreadsheet would run is made harmless."""
    safe = table.copy()
    for name in safe.select_dtypes(include=["object", "string"]).columns:
        safe[name] = safe[name].map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    return "\ufeff" + safe.to_csv(index=False, lineterminator="\r\n")  # the mark tells Excel that this is UTF-8
