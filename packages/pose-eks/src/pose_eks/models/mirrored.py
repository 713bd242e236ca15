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
class Layout:
    """Which keypoint of a picture shows what.

    Attributes:
        points: names of what the views show.
        own: by view, (points,), the keypoint that shows a point there; -1 for none.
    """

    points: list[str]
    own: dict[str, np.ndarray]

    @staticmethod
    def of(told: Sequence[Place]) -> "Layout":
        """Give that of a picture, from view and point of each of its keypoints.

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
        own = {view: np.full(len(points), -1) for view in views}
        for k, (view, point) in enumerate(told):
            own[view][points.index(point)] = k
        return Layout(points, own)


@dataclass(frozen=True, eq=False)
class Mirrored:
    """Views in one picture.

    Attributes:
        layout: of the picture.
        views: by name; all have all points, NaN where a view does not show one.
    """

    layout: Layout
    views: dict[str, Ensemble]

    @property
    def points(self) -> list[str]:
        """Names of what the views show."""
        return self.layout.points

    @staticmethod
    def of(pose: Ensemble, layout: Layout) -> "Mirrored":
        """Take a picture's keypoints apart."""
        views = {
            view: spread_out(pose, own[own >= 0], np.flatnonzero(own >= 0), len(own))
            for view, own in layout.own.items()
        }
        return Mirrored(layout, views)

    def joined(self, views: Mapping[str, Smoothed]) -> Smoothed:
        """Put smoothed views back in the order of the picture's keypoints."""
        own = self.layout.own
        order = sorted((k, view, n) for view in own for n, k in enumerate(own[view]) if k >= 0)
        return beside([views[view].chosen(np.array([n])) for _, view, n in order])


def spread_out(pose: Ensemble, own: np.ndarray, places: np.ndarray, count: int) -> Ensemble:
    """Lay some of the keypoints at their places among `count`, NaN elsewhere."""
    everything = np.arange(pose.keypoints.shape[2])
    if len(own) == count and np.array_equal(own, everything) and np.array_equal(own, places):
        return pose  # without a copy
    keypoints = np.full((*pose.keypoints.shape[:2], count, 2), np.nan)
    keypoints[:, :, places] = pose.keypoints[:, :, own]
    if pose.confidence is None:
        return Ensemble(keypoints)
    confidence = np.full(keypoints.shape[:3], np.nan)
    confidence[:, :, places] = pose.confidence[:, :, own]
    return Ensemble(keypoints, confidence)
