"""Write the CSV of DeepLabCut and Lightning Pose, chunk by chunk."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pose_io_dlc.atomic import atomic, unwritable
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Columns, header_rows
from pose_io_dlc.sheets.decimals import MOST, rows_as_text
from pose_io_dlc.sheets.sheet import Append, Index, Words


@contextmanager
def appending_csv(
    path: Path,
    columns: Columns,
    decimals: int | None,
    index_width: int,
    text: Sequence[str] = (),
) -> Iterator[Append]:
    """Write a CSV file, whose rows are appended by what this gives.

    Args:
        path: the file.
        columns: of the numbers.
        decimals: digits after the point; None for the shortest exact numbers.
        index_width: cells of the index, 1 or 3.
        text: names of the columns of words, which come last.

    Raises:
        FormatError: if it cannot be written, a name does not fit the index, or the decimals are
            out of range.
    """
    if decimals is not None and not 1 <= decimals <= MOST:
        raise FormatError(f"{path}: decimals is {decimals}; give 1 to {MOST}, or None for all")
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(as_csv(header_rows(columns, index_width, text)))

        def append(index: Index, values: np.ndarray, words: Words = (), /) -> None:
            ends = [as_csv([row]).rstrip(b"\n") for row in zip(*words, strict=True)]
            names = index_cells(index, index_width, path)
            rows = rows_as_text(names, values, decimals, ends)
            try:
                file.write(rows)
            except OSError as error:
                raise unwritable(path, error) from error

        yield append


def index_cells(index: Index, index_width: int, path: Path) -> list[bytes] | np.ndarray:
    """Give the cells of the index of each row; frame numbers are left as numbers."""
    if isinstance(index, np.ndarray):
        return index
    rows = [name.split("/", index_width - 1) for name in index]
    if odd := [name for name, row in zip(index, rows, strict=True) if len(row) != index_width]:
        raise FormatError(f"{path}: {odd[0]!r} has no three parts: folder, video and image")
    return [as_csv([row]).rstrip(b"\n") for row in rows]


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Write cells, quoted where they need it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
