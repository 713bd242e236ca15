"""Lanes in numpy, where there is no compiler: all lanes side by side, frame by frame.

The steps are those of the kernels in `walk` and `velocity`, on arrays with a lane each. A walk's
posterior precision is tridiagonal, so that LAPACK smooths it at full length (pttrf): with d and d'
the pivots from the front and from the back, and a the diagonal, variances are 1 / (d + d' - a).

Source: Rue & Held 2005, section 2.4 (Gaussian Markov random fields); Meurant 1992 (the inverse of a
tridiagonal matrix from its two factorisations).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pose_eks.core import lanes as scalar
from pose_eks.core import velocity
from pose_eks.core.lanes import Lanes, Noise

LEAST = 1e-9  # of the process noise; less observation noise than that has no effect
# The kernels' steps are written for numbers and hold for arrays.
moved: Any = velocity.moved
slopes: Any = velocity.slopes
stepped_back: Any = velocity.stepped_back
surprise: Any = scalar.surprise
Frame = tuple[float, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def frames_of(lanes: Lanes, noise: Noise) -> Iterator[Frame]:
    """Give of every frame the gap, and per lane whether it is seen, y, R and R's slope."""
    seen = np.isfinite(lanes.observed).T
    y = np.where(seen, lanes.observed.T, 0.0)
    v = np.where(seen, lanes.spread.T, 0.0)
    R = np.where(seen, noise.gain * v + noise.floor, 1.0)
    slope = np.where(seen, noise.gain_slope * v + noise.floor_slope, 0.0)
    return zip(lanes.gaps, seen, y, R, slope, strict=True)


def walk_likelihood(lanes: Lanes, noise: Noise) -> np.ndarray:
    """Do what `walk.likelihood` does."""
    count = len(lanes.observed)
    m, ms, ps, mt, pt = np.zeros((5, count))
    p, found = lanes.position_variance.astype(float), np.zeros((count, 6))
    for gap, seen, y, R, r in frames_of(lanes, noise):
        p, ps = p + noise.step * gap, ps + noise.step * gap
        e, F = np.where(seen, y - m, 0.0), p + R
        i = np.where(seen, 1 / F, 0.0)
        found[:, 1:] += np.stack(surprise(e, i, ps, pt + r, ms, mt), 1)
        found[:, 0] -= 0.5 * (e * e * i + np.where(seen, np.log(2 * np.pi * F), 0.0))
        k = p * i
        rest = 1 - k
        m, p = m + k * e, np.where(seen, k * R, p)
        ms, ps = ms * rest + ps * i * rest * e, ps * rest * rest
        mt = mt * rest + (pt * rest - k * r) * i * e
        pt = pt * rest * rest + k * k * r
    return found


def velocity_likelihood(lanes: Lanes, noise: Noise) -> np.ndarray:
    """Do what `velocity.likelihood` does."""
    count = len(lanes.observed)
    found, state = np.zeros((count, 6)), tuple(velocity.prior(lanes).T)
    by_s = by_theta = tuple(np.zeros((5, count)))
    for gap, seen, y, R, r in frames_of(lanes, noise):
        state = moved(*state, gap, noise.step)
        by_s = moved(*by_s, gap, noise.step)
        by_theta = moved(*by_theta, gap, 0.0)
        m, u, p, c, w = state
        e, F = np.where(seen, y - m, 0.0), p + R
        i = np.where(seen, 1 / F, 0.0)
        ps, pt = by_s[2], by_theta[2]
        found[:, 1:] += np.stack(surprise(e, i, ps, pt + r, by_s[0], by_theta[0]), 1)
        found[:, 0] -= 0.5 * (e * e * i + np.where(seen, np.log(2 * np.pi * F), 0.0))
        k, j = p * i, c * i
        by_s = slopes(*by_s, ps, 0.0, e, i, k, j)
        by_theta = slopes(*by_theta, pt + r, r, e, i, k, j)
        left = np.where(seen, R * i, 1.0)
        state = m + k * e, u + j * e, p * left, c * left, w - j * c
    return found


def walk_smooth(lanes: Lanes, noise: Noise) -> tuple[np.ndarray, np.ndarray]:
    """Give posterior means and variances, (lanes, frames), by LAPACK."""
    found = [tridiagonal(lanes, noise, lane) for lane in range(len(lanes.observed))]
    means, variances = zip(*found, strict=True)
    return np.stack(means), np.stack(variances)


def tridiagonal(lanes: Lanes, noise: Noise, lane: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth one lane."""
    from scipy.linalg.lapack import dpttrf, dpttrs  # takes a while to load

    seen = np.isfinite(lanes.observed[lane])
    R = noise.gain[lane] * lanes.spread[lane] + noise.floor[lane]
    R = np.maximum(R, LEAST * noise.step[lane])  # 0 where all members agree and b is given as 0
    one = np.where(seen, 1 / np.where(seen, R, 1.0), 0.0)
    tie = 1 / (noise.step[lane] * lanes.gaps[1:])
    diagonal = one.copy()
    diagonal[0] += 1 / (lanes.position_variance[lane] + noise.step[lane] * lanes.gaps[0])
    diagonal[1:] += tie
    diagonal[:-1] += tie
    front, below, _ = dpttrf(diagonal, -tie)
    back = dpttrf(diagonal[::-1].copy(), -tie[::-1])[0][::-1]
    means, _ = dpttrs(front, below, np.where(seen, lanes.observed[lane], 0.0) * one)
    return means, 1 / (front + back - diagonal)


def velocity_smooth(lanes: Lanes, noise: Noise) -> tuple[np.ndarray, np.ndarray]:
    """Do what `velocity.smoothed` does for a whole recording."""
    count, frames = lanes.observed.shape
    state, states = tuple(velocity.prior(lanes).T), np.empty((frames, 5, count))
    for t, (gap, seen, y, R, _) in enumerate(frames_of(lanes, noise)):
        m, u, p, c, w = moved(*state, gap, noise.step)
        i = np.where(seen, 1 / (p + R), 0.0)
        k, j, left = p * i, c * i, np.where(seen, R * i, 1.0)
        state = m + k * (y - m), u + j * (y - m), p * left, c * left, w - j * c
        states[t] = state
    means, variances = np.empty((2, frames, count))
    means[-1], variances[-1] = state[0], state[2]
    for t in range(frames - 2, -1, -1):
        state = stepped_back(states[t], *state, lanes.gaps[t + 1], noise.step)
        means[t], variances[t] = state[0], state[2]
    return np.ascontiguousarray(means.T), np.ascontiguousarray(variances.T)
