"""What the modes of several cameras share: their files, found, read and written one by one."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pose_eks.commands.beginning import check_plot
from pose_eks.commands.finishing import Output
from pose_eks.commands.saying import found_table
from pose_eks.errors import EksError
from pose_eks.files.cameras import Cameras, given_cameras, tell_cameras
from pose_eks.files.long import LongMembers
from pose_eks.files.members import Members, all_missing, read_members
from pose_eks.files.outputs import check_folder, make_folder
from pose_eks.files.views import Sighted, aligned
from pose_eks.smoothed import Smoothed


@dataclass(frozen=True, eq=False)
class Several:
    """The predictions of several cameras.

    Attributes:
        files: camera to its files, one per network.
        members: what they hold.
        labels: of all keypoints that any camera has.
        views: each camera's ensemble over these.
    """

    files: Cameras
    members: dict[str, Members]
    labels: list[str]
    views: dict[str, Sighted]

    @staticmethod
    def read(files: Cameras, given: argparse.Namespace) -> "Several":
        """Read the files of each camera.

        Raises:
            EksError: if they cannot be read.
        """
        members = {name: read_members(paths, dead=True) for name, paths in files.items()}
        if all(np.isnan(one.keypoints).all() for one in members.values()):
            raise all_missing(next(iter(files.values())))
        labels, views = aligned(members, given.swap)
        return Several(files, members, labels, views)

    def say(self) -> None:
        """Show what was found, before the work begins."""
        print("\n".join(found_table(self.members)), flush=True)

    def common_times(self) -> np.ndarray | None:
        """Give the frame numbers, which synchronous cameras share; None for 0, 1, 2, ...

        Raises:
            EksError: naming two files that have other frames.
        """
        return common_times(self.members)

    def outputs(self, given: argparse.Namespace, found: Mapping[str, Smoothed]) -> list[Output]:
        """Give one table per camera, with the keypoints that its own files have.

        Makes the folder they go into.
        """
        make_folder(given.output)
        return [
            Output(
                given.output / f"{name}.{given.format}",
                self.members[name],
                found[name].chosen(view.places),
                name,
            )
            for name, view in self.views.items()
        ]


def found_cameras(given: argparse.Namespace, known: Sequence[str] = ()) -> Cameras:
    """Find the files of each camera, and check output and pictures.

    Args:
        given: the command line.
        known: names of cameras, as a calibration has them.

    Raises:
        EksError: if cameras cannot be told, or the output not written.
    """
    files = cameras_of(given, known)
    check_folder(given.output, (path for one in files.values() for path in one), given.overwrite)
    check_plot(given)
    return files


def common_times(members: Mapping[str, Members | LongMembers]) -> np.ndarray | None:
    """Give the frame numbers, which synchronous cameras share; None for 0, 1, 2, ...

    Raises:
        EksError: naming two files that have other frames.
    """
    (first, own), *others = members.items()
    for name, other in others:
        if not np.array_equal(own.numbered, other.numbered):
            raise EksError(
                f"{other.paths[0]}: {other.frames} frames of {name!r} are not those of "
                f"{first!r} ({own.frames} frames in {own.paths[0].name}); cameras that do "
                "not film together need pose-eks asynchronous"
            )
    return own.times


def cameras_of(given: argparse.Namespace, known: Sequence[str]) -> Cameras:
    """Find the files of each camera, by what was said or by their names.

    Raises:
        EksError: if both are given, or neither tells two cameras.
    """
    if given.camera and given.predictions:
        raise EksError("give the files either as they are or all of them by --camera, not both")
    if given.camera:
        cameras = given_cameras(given.camera)
    elif given.predictions:
        cameras = tell_cameras(given.predictions, known)
    else:
        raise EksError("no files; give predictions of every camera")
    if len(cameras) < 2:
        only = next(iter(cameras))
        raise EksError(f"all files are of one camera, {only!r}; say the cameras by --camera")
    return cameras
