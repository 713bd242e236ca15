"""SLEAP's analysis files, `.analysis.h5`: one array of all tracks, read and written by h5py alone.

Source: sleap-io's documentation of the format; `tracks` is (tracks, 2, nodes, frames) where no
attribute `dims` says otherwise. movement writes names as objects, sleap-io as bytes.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.atomic import atomic
from pose_io_dlc.bridges.grid import NOTE, Table, grid_found, grid_of, lost, note_of, read_note
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.h5_reading import import_h5py, refuse_absurd, text_of
from pose_io_dlc.tables import LabelTable, PredictionTable

TRACKS = ("track", "xy", "node", "frame")
"""Axes of `tracks` in the files of SLEAP itself; scores have those but `xy`."""

OURS = ("frame", "track", "node", "xy")


def is_analysis(path: Path) -> bool:
    """Say whether an H5 file is of this kind. Never raises."""
    try:
        import h5py

        with h5py.File(path, "r") as file:
            return isinstance(file.get("tracks"), h5py.Dataset) and "node_names" in file
    except (ImportError, OSError, RuntimeError, KeyError):
        return False


def read_analysis(path: Path | str) -> PredictionTable:
    """Read an analysis file. Its rows are all frames from 0 to the last one predicted.

    Raises:
        FormatError: if it cannot be read, or its arrays do not fit.
    """
    path = Path(path)
    h5py = import_h5py(path)
    if not path.is_file():
        raise FormatError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    try:
        with h5py.File(path, "r") as file:
            return table_of(file, path)
    except FormatError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise FormatError(f"{path}: is damaged or no analysis file ({reason})") from error


def table_of(file: Any, path: Path) -> PredictionTable:
    """Make a table of an open file."""
    tracks = turned(dataset(file, "tracks", path), TRACKS, OURS)
    names = [text_of(name) for name in dataset(file, "node_names", path)[:].tolist()]
    individuals = [text_of(one) for one in dataset(file, "track_names", path)[:].tolist()] or [""]
    size = (len(tracks), len(individuals), len(names))
    if tracks.shape != (*size, 2):
        raise FormatError(
            f"{path}: {size[1]} tracks and {size[2]} nodes are named, but `tracks` has "
            f"{tracks.shape[1]} and {tracks.shape[2]}, of {tracks.shape[3]} coordinates"
        )
    scores = np.full(size, np.nan)
    if "point_scores" in file:
        scores = turned(dataset(file, "point_scores", path), without_xy(TRACKS), without_xy(OURS))
    if scores.shape != size:
        raise FormatError(f"{path}: `point_scores` are {scores.shape}, tracks are {size}")
    known = np.isfinite(tracks).all(-1).any(axis=0)
    note = note_in(file, path)
    grid = grid_found(individuals, names, known, note, str(path))
    return PredictionTable(
        names=tuple(name for _, name in grid.points),
        keypoints=grid.gather(tracks),
        confidence=grid.gather(scores),
        scorer=note.scorer or "sleap",
        individuals=grid.of_points,
    )


def dataset(file: Any, name: str, path: Path) -> Any:
    """Give a dataset that lies in the file itself and is not absurdly large.

    Raises:
        FormatError: if it is not there, leads elsewhere, or claims more than the file can hold.
    """
    import h5py

    if name not in file or not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise FormatError(f"{path}: has no `{name}`; is it an analysis file of SLEAP?")
    found = file[name]
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external:
        raise FormatError(f"{path}: `{name}` is not an array in this file")
    refuse_absurd(found, path)
    return found


def turned(found: Any, stored: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    """Give an array with its axes in another order; `dims` of the file says which it has."""
    if "dims" in found.attrs:
        stored = tuple(json.loads(found.attrs["dims"]))
    return np.transpose(found[:].astype(float), [stored.index(axis) for axis in wanted])


def without_xy(axes: tuple[str, ...]) -> tuple[str, ...]:
    """Name the axes of scores."""
    return tuple(axis for axis in axes if axis != "xy")


def note_in(file: Any, path: Path) -> Any:
    """Read the note that we left in a file, if it is ours."""
    if "provenance" not in file:
        return read_note(None)
    try:
        return read_note(json.loads(dataset(file, "provenance", path)[()]).get(NOTE))
    except (ValueError, TypeError, AttributeError):
        return read_note(None)


def write_analysis(
    path: Path | str, table: Table, video: str = "", edges: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Write predictions, or labels, as an analysis file; frames that are left out become NaN.

    Args:
        path: the file.
        table: predictions, or labels, whose rows become frames 0, 1, 2, ...
        video: the video that they are of, by default named as the file.
        edges: pairs of keypoint names to draw as limbs.

    Returns:
        What could not be kept, one line each.

    Raises:
        FormatError: if it cannot be written, or h5py is not installed.
    """
    path = Path(path)
    h5py = import_h5py(path)
    warnings = lost(table, "SLEAP's analysis file", hidden=False)
    if table.frames is not None:
        warnings.append("names of images are not written; the rows are frames 0, 1, 2, ...")
    names = names_of(table, video or f"{path.name.split('.')[0]}.mp4", edges)
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        for name, (array, axes) in arrays_of(table).items():
            kept = file.create_dataset(name, data=array, compression="gzip", shuffle=True)
            kept.attrs["dims"] = json.dumps(axes)
        for name, value in names.items():
            file[name] = value
        file.attrs.update({"format": "analysis", "preset": "matlab"})
    return warnings


def arrays_of(table: Table) -> dict[str, tuple[np.ndarray, tuple[str, ...]]]:
    """Give the arrays of an analysis file, with their axes."""
    if isinstance(table, LabelTable):
        keypoints, confidence = table.keypoints, np.full(table.keypoints.shape[:2], np.nan)
    else:
        whole = table.without_gaps()
        keypoints, confidence = whole.keypoints, whole.confidence
    grid = grid_of(table)
    points = grid.spread(np.asarray(keypoints, float))  # (frame, track, node, xy)
    scores = grid.spread(np.asarray(confidence, float))
    present = np.isfinite(points).all(-1).any(-1)
    counts = np.isfinite(scores).sum(-1)
    means = np.where(counts > 0, np.nansum(scores, -1) / np.maximum(counts, 1), np.nan)
    return {
        "tracks": (points.transpose(1, 3, 2, 0), TRACKS),
        "track_occupancy": (present.astype(np.uint8), ("frame", "track")),
        "point_scores": (scores.transpose(1, 2, 0), without_xy(TRACKS)),
        "instance_scores": (np.where(present, means, np.nan).T, ("track", "frame")),
        "tracking_scores": (np.full(present.T.shape, np.nan), ("track", "frame")),
    }


def names_of(table: Table, video: str, edges: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Give what else an analysis file holds."""
    grid = grid_of(table)
    names = np.array([[name.encode() for name in edge] for edge in edges], dtype="S")
    ends = [[grid.names.index(name) for name in edge] for edge in edges]
    return {
        "track_names": np.array([one.encode() for one in grid.individuals if one], dtype="S"),
        "node_names": np.array([name.encode() for name in grid.names], dtype="S"),
        "edge_names": names if edges else np.empty((0, 2)),
        "edge_inds": np.array(ends, dtype=np.int64).reshape(-1, 2),
        "labels_path": "",
        "video_path": video,
        "video_ind": 0,
        "provenance": json.dumps({NOTE: str(note_of(table))}),
    }
