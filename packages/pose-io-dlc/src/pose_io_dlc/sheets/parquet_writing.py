"""Write Parquet: a column per coordinate, named so that any tool tells what it is.

The first column is `frame` (number) or `image` (path); then `keypoint/coordinate`, or
`individual/keypoint/coordinate`; columns of words, such as Lightning Pose's `set`, come last under
their own name. What names cannot say stands in the schema's metadata under `pose_io_dlc`, as JSON:
the scorer, and how many cells an image's path had.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.atomic import atomic, unwritable
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.sheet import Append, Index, Words

KEY = b"pose_io_dlc"
FRAME, IMAGE = "frame", "image"

ROWS = 1 << 15
"""Rows of a row group, at least, but for the last."""


@contextmanager
def appending_parquet(
    path: Path, columns: Columns, index_width: int, text: Sequence[str] = ()
) -> Iterator[Append]:
    """Write a Parquet file, whose rows are appended by what this gives.

    Args:
        path: the file.
        columns: of the numbers.
        index_width: cells of the index, which are kept as one path, but not forgotten.
        text: names of the columns of words.

    Raises:
        FormatError: if it cannot be written, a column of words has a name that is taken, or pyarrow
            is not installed.
    """
    import_pyarrow(path)
    if taken := {FRAME, IMAGE} & set(text):
        raise FormatError(f"{path}: a column of words cannot be named {min(taken)!r}; rename it")
    with atomic(path) as temporary:
        groups = Groups(temporary, columns, index_width, text)

        def append(index: Index, values: np.ndarray, words: Words = (), /) -> None:
            try:
                groups.append(index, values, words)
            except OSError as error:
                raise unwritable(path, error) from error

        try:
            yield append
            groups.finish()
        finally:
            groups.close()


def import_pyarrow(path: Path) -> Any:
    """Import pyarrow, which is optional.

    Raises:
        FormatError: if it is not installed; says how.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        message = f'{path}: Parquet files need pyarrow; pip install "pose-io-dlc[parquet]"'
        raise FormatError(message) from error
    return pyarrow


class Groups:
    """The row groups of a file; rows wait until there are enough for one."""

    def __init__(
        self, path: Path, columns: Columns, index_width: int, text: Sequence[str] = ()
    ) -> None:
        self.path = path
        self.columns = columns
        self.index_width = index_width
        self.text = text
        self.writer: Any = None
        self.waiting: list[Any] = []

    def append(self, index: Index, values: np.ndarray, words: Words = ()) -> None:
        """Add rows."""
        named = dict(zip(self.text, words, strict=True))
        self.waiting.append(as_batch(index, values, named, self.columns, self.index_width))
        if sum(batch.num_rows for batch in self.waiting) >= ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        table = pa.Table.from_batches(self.waiting)
        self.waiting = []
        if self.writer is None:  # numbers seldom repeat: a dictionary would only take time
            self.writer = ParquetWriter(self.path, table.schema, use_dictionary=[IMAGE])
        self.writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def finish(self) -> None:
        """Write what waits, or at least the columns."""
        if self.writer is None and not self.waiting:
            words = [()] * len(self.text)
            self.append(np.arange(0), np.empty((0, len(self.columns.columns))), words)
        if self.waiting:
            self.flush()

    def close(self) -> None:
        """Close the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def as_batch(
    index: Index,
    values: np.ndarray,
    words: Mapping[str, Sequence[str]],
    columns: Columns,
    index_width: int,
) -> Any:
    """Make the columns that pyarrow writes."""
    import pyarrow as pa

    kind = pa.int64() if isinstance(index, np.ndarray) else pa.string()
    arrays = [pa.array(index, kind), *(pa.array(np.ascontiguousarray(v)) for v in values.T)]
    arrays += [pa.array(list(cells), pa.string()) for cells in words.values()]
    names = [FRAME if isinstance(index, np.ndarray) else IMAGE]
    names += [flat_name(column, columns.has_individuals) for column in columns.columns]
    names += [escaped(name) for name in words]
    fields = [pa.field(name, one.type) for name, one in zip(names, arrays, strict=True)]
    about = {"version": 1, "scorer": columns.scorer, "index_width": index_width}
    schema = pa.schema(fields, metadata={KEY: json.dumps(about).encode()})
    return pa.record_batch(arrays, schema=schema)


def flat_name(column: Column, has_individuals: bool) -> str:
    """Name a column of numbers."""
    return "/".join(map(escaped, column if has_individuals else column[1:]))


def escaped(part: str) -> str:
    """Write a part of a name: a slash within becomes %2F, and a percent sign %25."""
    return part.replace("%", "%25").replace("/", "%2F")
