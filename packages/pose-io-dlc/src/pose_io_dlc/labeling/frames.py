"""What is known of the frames of a project, and what is to be added to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pose_io_dlc.errors import FormatError
from pose_io_dlc.tables import PredictionTable


@dataclass(frozen=True, eq=False)
class Survey:
    """What a project has, labeled or not.

    Attributes:
        root: its folder.
        videos: those found in it, sorted.
        keypoints: names, in the project's order; empty where nothing says them yet.
        taken: by the stem of a video, the numbers of its frames that are there as images, or that
            a file of labels or of what waits for them names.
        warnings: what was odd but usable, one line each.
        views: names of the cameras where each has files of its own; empty for one camera.
    """

    root: Path
    videos: tuple[Path, ...]
    keypoints: tuple[str, ...]
    taken: Mapping[str, frozenset[int]]
    warnings: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class NewFrames:
    """Frames of one video that are to be labeled.

    Attributes:
        video: the file.
        length: frames that it has.
        size: their height and width.
        numbers: of the frames, rising.
        predictions: a row for each of them; None where nothing predicts them.
        view: that the video is of, where the project has several; "" for one camera.
    """

    video: Path
    length: int
    size: tuple[int, int]
    numbers: tuple[int, ...]
    predictions: PredictionTable | None = None
    view: str = ""


@dataclass(frozen=True, eq=False)
class Placed:
    """Where new frames are to lie, and the files that name them.

    Attributes:
        images: by the stem of a video, path below the root of each frame's image; of frames beside
            the new ones too, where the project has such.
        files: path below the root to what writes that file anew, with all that it held before.
        notes: what else is changed, one line each.
        next_step: how a person corrects the labels.
    """

    images: Mapping[str, Mapping[int, str]]
    files: Mapping[str, Callable[[Path], None]]
    notes: tuple[str, ...]
    next_step: str


def in_order(frames: NewFrames, keypoints: tuple[str, ...], where: Path) -> PredictionTable | None:
    """Give the predictions of frames with the keypoints in a project's order.

    Raises:
        FormatError: if they are of other keypoints.
    """
    table = frames.predictions
    if table is None:
        return None
    names = keypoints or table.names
    if odd := sorted(set(names) ^ set(table.names)):
        raise FormatError(
            f"{where}: predictions of {frames.video.name} and the project do not both have "
            f"keypoint {odd[0]!r}; give predictions of this project's keypoints"
        )
    order = [table.names.index(name) for name in names]
    return PredictionTable(
        tuple(names), table.keypoints[:, order], table.confidence[:, order], scorer=table.scorer
    )
