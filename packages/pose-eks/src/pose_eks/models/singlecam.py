"""One camera: every keypoint by itself, x and y with the same noise.

q_t = q_{t-1} + e_t, e_t ~ N(0, s I)    (equation 16; or its integral, see `pose_eks.core.velocity`)
O_t = q_t + n_t,     n_t ~ N(0, R_t)    (equation 17), R_t = a diag(v_t) + b I

Source: Biderman, Whiteway et al. 2024, section 5.9.1. There R is the members' variance over their
number; members share their errors, so the variance is taken as it is, and a floor b added. Heavy
tails are those of single members: `pose_eks.models.outvoting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.fitting import Fit, Task, fit
from pose_eks.core.lanes import Dynamics, Lanes
from pose_eks.ensemble import Consensus, summarize
from pose_eks.models.clock import checked_times
from pose_eks.models.outvoting import Votes, equal_votes, voted
from pose_eks.options import SingleCameraOptions
from pose_eks.smoothed import Smoothed

ROUNDS = 10  # of weighing members, the most
ROUND_FRAMES = 4000  # of the middle, for the parameters in each round
ROUGH = 0.02  # tolerance of the parameters in each round
STILL = 1e-4  # squared moves of the weighted mean, over the members' variance


def smooth(
    keypoints: np.ndarray,
    confidence: np.ndarray | None = None,
    options: SingleCameraOptions | None = None,
    times: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> Smoothed:
    """Smooth an ensemble's predictions of one camera.

    Args:
        keypoints: (members, frames, keypoints, 2), in pixels, NaN where missing.
        confidence: (members, frames, keypoints); None or NaN where unknown.
        options: None for the defaults.
        times: (frames,), increasing; None for frames 0, 1, 2, ... Their unit is that of s.
        names: of the keypoints, for `options.groups`.

    Raises:
        EksError: if shapes do not fit, or times do not increase.
    """
    options = options or SingleCameraOptions()
    if options.compat is not None:
        return as_known(keypoints, confidence, options)
    consensus = summarize(keypoints, confidence, options.pool, options.divide_by_confidence)
    setting = Setting.of(consensus, options, times, names)
    if options.likelihood == "student" and not consensus.alone.all():
        votes = settled(equal_votes(keypoints, confidence, consensus), setting)
        done = smoothed_as(votes.consensus, setting)
        return replace(done, center=consensus.center, weight=votes.weight)
    return smoothed_as(consensus, setting)


@dataclass(frozen=True, eq=False)
class Setting:
    """What stays the same while a recording is smoothed.

    Attributes:
        options: of the model.
        gaps: (frames,), time since the frame before, 0 for the first.
        offset: (keypoints, 2), mean positions, which lanes are without.
        groups: (keypoints,), which parameters a keypoint has, as a number from 0.
    """

    options: SingleCameraOptions
    gaps: np.ndarray
    offset: np.ndarray
    groups: np.ndarray

    @staticmethod
    def of(
        consensus: Consensus,
        options: SingleCameraOptions,
        times: np.ndarray | None,
        names: Sequence[str],
    ) -> "Setting":
        """Give that of a recording.

        Raises:
            EksError: if times do not fit, or a group has a keypoint that is not there.
        """
        frames, keypoints = consensus.center.shape[:2]
        offset = np.nan_to_num(mean_over_frames(consensus.center))
        groups = groups_of(options, names, keypoints)
        return Setting(options, gaps_of(times, frames), offset, groups)


def groups_of(options: SingleCameraOptions, names: Sequence[str], keypoints: int) -> np.ndarray:
    """Give the group of every keypoint."""
    return np.array(options.numbered(names or [f"keypoint {k}" for k in range(keypoints)]))


def smoothed_as(consensus: Consensus, setting: Setting) -> Smoothed:
    """Fit and smooth what the members say."""
    options = setting.options
    task = task_of(consensus, setting)
    found = fit(task, options.tolerance, options.passes)
    path = path_of(task, found)
    usual = mean_over_frames(consensus.spread)
    own = found.chosen(setting.groups)
    return assembled(consensus, setting.offset, *path, own, options, usual)


def path_of(task: Task, found: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Give posterior means and variances of every lane."""
    return task.dynamics.smooth(task.lanes, task.noise(np.stack([found.s, found.b], 1)))


