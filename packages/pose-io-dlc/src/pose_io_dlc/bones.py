"""Skeleton files: how long the bones of a DeepLabCut project are, and which way they point.

DeepLabCut writes them beside the predictions as `_skeleton.h5` and `_skeleton.csv`. They do not say
who made them; a bone is named for the two keypoints at its ends, as `snout_tailbase`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.rows import chunks_of, reader_of, refuse_images, rows_of
from pose_io_dlc.sheets.columns import MEASURES, Column, Columns
from pose_io_dlc.sheets.files import read_sheet, write_rows


@dataclass(frozen=True, eq=False)
class BoneTable:
    """Bones in the frames of a video.

    Attributes:
        names: of the bones, in the order of the arrays.
        length: (frames, bones), in pixels; NaN where unknown.
        orientation: (frames, bones), which way the second end lies from the first: in degrees
            from 0 to 360, from the x axis towards the y axis, which points down.
        confidence: (frames, bones), of the less certain end.
        numbers: frame number of each row; None: 0, 1, 2, ...
        warnings: what was odd but usable, one line each.
    """

    names: tuple[str, ...]
    length: np.ndarray
    orientation: np.ndarray
    confidence: np.ndarray
    numbers: np.ndarray | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.length), len(self.names))
        arrays = (self.length, self.orientation, self.confidence)
        if any(array.shape != shape for array in arrays):
            found = [array.shape for array in arrays]
            raise FormatError(f"table: {shape} frames and bones do not fit {found}")
        if self.numbers is not None and len(self.numbers) != len(self):
            raise FormatError(f"table: {len(self.numbers)} frames for {len(self)} rows")

    def __len__(self) -> int:
        return len(self.length)


def read_skeleton(path: Path | str) -> BoneTable:
    """Read `_skeleton.csv` or `_skeleton.h5`.

    Raises:
        FormatError: if it cannot be read, is no skeleton file, or names a frame twice.
    """
    path = Path(path)
    sheet = read_sheet(path)
    if not sheet.columns.is_skeleton:
        use = reader_of(sheet.columns)
        raise FormatError(f"{path}: is not a skeleton file, but of keypoints; use {use}")
    sheet.columns.require(MEASURES, str(path))
    frames, numbers = rows_of(sheet, path)
    refuse_images(frames, path)
    length, orientation, confidence = map(sheet.column, MEASURES)
    names = tuple(name for _, name in sheet.columns.points())
    return BoneTable(names, length, orientation, confidence, numbers, sheet.warnings)


def write_skeleton(path: Path | str, table: BoneTable, decimals: int | None = None) -> None:
    """Write bones as DeepLabCut does, as CSV or H5.

    Args:
        path: the file; its suffix chooses.
        table: the bones.
        decimals: digits after the point in a CSV; None for the shortest exact numbers.

    Raises:
        FormatError: if it cannot be written; the former file is then left as it was.
    """
    columns = bone_columns(table.names)
    arrays = [table.length, table.orientation, table.confidence]
    write_rows(path, columns, chunks_of(arrays, None, table.numbers), decimals)


def bone_columns(names: Sequence[str]) -> Columns:
    """Give the columns of bones."""
    return Columns("", tuple(Column("", name, measure) for name in names for measure in MEASURES))
