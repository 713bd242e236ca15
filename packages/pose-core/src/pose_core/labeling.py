"""Frames that wait for labels: which a project has, and where more of them are to lie."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pose_core.errors import FormatError
from pose_core.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Survey:
    """What a project has, labeled or not; it may have no label yet.

    Attributes:
        root: its folder.
        videos: those found in it, sorted.
        keypoints: names, in the project's order; empty where nothing says them yet.
        taken: by the stem of a video, the numbers of its frames that are there as images, labeled
            or not, or that wait for labels.
        warnings: one line each, about what was odd but usable; commands print them.
        views: names of the cameras where each has files of its own, and an instant is labeled in
            all of them; a video has the name of its view in its own. Empty for one camera.
    """

    root: Path
    videos: tuple[Path, ...] = ()
    keypoints: tuple[str, ...] = ()
    taken: Mapping[str, frozenset[int]] = field(default_factory=dict)
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

    Raises:
        FormatError: if there are not as many rows as numbers.
    """

    video: Path
    length: int
    size: tuple[int, int]
    numbers: tuple[int, ...]
    predictions: Predictions | None = None
    view: str = ""

    def __post_init__(self) -> None:
        if self.predictions is not None and len(self.predictions) != len(self.numbers):
            raise FormatError(
                f"{self.video}: {len(self.predictions)} rows of predictions for "
                f"{len(self.numbers)} frames"
            )


@dataclass(frozen=True, eq=False)
class Placed:
    """Where new frames are to lie, and the files that name them; nothing is written yet.

    Attributes:
        images: by the stem of a video, path below the root of each frame's image (a PNG); also of
            frames beside the new ones, where the project keeps such.
        files: path below the root to what writes that file, at a path it is given, with all that
            the file holds already.
        notes: what else is changed, one line each.
        next_step: how a person corrects the labels.
    """

    images: Mapping[str, Mapping[int, str]]
    files: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    next_step: str = ""
