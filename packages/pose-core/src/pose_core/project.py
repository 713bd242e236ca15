"""One folder a lab works in, as a Format opens it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from pose_core.errors import FormatError
from pose_core.labels import Labels
from pose_core.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class Project:
    """Labels, videos and skeleton of one folder.

    Attributes:
        root: the folder; label paths are relative to it.
        name: what reports call it.
        labels: the labeled frames.
        videos: the videos found in it, sorted.
        warnings: one line each, about what was found odd but usable; commands print them.
        cameras: of several views that are files of their own: view to int (instants,), the row of
            `labels` that shows each instant, -1 where the view has none. Keypoints have the same
            names in all views; a video has the name of its view in its own, as a word. Empty for
            one camera, mirrored views included.

    Raises:
        FormatError: if a view cannot be told by its name, or the cameras do not share out the rows.
    """

    root: Path
    name: str
    labels: Labels
    videos: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
    cameras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for view in self.cameras:
            if not re.fullmatch(r"\w([\w .-]*\w)?", view):
                raise FormatError(
                    f"{self.root}: view {view!r} cannot be part of a file's name; use letters, "
                    "digits, '-' and '_'"
                )
        if len({len(rows) for rows in self.cameras.values()}) > 1:
            counts = ", ".join(f"{len(rows)} in {view}" for view, rows in self.cameras.items())
            raise FormatError(f"{self.root}: cameras have different numbers of instants: {counts}")
        rows = np.concatenate([np.arange(0), *self.cameras.values()])
        if self.cameras and sorted(rows[rows >= 0]) != list(range(len(self.labels))):
            raise FormatError(
                f"{self.root}: cameras show {int((rows >= 0).sum())} rows of {len(self.labels)} "
                "labeled images; each must be of one view and one instant"
            )

    @property
    def instants(self) -> np.ndarray:
        """Number the instant that each row of the labels shows, int (rows,)."""
        instants = np.arange(len(self.labels))
        for rows in self.cameras.values():
            instants[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
        return instants

    @property
    def skeleton(self) -> Skeleton:
        """The keypoints of the labels."""
        return self.labels.skeleton

    def image_path(self, frame: str) -> Path:
        """Give the file of a labeled frame.

        Raises:
            FormatError: if the path leads out of the project.
        """
        relative = PurePosixPath(frame)
        if relative.is_absolute() or ".." in relative.parts:
            raise FormatError(f"{frame}: leads out of {self.root}; move the image into the project")
        return self.root / relative
