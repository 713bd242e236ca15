"""Split a CSV file at line ends into blocks, and work on them in threads, in order.

pandas' parser lets other threads run while it works. A few blocks are ahead at any time, so that
memory does not grow with the file.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.csv_header import LONGEST

BLOCK = 1 << 22
"""Bytes of a block, at least: pandas takes milliseconds before it starts to parse one."""

MOST_THREADS = 8

Task = TypeVar("Task")
Result = TypeVar("Result")


class Block(NamedTuple):
    """Whole lines of a file: the first byte, and the byte after the last."""

    start: int
    stop: int


class QuoteError(Exception):
    """A quote may hide a line end, even that of a block: blocks cannot be told from here on."""


class BlockFile:
    """A block as pandas reads it.

    Attributes:
        fault: why it ended early, as pandas swallows what is raised: QuoteError or FormatError.
    """

    def __init__(self, file: IO[bytes], block: Block) -> None:
        self.fault: Exception | None = None
        self.file = file
        self.left = block.stop - block.start
        self.row = 0
        file.seek(block.start)

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes; none where the block ends, or has a fault."""
        data = self.file.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        end = data.rfind(b"\n")
        self.row = self.row + len(data) if end < 0 else len(data) - end
        if b'"' in data:
            self.fault = QuoteError()
        elif self.row > LONGEST:
            self.fault = endless(self.file.name)
        return b"" if self.fault else data

    def __iter__(self) -> Iterator[bytes]:
        """Give the bytes; pandas asks for this of files, but does not use it."""
        return iter(self.read, b"")


def blocks_of(path: Path, offset: int, size: int) -> Iterator[Block]:
    """Split what comes after some byte into blocks.

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
            rest = file.readline(LONGEST + 1)
            if len(rest) > LONGEST:
                raise endless(path)
            stop = min(offset + size - 1 + len(rest), end) if rest else end
            yield Block(offset, stop)
            offset = stop


def endless(path: object) -> FormatError:
    """Say that a line is longer than any row can be."""
    return FormatError(
        f"{path}: has a row of more than {LONGEST >> 20} MB; is it really a CSV file?"
    )


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
    return max(1, min(threads_here(), path.stat().st_size // BLOCK))


def threads_here() -> int:
    """Give how many threads the process may use."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, MOST_THREADS)
