"""The state-space core's data: every coordinate of every keypoint is a lane of its own.

A lane is a series of scalar observations y_t = q_t + n_t, n_t ~ N(0, R_t), of the position q_t
that moves by one of `pose_eks.core.dynamics`. The observation noise has one parameter theta: floor
R_t = gain v_t + theta, or factor, R_t = theta v_t. Kernels see both as R = gain v + floor with
their slopes in log theta. Lanes are rows, contiguous in time, so that a kernel holds the state of
one lane in registers.

Source: Biderman, Whiteway et al. 2024, equations 14-17; a, b: the noise model of this package.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pose_eks.core import compiled
from pose_eks.core.threads import in_threads

LEAST_WORK = 20_000  # observations, below which threads are not worth starting


class Lanes(NamedTuple):
    """Observations, and the Gaussian prior of the first state.

    Attributes:
        observed: (lanes, frames), centred on the lane's mean; NaN where missing.
        spread: (lanes, frames), v; anything where missing.
        gaps: (frames,), time since the frame before; the first is 0.
        position_variance: (lanes,), prior variance of the first position, whose mean is 0.
        velocity_variance: (lanes,), prior variance of the first velocity, whose mean is 0.
    """

    observed: np.ndarray
    spread: np.ndarray
    gaps: np.ndarray
    position_variance: np.ndarray
    velocity_variance: np.ndarray

    def cut(self, frames: slice) -> "Lanes":
        """Give a stretch of the frames."""
        observed, spread = (a[:, frames].copy() for a in (self.observed, self.spread))
        gaps = self.gaps[frames].copy()
        gaps[:1] = 0.0
        return Lanes(observed, spread, gaps, self.position_variance, self.velocity_variance)


class Noise(NamedTuple):
    """Process noise s and observation noise R = gain v + floor of every lane, each (lanes,).

    The slopes are the derivatives of gain and floor in the logarithm of their parameter.
    """

    step: np.ndarray
    gain: np.ndarray
    floor: np.ndarray
    gain_slope: np.ndarray
    floor_slope: np.ndarray


@dataclass(frozen=True)
class Dynamics:
    """How the position moves; every kernel works on all lanes.

    Attributes:
        name: as options say it.
        order: 1 where s is in px² per time, 2 in px² per time³.
        likelihood: (Lanes, Noise) to (lanes, 6): log-likelihood, its derivatives in log s and
            log theta, and the Fisher information ss, st, tt.
        prior: Lanes to the state (lanes, ...) before the first frame.
        filtered: (Lanes, Noise, state before) to the state after the last frame.
        smoothed: (Lanes, Noise, state before, posterior of the frame after the last, its gap, 0
            for none) to posterior means and variances of the position, (lanes, frames), and the
            posterior state of the first frame.
        plain_likelihood: `likelihood` in numpy, for where there is no compiler.
        plain_smooth: means and variances of a whole recording in numpy.
    """

    name: str
    order: int
    likelihood: Callable[[Lanes, Noise], np.ndarray]
    prior: Callable[[Lanes], np.ndarray]
    filtered: Callable[[Lanes, Noise, np.ndarray], np.ndarray]
    smoothed: Callable[
        [Lanes, Noise, np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray, np.ndarray]
    ]
    plain_likelihood: Callable[[Lanes, Noise], np.ndarray]
    plain_smooth: Callable[[Lanes, Noise], tuple[np.ndarray, np.ndarray]]

    def evaluate(self, lanes: Lanes, noise: Noise) -> np.ndarray:
        """Give what `likelihood` does, lanes in threads."""
        if not compiled.COMPILED:
            return self.plain_likelihood(lanes, noise)
        pieces = split(lanes, noise)
        return np.concatenate(in_threads(self.likelihood, *zip(*pieces, strict=True), workers=None))

    def smooth(self, lanes: Lanes, noise: Noise) -> tuple[np.ndarray, np.ndarray]:
        """Give posterior means and variances of the position, (lanes, frames), lanes in threads."""
        if not compiled.COMPILED:
            return self.plain_smooth(lanes, noise)
        found = in_threads(self.alone, *zip(*split(lanes, noise), strict=True), workers=None)
        means, variances = zip(*found, strict=True)
        return np.concatenate(means), np.concatenate(variances)

    def alone(self, lanes: Lanes, noise: Noise) -> tuple[np.ndarray, np.ndarray]:
        """Smooth in one thread."""
        before = self.prior(lanes)
        return self.smoothed(lanes, noise, before, before, 0.0)[:2]


def split(lanes: Lanes, noise: Noise) -> list[tuple[Lanes, Noise]]:
    """Give lanes in as many parts as there are processors, or all where they are short."""
    count, frames = lanes.observed.shape
    parts = min(count, os.cpu_count() or 1) if frames * count > LEAST_WORK else 1
    edges = np.linspace(0, count, parts + 1).astype(int)
    pieces = [slice(*edge) for edge in pairwise(edges)]
    return [
        (
            Lanes(lanes.observed[i], lanes.spread[i], lanes.gaps, *(a[i] for a in lanes[3:])),
            Noise(*(a[i] for a in noise)),
        )
        for i in pieces
    ]


@compiled.compiled
def of_lane(noise: Noise, lane: int) -> tuple[float, float, float, float, float]:
    """Give one lane's step, gain and floor, and the slopes of the latter two."""
    return (
        noise.step[lane],
        noise.gain[lane],
        noise.floor[lane],
        noise.gain_slope[lane],
        noise.floor_slope[lane],
    )


@compiled.compiled
def surprise(
    e: float, i: float, fs: float, ft: float, ns: float, nt: float
) -> tuple[float, float, float, float, float]:
    """Give one observation's part of the derivatives and of the Fisher information.

    e is the innovation, i one over its variance F; fs and ft are the derivatives of F in log s and
    log theta, ns and nt those of the predicted mean.
    """
    u = e * i
    w = 0.5 * (e * u - 1.0) * i
    half = 0.5 * i * i
    return (
        w * fs + u * ns,
        w * ft + u * nt,
        half * fs * fs + ns * ns * i,
        half * fs * ft + ns * nt * i,
        half * ft * ft + nt * nt * i,
    )
