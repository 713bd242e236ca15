"""A table as its file has it, before anyone asks what it means: CSV and H5 both read to this."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy as np

from pose_io_dlc.sheets.columns import Columns

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"})
"""Suffixes by which a row is known to be an image."""


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

    def select(self, rows: np.ndarray) -> "Sheet":
        """Give some of the rows, in the order asked for."""
        index = self.index
        return replace(
            self,
            index=index[rows] if isinstance(index, np.ndarray) else tuple(index[r] for r in rows),
            values=self.values[rows],
            text={name: tuple(words[r] for r in rows) for name, words in self.text.items()},
        )

    def column(self, coord: str) -> np.ndarray:
        """Give one coordinate of all points, (rows, points); NaN for points that lack it."""
        positions = self.columns.positions(coord)
        present = [position for position in positions if position is not None]
        if len(present) == len(positions):
            return self.values[:, present]
        taken = np.full((len(self), len(positions)), np.nan)
        taken[:, [position is not None for position in positions]] = self.values[:, present]
        return taken


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
