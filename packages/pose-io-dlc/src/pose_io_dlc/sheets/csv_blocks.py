"""Split a CSV file at line ends into blocks, and work on them in threads, in order.

pandas' parser lets other threads run while it works. A few blocks are ahead at any time, so that
memory does not grow with the file.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.csv_header import LONGEST

BLOCK = 1 << 23
"""Bytes of a block, about. Each costs pandas two milliseconds before it starts to parse."""

MOST_THREADS = 4
"""As each holds a block and what is made of it."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def blocks_of(path: Path, offset: int, size: int = BLOCK) -> Iterator[tuple[int, int]]:
    """Give the first byte of each block and the byte after its last, which ends a line.

    Args:
        path: the file.
        offset: where the first block begins.
        size: bytes of a block, at least, but for the last.

    Raises:
        FormatError: if a line is longer than any row can be.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while offset < end:
            file.seek(offset + size - 1)
            rest = file.readline(LONGEST)
            if len(rest) == LONGEST:
                raise FormatError(
                    f"{path}: has a row of more than {LONGEST >> 20} MB at byte {offset + size}; "
                    "is it really a CSV file?"
                )
            stop = min(offset + size - 1 + len(rest), end) if rest else end
            yield offset, stop
            offset = stop


def read_block(path: Path, block: tuple[int, int]) -> bytes:
    """Read the bytes of a block."""
    with path.open("rb") as file:
        file.seek(block[0])
        return file.read(block[1] - block[0])


def in_order(
    work: Callable[[Task], Result], tasks: Iterable[Task], threads: int
) -> Iterator[Result]:
    """Give the results of work in the order of its tasks, some of which run at the same time."""
    if threads < 2:
        yield from map(work, tasks)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def threads_for(path: Path) -> int:
    """Give how many threads are worth starting for a file: those the process may use, at most."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, MOST_THREADS, path.stat().st_size // BLOCK + 1)
