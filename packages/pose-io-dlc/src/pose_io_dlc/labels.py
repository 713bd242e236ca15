"""Labels: from a file to a LabelTable, and back."""

from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.files import read_sheet, write_sheet
from pose_io_dlc.sheets.sheet import Sheet, is_image, with_forward_slashes
from pose_io_dlc.tables import MISSING, OCCLUDED, VISIBLE, LabelTable

FOLDER = "labeled-data"
"""Where both tools keep labeled images."""


def read_labels(path: Path | str) -> LabelTable:
    """Read a CSV or H5 file of labels, as `CollectedData_<scorer>.csv`.

    Likelihood columns, which some tools leave in labels, are dropped.

    Raises:
        FormatError: if it cannot be read, holds no images, or an image twice.
    """
    path = Path(path)
    sheet = read_sheet(path)
    refuse_twice(sheet, path)
    keypoints = np.stack([sheet.column("x"), sheet.column("y")], axis=-1)
    warnings = list(sheet.warnings)
    visibility, keypoints = seen(sheet, keypoints, path, warnings)
    if np.isfinite(likelihood := sheet.column("likelihood")).any() and likelihood.size:
        warnings.append(f"{path}: likelihood columns in labels are not used")
    return LabelTable(
        frames=tuple(below_project(str(frame)) for frame in sheet.index),
        names=tuple(name for _, name in sheet.columns.points()),
        keypoints=keypoints,
        visibility=visibility,
        scorer=sheet.columns.scorer,
        individuals=individuals_of(sheet.columns),
        warnings=tuple(warnings),
    )


def individuals_of(columns: Columns) -> tuple[str, ...]:
    """Say whose each keypoint is; nothing where there is no such level."""
    return tuple(one for one, _ in columns.points()) if columns.has_individuals else ()


def refuse_twice(sheet: Sheet, path: Path) -> None:
    """Refuse rows of one image, rows that are no images, and columns that are no labels.

    Raises:
        FormatError: naming the row.
    """
    if missing := {"x", "y"} - set(sheet.columns.coords()):
        raise FormatError(f"{path}: has no {min(missing)!r} column; labels need x and y")
    sheet.columns.require(("x", "y"), str(path))
    first: dict[str, int] = {}
    for row, frame in enumerate(map(str, sheet.index)):
        if not is_image(frame):
            raise FormatError(
                f"{path}: frame {row + 1} is {frame!r}, not an image; are these predictions?"
            )
        if frame in first:
            raise FormatError(
                f"{path}: frame {frame!r} is labeled twice, as frame {first[frame] + 1} and "
                f"{row + 1}; remove one row"
            )
        first[frame] = row


def seen(
    sheet: Sheet, keypoints: np.ndarray, path: Path, warnings: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Give visibility and keypoints, from the coordinates and from a `visible` column.

    A point of which one coordinate is known is missing; so is one that the file says is.
    """
    known = np.isfinite(keypoints)
    if half := int((known.any(-1) & ~known.all(-1)).sum()):
        warnings.append(f"{path}: {half} labels have only x or only y; taken as missing")
    known = known.all(-1)
    visibility = np.where(known, VISIBLE, MISSING).astype(np.uint8)
    flags = sheet.column("visible")
    if flags.size and np.isfinite(flags).any():
        if (odd := np.isfinite(flags) & ~np.isin(flags, (MISSING, OCCLUDED, VISIBLE))).any():
            row, point = np.argwhere(odd)[0]
            raise FormatError(
                f"{path}: frame {sheet.index[row]!r}: visible is {flags[row, point]:g} "
                f"({sheet.columns.points()[point][1]}); it can be 0, 1 or 2"
            )
        visibility[flags == OCCLUDED] = OCCLUDED
        visibility[flags == MISSING] = MISSING
    shown = known & (visibility != MISSING)
    return visibility, np.where(shown[..., None], keypoints, np.nan)


def below_project(frame: str) -> str:
    """Cut a path of any machine and operating system to what is below the project."""
    frame = with_forward_slashes(frame)
    before, folder, after = frame.rpartition(f"{FOLDER}/")
    return folder + after if folder and (not before or before.endswith("/")) else frame


def write_labels(path: Path | str, table: LabelTable, index_width: int | None = None) -> None:
    """Write labels as CSV or H5, numbers in full.

    Args:
        path: the file; its suffix chooses.
        table: the labels. Where points are hidden, the file gets a `visible` column.
        index_width: 3 for DeepLabCut's columns of folder, video and image, 1 for a path; by default
            3 where every path has three parts.

    Raises:
        FormatError: if it cannot be written.
    """
    if index_width is None:
        index_width = 3 if all(frame.count("/") == 2 for frame in table.frames) else 1
    coords = ["x", "y"]
    values = [table.keypoints[..., 0], table.keypoints[..., 1]]
    if (table.visibility == OCCLUDED).any():
        coords.append("visible")
        values.append(table.visibility.astype(float))
    names = [Column(one, name, coord) for one, name in table.points for coord in coords]
    columns = Columns(table.scorer, tuple(names), bool(table.individuals))
    flat = np.stack(values, axis=-1).reshape(len(table), len(names))
    write_sheet(path, Sheet(columns, table.frames, flat, index_width))
