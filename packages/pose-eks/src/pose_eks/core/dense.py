"""Filter, smoother and gradient of a chain whose motion is of any form.

Rows are taken in one by one, so that no matrix is inverted in the filter. The gradient comes from
one pass back: with r and N the smoothed score of a predicted state and its variance,

    dL/dQ_t = (r r' - N) / 2,   dL/dF_t = r m_{t-1}' - N F P_{t-1},   dL/dR = (e² - D) / 2

with m the smoothed mean, P the filtered covariance, e the smoothed residual over R, D its variance.

Source: de Jong 1989 and Koopman 1993 (disturbance smoother); Koopman & Shephard 1992 (the exact
score); Durbin & Koopman 2012, sections 4.5, 6.4 and 7.3.
"""

from typing import NamedTuple

import numpy as np

from pose_eks.core.chain import Rows
from pose_eks.core.compiled import compiled

WIDE = 1e6
"""Where a row's variance is this many times its noise, the update is written as a sum of squares."""
LOST = 1e-8
"""Of the filtered variance: where less is left, P - P N P has lost too many digits."""


class Steps(NamedTuple):
    """A motion's tables as kernels see them.

    Attributes:
        first: (state, state), covariance of the first state.
        F: (gaps, state, state), transitions.
        Q: (gaps, state, state), their noise.
        which: (frames,), the gap before every frame.
    """

    first: np.ndarray
    F: np.ndarray
    Q: np.ndarray
    which: np.ndarray


@compiled
def noise_of(rows: Rows, b: np.ndarray, t: int, i: int) -> float:
    """Give R of one row in one frame."""
    weight = rows.weights[t if len(rows.weights) > 1 else 0, rows.views[i]]
    floor = b[rows.floor[i]]
    v = rows.spread[t, i]
    return (floor * v if rows.multiplies[i] > 0 else rows.gain[i] * v + floor) / weight


@compiled
def predict(
    m: np.ndarray, P: np.ndarray, F: np.ndarray, Q: np.ndarray, m_to: np.ndarray, P_to: np.ndarray
) -> None:
    """Write F m and F P F' + Q; zeros of F cost little."""
    n = len(m)
    half = np.zeros((n, n))
    for i in range(n):
        m_to[i] = 0.0
        for k in range(n):
            f = F[i, k]
            if f != 0.0:
                m_to[i] += f * m[k]
                for j in range(n):
                    half[i, j] += f * P[k, j]
    P_to[:] = Q
    for j in range(n):
        for k in range(n):
            f = F[j, k]
            if f != 0.0:
                for i in range(n):
                    P_to[i, j] += half[i, k] * f


@compiled
def take_in(
    rows: Rows, b: np.ndarray, t: int, m: np.ndarray, P: np.ndarray, PH: np.ndarray
) -> tuple[float, float]:
    """Update m and P by a frame's rows; give the sum of e²/F and of log(2 pi F)."""
    n, latent = len(m), rows.loading.shape[2]
    square, logs = 0.0, 0.0
    H = rows.loading[t if len(rows.loading) > 1 else 0]
    for i in range(len(rows.views)):
        e = rows.observed[t, i]
        if e == e:
            R, known = noise_of(rows, b, t, i), 0.0
            for j in range(n):
                PH[j] = 0.0
                for k in range(latent):
                    PH[j] += P[j, k] * H[i, k]
            for k in range(latent):
                e -= H[i, k] * (m[k] + rows.mean[k])
                known += H[i, k] * PH[k]
            one = 1.0 / (R + known)
            square += e * e * one
            logs += np.log((R + known) * 6.283185307179586)
            for j in range(n):
                m[j] += PH[j] * one * e
            if known < WIDE * R:
                for j in range(n):
                    for k in range(n):
                        P[j, k] -= PH[j] * one * PH[k]
            else:
                joseph(P, PH, one, H[i], R)
    return square, logs


@compiled
def joseph(P: np.ndarray, PH: np.ndarray, one: float, H: np.ndarray, R: float) -> None:
    """Make P (1 - gain H') P (1 - gain H')' + gain R gain', with the gain PH / F."""
    n, latent = len(P), len(H)
    for _ in range(2):
        for column in range(n):  # of P, which becomes a row of the transposed product
            through = 0.0
            for k in range(latent):
                through += H[k] * P[k, column]
            for j in range(n):
                P[j, column] -= PH[j] * one * through
        for j in range(n):
            for k in range(j):
                P[j, k], P[k, j] = P[k, j], P[j, k]
    for j in range(n):
        for k in range(n):
            P[j, k] += PH[j] * one * R * one * PH[k]


