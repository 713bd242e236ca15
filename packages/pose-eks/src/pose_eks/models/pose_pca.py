"""A whole pose in the space of its usual poses: a diagnostic, not a track.

q_t = q_{t-1} + e_t,    e_t ~ N(0, s E)    (equation 24)
O_t = B q_t + n_t,      n_t ~ N(0, R_t)    (equation 25), R_t = a diag(v_t) + b I

B, (2 keypoints, latent), are principal axes of the most certain frames. The result lies in their
space by construction, and rare but real poses do not: where a point is far from it, either the
prediction is wrong or the pose is rare. `pose_residual` says how far, in standard deviations.

Source: Biderman, Whiteway et al. 2024, section 5.9.5.
"""

from dataclasses import replace

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_eks.models.assembly import smoothed_together
from pose_eks.models.clock import checked_times
from pose_eks.models.sights import Sight, View, chain_of, joined, motion_of, sights_of
from pose_eks.models.solution import learned_chain, solve_as
from pose_eks.models.subspace import Subspace, principal_axes
from pose_eks.options import PosePcaOptions
from pose_eks.smoothed import Smoothed


def smooth_pose(
    pose: Ensemble, options: PosePcaOptions | None = None, times: np.ndarray | None = None
) -> Smoothed:
    """Smooth an ensemble's predictions of all keypoints together, to find poses that cannot be.

    Args:
        pose: of one view.
        options: None for the defaults.
        times: (frames,), increasing; None for frames 0, 1, 2, ...

    Returns:
        The poses within the space, and in `diagnostics` the column `pose_residual`: the distance
        between the ensemble's centre and the pose over its predictive standard deviation.

    Raises:
        EksError: if times do not increase, or too few frames show the whole pose.
    """
    options = options or PosePcaOptions()
    consensus = pose.summarize(options.pool, options.divide_by_confidence)
    frames, keypoints = consensus.center.shape[:2]
    times = checked_times(times, frames)
    view = View(consensus, np.arange(frames))
    there = sights_of([view], keypoints, frames)
    whole, chain = learned_chain(
        joined([sight for _, sight in there]),
        times,
        lambda sight, few: begun_pose(sight, few, options),
    )
    (solved,) = solve_as([chain], frames, options)
    return diagnosed(smoothed_together(view, there, whole, solved, options))


def begun_pose(whole: Sight, times: np.ndarray, options: PosePcaOptions) -> tuple[Sight, Chain]:
    """Learn the space of the usual poses; give the pose about its mean, and its chain.

    Raises:
        EksError: if too few frames show at least half of the pose.
    """
    subspace, z = usual_poses(whole, options)
    whole = whole.about(whole.offset + subspace.mean)
    return whole, chain_of(whole, subspace.axes, motion_of(z, times, options), times, options)


def diagnosed(found: Smoothed) -> Smoothed:
    """Add how far every keypoint is from the usual poses."""
    return replace(found, diagnostics={"pose_residual": residual(found)})


def usual_poses(whole: Sight, options: PosePcaOptions) -> tuple[Subspace, np.ndarray]:
    """Give the axes of the most certain poses, and coordinates (frames, latent) of these.

    Raises:
        EksError: if too few frames show at least half of the pose.
    """
    rows = whole.observed.shape[1]
    shown = np.isfinite(whole.observed).sum(axis=1) >= rows / 2
    certainty = np.where(np.isfinite(whole.observed), whole.spread, 0.0).max(axis=1)
    limit = np.quantile(certainty[shown], options.quantile) if shown.any() else 0.0
    good = shown & (certainty <= limit)
    if good.sum() < 2 * rows:
        raise EksError(
            f"pose: {int(good.sum())} frames show at least half of the pose well; the axes of "
            f"{rows // 2} keypoints need {2 * rows}; raise the quantile, or take fewer keypoints"
        )
    full = principal_axes(whole.observed[good], rows)
    shares = np.cumsum(full.variance) / full.variance.sum()
    needed = options.latent or int(np.searchsorted(shares, options.variance)) + 1
    latent = min(needed, rows)
    found = Subspace(full.mean, full.axes[:, :latent], full.variance[:latent], full.noise)
    coordinates = found.coordinates(whole.observed, whole.spread)
    return found, np.where(good[:, None], coordinates, np.nan)


def residual(found: Smoothed) -> np.ndarray:
    """Give how far the centre is from the pose (frames, keypoints), in standard deviations."""
    return np.asarray(
        np.sqrt(((found.center - found.keypoints) ** 2 / found.predictive_variance).mean(axis=-1))
    )
