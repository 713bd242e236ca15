"""The pupil as ensemble-kalman-smoother 4 smooths it, its columns under their right names."""

from collections.abc import Sequence

import numpy as np

from pose_eks.compat.eks4_ensemble import LEAST_VARIANCE, result, summarize
from pose_eks.compat.eks4_filter import Series, linear, smooth
from pose_eks.errors import EksError
from pose_eks.smoothed import Smoothed

NAMES = ("pupil_top_r", "pupil_bottom_r", "pupil_right_r", "pupil_left_r")
TOP, BOTTOM, RIGHT, LEFT = range(4)
SIDES = ((TOP, LEFT), (TOP, RIGHT), (BOTTOM, LEFT), (BOTTOM, RIGHT))
ALONG_X, ALONG_Y = (0.0, 0.0, 0.5, -0.5), (-0.5, 0.5, 0.0, 0.0)  # of the diameter, by point
LOADING = np.array(
    [row for x, y in zip(ALONG_X, ALONG_Y, strict=True) for row in ([x, 1, 0], [y, 0, 1])]
)
CLIPPED = (1e-3, 1 - 1e-3)  # what the original makes of values nearer 0 or 1


def pupil(
    keypoints: np.ndarray,
    confidence: np.ndarray | None,
    s: Sequence[float],
    center: str = "median",
    divide_by_confidence: bool = True,
) -> Smoothed:
    """Smooth four points of a pupil through its diameter and centre.

    Both variances are of the point itself; the original writes those of other coordinates.
    `signals` has diameter and centre; the former is pulled towards 0, as in the original.

    Args:
        keypoints: (members, frames, 4, 2), in the order of NAMES, px; nothing missing.
        confidence: (members, frames, 4); None: all members are sure.
        s: how much of the diameter and of the centre is kept from frame to frame, in (0, 1).
        center: "median" or "mean".
        divide_by_confidence: whether the members' variance is divided by their confidence.

    Raises:
        EksError: if there are not four keypoints, s is not two numbers in (0, 1), or a point is
            missing.
    """
    if len(s) != 2 or not all(0 < value < 1 for value in s):
        raise EksError(f"s: {s!r} is not two numbers between 0 and 1; give diameter's and centre's")
    summary = summarize(keypoints, confidence, center, divide_by_confidence)
    if summary.center.shape[1] != len(NAMES) or np.isnan(summary.center).any():
        raise EksError(
            f"keypoints: {summary.center.shape[1]} of them, {int(np.isnan(summary.center).sum())} "
            f"values missing; compat='eks4' needs all of {', '.join(NAMES)}"
        )
    diameter, middle = diameters(summary.center), centers(summary.center)
    offset = middle.mean(axis=0)
    observed = flat(summary.center - offset)
    sizes = np.array([diameter.var(), *middle.var(axis=0)])
    keeps = np.clip(np.array([s[0], s[1], s[1]]), *CLIPPED)
    series = Series(
        observed=observed[None],
        variance=np.maximum(flat(summary.variance), LEAST_VARIANCE)[None],
        mean=np.array([[diameter.mean(), 0.0, 0.0]]),
        covariance=np.diag(sizes)[None],
        keeps=keeps,
        step=np.diag(sizes * (1 - keeps**2))[None],
    )
    states = smooth(series, linear(LOADING[None]))
    place = points(states.means[0] @ LOADING.T) + offset
    wide = points(np.einsum("od,tde,oe->to", LOADING, states.covariances[0], LOADING))
    signals = {
        "diameter": states.means[0, :, 0],
        "center_x": states.means[0, :, 1] + offset[0],
        "center_y": states.means[0, :, 2] + offset[1],
    }
    each = np.full(len(NAMES), np.nan)  # no single s belongs to a point
    likelihood = np.full(len(NAMES), states.log_likelihood[0])
    predictive = wide + summary.variance
    return result(summary, place, wide, predictive, each, likelihood, center, signals=signals)


def diameters(points: np.ndarray) -> np.ndarray:
    """Give the median (frames,) of six estimates: two diameters, and four sides times sqrt(2)."""
    across = [
        np.linalg.norm(points[:, a] - points[:, b], axis=-1)
        for a, b in ((TOP, BOTTOM), (LEFT, RIGHT))
    ]
    sides = [np.sqrt(2) * np.linalg.norm(points[:, a] - points[:, b], axis=-1) for a, b in SIDES]
    return np.asarray(np.median([*across, *sides], axis=0))


def centers(points: np.ndarray) -> np.ndarray:
    """Give the mean (frames, 2) of the midpoints of the two axes."""
    return np.asarray(points.mean(axis=1))


def flat(values: np.ndarray) -> np.ndarray:
    """Turn (frames, 4, 2) into (frames, 8)."""
    return values.reshape(len(values), -1)


def points(values: np.ndarray) -> np.ndarray:
    """Turn (frames, 8) into (frames, 4, 2)."""
    return values.reshape(len(values), -1, 2)
