"""One camera: every keypoint by itself, x and y with the same noise.

q_t = q_{t-1} + e_t, e_t ~ N(0, s I)    (equation 16; or its integral, see `pose_eks.core.velocity`)
O_t = q_t + n_t,     n_t ~ N(0, R_t)    (equation 17), R_t = a diag(v_t) + b I

Source: Biderman, Whiteway et al. 2024, section 5.9.1. There R is the members' variance over their
number; members share their errors, so the variance is taken as it is, and a floor b added.
"""

from dataclasses import replace

import numpy as np

from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.fitting import Fit, Task, fit
from pose_eks.core.lanes import Dynamics, Lanes
from pose_eks.ensemble import Consensus, summarize
from pose_eks.errors import EksError
from pose_eks.options import SingleCameraOptions
from pose_eks.smoothed import Smoothed


def smooth(
    keypoints: np.ndarray,
    confidence: np.ndarray | None = None,
    options: SingleCameraOptions | None = None,
    times: np.ndarray | None = None,
) -> Smoothed:
    """Smooth an ensemble's predictions of one camera.

    Args:
        keypoints: (members, frames, keypoints, 2), in pixels, NaN where missing.
        confidence: (members, frames, keypoints); None or NaN where unknown.
        options: None for the defaults.
        times: (frames,), increasing; None for frames 0, 1, 2, ... Their unit is that of s.

    Raises:
        EksError: if shapes do not fit, or times do not increase.
    """
    options = options or SingleCameraOptions()
    if options.compat is not None:
        return as_known(keypoints, confidence, options)
    consensus = summarize(keypoints, confidence, options.center, options.divide_by_confidence)
    gaps = gaps_of(times, len(consensus.center))
    offset = np.nan_to_num(mean_over_frames(consensus.center))
    task = task_of(consensus, offset, gaps, options)
    found = fit(task, options.tolerance, options.passes)
    means, variances = task.dynamics.smooth(task.lanes, task.noise(np.stack([found.s, found.b], 1)))
    return assemble(consensus, offset, means, variances, found, options)


def as_known(
    keypoints: np.ndarray, confidence: np.ndarray | None, options: SingleCameraOptions
) -> Smoothed:
    """Compute what the known implementation does."""
    from pose_eks.compat import eks4

    assert options.s is not None  # checked with the options
    how = (options.s, options.center, options.divide_by_confidence)
    return eks4.singlecam(keypoints, confidence, *how)


def gaps_of(times: np.ndarray | None, frames: int) -> np.ndarray:
    """Give the time since the frame before, 0 for the first.

    Raises:
        EksError: if times are not one per frame and increasing.
    """
    if times is None:
        times = np.arange(frames, dtype=float)
    times = np.asarray(times, dtype=float)
    if times.shape != (frames,):
        raise EksError(f"times: {times.shape} for {frames} frames; give one per frame")
    gaps = np.diff(times, prepend=times[:1])
    if not (gaps[1:] > 0).all():
        worst = int(np.flatnonzero(~(gaps[1:] > 0))[0]) + 1
        raise EksError(f"times: {times[worst]} of frame {worst} is not after the one before")
    return gaps


def task_of(
    consensus: Consensus, offset: np.ndarray, gaps: np.ndarray, options: SingleCameraOptions
) -> Task:
    """Lay the observations out in lanes (x and y of each keypoint), with scales for the fit."""
    dynamics = DYNAMICS[options.dynamics]
    points = consensus.center.shape[1]
    observed, spread = to_lanes(consensus.center - offset), to_lanes(consensus.spread)
    group = np.repeat(np.arange(points), 2)
    alone = np.repeat(consensus.alone, 2)
    moved, fast = typical_moves(observed, gaps, dynamics)
    moved, fast = (positive(shared(values)) for values in (moved, fast))
    typical_gap = float(np.median(gaps[1:])) if len(gaps) > 1 else 1.0
    wide = np.nan_to_num(shared(mean_over_frames(observed.T**2))) + moved
    quick = moved / typical_gap**2
    lanes = Lanes(observed, spread, gaps, np.repeat(wide, 2), np.repeat(quick, 2))
    given = [np.nan if value is None else value for value in (options.s, options.b)]
    return Task(
        lanes=lanes,
        dynamics=dynamics,
        group=group,
        multiplies=alone,
        a=options.a,
        given=np.tile(np.array(given, dtype=float), (points, 1)),
        scale=np.stack([fast, moved], axis=1),
    )


def typical_moves(
    observed: np.ndarray, gaps: np.ndarray, dynamics: Dynamics
) -> tuple[np.ndarray, np.ndarray]:
    """Give per lane the typical squared move to the next observation, in px² and in s's unit."""
    times = np.cumsum(gaps)
    moves = np.full((2, len(observed)), np.nan)
    for lane, values in enumerate(observed):
        seen = np.flatnonzero(np.isfinite(values))
        if len(seen) < 2:
            continue
        squares = np.diff(values[seen]) ** 2
        rates = squares / np.diff(times[seen]) ** (2 * dynamics.order - 1)
        for row, found in enumerate((squares, rates)):
            moves[row, lane] = np.median(found) or found.mean()
    return moves[0], moves[1]


def shared(values: np.ndarray) -> np.ndarray:
    """Give the mean over x and y of a keypoint, of those that are there."""
    return mean_over_frames(values.reshape(-1, 2).T)


def positive(values: np.ndarray) -> np.ndarray:
    """Put something of the usual size where a scale is unknown or 0."""
    usable = np.isfinite(values) & (values > 0)
    return np.where(usable, values, np.median(values[usable]) if usable.any() else 1.0)


def mean_over_frames(values: np.ndarray) -> np.ndarray:
    """Give the mean over the first axis of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=0)
    total = np.where(there, values, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def to_lanes(values: np.ndarray) -> np.ndarray:
    """Turn (frames, keypoints, 2) into (lanes, frames), x before y of each keypoint."""
    return np.ascontiguousarray(values.reshape(len(values), -1).T)


def from_lanes(values: np.ndarray) -> np.ndarray:
    """Turn (lanes, frames) into (frames, keypoints, 2)."""
    return np.ascontiguousarray(values.T).reshape(values.shape[1], -1, 2)


def assemble(
    consensus: Consensus,
    offset: np.ndarray,
    means: np.ndarray,
    variances: np.ndarray,
    found: Fit,
    options: SingleCameraOptions,
) -> Smoothed:
    """Put lanes back into keypoints, NaN for a keypoint that was never seen."""
    never = np.logical_not(consensus.members.any(axis=0))
    gain = np.where(consensus.alone, found.b, options.a)[:, None]
    floor = np.where(consensus.alone, 0.0, found.b)[:, None]
    spread = gain * consensus.spread
    expected = np.where(np.isfinite(spread), spread, mean_over_frames(spread)) + floor
    posterior = np.where(never[:, None], np.nan, from_lanes(variances))
    s, b = (np.where(never, np.nan, values) for values in (found.s, found.b))
    return Smoothed(
        keypoints=np.where(never[:, None], np.nan, from_lanes(means) + offset),
        confidence=consensus.confidence,
        posterior_variance=posterior,
        predictive_variance=posterior + expected,
        center=consensus.center,
        spread=spread,
        fit=replace(found, s=s, b=b),
        center_name=options.center,
    )
