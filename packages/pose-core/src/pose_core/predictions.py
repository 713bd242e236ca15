"""What networks and smoothers say: points with confidence. Axes and units: `pose_core.labels`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pose_core.errors import FormatError
from pose_core.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class Predictions:
    """Points of one animal in the frames of one video, or in a list of images.

    Attributes:
        keypoints: (frames, keypoints, 2), NaN where there is none (a frame that did not decode).
        confidence: (frames, keypoints), between 0 and 1; NaN where unknown.
        skeleton: the keypoints, in the order of the arrays.
        frames: image paths for images; None for a video, whose rows are its frames 0, 1, 2, ...
        scorer: who says so: a model's or a smoother's name.
        extra: further (frames, keypoints) columns by name, such as posterior variances.
        warnings: one line each, about what was odd in their file but usable; commands print them.
        notes: one line each, on what their maker did; commands print them.
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    skeleton: Skeleton
    frames: tuple[str, ...] | None = None
    scorer: str = "pose"
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        expected = (len(self.keypoints), len(self.skeleton))
        shapes = [self.keypoints.shape[:-1], self.confidence.shape]
        shapes += [column.shape for column in self.extra.values()]
        if any(shape != expected for shape in shapes) or self.keypoints.shape[-1] != 2:
            raise FormatError(f"predictions: {expected} frames and keypoints do not fit {shapes}")
        if self.frames is not None and len(self.frames) != len(self.keypoints):
            raise FormatError(
                f"predictions: {len(self.frames)} frame names for {len(self.keypoints)} rows"
            )

    def __len__(self) -> int:
        return len(self.keypoints)

    def select(self, rows: Sequence[int] | np.ndarray) -> "Predictions":
        """Give the predictions of some images, in the order asked for."""
        rows = np.asarray(rows, dtype=int)
        return replace(
            self,
            keypoints=self.keypoints[rows],
            confidence=self.confidence[rows],
            frames=None if self.frames is None else tuple(self.frames[row] for row in rows),
            extra={name: column[rows] for name, column in self.extra.items()},
        )


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The predictions of several networks for the same frames, members first.

    Attributes:
        keypoints: (members, frames, keypoints, 2), NaN where missing.
        confidence: (members, frames, keypoints).
        skeleton: the keypoints, in the order of the arrays.
        frames: image paths, or None for a video.
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    skeleton: Skeleton
    frames: tuple[str, ...] | None = None

    @classmethod
    def of(cls, members: Sequence[Predictions]) -> "Ensemble":
        """Stack predictions, keypoints aligned by name to the first member's order.

        Raises:
            FormatError: if members differ in keypoints or in frames.
        """
        if not members:
            raise FormatError("ensemble: no members; give at least one file of predictions")
        first = members[0]
        for number, member in enumerate(members[1:], start=2):
            if set(member.skeleton.names) != set(first.skeleton.names):
                odd = sorted(set(member.skeleton.names) ^ set(first.skeleton.names))
                raise FormatError(
                    f"ensemble: keypoint {odd[0]!r} is not in both member 1 and member {number}"
                )
            if len(member) != len(first) or member.frames != first.frames:
                raise FormatError(
                    f"ensemble: member {number} has other frames than member 1 "
                    f"({len(member)} and {len(first)}); predict the same video with every model"
                )
        orders = [[m.skeleton.index(name) for name in first.skeleton.names] for m in members]
        return cls(
            keypoints=np.stack([m.keypoints[:, o] for m, o in zip(members, orders, strict=True)]),
            confidence=np.stack([m.confidence[:, o] for m, o in zip(members, orders, strict=True)]),
            skeleton=first.skeleton,
            frames=first.frames,
        )