def settled(votes: Votes, setting: Setting) -> Votes:
    """Weigh the members until their weighted means move little; parameters from a crop."""
    options = setting.options
    for _ in range(ROUNDS):
        task = task_of(votes.consensus, setting)
        crop = task if task.ranges else task.cut(min(ROUND_FRAMES, len(setting.gaps)))
        found = fit(crop, ROUGH, options.passes)
        path = from_lanes(path_of(task, found)[0]) + setting.offset
        before = votes
        votes = voted(votes, path, found.b[setting.groups], options.degrees)
        moved = (votes.center - before.center) ** 2 / np.maximum(votes.variance, 1e-12)
        if np.nanmean(moved) < STILL:
            break
    return votes


def as_known(
    keypoints: np.ndarray, confidence: np.ndarray | None, options: SingleCameraOptions
) -> Smoothed:
    """Compute what the known implementation does."""
    from pose_eks.compat import eks4

    assert options.s is not None  # checked with the options
    how = (options.s, options.pool, options.divide_by_confidence)
    return eks4.singlecam(keypoints, confidence, *how)


def gaps_of(times: np.ndarray | None, frames: int) -> np.ndarray:
    """Give the time since the frame before, 0 for the first.

    Raises:
        EksError: if times are not one per frame and increasing.
    """
    times = checked_times(times, frames)
    return np.diff(times, prepend=times[:1])


def task_of(consensus: Consensus, setting: Setting) -> Task:
    """Lay the observations out in lanes (x and y of each keypoint), with scales for the fit."""
    observed, spread = to_lanes(consensus.center - setting.offset), to_lanes(consensus.spread)
    return task_of_lanes(observed, spread, consensus.alone, setting)


def task_of_lanes(
    observed: np.ndarray, spread: np.ndarray, alone: np.ndarray, setting: Setting
) -> Task:
    """Make the task of lanes (2 keypoints, frames), which may lie on a disk."""
    options, gaps, groups = setting.options, setting.gaps, setting.groups
    dynamics = DYNAMICS[options.dynamics]
    moved, fast = typical_moves(observed, gaps, dynamics)
    moved, fast = (positive(shared(values)) for values in (moved, fast))
    typical_gap = float(np.median(gaps[1:])) if len(gaps) > 1 else 1.0
    squares = np.array([mean_over_frames(lane**2) for lane in observed])
    wide = np.nan_to_num(shared(squares)) + moved
    quick = moved / typical_gap**2
    lanes = Lanes(observed, spread, gaps, np.repeat(wide, 2), np.repeat(quick, 2))
    given = [np.nan if value is None else value for value in (options.s, options.b)]
    count = groups.max() + 1
    scale = [[values[groups == g].mean() for values in (fast, moved)] for g in range(count)]
    return Task(
        lanes=lanes,
        dynamics=dynamics,
        group=np.repeat(groups, 2),
        multiplies=np.repeat(alone, 2),
        a=options.a,
        given=np.tile(np.array(given, dtype=float), (count, 1)),
        scale=np.array(scale),
        ranges=options.ranges(len(gaps)),
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


def assembled(
    consensus: Consensus,
    offset: np.ndarray,
    means: np.ndarray,
    variances: np.ndarray,
    found: Fit,
    options: SingleCameraOptions,
    usual: np.ndarray,
) -> Smoothed:
    """Put lanes of some frames back into keypoints, NaN for one that was never seen.

    Args:
        consensus: of the frames.
        offset: (keypoints, 2), that the lanes are without; anything for one that is never seen.
        means: (lanes, frames).
        variances: (lanes, frames).
        found: the parameters.
        options: of the model.
        usual: (keypoints, 2), mean of v over all frames, NaN for a keypoint that is never seen.
    """
    never = np.isnan(usual).all(axis=-1)
    gain = np.where(consensus.alone, found.b, options.a)[:, None]
    floor = np.where(consensus.alone, 0.0, found.b)[:, None]
    spread = gain * consensus.spread
    expected = np.where(np.isfinite(spread), spread, gain * usual) + floor
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
        center_name=options.pool,
    )
