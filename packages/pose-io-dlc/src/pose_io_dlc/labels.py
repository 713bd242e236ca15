"""Labels: from a file to a LabelTable, and back."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.rows import individuals_of
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.files import read_sheet, write_sheet
from pose_io_dlc.sheets.sheet import Sheet, is_image, row_number, with_forward_slashes
from pose_io_dlc.tables import MISSING, OCCLUDED, VISIBLE, LabelTable

FOLDER = "labeled-data"
"""Where both tools keep labeled images."""

USED = ("x", "y", "visible")
"""Columns that labels can have."""


def read_labels(path: Path | str) -> LabelTable:
    """Read a CSV or H5 file of labels, as `CollectedData_<scorer>.csv`.

    Likelihood columns, which some tools leave in labels, are dropped. An image that is labeled
    twice is kept once if both rows say the same.

    Raises:
        FormatError: if it cannot be read, holds no images, or different labels of one image.
    """
    path = Path(path)
    sheet = read_sheet(path)
    refuse_other_kinds(sheet, path)
    warnings = [*sheet.warnings, *unused(sheet, path)]
    frames = frames_of(sheet, path, warnings)
    first = first_of_each(sheet, frames, path, warnings)
    sheet, frames = sheet.select(first), [frames[row] for row in first]
    keypoints = np.stack([sheet.column("x"), sheet.column("y")], axis=-1)
    visibility, keypoints = seen(sheet, keypoints, path, warnings)
    return LabelTable(
        frames=tuple(frames),
        names=tuple(name for _, name in sheet.columns.points()),
        keypoints=keypoints,
        visibility=visibility,
        scorer=sheet.columns.scorer,
        individuals=individuals_of(sheet.columns),
        warnings=tuple(warnings),
    )


def refuse_other_kinds(sheet: Sheet, path: Path) -> None:
    """Refuse columns and rows that are not of labels, and say what reads them.

    Raises:
        FormatError: naming the row, or the function.
    """
    coords = set(sheet.columns.coords())
    if "z" in coords:
        raise FormatError(f"{path}: is of points in space (x, y, z); use read_points3d")
    if sheet.columns.is_skeleton:
        raise FormatError(f"{path}: is a skeleton file (lengths of bones); use read_skeleton")
    if missing := {"x", "y"} - coords:
        raise FormatError(f"{path}: has no {min(missing)!r} column; labels need x and y")
    sheet.columns.require(("x", "y"), str(path))
    for row, frame in enumerate(map(str, sheet.index), start=1):
        if not is_image(frame):
            raise FormatError(
                f"{path}: frame {row} is {frame!r}, not an image; are these predictions? "
                "use read_predictions"
            )


def unused(sheet: Sheet, path: Path) -> Iterator[str]:
    """Name columns that labels do not have, with how many numbers are in them."""
    for coord in sheet.columns.coords():
        if coord not in USED and (count := int(np.isfinite(sheet.column(coord)).sum())):
            yield f"{path}: {coord} columns in labels are not used; they hold {count} numbers"
    for name in sheet.text:
        yield f"{path}: column {name!r} of words is not used"


def frames_of(sheet: Sheet, path: Path, warnings: list[str]) -> list[str]:
    """Name the images below the project.

    A folder `0012` that some tool took for the number 12 gets its name back from where the file is.
    """
    frames = [below_project(str(frame)) for frame in sheet.index]
    folder = path.absolute().parent.name
    if not folder.isdecimal():
        return frames
    own = [f"{FOLDER}/{folder}/{frame.rpartition('/')[2]}" for frame in frames]
    lost = [is_number_of(folder, frame) for frame in frames]
    if count := sum(lost):
        odd = frames[lost.index(True)]
        warnings.append(
            f"{path}: {count} frames name their folder by a number, as {odd!r}; taken as {folder!r}"
        )
    return [
        mine if is_lost else frame for mine, is_lost, frame in zip(own, lost, frames, strict=True)
    ]


def is_number_of(folder: str, frame: str) -> bool:
    """Say whether a frame names a folder by its number, written otherwise."""
    parts = frame.split("/")
    if len(parts) != 3 or parts[0] != FOLDER or parts[1] == folder:
        return False
    return (number := row_number(parts[1])) is not None and number == int(folder)


def first_of_each(
    sheet: Sheet, frames: Sequence[str], path: Path, warnings: list[str]
) -> np.ndarray:
    """Find the rows to keep: the first of each image, if those after it say the same.

    DeepLabCut keeps the first whatever the others say. Which of two different labels is right, a
    file cannot know.

    Raises:
        FormatError: if an image has two rows that differ.
    """
    first: dict[str, int] = {}
    for row, frame in enumerate(frames):
        kept = first.setdefault(frame, row)
        if not np.array_equal(sheet.values[kept], sheet.values[row], equal_nan=True):
            raise FormatError(
                f"{path}: frame {frame!r} is labeled twice, as frame {kept + 1} and {row + 1}, "
                "and they differ; remove one row"
            )
    if count := len(frames) - len(first):
        warnings.append(f"{path}: {count} rows repeat an image with the same labels; left out")
    return np.array([*first.values()], dtype=np.intp)


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


def write_labels(
    path: Path | str,
    table: LabelTable,
    index_width: int | None = None,
    visible: bool | None = None,
) -> None:
    """Write labels as CSV or H5, numbers in full.

    Args:
        path: the file; its suffix chooses.
        table: the labels.
        index_width: 3 for DeepLabCut's columns of folder, video and image, 1 for a path; by default
            3 where every path has three parts.
        visible: whether to write Lightning Pose's column of that name, which says of each point
            whether it is missing (0), hidden (1) or seen (2). DeepLabCut would take it for a
            coordinate, and knows no hidden points. By default where points are hidden and rows are
            named as Lightning Pose does, by a path.

    Raises:
        FormatError: if it cannot be written.
    """
    if index_width is None:
        index_width = 3 if all(frame.count("/") == 2 for frame in table.frames) else 1
    if visible is None:
        visible = index_width == 1 and bool((table.visibility == OCCLUDED).any())
    coords = ["x", "y", "visible"] if visible else ["x", "y"]
    values = [table.keypoints[..., 0], table.keypoints[..., 1]]
    values += [table.visibility.astype(float)] if visible else []
    names = [Column(one, name, coord) for one, name in table.points for coord in coords]
    columns = Columns(table.scorer, tuple(names), bool(table.individuals))
    flat = np.stack(values, axis=-1).reshape(len(table), len(names))
    write_sheet(path, Sheet(columns, table.frames, flat, index_width))
