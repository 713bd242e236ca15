"""Filter, gradient and smoother for integrated motion of up to three latents: (q, u), q' = u.

The equations are those of `pose_eks.core.dense` with F = (1, h; 0, 1), written out in blocks of
three; only q is observed. What was filtered is kept as 27 numbers per frame: means of q and u, and
the blocks qq (6), qu (9) and uu (6) of the covariance.
"""

from typing import NamedTuple

import numpy as np

from pose_eks.core.chain import Rows
from pose_eks.core.compiled import compiled
from pose_eks.core.dense import LOST, WIDE, noise_of
from pose_eks.core.diagonal import told
from pose_eks.core.three import (
    NO_MATRIX,
    NO_SYMMETRIC,
    NO_VECTOR,
    Matrix,
    Symmetric,
    Vector,
    along,
    both,
    dot,
    full,
    further,
    half,
    matrix,
    minus,
    one_minus,
    plus,
    product,
    summed,
    summed_times,
    symmetric,
    times,
    transposed,
    turned,
    vector,
    with_outer,
    with_square,
)

Blocks = tuple[Symmetric, Matrix, Symmetric]
"""The blocks qq, qu and uu of a symmetric matrix over the state."""


class Steps(NamedTuple):
    """The motion's tables: first (21,), h (gaps,), Q (gaps, 21), which (frames,)."""

    first: np.ndarray
    h: np.ndarray
    Q: np.ndarray
    which: np.ndarray


@compiled
def carried(P: Symmetric, C: Matrix, W: Symmetric, h: float) -> Blocks:
    """Give F P F' of a covariance."""
    C_to = further(C, h, full(W))
    return summed_times(P, 0.5 * h, both(plus(C, C_to))), C_to, W


@compiled
def called_back(P: Symmetric, C: Matrix, W: Symmetric, h: float) -> Blocks:
    """Give F' N F of a precision: `carried` with q and u exchanged."""
    C_to = further(C, h, full(P))
    return P, C_to, summed_times(W, 0.5 * h, both(plus(C, C_to)))


@compiled
def forward(
    rows: Rows, steps: Steps, b: np.ndarray, kept: np.ndarray, start: int
) -> tuple[float, int]:
    """Filter from a frame on; write `kept` (frames, 27); see `pose_eks.core.diagonal.forward`."""
    state, m, u = steps.first, NO_VECTOR, NO_VECTOR
    if start > 0:
        state, m, u = kept[start - 1, 6:], vector(kept[start - 1]), vector(kept[start - 1, 3:])
    P, C, W = symmetric(state), matrix(state[6:]), symmetric(state[15:])
    mean = vector(rows.mean)
    moving = len(rows.loading) > 1
    total, factors = 0.0, 1.0
    for t in range(start, len(kept)):
        total_before, factors_before = total, factors
        if t > 0:
            h, Q = steps.h[steps.which[t]], steps.Q[steps.which[t]]
            m = along(m, h, u)
            P, C, W = carried(P, C, W, h)
            P, C, W = summed(P, symmetric(Q)), plus(C, matrix(Q[6:])), summed(W, symmetric(Q[15:]))
        for i in range(len(rows.views)):
            y = rows.observed[t, i]
            if y == y:
                H = vector(rows.loading[t if moving else 0, i])
                PH, CH = turned(P, H), times(transposed(C), H)
                R, known = noise_of(rows, b, t, i), dot(H, PH)
                if known > WIDE * R:
                    return -0.5 * (total_before + np.log(factors_before)), t
                e, F = y - dot(H, along(m, 1.0, mean)), R + known
                one = 1.0 / F
                total += e * e * one
                factors *= F * 6.283185307179586
                if factors > 1e100 or factors < 1e-100:
                    total, factors = total + np.log(factors), 1.0
                m, u = along(m, one * e, PH), along(u, one * e, CH)
                P, C = with_square(P, -one, PH), with_outer(C, -one, PH, CH)
                W = with_square(W, -one, CH)
        write(kept[t], m, u, P, C, W)
    return -0.5 * (total + np.log(factors)), len(kept)


