"""Frames that wait for labels, in a project of either kind."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pose_io_dlc.labeling.frames import NewFrames, Placed, Survey
from pose_io_dlc.labeling.machine_labels import place_in_deeplabcut, survey_deeplabcut
from pose_io_dlc.labeling.queue import place_in_lightning_pose, survey_lightning_pose
from pose_io_dlc.projects.opening import kind_to_open

SURVEYS: Mapping[str, Callable[[Path], Survey]] = {
    "deeplabcut": survey_deeplabcut,
    "lightning_pose": survey_lightning_pose,
}
PLACES: Mapping[str, Callable[[Path, Sequence[NewFrames]], Placed]] = {
    "deeplabcut": place_in_deeplabcut,
    "lightning_pose": place_in_lightning_pose,
}


def survey(path: Path | str, kind: str | None = None) -> Survey:
    """Say what a project has, labeled or not: videos, keypoints, frames that are taken.

    Args:
        path: the folder, its config, or a file of its labels. It may have no label yet.
        kind: "deeplabcut" or "lightning_pose", for a folder that can be both; None to tell.

    Raises:
        FormatError: if it is no project, or cannot be read.
    """
    return SURVEYS[kind_to_open(Path(path), kind)](Path(path))


def place_frames(path: Path | str, frames: Sequence[NewFrames], kind: str | None = None) -> Placed:
    """Say where frames to be labeled lie in a project, and which files name them; writes nothing.

    What networks say of them goes where the project's own tool shows points to be corrected, and
    where nobody takes them for labels: DeepLabCut's `machinelabels-iter<k>.h5`, or the queue of
    Lightning Pose's app.

    Args:
        path: the folder, its config, or a file of its labels.
        frames: of a video each, none twice. Where each camera has files of its own, a label needs
            all views: the first frames of each view are of one recording, and so on, the same
            numbers in all.
        kind: as for `survey`.

    Raises:
        FormatError: if the project is of several animals that something is predicted of, or of
            other keypoints or views, or cannot be read.
    """
    return PLACES[kind_to_open(Path(path), kind)](Path(path), frames)
