"""The integrated walk: dq = u dt, and the velocity u wanders, du ~ N(0, s dt).

Exact for any gap h: transition (1, h; 0, 1), noise s (h³/3, h²/2; h²/2, h). The state is (position,
velocity), its covariance (p, c, w); derivatives in log s and log theta are carried along as in
`pose_eks.core.walk`.

Source: Särkkä & Solin, Applied Stochastic Differential Equations (2019), example 6.3.
"""

import numpy as np

from pose_eks.core.compiled import compiled
from pose_eks.core.lanes import Lanes, Noise, of_lane, surprise

State = tuple[float, float, float, float, float]
"""Mean (m, u) and covariance (p, c, w) of position and velocity, or their derivatives."""


@compiled
def moved(m: float, u: float, p: float, c: float, w: float, h: float, s: float) -> State:
    """Predict mean (m, u) and covariance (p, c, w) over a gap h."""
    c_moved = c + h * w
    return (
        m + h * u,
        u,
        p + h * (c + c_moved) + s * h * h * h / 3.0,
        c_moved + s * h * h / 2.0,
        w + s * h,
    )


@compiled
def slopes(
    n: float,
    v: float,
    d: float,
    c: float,
    w: float,
    f: float,
    r: float,
    e: float,
    i: float,
    k: float,
    j: float,
) -> State:
    """Update the derivatives: (n, v) of the mean, (d, c, w) of the covariance.

    f and r are the derivatives of the innovation's variance and of the noise R, e the innovation,
    i one over its variance, k and j the gains of position and velocity.
    """
    rest = 1.0 - k
    return (
        n * rest + (d - k * f) * i * e,
        v - j * n + (c - j * f) * i * e,
        d * rest * rest + k * k * r,
        c * rest + j * (r - rest * f),
        w - 2.0 * j * c + j * j * f,
    )


@compiled
def likelihood(lanes: Lanes, noise: Noise) -> np.ndarray:
    """Give the exact log-likelihood with derivatives and Fisher information; see `Dynamics`."""
    count, frames = lanes.observed.shape
    found = np.zeros((count, 6))
    for lane in range(count):
        m, u = 0.0, 0.0
        p, c, w = lanes.position_variance[lane], 0.0, lanes.velocity_variance[lane]
        ms, us, ps, cs, ws = 0.0, 0.0, 0.0, 0.0, 0.0
        mt, ut, pt, ct, wt = 0.0, 0.0, 0.0, 0.0, 0.0
        total, product = 0.0, 1.0
        gs, gt, iss, ist, itt = 0.0, 0.0, 0.0, 0.0, 0.0
        s, gain, floor, gain_slope, floor_slope = of_lane(noise, lane)
        for t in range(frames):
            h = lanes.gaps[t]
            m, u, p, c, w = moved(m, u, p, c, w, h, s)
            ms, us, ps, cs, ws = moved(ms, us, ps, cs, ws, h, s)
            mt, ut, pt, ct, wt = moved(mt, ut, pt, ct, wt, h, 0.0)
            y = lanes.observed[lane, t]
            if y == y:
                R = gain * lanes.spread[lane, t] + floor
                r = gain_slope * lanes.spread[lane, t] + floor_slope
                e, F = y - m, p + R
                i = 1.0 / F
                a, b, d, f, g = surprise(e, i, ps, pt + r, ms, mt)
                gs, gt, iss, ist, itt = gs + a, gt + b, iss + d, ist + f, itt + g
                total += e * e * i
                product *= F * 6.283185307179586
                k, j, rest = p * i, c * i, R * i
                ms, us, ps, cs, ws = slopes(ms, us, ps, cs, ws, ps, 0.0, e, i, k, j)
                mt, ut, pt, ct, wt = slopes(mt, ut, pt, ct, wt, pt + r, r, e, i, k, j)
                m, u = m + k * e, u + j * e
                p, c, w = p * rest, c * rest, w - j * c
            if t % 8 == 7:
                total, product = total + np.log(product), 1.0
        total += np.log(product)
        found[lane] = (-0.5 * total, gs, gt, iss, ist, itt)
    return found


