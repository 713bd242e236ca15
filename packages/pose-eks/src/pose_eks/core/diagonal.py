"""Filter, gradient and smoother for up to three latents that move one by one: walks and AR(1).

The equations are those of `pose_eks.core.dense`; F is diagonal, everything is written out. What
was filtered is kept as 9 numbers per frame: mean, and covariance as in `pose_eks.core.three`.
"""

from typing import NamedTuple

import numpy as np

from pose_eks.core.chain import Rows
from pose_eks.core.compiled import compiled
from pose_eks.core.dense import LOST, WIDE, floor_slope, noise_of
from pose_eks.core.three import (
    NO_SYMMETRIC,
    NO_VECTOR,
    Symmetric,
    Vector,
    along,
    dot,
    each,
    full,
    half,
    minus,
    one_minus,
    plus,
    product,
    scaled,
    summed,
    symmetric,
    transposed,
    turned,
    vector,
    with_square,
)


class Steps(NamedTuple):
    """The motion's tables: first (6,), F (gaps, 3), Q (gaps, 6), which (frames,)."""

    first: np.ndarray
    F: np.ndarray
    Q: np.ndarray
    which: np.ndarray


@compiled
def crossed(N: Symmetric, f: Vector, P: Symmetric) -> Vector:
    """Give the diagonal of N diag(f) P."""
    return (
        N[0] * f[0] * P[0] + N[1] * f[1] * P[1] + N[2] * f[2] * P[2],
        N[1] * f[0] * P[1] + N[3] * f[1] * P[3] + N[4] * f[2] * P[4],
        N[2] * f[0] * P[2] + N[4] * f[1] * P[4] + N[5] * f[2] * P[5],
    )


@compiled
def forward(
    rows: Rows, steps: Steps, b: np.ndarray, kept: np.ndarray, start: int
) -> tuple[float, int]:
    """Filter from a frame on; write `kept` (frames, 9).

    Returns:
        The log-likelihood, and the frame that it ended before: the number of frames, or one whose
        prediction is too wide for this.
    """
    m, P = NO_VECTOR, symmetric(steps.first)
    if start > 0:
        m, P = vector(kept[start - 1]), symmetric(kept[start - 1, 3:])
    mean = vector(rows.mean)
    moving = len(rows.loading) > 1
    total, factors = 0.0, 1.0
    for t in range(start, len(kept)):
        total_before, factors_before = total, factors
        if t > 0:
            g = steps.which[t]
            f = vector(steps.F[g])
            m, P = each(f, m), summed(scaled(P, f), symmetric(steps.Q[g]))
        for i in range(len(rows.views)):
            y = rows.observed[t, i]
            if y == y:
                H = vector(rows.loading[t if moving else 0, i])
                PH = turned(P, H)
                R, known = noise_of(rows, b, t, i), dot(H, PH)
                if known > WIDE * R:
                    return -0.5 * (total_before + np.log(factors_before)), t
                e, F = y - dot(H, along(m, 1.0, mean)), R + known
                one = 1.0 / F
                total += e * e * one
                factors *= F * 6.283185307179586
                if factors > 1e100 or factors < 1e-100:
                    total, factors = total + np.log(factors), 1.0
                m, P = along(m, one * e, PH), with_square(P, -one, PH)
        write(kept[t], m, P)
    return -0.5 * (total + np.log(factors)), len(kept)


@compiled
def write(kept: np.ndarray, m: Vector, P: Symmetric) -> None:
    """Keep a frame's state."""
    kept[0], kept[1], kept[2] = m
    kept[3], kept[4], kept[5], kept[6], kept[7], kept[8] = P


@compiled
def told(
    rows: Rows, b: np.ndarray, t: int, q: Vector, S: Symmetric, db: np.ndarray
) -> tuple[Symmetric, Vector]:
    """Give H' R^-1 H and H' R^-1 e of a frame, e about the smoothed q; add to dL/dlog b."""
    J, gain = NO_SYMMETRIC, NO_VECTOR
    moving = len(rows.loading) > 1
    for i in range(len(rows.views)):
        y = rows.observed[t, i]
        if y == y:
            H = vector(rows.loading[t if moving else 0, i])
            one = 1.0 / noise_of(rows, b, t, i)
            e = y - dot(H, q)
            J, gain = with_square(J, one, H), along(gain, one * e, H)
            slope = 0.5 * one * (one * (e * e + dot(H, turned(S, H))) - 1.0)
            db[rows.floor[i]] += slope * floor_slope(rows, b, t, i)
    return J, gain


@compiled
def backward(
    rows: Rows, steps: Steps, b: np.ndarray, kept: np.ndarray, score: np.ndarray, start: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]:
    """Give dL/dfirst (6,), dL/dF (gaps, 3), dL/dQ (gaps, 6), dL/dlog b; `kept` becomes smoothed.

    The last result is False where a smoothed variance was lost to rounding.

    Entries beside the diagonal are derivatives in one of the two equal entries.

    Args:
        rows: the observations.
        steps: the motion; has one gap more than there are frames where frames follow.
        b: (floors,), the noise floors.
        kept: (frames, 9), what was filtered.
        score: (9,), r and N of the frame that follows, zeros for none; becomes that of `start`.
        start: the first frame to go back to.
    """
    dF, dQ, db = np.zeros_like(steps.F), np.zeros_like(steps.Q), np.zeros(len(b))
    dfirst, sound = np.zeros(6), True
    mean = vector(rows.mean)
    r_next, N_next = vector(score), symmetric(score[3:])
    for t in range(len(kept) - 1, start - 1, -1):
        P = symmetric(kept[t, 3:])
        r, N = r_next, N_next
        if t + 1 < len(steps.which):
            f = vector(steps.F[steps.which[t + 1]])
            r, N = each(f, r_next), scaled(N_next, f)
        q = along(vector(kept[t]), 1.0, turned(P, r))
        fullP, fullN = full(P), full(N)
        PN = product(fullP, fullN)
        S = half(minus(fullP, product(PN, fullP)))
        if t + 1 < len(steps.which):
            g = steps.which[t + 1]
            known = crossed(N_next, f, P)
            for k in range(3):
                dF[g, k] += r_next[k] * q[k] - known[k]
        sound &= S[0] >= LOST * P[0] and S[3] >= LOST * P[3] and S[5] >= LOST * P[5]
        J, gain = told(rows, b, t, along(q, 1.0, mean), S, db)
        fullJ = full(J)
        B = one_minus(product(fullJ, fullP))
        r_next = along(r, 1.0, gain)
        N_next = half(product(B, plus(fullJ, product(fullN, transposed(B)))))
        rr = with_square(NO_SYMMETRIC, 0.5, r_next)
        into = dQ[steps.which[t]] if t > 0 else dfirst
        for k in range(6):
            into[k] += rr[k] - 0.5 * N_next[k]
        write(kept[t], q, S)
    write(score, r_next, N_next)
    return dfirst, dF, dQ, db, sound
