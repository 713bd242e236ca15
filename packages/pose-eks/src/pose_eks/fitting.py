"""Process noise s and noise parameter b by exact maximum likelihood, all keypoints in lockstep.

Fisher scoring on the logarithms, damped where a step does not help (Levenberg), with the curvature
put right by the gradients of the last step, as the data are never quite as the model says. A coarse
grid on a stretch of the frames gives the start, so that a second, lower maximum is not taken.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pose_eks.lanes import Dynamics, Lanes, Noise

GRID_FRAMES = 2000
CROP_FRAMES = 20_000
GRID = ((-2.0, -2.0), *((s, b) for s in (-9.0, -5.0, -2.0, 0.0) for b in (-6.0, -3.0, 0.0)))
BOUNDS = ((-25.0, 10.0), (-16.0, 10.0))  # of log s and log b above their scales


@dataclass(frozen=True, eq=False)
class Fit:
    """The parameters of every keypoint, each array (keypoints,); NaN where it is never seen.

    Attributes:
        s: process noise, in px² per frame (walk) or px² per frame³ (velocity).
        b: floor of the observation noise, in px²; for a keypoint with one member, its factor.
        log_likelihood: of the observations, in nats.
        passes: evaluations of the likelihood over all frames.
        converged: False where the passes were used up before the step was small enough.
    """

    s: np.ndarray
    b: np.ndarray
    log_likelihood: np.ndarray
    passes: np.ndarray
    converged: np.ndarray


@dataclass(frozen=True, eq=False)
class Task:
    """What is fitted.

    Attributes:
        lanes: the observations.
        dynamics: how the position moves.
        group: (lanes,), which parameters a lane has, as a number from 0; x and y share theirs.
        multiplies: (lanes,), True where R = b v instead of R = a v + b.
        a: see `multiplies`.
        given: (groups, 2), s and b where they are given, NaN where they are to be fitted.
        scale: (groups, 2), their orders of magnitude.
    """

    lanes: Lanes
    dynamics: Dynamics
    group: np.ndarray
    multiplies: np.ndarray
    a: float
    given: np.ndarray
    scale: np.ndarray

    def noise(self, parameters: np.ndarray) -> Noise:
        """Give the noise of every lane for parameters (groups, 2): s, b."""
        s, b = parameters[self.group].T
        none = np.zeros_like(b)
        return Noise(
            step=np.ascontiguousarray(s),
            gain=np.where(self.multiplies, b, self.a),
            floor=np.where(self.multiplies, 0.0, b),
            gain_slope=np.where(self.multiplies, b, none),
            floor_slope=np.where(self.multiplies, none, b),
        )

    def evaluate(self, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give log-likelihood (groups,), gradient (groups, 2), information (groups, 2, 2)."""
        found = self.dynamics.likelihood(self.lanes, self.noise(np.exp(logs)))
        sums = np.zeros((len(logs), 6))
        np.add.at(sums, self.group, found)
        return sums[:, 0], sums[:, 1:3], sums[:, [3, 4, 4, 5]].reshape(-1, 2, 2)

    def cut(self, frames: int) -> "Task":
        """Give the task on so many frames, from the middle of the recording."""
        first = (self.lanes.observed.shape[1] - frames) // 2
        return replace(self, lanes=self.lanes.cut(slice(first, first + frames)))


def fit(task: Task, tolerance: float, passes: int) -> Fit:
    """Find s and b of every group.

    Args:
        task: the observations and what is known of their noise.
        tolerance: the search ends when both logarithms move by less.
        passes: the most evaluations over all frames.
    """
    frames = task.lanes.observed.shape[1]
    free = np.isnan(task.given)
    with np.errstate(divide="ignore"):  # b may be given as 0
        fixed = np.log(task.given)
    logs = np.where(free, start(task, free, fixed), fixed)
    if free.any() and frames > 2 * CROP_FRAMES:
        logs = climb(task.cut(CROP_FRAMES), logs, free, 0.01, passes).logs
    found = climb(task, logs, free, tolerance, passes)
    s, b = np.exp(found.logs).T
    return Fit(s, b, found.value, found.passes, found.done)


