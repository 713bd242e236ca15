"""Points in space, as DeepLabCut's 3-D projects triangulate them: `mouse_DLC_3D.h5` and `.csv`.

The columns are those of predictions with x, y and z in place of x, y and likelihood. A point that
one camera did not see well enough is NaN.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.file_names import parse_file_name
from pose_io_dlc.rows import (
    chunks_of,
    individuals_of,
    reader_of,
    refuse_images,
    rows_of,
    warn_of_gaps,
)
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.files import Rows, read_sheet, write_rows
from pose_io_dlc.tables import animals_of, filled, paired, refuse_misfit

COORDS = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Table3D:
    """Points in space, for the frames of a video.

    Attributes:
        names: keypoint names, in the order of the arrays.
        points: (frames, keypoints, 3) with (x, y, z) last, in the unit of the calibration; NaN
            where there is none.
        numbers: frame number of each row; None: 0, 1, 2, ...
        scorer: who says so.
        individuals: whose each keypoint is; empty where the file has no such level.
        extra: further (frames, keypoints) columns by name, such as `error`.
        warnings: what was odd but usable, one line each.
        video: what the videos' names have in common, as the file's name says; "" if it does not.
    """

    names: tuple[str, ...]
    points: np.ndarray
    numbers: np.ndarray | None = None
    scorer: str = "DLC_3D"
    individuals: tuple[str, ...] = ()
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    video: str = ""

    def __post_init__(self) -> None:
        columns = list(self.extra.values())
        refuse_misfit(self.keypoints, (len(self.points),), self.points, columns, axes=3)
        if self.numbers is not None and len(self.numbers) != len(self):
            raise FormatError(f"table: {len(self.numbers)} frames for {len(self)} rows")

    def __len__(self) -> int:
        return len(self.points)

    @property
    def keypoints(self) -> tuple[tuple[str, str], ...]:
        """(individual, name) of each keypoint."""
        return paired(self.individuals, self.names)

    @property
    def animals(self) -> tuple[str, ...]:
        """The individuals, without `single`; empty where the file has no such level."""
        return animals_of(self.individuals)

    def without_gaps(self) -> "Table3D":
        """Give one row per frame from 0 on; frames the file leaves out become NaN.

        Raises:
            FormatError: if nearly all would be.
        """
        arrays = {"points": self.points, **{f"extra.{k}": v for k, v in self.extra.items()}}
        whole = filled(self.numbers, arrays)
        extra = {name: whole[f"extra.{name}"] for name in self.extra}
        return replace(self, points=whole["points"], extra=extra, numbers=None)


def read_points3d(path: Path | str) -> Table3D:
    """Read a CSV or H5 file of points in space.

    Raises:
        FormatError: if it cannot be read, is of points in an image, or names a frame twice.
    """
    path = Path(path)
    sheet = read_sheet(path)
    coords = sheet.columns.coords()
    if "z" not in coords:
        use = reader_of(sheet.columns)
        raise FormatError(f"{path}: has no 'z' column, so no points in space; use {use}")
    sheet.columns.require(COORDS, str(path))
    frames, numbers = rows_of(sheet, path)
    refuse_images(frames, path)
    points = np.stack([sheet.column(coord) for coord in COORDS], axis=-1)
    known = np.isfinite(points).all(-1, keepdims=True)
    return Table3D(
        names=tuple(name for _, name in sheet.columns.points()),
        points=np.where(known, points, np.nan),
        numbers=numbers,
        scorer=sheet.columns.scorer,
        individuals=individuals_of(sheet.columns),
        extra={coord: sheet.column(coord) for coord in coords if coord not in COORDS},
        warnings=(*sheet.warnings, *warn_of_gaps(numbers, path)),
        video=parse_file_name(path, sheet.columns.scorer).video,
    )


def write_points3d(
    path: Path | str, table: Table3D | Iterable[Table3D], decimals: int | None = None
) -> None:
    """Write points in space as DeepLabCut does, as CSV or H5.

    Args:
        path: the file; its suffix chooses.
        table: the points; `extra` columns follow each keypoint's z. Of a long recording some
            frames after the others, all with the columns of the first.
        decimals: digits after the point in a CSV; None for the shortest exact numbers.

    Raises:
        FormatError: if it cannot be written; the former file is then left as it was.
    """
    tables = iter([table] if isinstance(table, Table3D) else table)
    first = next(tables)
    coords = (*COORDS, *first.extra)
    names = [Column(one, name, coord) for one, name in first.keypoints for coord in coords]
    columns = Columns(first.scorer, tuple(names), bool(first.individuals))
    rows = (part for one in chain([first], tables) for part in parts_of(one))
    write_rows(path, columns, rows, decimals)


def parts_of(table: Table3D) -> Iterator[Rows]:
    """Give the rows of a table, some at a time."""
    axes = [table.points[..., axis] for axis in range(len(COORDS))]
    return chunks_of([*axes, *table.extra.values()], None, table.numbers)
