"""Predictions: from a file to a PredictionTable, and back, in constant memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.file_names import parse_file_name
from pose_io_dlc.rows import CHUNK, individuals_of, rows_of, warn_of_gaps
from pose_io_dlc.sheets.columns import Columns
from pose_io_dlc.sheets.csv_numbers import numbers_in_blocks
from pose_io_dlc.sheets.files import read_pieces, read_sheet
from pose_io_dlc.sheets.sheet import Sheet
from pose_io_dlc.tables import PredictionTable
from pose_io_dlc.writing import COORDS, PredictionWriter


def read_predictions(path: Path | str) -> PredictionTable:
    """Read a CSV or H5 file of predictions, as DeepLabCut, Lightning Pose or EKS write it.

    Tracks (`_el`, `_bx`, `_sk`, `_tr`, `_ctd`), filtered files and predictions of images are such
    files too. There is a row for each frame the file has; `numbers` says which they are.

    Raises:
        FormatError: if it cannot be read, is of labels, of points in space or of bones, or names a
            frame twice.
    """
    path = Path(path)
    table = predictions_of(read_sheet(path), path)
    return replace(table, warnings=(*table.warnings, *warn_of_gaps(table.numbers, path)))


def read_chunks(
    path: Path | str, rows: int = 10_000, ahead: bool = True
) -> Iterator[PredictionTable]:
    """Read a file of predictions some rows at a time, in memory that does not grow with it.

    At least one table is given, and all are of `rows` rows, but for the last. `numbers` says which
    frames they are of.

    Args:
        path: the file.
        rows: of a table.
        ahead: whether threads read on meanwhile; without, many files can be open side by side in
            little memory.

    Raises:
        FormatError: as `read_predictions`, once it gets there; or if the frame numbers of a video
            do not rise from one chunk to the next.
    """
    path = Path(path)
    if rows < 1:
        raise FormatError(f"{path}: cannot be read {rows} rows at a time; ask for 1 or more")
    last = -1
    for sheet in read_pieces(path, rows, ahead):
        table = predictions_of(sheet, path)
        if table.numbers is not None and len(table):
            if (first := int(table.numbers.min())) <= last:
                raise FormatError(
                    f"{path}: frame {first} comes after frame {last}; sort it, or read it whole"
                )
            last = int(table.numbers.max())
        yield table


def read_numbers(path: Path | str) -> Iterator[np.ndarray]:
    """Read the frame number of every row, some at a time; of a CSV file in a tenth of the time.

    Raises:
        FormatError: as `read_chunks`.
    """
    path, done = Path(path), 0
    if path.suffix.lower() == ".csv" and path.is_file():
        for numbers in numbers_in_blocks(path):
            if numbers is None:
                break
            done += len(numbers)
            yield numbers
        else:
            return
    for table in read_chunks(path):
        yield table.numbered[done:]
        done = max(0, done - len(table))


def predictions_of(sheet: Sheet, path: Path) -> PredictionTable:
    """Say what the columns and rows of predictions mean.

    Raises:
        FormatError: if they are not of predictions, or a frame is named twice.
    """
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
    if not (known := np.isfinite(x) & np.isfinite(y)).all():
        keypoints[~known] = np.nan
    return keypoints, confidence


def warn_of_halves(x: np.ndarray, y: np.ndarray, path: Path) -> Iterator[str]:
    """Say how many points have only one coordinate."""
    if count := np.count_nonzero(np.isnan(x) != np.isnan(y)):
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
    with PredictionWriter(
        path,
        table.names,
        individuals=table.individuals,
        extra=tuple(table.extra),
        scorer=table.scorer,
        decimals=decimals,
    ) as writer:
        for start in range(0, max(len(table), 1), CHUNK):
            part = slice(start, start + CHUNK)
            writer.write(
                table.keypoints[part],
                table.confidence[part],
                {name: column[part] for name, column in table.extra.items()},
                numbers=None if table.numbers is None else table.numbers[part],
                frames=None if table.frames is None else table.frames[part],
            )
