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
def multiply(A: np.ndarray, B: np.ndarray, turned: bool, to: np.ndarray) -> None:
    """Write A B, or A B' where it is turned; zeros of A cost little."""
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            to[i, j] = 0.0
        for k in range(A.shape[1]):
            a = A[i, k]
            if a != 0.0:
                for j in range(to.shape[1]):
                    to[i, j] += a * (B[j, k] if turned else B[k, j])


@compiled
def add(A: np.ndarray, times: float, to: np.ndarray) -> None:
    """Add a matrix, so many times, to another."""
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            to[i, j] += times * A[i, j]


@compiled
def take_from(A: np.ndarray, to: np.ndarray) -> None:
    """Turn a matrix B into A - B."""
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            to[i, j] = A[i, j] - to[i, j]


@compiled
def predict(
    m: np.ndarray,
    P: np.ndarray,
    F: np.ndarray,
    Q: np.ndarray,
    m_to: np.ndarray,
    P_to: np.ndarray,
    room: np.ndarray,
) -> None:
    """Write F m and F P F' + Q."""
    for i in range(len(m)):
        m_to[i] = 0.0
        for k in range(len(m)):
            m_to[i] += F[i, k] * m[k]
    multiply(F, P, False, room)
    multiply(room, F, True, P_to)
    add(Q, 1.0, P_to)


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
def divide(B: np.ndarray, P: np.ndarray, L: np.ndarray) -> None:
    """Turn B into P^-1 B for a covariance P; directions without variance give 0.

    L becomes the lower matrix with L L' = P, with zeros for such directions.
    """
    n = len(P)
    for j in range(n):
        for i in range(n):
            L[i, j] = 0.0
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
    for i in range(n):
        substitute(B, L, i, 0, i, False)
    for i in range(n - 1, -1, -1):
        substitute(B, L, i, i + 1, n, True)


@compiled
def substitute(B: np.ndarray, L: np.ndarray, i: int, first: int, last: int, turned: bool) -> None:
    """Solve for row i of B from rows that are solved already."""
    for j in range(B.shape[1]):
        for k in range(first, last):
            B[i, j] -= (L[k, i] if turned else L[i, k]) * B[k, j]
        B[i, j] = B[i, j] / L[i, i] if L[i, i] > 0.0 else 0.0


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
    n = len(steps.first)
    PH, room = np.empty(n), np.empty((n, n))
    total = 0.0
    for t in range(start, len(means)):
        m, P = means[t], covariances[t]
        if t == 0:
            for i in range(n):
                m[i] = 0.0
                for j in range(n):
                    P[i, j] = steps.first[i, j]
        else:
            g = steps.which[t]
            predict(means[t - 1], covariances[t - 1], steps.F[g], steps.Q[g], m, P, room)
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
    dF, dQ, db = np.zeros(steps.F.shape), np.zeros(steps.Q.shape), np.zeros(len(b))
    dfirst, one = np.zeros((n, n)), np.eye(n)
    room, vectors = np.empty((5, n, n)), np.empty((3, n))
    N, S, J, A, X = room[0], room[1], room[2], room[3], room[4]
    r, q, gain = vectors[0], vectors[1], vectors[2]
    for i in range(n):
        r[i] = score[i, 0]
        for j in range(n):
            N[i, j] = score[i, 1 + j]
    for t in range(len(means) - 1, start - 1, -1):
        P = covariances[t]
        further(means[t], P, r, q)
        multiply(P, N, False, X)
        multiply(X, P, False, S)
        take_from(P, S)
        residuals(rows, b, t, q, S, db, J, gain)
        multiply(J, P, False, A)
        take_from(one, A)
        for i in range(n):
            r[i] += gain[i]
        multiply(N, A, True, X)
        add(J, 1.0, X)
        multiply(A, X, False, N)
        gather(r, N, dQ[steps.which[t]] if t > 0 else dfirst)
        if t > 0:
            g, P, F = steps.which[t], covariances[t - 1], steps.F[steps.which[t]]
            called_back(F, r, gain)
            further(means[t - 1], P, gain, q)
            multiply(N, F, False, X)
            multiply(X, P, False, A)
            for i in range(n):
                for j in range(n):
                    dF[g, i, j] += r[i] * q[j] - A[i, j]
                    S[i, j] = F[j, i]
            multiply(S, X, False, N)
            for i in range(n):
                r[i] = gain[i]
    for i in range(n):
        score[i, 0] = r[i]
        for j in range(n):
            score[i, 1 + j] = N[i, j]
    return dfirst, dF, dQ, db


@compiled
def further(m: np.ndarray, P: np.ndarray, r: np.ndarray, to: np.ndarray) -> None:
    """Write m + P r."""
    for i in range(len(m)):
        to[i] = m[i]
        for j in range(len(m)):
            to[i] += P[i, j] * r[j]


@compiled
def called_back(F: np.ndarray, r: np.ndarray, to: np.ndarray) -> None:
    """Write F' r."""
    for i in range(len(r)):
        to[i] = 0.0
        for j in range(len(r)):
            to[i] += F[j, i] * r[j]


@compiled
def gather(r: np.ndarray, N: np.ndarray, to: np.ndarray) -> None:
    """Add (r r' - N) / 2."""
    for i in range(len(r)):
        for j in range(len(r)):
            to[i, j] += 0.5 * (r[i] * r[j] - N[i, j])


@compiled
def residuals(
    rows: Rows,
    b: np.ndarray,
    t: int,
    q: np.ndarray,
    S: np.ndarray,
    db: np.ndarray,
    J: np.ndarray,
    gain: np.ndarray,
) -> None:
    """Write H' R^-1 H and H' R^-1 e of a frame, e about the smoothed q; add to dL/dlog b."""
    latent = rows.loading.shape[2]
    for k in range(len(q)):
        gain[k] = 0.0
        for j in range(len(q)):
            J[k, j] = 0.0
    H = rows.loading[t if len(rows.loading) > 1 else 0]
    for i in range(len(rows.views)):
        e = rows.observed[t, i]
        if e == e:
            one, known = 1.0 / noise_of(rows, b, t, i), 0.0
            for k in range(latent):
                e -= H[i, k] * (q[k] + rows.mean[k])
                for j in range(latent):
                    known += H[i, k] * S[k, j] * H[i, j]
                    J[k, j] += H[i, k] * one * H[i, j]
            for k in range(latent):
                gain[k] += H[i, k] * one * e
            slope = 0.5 * one * (one * (e * e + known) - 1.0)
            db[rows.floor[i]] += slope * floor_slope(rows, b, t, i)


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
    m, one, room = np.empty(n), np.eye(n), np.empty((5, n, n))
    P, G, gain, rest, X = room[0], room[1], room[2], room[3], room[4]
    for t in range(len(means) - 2, -1, -1):
        g = steps.which[t + 1]
        F, Q = steps.F[g], steps.Q[g]
        predict(means[t], covariances[t], F, Q, m, P, X)
        multiply(F, covariances[t], False, G)
        divide(G, P, X)  # its transpose is the gain
        for i in range(n):
            for j in range(n):
                gain[i, j] = G[j, i]
        for i in range(n):
            for j in range(n):
                means[t, i] += gain[i, j] * (means[t + 1, j] - m[j])
        multiply(gain, F, False, rest)
        take_from(one, rest)
        multiply(rest, covariances[t], False, X)
        multiply(X, rest, True, covariances[t])
        multiply(gain, Q, False, X)
        multiply(gain, covariances[t + 1], False, P)
        add(P, 1.0, X)
        multiply(X, gain, True, P)
        add(P, 1.0, covariances[t])
