"""netCDF as movement writes it, through xarray and h5netcdf; movement itself is not needed.

Source: movement's `ValidPosesInputs`: `position` (time, space, keypoints, individuals) and
`confidence` (time, keypoints, individuals), with attributes `ds_type`, `source_software`,
`time_unit` and `fps`. What its scripts have no use for, names of images, hidden points and further
columns, stands beside them under names of its own.
"""

from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.atomic import atomic
from pose_io_dlc.bridges.grid import (
    NOTE,
    Grid,
    Table,
    grid_found,
    grid_of,
    note_of,
    read_note,
)
from pose_io_dlc.errors import FormatError
from pose_io_dlc.tables import MISSING, OCCLUDED, VISIBLE, LabelTable, PredictionTable

POSITION = ("time", "space", "keypoints", "individuals")
VALUES = ("time", "keypoints", "individuals")
OLD = {"keypoint": "keypoints", "individual": "individuals"}
"""Names of axes that a release of movement may use, and what they are called here."""

ONLY = "individual_0"
"""What movement calls the individual of a file that names none."""

NAMELESS = (ONLY, "id_0")

IMAGE, VISIBILITY = "image", "visibility"
"""Beside what movement knows: the images that rows are of, and which points are hidden."""


def import_xarray(path: Path) -> Any:
    """Import xarray, which is optional.

    Raises:
        FormatError: if it, or what reads netCDF for it, is not installed; says how.
    """
    try:
        import h5netcdf  # noqa: F401
        import xarray
    except ImportError as error:
        message = f'{path}: netCDF needs xarray and h5netcdf; pip install "pose-io-dlc[convert]"'
        raise FormatError(message) from error
    return xarray


def write_movement(path: Path | str, table: Table, fps: float | None = None) -> list[str]:
    """Write labels or predictions for movement.

    Args:
        path: the file.
        table: labels, whose rows become times 0, 1, 2, ..., or predictions.
        fps: frames per second: times are then seconds, else frame numbers.

    Returns:
        What movement's own scripts will not see, one line each.

    Raises:
        FormatError: if it cannot be written, or xarray is not installed.
    """
    path = Path(path)
    xarray = import_xarray(path)
    if fps is not None and not (np.isfinite(fps) and fps > 0):
        raise FormatError(f"{path}: fps is {fps:g}; it must be more than 0, or left out")
    grid = grid_of(table)
    data = xarray.Dataset(variables_of(table, grid), coordinates_of(table, grid, fps))
    data.attrs = attributes_of(table, fps)
    with atomic(path) as temporary:
        data.to_netcdf(temporary, engine="h5netcdf")
    return beside(table, grid)


