"""`compat="eks4"`: what ensemble-kalman-smoother 4 computes for a given s, in every mode it has.

For users who move over and compare. In plain numpy, in double precision where the original has
single: positions agree to about 1e-3 px. Its faults are kept, but for the pupil's swapped names;
`pose_eks.models` has the same modes without them. One thing differs by need: where a point is
missing in all members the original gives NaN for the keypoint (one camera) or fails (several), and
here several cameras raise an error.
"""

import numpy as np

from pose_eks.compat.eks4_calibrated import calibrated
from pose_eks.compat.eks4_ensemble import LEAST_VARIANCE, parameters, result, summarize
from pose_eks.compat.eks4_filter import Series, linear, smooth
from pose_eks.compat.eks4_paw import paw
from pose_eks.compat.eks4_pupil import pupil
from pose_eks.compat.eks4_views import multicam
from pose_eks.smoothed import Smoothed

__all__ = ["calibrated", "multicam", "paw", "pupil", "singlecam"]


def singlecam(
    keypoints: np.ndarray,
    confidence: np.ndarray | None,
    s: float | np.ndarray,
    center: str = "median",
    divide_by_confidence: bool = True,
) -> Smoothed:
    """Smooth every keypoint of one camera by itself.

    Args:
        keypoints: (members, frames, keypoints, 2), px. A keypoint that no member sees in some
            frame comes out as NaN in all frames.
        confidence: (members, frames, keypoints); None: all members are sure.
        s: process noise, px² per frame; one, or one per keypoint.
        center: "median" or "mean".
        divide_by_confidence: whether the members' variance is divided by their confidence.

    Raises:
        EksError: if shapes do not fit, or s is not positive and finite.
    """
    summary = summarize(keypoints, confidence, center, divide_by_confidence)
    offset = summary.center.mean(axis=0)
    s = parameters(s, len(offset))
    observed = np.swapaxes(summary.center - offset, 0, 1)
    lost = np.isnan(observed).any(axis=(1, 2))
    observed = np.where(lost[:, None, None], 0.0, observed)
    eye = np.eye(2)
    series = Series(
        observed=observed,
        variance=np.maximum(np.swapaxes(summary.variance, 0, 1), LEAST_VARIANCE),
        mean=np.zeros((len(s), 2)),
        covariance=observed.var(axis=1)[..., None] * eye,
        keeps=np.ones(2),
        step=s[:, None, None] * eye,
    )
    states = smooth(series, linear(np.broadcast_to(eye, (len(s), 2, 2))))
    place = np.swapaxes(states.means, 0, 1) + offset
    wide = np.swapaxes(np.diagonal(states.covariances, axis1=2, axis2=3), 0, 1)
    wide = np.where(lost[:, None], np.nan, wide)
    predictive = wide + summary.variance
    return result(summary, place, wide, predictive, s, states.log_likelihood, center)
