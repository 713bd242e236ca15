"""What the rows and columns of any table are of: frames or images, and whose keypoints."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Columns
from pose_io_dlc.sheets.files import Rows
from pose_io_dlc.sheets.sheet import Sheet, is_image

CHUNK = 2048
"""Rows written at a time."""


def individuals_of(columns: Columns) -> tuple[str, ...]:
    """Say whose each keypoint is; nothing where there is no such level."""
    return tuple(one for one, _ in columns.points()) if columns.has_individuals else ()


def reader_of(columns: Columns) -> str:
    """Name the function that reads a file of such columns, for errors of the others."""
    coords = columns.coords()
    if columns.is_skeleton:
        return "read_skeleton"
    if "z" in coords:
        return "read_points3d"
    return "read_predictions" if "likelihood" in coords else "read_labels"


def rows_of(sheet: Sheet, path: Path) -> tuple[tuple[str, ...] | None, np.ndarray | None]:
    """Say which images the rows are of, or which frames of a video.

    Raises:
        FormatError: if a row is neither, or a frame comes twice.
    """
    index, counts = np.unique(np.asarray(sheet.index), return_counts=True)
    if (counts > 1).any():
        raise FormatError(
            f"{path}: frame {index[counts > 1][0].item()!r} is given twice; remove one row"
        )
    if isinstance(sheet.index, np.ndarray):
        if len(index) and not 0 <= index[0] <= index[-1] < 1 << 40:
            odd = index[0] if index[0] < 0 else index[-1]
            raise FormatError(f"{path}: frame number {odd} is not one of a video")
        return None, sheet.index
    for row, name in enumerate(sheet.index, start=1):
        if not is_image(name):
            raise FormatError(
                f"{path}: row {row} of the frames is named {name!r}; it needs a frame number or "
                "the path of an image"
            )
    return (sheet.index, None) if len(sheet) else (None, np.arange(0))


def refuse_images(frames: tuple[str, ...] | None, path: Path) -> None:
    """Refuse rows named by images where only frames of a video have a meaning.

    Raises:
        FormatError: naming the first.
    """
    if frames:
        raise FormatError(f"{path}: row 1 is of the image {frames[0]!r}; it needs a frame number")


def gaps_in(numbers: np.ndarray | None) -> int:
    """Count the frames left out between the first row's and the last."""
    if numbers is None or not len(numbers):
        return 0
    return int(numbers.max()) - int(numbers.min()) + 1 - len(numbers)


def warn_of_gaps(numbers: np.ndarray | None, path: Path) -> tuple[str, ...]:
    """Say which frames a file leaves out, if any: the first rows', or some between."""
    warnings = []
    if numbers is not None and len(numbers) and (first := int(numbers.min())):
        warnings.append(f"{path}: begins at frame {first}; {first} frames before it are left out")
    if count := gaps_in(numbers):
        warnings.append(f"{path}: {count} frames between its first and its last are left out")
    return tuple(warnings)


def chunks_of(
    arrays: Sequence[np.ndarray], frames: Sequence[str] | None, numbers: np.ndarray | None
) -> Iterator[Rows]:
    """Give the index and the flat numbers of a table, some rows at a time; at least once.

    Args:
        arrays: (rows, points) each; those of one point come to stand side by side.
        frames: images the rows are of, or
        numbers: their frame numbers; with neither, 0, 1, 2, ...
    """
    length, points = arrays[0].shape
    for start in range(0, max(length, 1), CHUNK):
        part = slice(start, min(start + CHUNK, length))
        values = np.stack([array[part] for array in arrays], axis=-1)
        flat = values.reshape(len(values), points * len(arrays))
        if frames is not None:
            yield list(frames[part]), flat
        else:
            yield np.arange(part.start, part.stop) if numbers is None else numbers[part], flat
