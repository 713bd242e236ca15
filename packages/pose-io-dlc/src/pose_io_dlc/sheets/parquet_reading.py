"""Read Parquet as `parquet_writing` describes it, also where a tool lost the metadata.

Only plain columns are read: neither pandas' metadata nor any extension type is looked at.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Column, Columns, check_columns
from pose_io_dlc.sheets.csv_header import MOST_COLUMNS
from pose_io_dlc.sheets.parquet_writing import FRAME, IMAGE, KEY, ROWS, import_pyarrow
from pose_io_dlc.sheets.sheet import Sheet, with_forward_slashes

LARGE = 1 << 31
"""Bytes above which a table must have some proportion to the size of its file."""

MOST_PACKED = 1000
"""How many bytes may then come of one in the file."""

WORDS = ("string", "large_string", "string_view")
"""Kinds of columns of words, as Arrow calls them."""

SCORER = "pose"
"""Of a file that does not say."""


@dataclass(frozen=True)
class Layout:
    """What the schema of a file says.

    Attributes:
        columns: of the numbers.
        names: of those columns, as the file has them.
        words: names of the columns of words, as the file has them.
        are_images: whether rows are named by paths, not numbered.
        index_width: how many cells the path had.
    """

    columns: Columns
    names: tuple[str, ...]
    words: tuple[str, ...]
    are_images: bool
    index_width: int


def read_layout(path: Path) -> Layout:
    """Read what the schema of a Parquet file says, and no rows.

    Raises:
        FormatError: if it cannot be read, or pyarrow is not installed.
    """
    with opened(path) as (file, _):
        return layout_of(file.schema_arrow, path)


def read_parquet_pieces(path: Path, rows: int = ROWS) -> Iterator[Sheet]:
    """Read a Parquet file so many rows at a time, in constant memory; at least one piece.

    Raises:
        FormatError: if it cannot be read, or pyarrow is not installed.
    """
    with opened(path) as (file, pyarrow):
        schema = file.schema_arrow
        layout = layout_of(schema, path)
        refuse_absurd(file.metadata, path)
        nothing = [pyarrow.array([], kind) for kind in schema.types]
        yield sheet_of(pyarrow.record_batch(nothing, names=schema.names), layout, path)
        for batch in file.iter_batches(batch_size=rows):
            yield sheet_of(batch, layout, path)


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a Parquet file; gives it, and pyarrow.

    Raises:
        FormatError: if it cannot be read, or pyarrow is not installed.
    """
    pyarrow = import_pyarrow(path)
    try:
        with pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            yield file, pyarrow
    except FormatError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path}: is damaged or not a Parquet file ({reason})") from error


def description(metadata: dict[bytes, bytes] | None, path: Path) -> dict[str, Any]:
    """Read what the metadata says of a table: scorer and index_width, each with a default.

    Raises:
        FormatError: if it says something else.
    """
    try:
        given = json.loads((metadata or {}).get(KEY, b"{}"))
        about = {"scorer": given.get("scorer", SCORER), "width": given.get("index_width", 1)}
    except (ValueError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path}: its metadata {KEY.decode()!r} is damaged") from error
    if not isinstance(about["scorer"], str) or about["width"] not in (1, 3):
        raise FormatError(f"{path}: its metadata {KEY.decode()!r} says {str(about)[:80]}")
    return about


def layout_of(schema: Any, path: Path) -> Layout:
    """Tell by their names and kinds which columns are numbers of keypoints, and which are words.

    Raises:
        FormatError: if they are not those of keypoints, or not numbers.
    """
    if len(schema) > MOST_COLUMNS:
        raise FormatError(f"{path}: has {len(schema)} columns; at most {MOST_COLUMNS} are read")
    if FRAME not in schema.names and IMAGE not in schema.names:
        raise FormatError(f"{path}: has no column {FRAME!r} or {IMAGE!r} that names its rows")
    about = description(schema.metadata, path)
    kinds = dict(zip(schema.names, map(str, schema.types), strict=True))
    others = [name for name in schema.names if name not in (FRAME, IMAGE)]
    words = [name for name in others if "/" not in name and kinds[name] in WORDS]
    names = [name for name in others if name not in words]
    parts = [[unescaped(part) for part in name.split("/")] for name in names]
    depth = len(parts[0]) if parts else 3
    for name, found in zip(names, parts, strict=True):
        if len(found) != depth or depth not in (2, 3):
            raise FormatError(
                f"{path}: column {name[:40]!r} is not named keypoint/coordinate or "
                "individual/keypoint/coordinate, as the others"
            )
        kind = kinds[name]
        if kind not in ("double", "float", "halffloat") and "int" not in kind:
            raise FormatError(f"{path}: column {name[:40]!r} holds {kind[:40]}, not numbers")
    columns = [Column(*(["", *found] if depth == 2 else found)) for found in parts]
    checked = check_columns([about["scorer"]], columns, depth == 3, str(path))
    return Layout(checked, tuple(names), tuple(words), IMAGE in schema.names, about["width"])


def unescaped(part: str) -> str:
    """Read a part of a name as `flat_name` wrote it."""
    return part.replace("%2F", "/").replace("%25", "%")


def refuse_absurd(metadata: Any, path: Path) -> None:
    """Refuse a file that claims far more rows than it can hold.

    Raises:
        FormatError: before memory is asked for.
    """
    claimed = 4 * metadata.num_rows * metadata.num_columns
    if claimed > max(LARGE, MOST_PACKED * path.stat().st_size) or claimed < 0:
        raise FormatError(
            f"{path}: claims {metadata.num_rows} rows in a file of {path.stat().st_size} bytes; "
            "it is damaged"
        )


def sheet_of(batch: Any, layout: Layout, path: Path) -> Sheet:
    """Take the numbers, the words and the names of some rows."""
    names = layout.names
    single = all(str(batch.schema.field(name).type) == "float" for name in names)
    kind = np.float32 if single else np.float64
    values = np.empty((batch.num_rows, len(names)), dtype=kind, order="F")
    for at, name in enumerate(names):
        values[:, at] = batch.column(name).to_numpy(zero_copy_only=False)
    text = {
        unescaped(name): tuple(cell or "" for cell in batch.column(name).to_pylist())
        for name in layout.words
    }
    return Sheet(layout.columns, index_of(batch, path), values, layout.index_width, text)


def index_of(batch: Any, path: Path) -> tuple[str, ...] | np.ndarray:
    """Name the rows.

    Raises:
        FormatError: if some have no name, or names that are no numbers or paths.
    """
    name = IMAGE if IMAGE in batch.schema.names else FRAME
    cells = batch.column(name)
    if cells.null_count:
        raise FormatError(f"{path}: {cells.null_count} rows have no {name!r}; give each row one")
    if name == IMAGE:
        return tuple(with_forward_slashes(str(cell)) for cell in cells.to_pylist())
    numbers = cells.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind not in "iu":
        raise FormatError(f"{path}: column {FRAME!r} holds {cells.type}, not whole numbers")
    return numbers.astype(np.int64)
