"""Process noise s and noise parameter b by exact maximum likelihood, all keypoints in lockstep.

Fisher scoring on the logarithms, damped where a step does not help (Levenberg), with the curvature
put right by the gradients of the last step, as the data are never quite as the model says. A coarse
grid on a stretch of the frames gives the start, so that a second, lower maximum is not taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from pose_eks.core import compiled
from pose_eks.core.lanes import Dynamics, Lanes, Noise

GRID_FRAMES = 2000
CROP_FRAMES = 20_000
GRID = ((-2.0, -2.0), *((s, b) for s in (-9.0, -5.0, -2.0, 0.0) for b in (-6.0, -3.0, 0.0)))
BOUNDS = ((-20.0, 10.0), (-10.0, 10.0))
"""Of log s and log b above their scales; s and b may be nothing, for all the data say."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The parameters of every keypoint, each array (keypoints,); NaN where it is never seen.

    Attributes:
        s: process noise, in px² per frame (walk) or px² per frame³ (velocity).
        b: floor of the observation noise, in px²; for a keypoint with one member, its factor.
        log_likelihood: of the observations, in nats.
        passes: evaluations of the likelihood over all frames.
        converged: False where the passes were used up before the step was small enough.
        shared: parameters by name of models in which keypoints are not by themselves.
    """

    s: np.ndarray
    b: np.ndarray
    log_likelihood: np.ndarray
    passes: np.ndarray
    converged: np.ndarray
    shared: Mapping[str, float] = field(default_factory=dict)

    def chosen(self, keypoints: np.ndarray) -> "Fit":
        """Give some of the keypoints, in the order asked for."""
        parts: dict[str, Any] = {name: getattr(self, name)[keypoints] for name in PER_KEYPOINT}
        return replace(self, **parts)

    @staticmethod
    def beside(fits: "Sequence[Fit]") -> "Fit":
        """Put the keypoints of several fits side by side."""
        together: dict[str, Any] = {
            name: np.concatenate([getattr(fit, name) for fit in fits]) for name in PER_KEYPOINT
        }
        return replace(fits[0], **together)


PER_KEYPOINT = ("s", "b", "log_likelihood", "passes", "converged")


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
        ranges: half-open ranges of frames that the fit sees, each of which begins from the prior;
            None for all frames.
    """

    lanes: Lanes
    dynamics: Dynamics
    group: np.ndarray
    multiplies: np.ndarray
    a: float
    given: np.ndarray
    scale: np.ndarray
    ranges: tuple[tuple[int, int], ...] | None = None

    @cached_property
    def pieces(self) -> tuple[Lanes, ...]:
        """What the fit sees."""
        if self.ranges is None:
            return (self.lanes,)
        return tuple(self.lanes.cut(slice(*one)) for one in self.ranges)

    def noise(self, parameters: np.ndarray) -> Noise:
        """Give the noise of every lane for parameters (groups, 2): s, b."""
        s, b = parameters[self.group].T
        return Noise(
            step=np.ascontiguousarray(s),
            gain=np.where(self.multiplies, b, self.a),
            floor=np.where(self.multiplies, 0.0, b),
            gain_slope=np.where(self.multiplies, b, 0.0),
            floor_slope=np.where(self.multiplies, 0.0, b),
        )

    def evaluate(self, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give log-likelihood (groups,), gradient (groups, 2), information (groups, 2, 2)."""
        noise, sums = self.noise(np.exp(logs)), np.zeros((len(logs), 6))
        for piece in self.pieces:
            np.add.at(sums, self.group, self.dynamics.evaluate(piece, noise))
        return sums[:, 0], sums[:, 1:3], sums[:, [3, 4, 4, 5]].reshape(-1, 2, 2)

    def cut(self, frames: int) -> "Task":
        """Give the task on at most so many frames, from the middle of the longest piece."""
        longest = max(self.pieces, key=lambda piece: piece.observed.shape[1])
        first = max(0, longest.observed.shape[1] - frames) // 2
        return replace(self, lanes=longest.cut(slice(first, first + frames)), ranges=None)


def fit(task: Task, tolerance: float, passes: int) -> Fit:
    """Find s and b of every group.

    Args:
        task: the observations and what is known of their noise.
        tolerance: the search ends when both logarithms move by less.
        passes: the most evaluations over all frames.

    Returns:
        The parameters; of a long recording without a compiler, those of its middle.
    """
    frames = sum(piece.observed.shape[1] for piece in task.pieces)
    free = np.isnan(task.given)
    with np.errstate(divide="ignore"):  # b may be given as 0
        fixed = np.log(task.given)
    logs = np.where(free, start(task, free, fixed), fixed)
    crop = free.any() and frames > 2 * CROP_FRAMES
    if crop and not compiled.COMPILED:  # numpy would take minutes over all frames
        task, crop = task.cut(CROP_FRAMES), False
    if crop:
        logs = climb(task.cut(CROP_FRAMES), logs, free, 0.01, passes).logs
    found = climb(task, logs, free, tolerance, passes)
    s, b = np.exp(found.logs).T
    return Fit(s, b, found.value, found.passes, found.done)


def start(task: Task, free: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Give the best logarithms of a coarse grid on a stretch of the frames."""
    crop = task.cut(GRID_FRAMES)
    grid = [np.where(free, np.log(task.scale) + offset, fixed) for offset in GRID]
    values = np.stack([crop.evaluate(logs)[0] for logs in grid])
    best = np.where(np.isfinite(values), values, -np.inf).argmax(axis=0)
    return np.stack(grid)[best, np.arange(len(best))]


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where a search ended, one entry per group: logarithms (groups, 2), likelihood, state."""

    logs: np.ndarray
    value: np.ndarray
    passes: np.ndarray
    done: np.ndarray


class Place(NamedTuple):
    """Logarithms of the parameters, and the likelihood with its derivatives there."""

    logs: np.ndarray
    value: np.ndarray
    gradient: np.ndarray
    information: np.ndarray


def climb(task: Task, logs: np.ndarray, free: np.ndarray, tolerance: float, passes: int) -> Climbed:
    """Follow the likelihood up from `logs`, every group by its own steps."""
    low, high = (np.log(task.scale) + np.array(BOUNDS)[:, side] for side in (0, 1))
    here = Place(logs, *task.evaluate(logs))
    curvature = np.ones(len(logs))  # of the likelihood, over the Fisher information
    damping = np.zeros(len(logs))
    done = np.logical_not(free.any(axis=1))
    used = np.ones(len(logs), int)
    for _ in range(passes - 1):
        if done.all():
            break
        inward = free & ~((here.logs <= low) & (here.gradient < 0))
        inward &= ~((here.logs >= high) & (here.gradient > 0))
        step = scoring_step(here, inward, curvature, damping)
        trial = np.where(inward & ~done[:, None], np.clip(here.logs + step, low, high), here.logs)
        there = Place(trial, *task.evaluate(trial))
        used += ~done
        moved = np.where(free, there.logs, 0.0) - np.where(free, here.logs, 0.0)
        better = there.value >= here.value - 1e-12 * np.abs(here.value)
        done |= (np.abs(moved) < tolerance).all(axis=1)
        curvature = np.where(better, secant(moved, here, there), curvature)
        damping = np.where(better, damping / 10, np.maximum(damping, 0.1) * 10)
        here = chosen(better, there, here)
    return Climbed(here.logs, here.value, used, done)


def chosen(better: np.ndarray, there: Place, here: Place) -> Place:
    """Give the new place of the groups where it is better, the old one elsewhere."""
    both = zip(there, here, strict=True)
    return Place(*(np.where(better.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in both))


def scoring_step(
    here: Place, movable: np.ndarray, curvature: np.ndarray, damping: np.ndarray
) -> np.ndarray:
    """Solve for the step (groups, 2) of the movable parameters, at most 3 e-folds each."""
    both = movable[:, :, None] & movable[:, None, :]
    scaled = here.information * curvature[:, None, None]
    diagonal = np.einsum("gii->gi", scaled) * (1 + damping[:, None]) + 1e-9
    matrix = np.where(both, scaled, 0.0)
    matrix[:, [0, 1], [0, 1]] = np.where(movable, diagonal, 1.0)
    step = np.linalg.solve(matrix, np.where(movable, here.gradient, 0.0)[..., None])[..., 0]
    return np.clip(step, -3.0, 3.0)


def secant(step: np.ndarray, here: Place, there: Place) -> np.ndarray:
    """Give how much stronger than the information says the gradient changed along a step."""
    expected = np.einsum("gi,gij,gj->g", step, here.information, step)
    changed = np.einsum("gi,gi->g", step, here.gradient - there.gradient)
    ratio = np.divide(changed, expected, out=np.ones_like(expected), where=expected > 0)
    return np.clip(ratio, 0.2, 5.0)
