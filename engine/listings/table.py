"""Small tables that people keep in a spreadsheet (a policy, sold items): rows by column name."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from engine.errors import UnknownLayout
from engine.tweets.formats import HEADER_ROWS
from engine.tweets.numbers import Cell
from engine.tweets.tables import Source, read_grids

Row = dict[str, Cell]


def read_rows(source: Source, name: str, required: Sequence[str], optional: Sequence[str]) -> list[tuple[str, Row]]:
    """The filled rows of the first table with the required columns, each with its place in words ("row 7").

    A column that the table does not have is blank; others are passed over.
    Raises UnknownLayout without the required columns, UnreadableData and LimitExceeded as `read_grids` does.
    """
    name = name or (source.name if isinstance(source, Path) else "the table")
    grids = read_grids(name, source)
    for grid in grids:
        for at, cells in enumerate(grid.rows[:HEADER_ROWS]):
            columns = {plain(cell): column for column, cell in reversed(list(enumerate(cells)))}
            if columns.keys() >= set(required):
                wanted = {key: columns[key] for key in (*required, *optional) if key in columns}
                found = [
                    (f"row {number}", {key: row[column] if column < len(row) else "" for key, column in wanted.items()})
                    for number, row in enumerate(grid.rows[at + 1 :], start=at + 2)
                ]
                return [(place, row) for place, row in found if any(str(cell or "").strip() for cell in row.values())]
    lacking = ", ".join(required)
    header = [str(cell or "") for cell in grids[0].rows[0]]
    raise UnknownLayout(f"{name} lacks one of the columns {lacking}", "name them so in its first row", header)


def plain(label: Cell) -> str:
    """ "T-Shirt" and "t shirt" name the class t_shirt: tables are filled in by hand."""
    return str("" if label is None else label).strip().lower().replace(" ", "_").replace("-", "_")


def meant(label: str, classes: Sequence[str]) -> str:
    """The remedy for a label that is no class."""
    near = get_close_matches(plain(label), classes, n=1)
    return f"did you mean {near[0]}" if near else "use one of the model's class names"