@compiled
def write(kept: np.ndarray, m: Vector, u: Vector, P: Symmetric, C: Matrix, W: Symmetric) -> None:
    """Keep a frame's state."""
    kept[0], kept[1], kept[2] = m
    kept[3], kept[4], kept[5] = u
    kept[6], kept[7], kept[8], kept[9], kept[10], kept[11] = P
    for k in range(9):
        kept[12 + k] = C[k]
    kept[21], kept[22], kept[23], kept[24], kept[25], kept[26] = W


@compiled
def backward(
    rows: Rows, steps: Steps, b: np.ndarray, kept: np.ndarray, score: np.ndarray, start: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Give dL/dfirst (21,), dL/dQ (gaps, 21), dL/dlog b; `kept` becomes smoothed.

    The last result is False where a smoothed variance was lost to rounding.

    Of the smoothed covariance only the block qq is written, in its place. Entries beside the
    diagonal are derivatives in one of the two equal entries. Of the score (27,) see
    `pose_eks.core.diagonal.backward`.
    """
    dQ, db, dfirst = np.zeros_like(steps.Q), np.zeros(len(b)), np.zeros(21)
    sound = True
    mean = vector(rows.mean)
    r, v = vector(score), vector(score[3:])
    N, M, L = symmetric(score[6:]), matrix(score[12:]), symmetric(score[21:])
    for t in range(len(kept) - 1, start - 1, -1):
        if t + 1 < len(steps.which):
            h = steps.h[steps.which[t + 1]]
            v = along(v, h, r)
            N, M, L = called_back(N, M, L, h)
        state = kept[t]
        C, W = matrix(state[12:]), symmetric(state[21:])
        P, Nf, Lf, Ct = full(symmetric(state[6:])), full(N), full(L), transposed(C)
        q = along(along(vector(state), 1.0, times(P, r)), 1.0, times(C, v))
        u = along(along(vector(state[3:]), 1.0, times(Ct, r)), 1.0, turned(W, v))
        X = plus(product(P, Nf), product(C, transposed(M)))
        Y = plus(product(P, M), product(C, Lf))
        S = half(minus(P, plus(product(X, P), product(Y, Ct))))
        sound &= S[0] >= LOST * P[0] and S[3] >= LOST * P[4] and S[5] >= LOST * P[8]
        J, gain = told(rows, b, t, along(q, 1.0, mean), S, db)
        Jf = full(J)
        A, D = one_minus(product(Jf, P)), minus(NO_MATRIX, product(Jf, C))
        X = plus(product(A, Nf), product(D, transposed(M)))
        M = plus(product(A, M), product(D, Lf))
        N = half(plus(product(X, transposed(A)), product(M, transposed(D))))
        N = summed(N, half(product(A, Jf)))
        r = along(r, 1.0, gain)
        gather(dQ[steps.which[t]] if t > 0 else dfirst, r, v, N, M, L)
        state[0], state[1], state[2] = q
        state[3], state[4], state[5] = u
        state[6], state[7], state[8], state[9], state[10], state[11] = S
    write(score, r, v, N, M, L)
    return dfirst, dQ, db, sound


@compiled
def gather(into: np.ndarray, r: Vector, v: Vector, N: Symmetric, M: Matrix, L: Symmetric) -> None:
    """Add the blocks of (r r' - N) / 2."""
    rr, vv = with_square(NO_SYMMETRIC, 0.5, r), with_square(NO_SYMMETRIC, 0.5, v)
    rv = with_outer(NO_MATRIX, 0.5, r, v)
    for k in range(6):
        into[k] += rr[k] - 0.5 * N[k]
        into[15 + k] += vv[k] - 0.5 * L[k]
    for k in range(9):
        into[6 + k] += rv[k] - 0.5 * M[k]