@compiled
def forward(
    rows: Rows, steps: Steps, b: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> float:
    """Filter; write means (frames, state) and covariances; give the log-likelihood."""
    n = len(steps.first)
    PH = np.empty(n)
    total = 0.0
    for t in range(len(means)):
        m, P = means[t], covariances[t]
        if t == 0:
            m[:] = 0.0
            P[:] = steps.first
        else:
            g = steps.which[t]
            predict(means[t - 1], covariances[t - 1], steps.F[g], steps.Q[g], m, P)
        square, logs = take_in(rows, b, t, m, P, PH)
        total -= 0.5 * (square + logs)
    return total


@compiled
def backward(
    rows: Rows, steps: Steps, b: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give dL/dfirst, dL/dF and dL/dQ summed per gap, and dL/dlog b, from what was filtered."""
    n, latent = len(steps.first), rows.loading.shape[2]
    dF, dQ, db = np.zeros_like(steps.F), np.zeros_like(steps.Q), np.zeros(len(b))
    dfirst = np.zeros((n, n))
    r, N, smoothed = np.zeros(n), np.zeros((n, n)), np.zeros(n)
    for t in range(len(means) - 1, -1, -1):
        P, H = covariances[t], rows.loading[t if len(rows.loading) > 1 else 0]
        smoothed[:] = means[t]
        for j in range(n):
            for k in range(n):
                smoothed[j] += P[j, k] * r[k]
        spread = P - P @ N @ P
        J, gain = np.zeros((n, n)), np.zeros(n)
        for i in range(len(rows.views)):
            e = rows.observed[t, i]
            if e == e:
                one = 1.0 / noise_of(rows, b, t, i)
                known = 0.0
                for k in range(latent):
                    e -= H[i, k] * (smoothed[k] + rows.mean[k])
                    for j in range(latent):
                        known += H[i, k] * spread[k, j] * H[i, j]
                        J[k, j] += H[i, k] * one * H[i, j]
                for k in range(latent):
                    gain[k] += H[i, k] * one * e
                slope = 0.5 * one * (one * (e * e + known) - 1.0)
                db[rows.floor[i]] += slope * floor_slope(rows, b, t, i)
        A = np.eye(n) - J @ P
        r = r + gain
        N = A @ (J + N @ A.T)
        if t > 0:
            g = steps.which[t]
            before = means[t - 1] + covariances[t - 1] @ (steps.F[g].T @ r)
            for j in range(n):
                for k in range(n):
                    dQ[g, j, k] += 0.5 * (r[j] * r[k] - N[j, k])
                    dF[g, j, k] += r[j] * before[k]
            dF[g] -= N @ steps.F[g] @ covariances[t - 1]
            r = steps.F[g].T @ r
            N = steps.F[g].T @ N @ steps.F[g]
        else:
            for j in range(n):
                for k in range(n):
                    dfirst[j, k] = 0.5 * (r[j] * r[k] - N[j, k])
    return dfirst, dF, dQ, db


@compiled
def floor_slope(rows: Rows, b: np.ndarray, t: int, i: int) -> float:
    """Give the derivative of a row's R in its log b."""
    weight = rows.weights[t if len(rows.weights) > 1 else 0, rows.views[i]]
    floor = b[rows.floor[i]]
    return (floor * rows.spread[t, i] if rows.multiplies[i] > 0 else floor) / weight


@compiled
def rts(steps: Steps, means: np.ndarray, covariances: np.ndarray) -> None:
    """Turn what was filtered into what is smoothed, in place (Rauch, Tung, Striebel).

    The covariance is a sum of squares, (1 - GF) P (1 - GF)' + G (Q + P_next) G', so that nothing
    cancels after a long gap.
    """
    n = len(steps.first)
    m, P = np.empty(n), np.empty((n, n))
    for t in range(len(means) - 2, -1, -1):
        g = steps.which[t + 1]
        F, Q = steps.F[g], steps.Q[g]
        predict(means[t], covariances[t], F, Q, m, P)
        G = divided(F @ covariances[t], P)  # its transpose is the gain
        rest = np.eye(n) - G.T @ F
        means[t] += G.T @ (means[t + 1] - m)
        covariances[t] = rest @ covariances[t] @ rest.T + G.T @ (Q + covariances[t + 1]) @ G


@compiled
def divided(B: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Give P^-1 B of a covariance P, by Cholesky; directions without variance give 0."""
    n = len(P)
    L, X = np.zeros((n, n)), B.copy()
    for j in range(n):
        pivot = P[j, j]
        for k in range(j):
            pivot -= L[j, k] * L[j, k]
        if pivot > 1e-14 * P[j, j]:
            L[j, j] = np.sqrt(pivot)
            for i in range(j + 1, n):
                rest = P[i, j]
                for k in range(j):
                    rest -= L[i, k] * L[j, k]
                L[i, j] = rest / L[j, j]
    for column in range(n):
        for i in range(n):
            rest = X[i, column]
            for k in range(i):
                rest -= L[i, k] * X[k, column]
            X[i, column] = rest / L[i, i] if L[i, i] > 0 else 0.0
        for i in range(n - 1, -1, -1):
            rest = X[i, column]
            for k in range(i + 1, n):
                rest -= L[k, i] * X[k, column]
            X[i, column] = rest / L[i, i] if L[i, i] > 0 else 0.0
    return X
