"""One folder a lab works in, as a Format opens it."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

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
    """

    root: Path
    name: str
    labels: Labels
    videos: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()

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
