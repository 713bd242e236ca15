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
"""Where a row's variance is this many times its noise, the update takes the way of squares."""
LOST = 1e-6
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
    write(Q, P_to)
    for j in range(n):
        for k in range(n):
            f = F[j, k]
            if f != 0.0:
                for i in range(n):
                    P_to[i, j] += half[i, k] * f


@compiled
def write(A: np.ndarray, to: np.ndarray) -> None:
    """Put a matrix into another; `to[:] = A` would compile long, for the words of its errors."""
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            to[i, j] = A[i, j]


@compiled
def add(A: np.ndarray, to: np.ndarray) -> None:
    """Add a matrix to another."""
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            to[i, j] += A[i, j]


@compiled
def take_in(
    rows: Rows, b: np.ndarray, t: int, m: np.ndarray, P: np.ndarray, PH: np.ndarray
) -> tuple[float, float, bool]:
    """Update m and P by a frame's rows; give the sum of e²/F and of log(2 pi F).

    The last result is False where P is so wide that it would lose its digits; m and P are then of
    no use, and `pose_eks.core.wide` has to do it.
    """
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
            if known > WIDE * R:
                return square, logs, False
            one = 1.0 / (R + known)
            square += e * e * one
            logs += np.log((R + known) * 6.283185307179586)
            for j in range(n):
                m[j] += PH[j] * one * e
                for k in range(n):
                    P[j, k] -= PH[j] * one * PH[k]
    return square, logs, True


@compiled
def product(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Give A B, for small ones."""
    C = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for k in range(A.shape[1]):
            a = A[i, k]
            if a != 0.0:
                for j in range(B.shape[1]):
                    C[i, j] += a * B[k, j]
    return C


@compiled
def cholesky(P: np.ndarray) -> np.ndarray:
    """Give lower L with L L' = P; directions without variance get zeros."""
    n = len(P)
    L = np.zeros((n, n))
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
    return L


@compiled
def solved_below(L: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Give L^-1 B of a lower L; where its diagonal is 0, 0."""
    X = B.copy()
    for i in range(len(L)):
        for j in range(X.shape[1]):
            for k in range(i):
                X[i, j] -= L[i, k] * X[k, j]
            X[i, j] = X[i, j] / L[i, i] if L[i, i] > 0.0 else 0.0
    return X


@compiled
def divided(B: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Give P^-1 B of a covariance P; directions without variance give 0."""
    L = cholesky(P)
    X = solved_below(L, B)
    for i in range(len(L) - 1, -1, -1):
        for j in range(X.shape[1]):
            for k in range(i + 1, len(L)):
                X[i, j] -= L[k, i] * X[k, j]
            X[i, j] = X[i, j] / L[i, i] if L[i, i] > 0.0 else 0.0
    return X


@compiled
def forward(
    rows: Rows,
    steps: Steps,
    b: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
    start: int,
) -> tuple[float, int]:
    """Filter from a frame on; write means (frames, state) and covariances.

    Returns:
        The log-likelihood, and the frame that it ended before: the number of frames, or one whose
        prediction is too wide for this.
    """
    PH = np.empty(len(steps.first))
    total = 0.0
    for t in range(start, len(means)):
        m, P = means[t], covariances[t]
        if t == 0:
            m[:] = 0.0
            write(steps.first, P)
        else:
            g = steps.which[t]
            predict(means[t - 1], covariances[t - 1], steps.F[g], steps.Q[g], m, P)
        square, logs, sound = take_in(rows, b, t, m, P, PH)
        if not sound:
            return total, t
        total -= 0.5 * (square + logs)
    return total, len(means)


@compiled
def backward(
    rows: Rows,
    steps: Steps,
    b: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
    score: np.ndarray,
    start: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give dL/dfirst, dL/dF and dL/dQ summed per gap, and dL/dlog b, from what was filtered.

    The score (state, 1 + state), r and N of the last frame after its gap to the next, becomes that
    of the frame before `start`.
    """
    n = len(steps.first)
    dF, dQ, db = np.zeros_like(steps.F), np.zeros_like(steps.Q), np.zeros(len(b))
    dfirst = np.zeros((n, n))
    r, N = score[:, :1].copy(), score[:, 1:].copy()
    for t in range(len(means) - 1, start - 1, -1):
        P = covariances[t]
        q = means[t : t + 1].T + product(P, r)
        S = P - product(product(P, N), P)
        J, gain = residuals(rows, b, t, q, S, db)
        A = np.eye(n) - product(J, P)
        r = r + gain
        N = product(A, J + product(N, A.T.copy()))
        gathered = 0.5 * (product(r, r.T.copy()) - N)
        if t == 0:
            add(gathered, dfirst)
        else:
            g, P = steps.which[t], covariances[t - 1]
            F = steps.F[g]
            NF, back = product(N, F), F.T.copy()
            add(gathered, dQ[g])
            r_to = product(back, r)
            before = means[t - 1 : t].T + product(P, r_to)
            add(product(r, before.T.copy()) - product(NF, P), dF[g])
            r, N = r_to, product(back, NF)
    write(r, score[:, :1])
    write(N, score[:, 1:])
    return dfirst, dF, dQ, db


@compiled
def residuals(
    rows: Rows, b: np.ndarray, t: int, q: np.ndarray, S: np.ndarray, db: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give H' R^-1 H and H' R^-1 e of a frame, e about the smoothed q; add to dL/dlog b."""
    n, latent = len(S), rows.loading.shape[2]
    H = rows.loading[t if len(rows.loading) > 1 else 0]
    J, gain = np.zeros((n, n)), np.zeros((n, 1))
    for i in range(len(rows.views)):
        e = rows.observed[t, i]
        if e == e:
            one, known = 1.0 / noise_of(rows, b, t, i), 0.0
            for k in range(latent):
                e -= H[i, k] * (q[k, 0] + rows.mean[k])
                for j in range(latent):
                    known += H[i, k] * S[k, j] * H[i, j]
                    J[k, j] += H[i, k] * one * H[i, j]
            for k in range(latent):
                gain[k, 0] += H[i, k] * one * e
            slope = 0.5 * one * (one * (e * e + known) - 1.0)
            db[rows.floor[i]] += slope * floor_slope(rows, b, t, i)
    return J, gain


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
        G = divided(product(F, covariances[t]), P)  # its transpose is the gain
        gain = G.T.copy()
        rest = np.eye(n) - product(gain, F)
        step = product(gain, (means[t + 1 : t + 2] - m).T)
        for i in range(n):
            means[t, i] += step[i, 0]
        kept = product(product(rest, covariances[t]), rest.T.copy())
        kept += product(product(gain, Q + covariances[t + 1]), G)
        write(kept, covariances[t])