def prior(lanes: Lanes) -> np.ndarray:
    """Give the state (lanes, 5) before the first frame: m, u, p, c, w."""
    states = np.zeros((len(lanes.observed), 5))
    states[:, 2], states[:, 4] = lanes.position_variance, lanes.velocity_variance
    return states


@compiled
def taken_in(state: State, y: float, R: float) -> State:
    """Update a state by an observation."""
    m, u, p, c, w = state
    i = 1.0 / (p + R)
    k, j, e = p * i, c * i, y - m
    return m + k * e, u + j * e, p * R * i, c * R * i, w - j * c


@compiled
def filtered(lanes: Lanes, noise: Noise, before: np.ndarray) -> np.ndarray:
    """Give the state (lanes, 5) after the last frame from that before the first."""
    states = np.empty((len(before), 5))
    for lane in range(len(before)):
        m, u, p, c, w = read(before[lane])
        for t in range(lanes.observed.shape[1]):
            m, u, p, c, w = moved(m, u, p, c, w, lanes.gaps[t], noise.step[lane])
            y = lanes.observed[lane, t]
            if y == y:
                R = noise.gain[lane] * lanes.spread[lane, t] + noise.floor[lane]
                m, u, p, c, w = taken_in((m, u, p, c, w), y, R)
        states[lane] = (m, u, p, c, w)
    return states


@compiled
def read(state: np.ndarray) -> State:
    """Read a state."""
    return state[0], state[1], state[2], state[3], state[4]


@compiled
def smoothed(
    lanes: Lanes, noise: Noise, before: np.ndarray, after: np.ndarray, gap: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give posterior means and variances of the position, and the first frame's whole state.

    See `pose_eks.core.walk.smoothed`.
    """
    count, frames = lanes.observed.shape
    means, variances = np.empty((count, frames)), np.empty((count, frames))
    states, firsts = np.empty((frames, 5)), np.empty((count, 5))  # of one lane; of all
    for lane in range(count):
        s = noise.step[lane]
        m, u, p, c, w = read(before[lane])
        for t in range(frames):
            m, u, p, c, w = moved(m, u, p, c, w, lanes.gaps[t], s)
            y = lanes.observed[lane, t]
            if y == y:
                R = noise.gain[lane] * lanes.spread[lane, t] + noise.floor[lane]
                m, u, p, c, w = taken_in((m, u, p, c, w), y, R)
            states[t] = (m, u, p, c, w)
        if gap > 0.0:
            m, u, p, c, w = read(after[lane])
            m, u, p, c, w = stepped_back(states[frames - 1], m, u, p, c, w, gap, s)
        means[lane, frames - 1], variances[lane, frames - 1] = m, p
        for t in range(frames - 2, -1, -1):
            m, u, p, c, w = stepped_back(states[t], m, u, p, c, w, lanes.gaps[t + 1], s)
            means[lane, t], variances[lane, t] = m, p
        firsts[lane] = (m, u, p, c, w)
    return means, variances, firsts


@compiled
def stepped_back(
    state: np.ndarray,
    m: float,
    u: float,
    p: float,
    c: float,
    w: float,
    h: float,
    s: float,
) -> State:
    """Give the posterior of a frame from its filtered state and the posterior of the next."""
    fm, fu, fp, fc, fw = state[0], state[1], state[2], state[3], state[4]
    am, au, ap, ac, aw = moved(fm, fu, fp, fc, fw, h, s)  # predicted
    inverse = 1.0 / (ap * aw - ac * ac)
    xp, xc = fp + h * fc, fc + h * fw  # cross covariances of this state with the next position
    g00 = (xp * aw - fc * ac) * inverse
    g01 = (fc * ap - xp * ac) * inverse
    g10 = (xc * aw - fw * ac) * inverse
    g11 = (fw * ap - xc * ac) * inverse
    dm, du = m - am, u - au
    dp, dc, dw = p - ap, c - ac, w - aw
    return (
        fm + g00 * dm + g01 * du,
        fu + g10 * dm + g11 * du,
        fp + g00 * g00 * dp + 2.0 * g00 * g01 * dc + g01 * g01 * dw,
        fc + g00 * g10 * dp + (g00 * g11 + g01 * g10) * dc + g01 * g11 * dw,
        fw + g10 * g10 * dp + 2.0 * g10 * g11 * dc + g11 * g11 * dw,
    )
