"""The state-space core's data: every coordinate of every keypoint is a lane of its own.

A lane is a series of scalar observations y_t = q_t + n_t, n_t ~ N(0, R_t), of the position q_t
that moves by one of `pose_eks.core.dynamics`. The observation noise has one parameter theta: floor
R_t = gain v_t + theta, or factor, R_t = theta v_t. Kernels see both as R = gain v + floor with
their slopes in log theta. Lanes are rows, contiguous in time, so that a kernel holds the state of
one lane in registers.

Source: Biderman, Whiteway et al. 2024, equations 14-17; a, b: the noise model of this package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pose_eks.core.compiled import compiled


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
        smooth: (Lanes, Noise) to posterior means and variances of the position, (lanes, frames).
    """

    name: str
    order: int
    likelihood: Callable[[Lanes, Noise], np.ndarray]
    smooth: Callable[[Lanes, Noise], tuple[np.ndarray, np.ndarray]]


@compiled
def of_lane(noise: Noise, lane: int) -> tuple[float, float, float, float, float]:
    """Give one lane's step, gain and floor, and the slopes of the latter two."""
    return (
        noise.step[lane],
        noise.gain[lane],
        noise.floor[lane],
        noise.gain_slope[lane],
        noise.floor_slope[lane],
    )


@compiled
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
