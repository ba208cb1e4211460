"""Labelled photos from a folder of class folders, a ZIP of one, or Parquet files, streamed: size is no matter."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import InputError, UnreadableData
from engine.photos.files import list_files, unwrapped

_ROWS = 64  # read at once from Parquet


@dataclass(frozen=True)
class LabelledPhoto:
    name: str
    label: str
    source: str | None  # the collection it came from, where known
    data: bytes | InputError
    group: str | None = None  # photos of a group belong together: they are never on both sides of a split


def read_labelled(paths: Sequence[Path]) -> Iterator[LabelledPhoto]:
    """Stream the photos of every path.

    Raises UnreadableData if a path is none of the three kinds.
    """
    for path in paths:
        if path.suffix.lower() == ".parquet":
            yield from _parquet(path)
        elif path.is_dir() and (tables := sorted(path.glob("*.parquet"))):
            for table in tables:
                yield from _parquet(table)
        else:
            yield from _class_folders(path)


def how_many(paths: Sequence[Path]) -> int:
    """About how many photos `read_labelled` will give, without reading them: for progress.

    Raises UnreadableData as it does.
    """
    total = 0
    for path in paths:
        tables = (
            [path] if path.suffix.lower() == ".parquet" else sorted(path.glob("*.parquet")) if path.is_dir() else []
        )
        try:
            total += sum(pq.read_metadata(table).num_rows for table in tables) if tables else len(list_files(path))
        except (pa.ArrowException, OSError) as error:
            raise UnreadableData(f"{path.name} is not a readable Parquet file ({error})", "make it again") from error
    return total


def only(paths: Sequence[Path], wanted: Mapping[str, str]) -> Iterator[LabelledPhoto]:
    """The photos of these pictures (sha256 of the file), each once, with the label that stands beside its picture."""
    left = dict(wanted)
    for photo in read_labelled(paths):
        if isinstance(photo.data, bytes) and (label := left.pop(hashlib.sha256(photo.data).hexdigest(), None)):
            yield replace(photo, label=label)
        if not left:
            return


def _class_folders(path: Path) -> Iterator[LabelledPhoto]:
    files = list_files(path) if path.is_dir() else unwrapped(list_files(path))
    inside = [file for file in files if len(file.path.parts) > 1]
    if not inside:
        raise UnreadableData(f"{path.name} holds no class folders", "put each class's photos into a folder of its name")
    for file in inside:
        yield LabelledPhoto(str(file.path), file.path.parts[0], None, file.read())


def _parquet(path: Path) -> Iterator[LabelledPhoto]:
    try:
        table = pq.ParquetFile(path)
        missing = {"label", "jpeg"} - set(table.schema_arrow.names)
        if missing:
            raise UnreadableData(
                f"{path.name} has no column {' and no column '.join(sorted(missing))}",
                "it needs label and jpeg; source, name and group are optional",
            )
        columns = [name for name in ("label", "jpeg", "source", "name", "group") if name in table.schema_arrow.names]
        row_number = 0
        for batch in table.iter_batches(batch_size=_ROWS, columns=columns):
            for row in batch.to_pylist():
                row_number += 1
                data = row["jpeg"]
                if not isinstance(data, bytes) or row["label"] is None:
                    data = UnreadableData("the row has no label or no photo", "fill it in")
                source, group = row.get("source"), row.get("group")
                yield LabelledPhoto(
                    name=str(row.get("name") or f"{path.name} row {row_number}"),
                    label=str(row["label"]),
                    source=None if source is None else str(source),
                    data=data,
                    group=None if group is None else str(group),
                )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableData(f"{path.name} is not a readable Parquet file ({error})", "make it again") from error
