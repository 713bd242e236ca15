"""What the modes of several cameras share of recordings that are smoothed some frames at a time."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_eks.commands.chunks import shelved
from pose_eks.commands.finishing import Output, Work, flags_table
from pose_eks.commands.saying import found_table
from pose_eks.commands.several import common_times
from pose_eks.core.fitting import Fit
from pose_eks.files.cameras import Cameras
from pose_eks.files.long import LongMembers
from pose_eks.files.members import all_missing
from pose_eks.files.outputs import Flags, make_folder
from pose_eks.files.views import places_of
from pose_eks.models.long_sights import LongView
from pose_eks.smoothed import LongSmoothed


@dataclass(frozen=True, eq=False)
class LongSeveral:
    """The predictions of several cameras for a long recording, in their files.

    Attributes:
        work: what was asked for.
        members: of each camera.
        labels: of all keypoints that any camera has.
        places: of each camera, where its keypoints are among these.
    """

    work: Work
    members: dict[str, LongMembers]
    labels: list[str]
    places: dict[str, np.ndarray]

    @staticmethod
    def open(work: Work, files: Cameras) -> "LongSeveral":
        """Read names and frame numbers of each camera, and show what was found.

        Raises:
            EksError: if they cannot be read.
        """
        members = {name: LongMembers.open(paths) for name, paths in files.items()}
        print("\n".join(found_table(members)), flush=True)
        return LongSeveral(work, members, *places_of(members, work.given.swap))

    def common_times(self) -> np.ndarray | None:
        """Give the frame numbers, which synchronous cameras share."""
        return common_times(self.members)

    def views(self, folder: Path) -> dict[str, LongView]:
        """Gather what the members of each camera say, in a folder.

        Raises:
            EksError: if the files cannot be read, or all is missing.
        """
        views = {name: self.view(name, folder) for name in self.members}
        if all(view.shelf.never.all() for view in views.values()):
            raise all_missing(next(iter(self.members.values())).paths)
        return views

    def view(self, name: str, folder: Path) -> LongView:
        """Gather what the members of one camera say."""
        own = np.full(len(self.labels), -1)
        own[self.places[name]] = np.arange(len(self.places[name]))
        return LongView(shelved(self.members[name], folder, self.work.options), own)

    def outputs(self, found: Sequence[LongSmoothed]) -> list[Output]:
        """Give one table per camera; makes the folder they go into."""
        given: argparse.Namespace = self.work.given
        make_folder(given.output)
        return [
            Output(given.output / f"{name}.{given.format}", one, shown, name)
            for (name, one), shown in zip(self.members.items(), found, strict=True)
        ]

    def table(self, fit: Fit) -> Callable[[Sequence[Flags]], list[str]]:
        """Give what makes the lines about parameters, of the flags of every camera."""

        def lines(flags: Sequence[Flags]) -> list[str]:
            each = zip(self.places.items(), flags, strict=True)
            placed = {name: one.placed(own, len(self.labels)) for (name, own), one in each}
            return flags_table(self.work, self.labels, fit, placed)

        return lines
