"""Predictions: from a file to a PredictionTable, and back, in constant memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import individuals_of
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.files import read_sheet, write_rows
from pose_io_dlc.sheets.sheet import Sheet, is_image
from pose_io_dlc.tables import PredictionTable

CHUNK = 2048
"""Rows written at a time."""

COORDS = ("x", "y", "likelihood")


def read_predictions(path: Path | str) -> PredictionTable:
    """Read a CSV or H5 file of predictions, as DeepLabCut, Lightning Pose or EKS write it.

    Raises:
        FormatError: if it cannot be read, is of labels, or names a frame twice.
    """
    path = Path(path)
    sheet = read_sheet(path)
    coords = sheet.columns.coords()
    if "z" in coords:
        raise FormatError(f"{path}: has points in three dimensions; only x and y are read so far")
    if missing := [coord for coord in COORDS if coord not in coords]:
        labels = "; is it a file of labels?" if missing == ["likelihood"] else ""
        raise FormatError(f"{path}: has no {missing[0]!r} column{labels}")
    sheet.columns.require(COORDS, str(path))
    keypoints, confidence = without_placeholders(*map(sheet.column, COORDS))
    frames, numbers = rows_of(sheet, path)
    return PredictionTable(
        names=tuple(name for _, name in sheet.columns.points()),
        keypoints=keypoints,
        confidence=confidence,
        frames=frames,
        numbers=numbers,
        scorer=sheet.columns.scorer,
        individuals=individuals_of(sheet.columns),
        extra={coord: sheet.column(coord) for coord in coords if coord not in COORDS},
        warnings=sheet.warnings,
    )


def without_placeholders(
    x: np.ndarray, y: np.ndarray, confidence: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Make NaN of what stands for no detection: three times -1, and (0, 0) without likelihood."""
    absent = (x == -1) & (y == -1) & (confidence == -1)
    absent |= (x == 0) & (y == 0) & np.isnan(confidence)
    keypoints = np.stack([x, y], axis=-1)
    keypoints[absent | ~np.isfinite(x) | ~np.isfinite(y)] = np.nan
    return keypoints, np.where(absent, np.nan, confidence)


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


def write_predictions(path: Path | str, table: PredictionTable, decimals: int | None = 6) -> None:
    """Write predictions as CSV or H5, a chunk of rows at a time: arrays may lie on a disk.

    Args:
        path: the file; its suffix chooses.
        table: the predictions; `extra` columns follow each keypoint's likelihood.
        decimals: digits after the point in a CSV; None for the shortest exact numbers, which is
            slower. H5 is always exact.

    Raises:
        FormatError: if it cannot be written; the former file is then left as it was.
    """
    coords = (*COORDS, *table.extra)
    names = [Column(one, name, coord) for one, name in table.points for coord in coords]
    columns = Columns(table.scorer, tuple(names), bool(table.individuals))
    write_rows(path, columns, chunks(table), decimals)


def chunks(table: PredictionTable) -> Iterator[tuple[list[str] | np.ndarray, np.ndarray]]:
    """Give the index and the flat numbers of the table, some rows at a time; at least once."""
    for start in range(0, max(len(table), 1), CHUNK):
        part = slice(start, min(start + CHUNK, len(table)))
        values = [table.keypoints[part, :, 0], table.keypoints[part, :, 1], table.confidence[part]]
        values += [column[part] for column in table.extra.values()]
        width = len(table.names) * len(values)
        flat = np.stack(values, axis=-1).reshape(len(values[0]), width)
        if table.frames is not None:
            yield list(table.frames[part]), flat
        elif table.numbers is not None:
            yield table.numbers[part], flat
        else:
            yield np.arange(part.start, part.stop), flat
