"""Labeled frames, and the conventions of every array in the house.

Axes and units: arrays of points are `(..., keypoints, 2)` with (x, y) last, in pixels of the
frame they belong to; pixel (0, 0) is the centre of the top-left pixel; sizes are (height, width);
a missing point is NaN, in and out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from pose_core.errors import FormatError
from pose_core.skeleton import Skeleton

MISSING, OCCLUDED, VISIBLE = 0, 1, 2
"""Values of `Labels.visibility`: not labeled; labeled as hidden; labeled and seen."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Labeled frames of one project.

    Attributes:
        frames: image paths below the project's root, with forward slashes.
        keypoints: float64 (frames, keypoints, 2), NaN where missing.
        visibility: uint8 (frames, keypoints), MISSING, OCCLUDED or VISIBLE. VISIBLE exactly where
            both coordinates are known, unless the file says OCCLUDED.
        skeleton: the keypoints, in the order of the arrays.
    """

    frames: tuple[str, ...]
    keypoints: np.ndarray
    visibility: np.ndarray
    skeleton: Skeleton

    def __post_init__(self) -> None:
        expected = (len(self.frames), len(self.skeleton))
        if self.keypoints.shape != (*expected, 2) or self.visibility.shape != expected:
            raise FormatError(
                f"labels: {expected[0]} frames of {expected[1]} keypoints do not fit arrays of "
                f"{self.keypoints.shape} and {self.visibility.shape}"
            )

    def __len__(self) -> int:
        return len(self.frames)

    def select(self, rows: Sequence[int] | np.ndarray) -> "Labels":
        """Give the labels of some frames, in the order asked for."""
        rows = np.asarray(rows, dtype=int)
        return replace(
            self,
            frames=tuple(self.frames[row] for row in rows),
            keypoints=self.keypoints[rows],
            visibility=self.visibility[rows],
        )

    @classmethod
    def of(cls, frames: Sequence[str], keypoints: np.ndarray, skeleton: Skeleton) -> "Labels":
        """Make labels without hidden points: what has both coordinates is visible."""
        keypoints = np.array(keypoints, dtype=float)
        known = np.isfinite(keypoints).all(-1)
        keypoints[~known] = np.nan
        visibility = np.where(known, VISIBLE, MISSING).astype(np.uint8)
        return cls(tuple(frames), keypoints, visibility, skeleton)


def video_of(frame: str) -> str:
    """Name the video a labeled image comes from: the folder it lies in.

    `labeled-data/m4s1/img0027.png` comes from `m4s1`.
    """
    return PurePosixPath(frame).parent.name
