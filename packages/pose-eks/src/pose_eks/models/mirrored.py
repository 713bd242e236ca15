"""Views of one animal within one picture, as by mirrors: taken apart, smoothed, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_eks.smoothed import Smoothed, beside

Place = tuple[str, str]
"""View and point that a keypoint shows."""


@dataclass(frozen=True, eq=False)
class Mirrored:
    """Views in one picture.

    Attributes:
        points: names of what the views show.
        views: by name; all have all points, NaN where a view does not show one.
        order: view and number among `points` of each keypoint of the picture.
    """

    points: list[str]
    views: dict[str, Ensemble]
    order: list[tuple[str, int]]

    @staticmethod
    def of(pose: Ensemble, told: Sequence[Place]) -> "Mirrored":
        """Take a picture's keypoints apart.

        Args:
            pose: the whole picture.
            told: view and point of each of its keypoints.

        Raises:
            EksError: if all are of one view, or two show one point in one view.
        """
        if twice := [place for place in told if told.count(place) > 1]:
            view, point = twice[0]
            raise EksError(f"views: two keypoints show {point!r} in view {view!r}; rename one")
        views = list(dict.fromkeys(view for view, _ in told))
        if len(views) < 2:
            raise EksError(f"views: all keypoints are of one view, {', '.join(views)!r}")
        points = list(dict.fromkeys(point for _, point in told))
        order = [(view, points.index(point)) for view, point in told]
        parts = {}
        for view in views:
            own = np.array([k for k, (name, _) in enumerate(told) if name == view])
            parts[view] = spread_out(pose, own, np.array([order[k][1] for k in own]), len(points))
        return Mirrored(points, parts, order)

    def joined(self, views: Mapping[str, Smoothed]) -> Smoothed:
        """Put smoothed views back in the order of the picture's keypoints."""
        return beside([views[view].chosen(np.array([k])) for view, k in self.order])


def spread_out(pose: Ensemble, own: np.ndarray, places: np.ndarray, count: int) -> Ensemble:
    """Lay some of the keypoints at their places among `count`, NaN elsewhere."""
    keypoints = np.full((*pose.keypoints.shape[:2], count, 2), np.nan)
    keypoints[:, :, places] = pose.keypoints[:, :, own]
    if pose.confidence is None:
        return Ensemble(keypoints)
    confidence = np.full(keypoints.shape[:3], np.nan)
    confidence[:, :, places] = pose.confidence[:, :, own]
    return Ensemble(keypoints, confidence)
