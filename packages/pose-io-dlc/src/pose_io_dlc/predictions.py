"""Predictions: from a file to a PredictionTable, and back, in constant memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.file_names import parse_file_name
from pose_io_dlc.rows import chunks_of, individuals_of, rows_of, warn_of_gaps
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.files import Rows, read_sheet, write_rows
from pose_io_dlc.tables import PredictionTable

COORDS = ("x", "y", "likelihood")


def read_predictions(path: Path | str) -> PredictionTable:
    """Read a CSV or H5 file of predictions, as DeepLabCut, Lightning Pose or EKS write it.

    Tracks (`_el`, `_bx`, `_sk`, `_tr`, `_ctd`), filtered files and predictions of images are such
    files too. There is a row for each frame the file has; `numbers` says which they are.

    Raises:
        FormatError: if it cannot be read, is of labels, of points in space or of bones, or names a
            frame twice.
    """
    path = Path(path)
    sheet = read_sheet(path)
    refuse_other_kinds(sheet.columns, path)
    x, y, confidence = map(sheet.column, COORDS)
    keypoints, confidence = without_placeholders(x, y, confidence)
    frames, numbers = rows_of(sheet, path)
    extra = [coord for coord in sheet.columns.coords() if coord not in COORDS]
    return PredictionTable(
        names=tuple(name for _, name in sheet.columns.points()),
        keypoints=keypoints,
        confidence=confidence,
        frames=frames,
        numbers=numbers,
        scorer=sheet.columns.scorer,
        individuals=individuals_of(sheet.columns),
        extra={coord: np.ascontiguousarray(sheet.column(coord)) for coord in extra},
        warnings=(*sheet.warnings, *warn_of_halves(x, y, path), *warn_of_gaps(numbers, path)),
        video="" if frames else parse_file_name(path, sheet.columns.scorer).video,
    )


def refuse_other_kinds(columns: Columns, path: Path) -> None:
    """Refuse columns that are not of predictions in an image, and say what reads them.

    Raises:
        FormatError: naming the function.
    """
    coords = columns.coords()
    if "z" in coords:
        raise FormatError(f"{path}: is of points in space (x, y, z); use read_points3d")
    if columns.is_skeleton:
        raise FormatError(f"{path}: is a skeleton file (lengths of bones); use read_skeleton")
    if missing := [coord for coord in COORDS if coord not in coords]:
        labels = "; is it a file of labels? use read_labels" if missing == ["likelihood"] else ""
        raise FormatError(f"{path}: has no {missing[0]!r} column{labels}")
    columns.require(COORDS, str(path))


def without_placeholders(
    x: np.ndarray, y: np.ndarray, confidence: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Make NaN of what stands for no detection: three times -1, and (0, 0) without likelihood."""
    keypoints, confidence = np.stack([x, y], axis=-1), np.ascontiguousarray(confidence)
    odd = ~(confidence >= 0)  # mostly none is, and all but two passes are spared
    if odd.any():
        absent = odd & (x == -1) & (y == -1) & (confidence == -1)
        absent |= odd & (x == 0) & (y == 0) & np.isnan(confidence)
        keypoints[absent] = np.nan
        confidence = np.where(absent, np.nan, confidence)
    keypoints[~np.isfinite(x + y)] = np.nan
    return keypoints, confidence


def warn_of_halves(x: np.ndarray, y: np.ndarray, path: Path) -> Iterator[str]:
    """Say how many points have only one coordinate."""
    if count := int((np.isnan(x) != np.isnan(y)).sum()):
        yield f"{path}: {count} points have only x or only y; taken as missing"


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


def chunks(table: PredictionTable) -> Iterator[Rows]:
    """Give the index and the flat numbers of the table, some rows at a time; at least once."""
    arrays = [table.keypoints[..., 0], table.keypoints[..., 1], table.confidence]
    return chunks_of([*arrays, *table.extra.values()], table.frames, table.numbers)
