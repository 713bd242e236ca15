"""Write the CSV of DeepLabCut and Lightning Pose, chunk by chunk."""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from pose_io_dlc.atomic import atomic, unwritable
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Columns, header_rows
from pose_io_dlc.sheets.csv_blocks import threads_here
from pose_io_dlc.sheets.decimals import MOST, rows_as_text
from pose_io_dlc.sheets.sheet import Append, Index, Words

PIECE = 1 << 17
"""Numbers that are made text at a time, few enough that they stay near the processor."""


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
    with (
        atomic(path) as temporary,
        temporary.open("wb") as file,
        in_turn(file.write, path, threads_here()) as write,
    ):
        file.write(as_csv(header_rows(columns, index_width, text)))

        def append(index: Index, values: np.ndarray, words: Words = (), /) -> None:
            ends = [as_csv([row]).rstrip(b"\n") for row in zip(*words, strict=True)]
            names = index_cells(index, index_width, path)
            step = max(1, PIECE // max(1, values.shape[1]))
            for start in range(0, len(values), step):
                part = slice(start, start + step)
                write(partial(rows_as_text, names[part], values[part], decimals, ends[part]))

        yield append


@contextmanager
def in_turn(
    write: Callable[[bytes], object], path: Path, threads: int
) -> Iterator[Callable[[Callable[[], bytes]], None]]:
    """Give what has text made, in threads, which is written in the order it was asked for.

    Args:
        write: writes text.
        path: the file, for errors.
        threads: how many; below two it is made at once.

    Raises:
        FormatError: if it cannot be written.
    """
    waiting: deque[Future[bytes]] = deque()

    def put(text: bytes) -> None:
        try:
            write(text)
        except OSError as error:
            raise unwritable(path, error) from error

    with ThreadPoolExecutor(threads) as pool:

        def later(work: Callable[[], bytes]) -> None:
            waiting.append(pool.submit(work))
            while len(waiting) > threads:
                put(waiting.popleft().result())

        yield later if threads > 1 else lambda work: put(work())
        while waiting:
            put(waiting.popleft().result())


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
