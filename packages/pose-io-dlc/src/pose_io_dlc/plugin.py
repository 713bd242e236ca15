"""What pose-core loads: both kinds of projects, and their files, as formats of the house."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pose_core
import pose_io_dlc as io
from pose_core.hookspecs import Format, hookimpl
from pose_core.labeling import NewFrames, Placed, Survey

if TYPE_CHECKING:
    import numpy as np


@hookimpl
def pose_formats() -> Iterable[Format]:
    """Give `deeplabcut`, which also has the files of predictions, and `lightning_pose`."""
    for name, suffixes, signs in (
        ("deeplabcut", (".csv", ".h5", ".parquet"), "config.yaml with Task, or its tables"),
        ("lightning_pose", (), "CollectedData*.csv"),
    ):
        yield Format(
            name=name,
            signs=signs,
            detect=partial(lambda one, path: one in io.kinds_of(Path(path)), name),
            open_project=partial(translated, open_project, name),
            read_labels=partial(translated, labels_of),
            write_labels=partial(translated, write_labels, name),
            read_predictions=partial(translated, read_predictions),
            write_predictions=partial(translated, write_predictions) if suffixes else None,
            survey=partial(translated, survey, name),
            place_frames=partial(translated, place_frames, name),
            suffixes=suffixes,
        )


def translated(function: Callable[..., Any], *given: Any) -> Any:
    """Call a function; what it finds wrong with files becomes an error of the house."""
    try:
        return function(*given)
    except io.FormatError as error:
        raise pose_core.FormatError(str(error)) from error


def open_project(name: str, path: Path) -> pose_core.Project:
    """Open a project of one animal; of several cameras with the images of all."""
    found = io.open_project(path, name)
    labels = labels_of(path, found)
    cameras = cameras_of(found)
    return pose_core.Project(found.root, found.name, labels, found.videos, found.warnings, cameras)


def cameras_of(project: "io.Project") -> "dict[str, np.ndarray]":
    """Give the row of the project's labels that shows each instant, per camera of several."""
    if len(project.cameras) < 2:
        return {}
    first, rows = 0, {}
    for view, camera in project.cameras.items():
        # the project's labels are those of the cameras, one behind the other
        rows[view] = camera.rows + first * (camera.rows >= 0)
        first += len(camera.labels)
    return rows


def labels_of(path: Path, project: "io.Project | None" = None) -> pose_core.Labels:
    """Make labels of a project, or of one file."""
    table = project.labels if project else io.read_labels(path)
    skeleton = skeleton_of(path, table, project)
    return pose_core.Labels(table.frames, table.keypoints, table.visibility, skeleton)


def skeleton_of(path: Path, table: Any, project: "io.Project | None" = None) -> pose_core.Skeleton:
    """Make a skeleton of a table of one animal, as its project has it, or as the names say."""
    if len(table.animals) > 1:
        several = f"{len(table.animals)} animals ({', '.join(table.animals)})"
        raise io.FormatError(f"{path}: has {several}; only files and projects of one can be used")
    if project:
        return pose_core.Skeleton(table.names, project.edges, project.symmetric, project.views)
    names = table.names
    return pose_core.Skeleton(names, (), io.propose_pairs(names), io.propose_views(names))


def write_labels(name: str, path: Path, given: pose_core.Labels) -> None:
    """Write labels as the format's own tool does; DeepLabCut has no word for hidden points."""
    table = io.LabelTable(given.frames, given.skeleton.names, given.keypoints, given.visibility)
    io.write_labels(path, table, *((1,) if name == "lightning_pose" else (None, False)))


def read_predictions(path: Path) -> pose_core.Predictions:
    """Read predictions: of images by their paths in the project, or a row per frame of a video."""
    table = io.read_predictions(path).without_gaps()
    frames = table.frames and tuple(map(io.below_project, table.frames))
    values = (table.keypoints, table.confidence, skeleton_of(path, table), frames)
    return pose_core.Predictions(*values, table.scorer, table.extra, table.warnings)


def write_predictions(path: Path, given: pose_core.Predictions) -> None:
    """Write predictions for DeepLabCut's and everyone's scripts."""
    arrays = (given.skeleton.names, given.keypoints, given.confidence, given.frames)
    io.write_predictions(path, io.PredictionTable(*arrays, scorer=given.scorer, extra=given.extra))


def survey(name: str, path: Path) -> Survey:
    """Say what a project has, labeled or not."""
    found = io.survey(path, name)
    known = (found.root, found.videos, found.keypoints, found.taken, found.warnings, found.views)
    return Survey(*known)


def place_frames(name: str, path: Path, frames: Sequence[NewFrames]) -> Placed:
    """Say where frames to be labeled lie, and what networks say of them."""
    placed = io.place_frames(path, [frames_to_place(one) for one in frames], name)
    files = {name: partial(translated, write) for name, write in placed.files.items()}
    return Placed(placed.images, files, placed.notes, placed.next_step)


def frames_to_place(given: NewFrames) -> "io.NewFrames":
    """Make frames of the house those of the files."""
    table, predicted = None, given.predictions
    if predicted is not None:
        arrays = (predicted.skeleton.names, predicted.keypoints, predicted.confidence)
        table = io.PredictionTable(*arrays, scorer=predicted.scorer)
    shown = (given.video, given.length, given.size, given.numbers)
    return io.NewFrames(*shown, table, given.view)