def variables_of(table: Table, grid: Grid) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Give the arrays of a dataset, with their axes."""
    points = grid.spread(np.asarray(table.keypoints, float))
    if isinstance(table, LabelTable):
        values = {"confidence": np.full(table.keypoints.shape[:2], np.nan)}
        if (table.visibility == OCCLUDED).any():
            values[VISIBILITY] = table.visibility
    else:
        values = {"confidence": np.asarray(table.confidence, float), **table.extra}
    kept = {name: (VALUES, grid.spread(value).swapaxes(1, 2)) for name, value in values.items()}
    return {"position": (POSITION, points.transpose(0, 3, 2, 1)), **kept}


def coordinates_of(table: Table, grid: Grid, fps: float | None) -> dict[str, Any]:
    """Name what stands along the axes."""
    given = None if isinstance(table, LabelTable) else table.numbers
    numbers = np.arange(len(table)) if given is None else given
    named = {} if table.frames is None else {IMAGE: ("time", list(table.frames))}
    return {
        "time": numbers if fps is None else numbers / fps,
        "space": ["x", "y"],
        "keypoints": list(grid.names),
        "individuals": [one or ONLY for one in grid.individuals],
        **named,
    }


def attributes_of(table: Table, fps: float | None) -> dict[str, Any]:
    """Say what movement wants to know of a dataset, and what we do."""
    timed = {"time_unit": "frames"} if fps is None else {"time_unit": "seconds", "fps": float(fps)}
    known = {"source_software": "DeepLabCut", "ds_type": "poses", **timed}
    return {**known, NOTE: str(note_of(table))}


def beside(table: Table, grid: Grid) -> list[str]:
    """Say what stands in the file where movement does not look."""
    lines = []
    if isinstance(table, LabelTable):
        if hidden := int((table.visibility == OCCLUDED).sum()):
            lines.append(
                f"movement takes {hidden} hidden points for seen ones; `{VISIBILITY}` tells"
            )
    elif table.extra:
        lines.append(f"movement does not look at {', '.join(table.extra)}; kept beside")
    if table.frames is not None:
        lines.append(f"movement takes rows for times 0, 1, 2, ...; `{IMAGE}` names the images")
    if grid.is_ragged:
        lines.append("keypoints that some individuals do not have are NaN there")
    return lines


def read_movement(path: Path | str) -> Table:
    """Read a netCDF file of movement: labels where we wrote such, else predictions.

    Raises:
        FormatError: if it cannot be read, or is of boxes or of points in space.
    """
    path = Path(path)
    xarray = import_xarray(path)
    if not path.is_file():
        raise FormatError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    try:
        with xarray.open_dataset(path, engine="h5netcdf") as data:
            refuse_other(data, path)
            named = data.rename({old: new for old, new in OLD.items() if old in data.dims})
            return table_of(named.load(), path)
    except FormatError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path}: is damaged or no netCDF of movement ({reason})") from error


def refuse_other(data: Any, path: Path) -> None:
    """Refuse what is not points in the plane.

    Raises:
        FormatError: saying what it is.
    """
    if (kind := data.attrs.get("ds_type", "poses")) != "poses":
        raise FormatError(f"{path}: is a dataset of {kind}, not of poses")
    if missing := {"position", "confidence"} - set(data.data_vars):
        raise FormatError(f"{path}: has no `{min(missing)}`; is it a dataset of movement?")
    space = [str(one) for one in data["space"].values]
    if space != ["x", "y"]:
        raise FormatError(f"{path}: its space is {', '.join(space)}; only x and y are read")


def table_of(data: Any, path: Path) -> Table:
    """Make a table of a dataset."""
    points = data["position"].transpose("time", "individuals", "keypoints", "space").values
    points = points.astype(float)
    individuals = [str(one) for one in data["individuals"].values]
    names = [str(name) for name in data["keypoints"].values]
    if len(individuals) == 1 and individuals[0] in NAMELESS:
        individuals = [""]
    known = np.isfinite(points).all(-1)
    note = read_note(data.attrs.get(NOTE))
    grid = grid_found(individuals, names, known.any(axis=0), note, str(path))
    frames = tuple(map(str, data[IMAGE].values)) if IMAGE in data.coords else None
    columns = {
        str(name): grid.gather(array.transpose("time", "individuals", "keypoints").values)
        for name, array in data.data_vars.items()
        if set(array.dims) == set(VALUES)
    }
    confidence = columns.pop("confidence").astype(float)
    points_of = tuple(name for _, name in grid.points)
    keypoints = grid.gather(points)
    if frames is not None and np.isnan(confidence).all():
        seen = columns.get(VISIBILITY, np.where(grid.gather(known), VISIBLE, MISSING))
        visibility, scorer = seen.astype(np.uint8), note.scorer or "labeler"
        return LabelTable(frames, points_of, keypoints, visibility, scorer, grid.of_points)
    return PredictionTable(
        points_of,
        keypoints,
        confidence,
        frames,
        numbers_of(data, path) if frames is None else None,
        scorer=note.scorer or "movement",
        individuals=grid.of_points,
        extra=columns,
    )


def numbers_of(data: Any, path: Path) -> np.ndarray | None:
    """Give the frame number of each row; None where they are 0, 1, 2, ...

    Raises:
        FormatError: if times are no frames.
    """
    times = np.asarray(data["time"].values, dtype=float)
    if data.attrs.get("time_unit") == "seconds" and "fps" in data.attrs:
        times = times * float(data.attrs["fps"])
    numbers = np.rint(times)
    if not (np.abs(times - numbers) < 0.01).all():
        raise FormatError(f"{path}: its times are not at whole frames of `fps`")
    if len(numbers) and (numbers.min() < 0 or (np.diff(numbers) <= 0).any()):
        raise FormatError(f"{path}: its times do not increase from 0 on")
    found = numbers.astype(np.int64)
    return None if np.array_equal(found, np.arange(len(found))) else found