def start(task: Task, free: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Give the best logarithms of a coarse grid on a stretch of the frames."""
    crop = task.cut(min(GRID_FRAMES, task.lanes.observed.shape[1]))
    grid = [np.where(free, np.log(task.scale) + offset, fixed) for offset in GRID]
    values = np.stack([crop.evaluate(logs)[0] for logs in grid])
    best = np.where(np.isfinite(values), values, -np.inf).argmax(axis=0)
    return np.stack(grid)[best, np.arange(len(best))]


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where a search stands, one entry per group: logarithms (groups, 2), likelihood, state."""

    logs: np.ndarray
    value: np.ndarray
    passes: np.ndarray
    done: np.ndarray


def climb(
    task: Task, logs: np.ndarray, free: np.ndarray, tolerance: float, passes: int
) -> Climbed:
    """Follow the likelihood up from `logs`, every group by its own steps."""
    low, high = (np.log(task.scale) + np.array(BOUNDS)[:, side] for side in (0, 1))
    value, gradient, information = task.evaluate(logs)
    curvature = np.ones(len(logs))  # of the likelihood, over the Fisher information
    damping = np.full(len(logs), 1e-6)
    done = ~free.any(axis=1)
    used = np.ones(len(logs), int)
    for _ in range(passes - 1):
        if done.all():
            break
        inward = free & ~((logs <= low) & (gradient < 0)) & ~((logs >= high) & (gradient > 0))
        step = scoring_step(gradient, information, inward, curvature, damping)
        trial = np.where(free & ~done[:, None], np.clip(logs + step, low, high), logs)
        step = np.where(free, trial - np.where(free, logs, 0.0), 0.0)
        found = task.evaluate(trial)
        used += ~done
        better = found[0] >= value - 1e-12 * np.abs(value)
        done |= (np.abs(step) < tolerance).all(axis=1)
        curvature = np.where(better, secant(step, gradient, found[1], information), curvature)
        damping = np.where(better, damping / 10, np.maximum(damping, 0.1) * 10)
        taken = [better.reshape(-1, *(1,) * new.ndim)[..., 0] for new in (trial, *found)]
        logs, value, gradient, information = (
            np.where(take, new, old)
            for take, new, old in zip(
                taken, (trial, *found), (logs, value, gradient, information), strict=True
            )
        )
    return Climbed(logs, value, used, done)


def scoring_step(
    gradient: np.ndarray,
    information: np.ndarray,
    movable: np.ndarray,
    curvature: np.ndarray,
    damping: np.ndarray,
) -> np.ndarray:
    """Solve for the step (groups, 2) of the movable parameters, at most 3 e-folds each."""
    both = movable[:, :, None] & movable[:, None, :]
    scaled = information * (curvature * (1 + damping * 0))[:, None, None]
    diagonal = np.einsum("gii->gi", scaled) * (1 + damping[:, None]) + 1e-9
    matrix = np.where(both, scaled, 0.0)
    matrix[:, [0, 1], [0, 1]] = np.where(movable, diagonal, 1.0)
    step = np.linalg.solve(matrix, np.where(movable, gradient, 0.0)[..., None])[..., 0]
    return np.clip(step, -3.0, 3.0)


def secant(
    step: np.ndarray, before: np.ndarray, after: np.ndarray, information: np.ndarray
) -> np.ndarray:
    """Give how much stronger than the information the gradient changed along a step."""
    expected = np.einsum("gi,gij,gj->g", step, information, step)
    changed = np.einsum("gi,gi->g", step, before - after)
    ratio = np.divide(changed, expected, out=np.ones_like(expected), where=expected > 0)
    return np.clip(ratio, 0.2, 5.0)
