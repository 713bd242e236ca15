"""A table as its file has it, before anyone asks what it means: CSV and H5 both read to this."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import PurePosixPath
from typing import Protocol

import numpy as np

from pose_io_dlc.sheets.columns import Columns

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"})
"""Suffixes by which a row is known to be an image."""

Index = list[str] | np.ndarray
"""Names of rows, or the frame numbers of a video."""

Words = Sequence[Sequence[str]]
"""Columns of words, each with a cell per row."""

Rows = tuple[Index, np.ndarray]
"""Some rows: their names or frame numbers, and their numbers (rows, columns)."""


class Append(Protocol):
    """What adds rows to a file."""

    def __call__(self, index: Index, values: np.ndarray, words: Words = (), /) -> None:
        """Add rows: their names or frame numbers, their numbers, their columns of words."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of numbers with their columns and their index, nothing interpreted.

    Attributes:
        columns: of the numbers.
        index: of the rows: paths of images with forward slashes, or int64 frame numbers of a video.
        values: float (rows, columns), NaN where a cell is empty.
        index_width: cells of the index in the file, 1 or 3.
        text: columns of words by name, such as Lightning Pose's `set`.
        warnings: what was odd but usable, one line each.
    """

    columns: Columns
    index: tuple[str, ...] | np.ndarray
    values: np.ndarray
    index_width: int = 1
    text: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.index)

    def rows(self) -> tuple[Index, np.ndarray, Words]:
        """Give what is appended to a file: names or numbers of rows, their numbers, their words."""
        index = self.index if isinstance(self.index, np.ndarray) else list(self.index)
        return index, self.values, list(self.text.values())

    def select(self, rows: np.ndarray) -> "Sheet":
        """Give some of the rows, in the order asked for."""
        index = self.index
        return replace(
            self,
            index=index[rows] if isinstance(index, np.ndarray) else tuple(index[r] for r in rows),
            values=self.values[rows],
            text={name: tuple(words[r] for r in rows) for name, words in self.text.items()},
        )

    def part(self, start: int, stop: int) -> "Sheet":
        """Give some rows that follow one another, without a copy of their numbers."""
        text = {name: words[start:stop] for name, words in self.text.items()}
        index, values = self.index[start:stop], self.values[start:stop]
        return replace(self, index=index, values=values, text=text)

    def column(self, coord: str) -> np.ndarray:
        """Give one coordinate of all points, (rows, points); NaN for points that lack it.

        It may be a view of `values`, to be read only.
        """
        positions = self.columns.positions(coord)
        present = [position for position in positions if position is not None]
        if len(present) == len(positions):
            return self.values[:, evenly(present)]
        taken = np.full((len(self), len(positions)), np.nan)
        taken[:, [position is not None for position in positions]] = self.values[:, present]
        return taken


def evenly(positions: Sequence[int]) -> slice | Sequence[int]:
    """Give positions of equal distances as a slice, which makes a view in place of a copy."""
    step = positions[1] - positions[0] if len(positions) > 1 else 1
    if step > 0 and list(positions) == list(range(positions[0], positions[-1] + 1, step)):
        return slice(positions[0], positions[-1] + 1, step)
    return positions


def joined(pieces: Iterable[Sheet]) -> Sheet:
    """Put pieces of one table below each other; each is let go once it is copied."""
    parts = list(pieces)
    filled = [part for part in parts if len(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    first = replace(filled[0], values=np.empty((0, 0)))  # without a hold on its numbers
    text = {name: tuple(chain(*(part.text[name] for part in filled))) for name in first.text}
    index = joined_index([part.index for part in filled])
    parts.clear()
    return replace(first, index=index, values=stacked(filled), text=text)


def joined_index(parts: Sequence[tuple[str, ...] | np.ndarray]) -> tuple[str, ...] | np.ndarray:
    """Put names of rows below each other: numbers where all are."""
    numbers = [part for part in parts if isinstance(part, np.ndarray)]
    if len(numbers) == len(parts):
        return np.concatenate(numbers)
    return tuple(str(name) for part in parts for name in part)


def stacked(parts: list[Sheet]) -> np.ndarray:
    """Put the numbers of pieces below each other, and empty the list on the way."""
    length = sum(map(len, parts))
    dtype = np.result_type(*(part.values.dtype for part in parts))
    values = np.empty((length, parts[0].values.shape[1]), dtype, order="F")  # as pandas has them
    while parts:
        part = parts.pop()
        values[length - len(part) : length] = part.values
        length -= len(part)
    return values


def regrouped(pieces: Iterable[Sheet], rows: int) -> Iterator[Sheet]:
    """Cut pieces of one table anew, to so many rows each; at least one, the last may be short."""
    waiting: list[Sheet] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) < rows + 1:  # the last rows are kept back, to be the last piece
            continue
        whole = joined(waiting)
        start = 0
        while start + rows < len(whole):
            yield whole.part(start, start + rows)
            start += rows
        waiting = [whole.part(start, len(whole))]
    yield joined(waiting)


def is_image(row: str) -> bool:
    """Say whether the text of an index is the path of an image."""
    return PurePosixPath(row).suffix.lower() in IMAGES


def names_of_rows(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...] | np.ndarray:
    """Name rows by the cells of their index: paths, or frame numbers where all are numbers."""
    names = tuple("/".join(with_forward_slashes(cell) for cell in row if cell) for row in rows)
    if not names or row_number(names[0]) is None:
        return names
    numbers = [row_number(name) for name in names]
    return names if None in numbers else np.array(numbers, dtype=np.int64)


def row_number(text: str) -> int | None:
    """Read the frame number of a row; None where the text is not one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else None


def with_forward_slashes(path: str) -> str:
    """Write a path of any operating system with forward slashes."""
    return path.strip().replace("\\", "/")
