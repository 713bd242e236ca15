"""The random walk: q_t = q_{t-1} + e_t, e_t ~ N(0, s dt_t).

Source: Biderman, Whiteway et al. 2024, equation 16. Derivatives by forward sensitivities: the
filter's mean m and variance p are carried with their derivatives in log s (ms, ps) and log theta
(mt, pt). The logarithm is taken of products of eight variances, as it costs more than the rest.
"""

import numpy as np

from pose_eks.core.compiled import compiled
from pose_eks.core.lanes import Lanes, Noise, of_lane, surprise


@compiled
def likelihood(lanes: Lanes, noise: Noise) -> np.ndarray:
    """Give the exact log-likelihood with derivatives and Fisher information; see `Dynamics`."""
    count, frames = lanes.observed.shape
    found = np.zeros((count, 6))
    for lane in range(count):
        m, p, ms, ps, mt, pt = 0.0, lanes.position_variance[lane], 0.0, 0.0, 0.0, 0.0
        total, product = 0.0, 1.0
        gs, gt, iss, ist, itt = 0.0, 0.0, 0.0, 0.0, 0.0
        s, gain, floor, gain_slope, floor_slope = of_lane(noise, lane)
        for t in range(frames):
            q = s * lanes.gaps[t]
            p, ps = p + q, ps + q
            y = lanes.observed[lane, t]
            if y == y:
                R = gain * lanes.spread[lane, t] + floor
                r = gain_slope * lanes.spread[lane, t] + floor_slope
                e, F = y - m, p + R
                i = 1.0 / F
                a, b, c, d, f = surprise(e, i, ps, pt + r, ms, mt)
                gs, gt, iss, ist, itt = gs + a, gt + b, iss + c, ist + d, itt + f
                total += e * e * i
                product *= F * 6.283185307179586
                k, rest = p * i, R * i  # the gain, and what it leaves
                m, p = m + k * e, p * rest
                ms, ps = ms * rest + ps * i * rest * e, ps * rest * rest
                mt = mt * rest + (pt * rest - k * r) * i * e
                pt = pt * rest * rest + k * k * r
            if t % 8 == 7:
                total, product = total + np.log(product), 1.0
        total += np.log(product)
        found[lane] = (-0.5 * total, gs, gt, iss, ist, itt)
    return found


def prior(lanes: Lanes) -> np.ndarray:
    """Give the state (lanes, 2) before the first frame; mean and variance."""
    states = np.zeros((len(lanes.observed), 2))
    states[:, 1] = lanes.position_variance
    return states


@compiled
def filtered(lanes: Lanes, noise: Noise, before: np.ndarray) -> np.ndarray:
    """Give the state (lanes, 2) after the last frame from that before the first."""
    states = np.empty((len(before), 2))
    for lane in range(len(before)):
        m, p = before[lane, 0], before[lane, 1]
        for t in range(lanes.observed.shape[1]):
            p += noise.step[lane] * lanes.gaps[t]
            y = lanes.observed[lane, t]
            if y == y:
                R = noise.gain[lane] * lanes.spread[lane, t] + noise.floor[lane]
                i = 1.0 / (p + R)
                m, p = m + p * i * (y - m), p * R * i
        states[lane, 0], states[lane, 1] = m, p
    return states


@compiled
def smoothed(
    lanes: Lanes, noise: Noise, before: np.ndarray, after: np.ndarray, gap: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give posterior means and variances (Rauch, Tung, Striebel), and the first frame's state.

    `before` is the filtered state before the first frame; `after` the posterior of the frame that
    follows the last by `gap`, which counts where `gap` is above 0. See `Dynamics`.
    """
    count, frames = lanes.observed.shape
    means, variances = np.empty((count, frames)), np.empty((count, frames))
    states = np.empty((count, 2))
    for lane in range(count):
        m, p = before[lane, 0], before[lane, 1]
        for t in range(frames):
            p += noise.step[lane] * lanes.gaps[t]
            y = lanes.observed[lane, t]
            if y == y:
                R = noise.gain[lane] * lanes.spread[lane, t] + noise.floor[lane]
                i = 1.0 / (p + R)
                m, p = m + p * i * (y - m), p * R * i
            means[lane, t], variances[lane, t] = m, p
        if gap > 0.0:
            m, p = after[lane, 0], after[lane, 1]
        for t in range(frames - (1 if gap > 0.0 else 2), -1, -1):
            q = noise.step[lane] * (lanes.gaps[t + 1] if t < frames - 1 else gap)
            g = variances[lane, t] / (variances[lane, t] + q)
            m = means[lane, t] + g * (m - means[lane, t])
            p = g * (q + g * p)
            means[lane, t], variances[lane, t] = m, p
        states[lane, 0], states[lane, 1] = m, p
    return means, variances, states
