"""The paws of two cameras as ensemble-kalman-smoother 4 smooths them: by interpolation."""

from dataclasses import replace

import numpy as np

from pose_eks.compat.eks4_views import multicam
from pose_eks.errors import EksError
from pose_eks.smoothed import SmoothedViews

NAMES = ("paw_l", "paw_r")
WIDTH = 128.0  # px


def paw(
    left: np.ndarray,
    right: np.ndarray,
    left_times: np.ndarray,
    right_times: np.ndarray,
    s: float | np.ndarray,
    latent: int = 3,
    quantile_keep: float = 95.0,
    inflate: bool = True,
    center: str = "median",
    width: float = WIDTH,
) -> SmoothedViews:
    """Smooth the left and the right paw, seen by a left and a right camera.

    The left camera is the clock; frames of it outside the right one's time are left out, and
    `times` of the result are those kept. The right camera's output is the original's: on the left
    camera's clock, mirrored, and its paws under each other's names.

    Args:
        left: (members, frames, 2, 2), paw_l and paw_r, in px; nothing missing.
        right: likewise, on frames of its own.
        left_times: (frames,), increasing.
        right_times: likewise; the same unit.
        s: process noise, one, or one per paw.
        latent: see `multicam`, as are the next three.
        quantile_keep: percentage of frames that give the axes.
        inflate: whether the variance of views that disagree is raised.
        center: "median" or "mean".
        width: of the right camera's picture, px.

    Raises:
        EksError: if times do not increase or do not fit, or the cameras share no time.
    """
    for name, array, times in (("left", left, left_times), ("right", right, right_times)):
        if np.shape(array)[2:] != (2, 2) or np.shape(times) != (np.shape(array)[1],):
            raise EksError(
                f"{name}: keypoints {np.shape(array)} and times {np.shape(times)}; give "
                "(members, frames, 2, 2) and one time per frame"
            )
        if not (np.diff(times) > 0).all():
            raise EksError(f"{name}: times do not increase; give them in order")
    kept = np.flatnonzero((left_times >= right_times[0]) & (left_times <= right_times[-1]))
    if not len(kept):
        raise EksError("right: shares no time with left; check the unit of both")
    flipped = interpolated(right[:, :, ::-1], right_times, left_times[kept])
    flipped[..., 0] = width - flipped[..., 0]
    views = {"left": left[:, kept], "right": flipped}
    unsure = {name: np.zeros(view.shape[:-1]) for name, view in views.items()}
    found = multicam(views, unsure, s, NAMES, latent, quantile_keep, inflate, center, False)
    return replace(found, times=kept)


def interpolated(values: np.ndarray, times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Give (members, frames, ...) at the times wanted, linearly between frames."""
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    share = (wanted - times[after - 1]) / (times[after] - times[after - 1])
    share = share.reshape(1, -1, *[1] * (values.ndim - 2))
    return np.asarray((1 - share) * values[:, after - 1] + share * values[:, after])
