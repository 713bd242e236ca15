"""Many chains at once in numpy, frame by frame: what runs where there is no compiler.

Each frame is reduced to J = H' R^-1 H and g = H' R^-1 y first, for all frames together; the filter
and the pass back are those of `pose_eks.core.dense`, on stacks of matrices with a chain each.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pose_eks.core.chain import Chain, Path, seen_through
from pose_eks.core.motion import Moves, moves_of

Item = tuple[Chain, np.ndarray]
"""A chain, and the values of its parameters."""


class Stack(NamedTuple):
    """Chains of the same length and state, reduced; chains are the second axis.

    Attributes:
        J: (frames, chains, latent, latent).
        g: (frames, chains, latent), H' R^-1 y of observations less the motion's mean.
        first: (chains, state, state).
        F: (frames, chains, state, state), into every frame; likewise Q.
        Q: their noise.
    """

    J: np.ndarray
    g: np.ndarray
    first: np.ndarray
    F: np.ndarray
    Q: np.ndarray


class Passed(NamedTuple):
    """What the passes give; see `Stack` for the axes.

    Attributes:
        values: (chains,), log-likelihoods.
        means: (frames, chains, state), smoothed, as deviations.
        covariances: (frames, chains, state, state), smoothed.
        first: (chains, state, state), dL/dfirst; F, Q: (frames, chains, state, state).
        F: dL/dF.
        Q: dL/dQ.
    """

    values: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    first: np.ndarray
    F: np.ndarray
    Q: np.ndarray


def stacked(items: Sequence[Item]) -> Stack:
    """Reduce chains of the same length and state."""
    J, g = (np.stack(parts, 1) for parts in zip(*(reduced(*i) for i in items), strict=True))
    first, F, Q = zip(*(frame_moves(*item) for item in items), strict=True)
    return Stack(J, g, np.stack(first), np.stack(F, 1), np.stack(Q, 1))


def frame_moves(chain: Chain, values: np.ndarray) -> Moves:
    """Give first, and F and Q of every frame."""
    gaps, which = chain.steps
    first, F, Q = moves_of(chain.motion, values[: len(chain.motion.parameters)], gaps)
    return Moves(first, F[which], Q[which])


def reduced(chain: Chain, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give J and g of one chain."""
    H = chain.rows.loading
    y, one = centred(chain, values)
    weighted = np.swapaxes(H * one[..., None], 1, 2)
    return weighted @ H, (weighted @ y[..., None])[..., 0]


def centred(chain: Chain, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give observations less the motion's mean, and 1 / R; both 0 where missing."""
    y, R = chain.rows.observed, chain.noise(values)
    seen = np.isfinite(y)
    one = np.where(seen, 1 / np.where(seen, R, 1.0), 0.0)
    return np.where(seen, y - chain.rows.loading @ chain.rows.mean, 0.0), one


def passed(items: Sequence[Item]) -> Passed:
    """Run forward and back over chains of the same length and state."""
    stack = stacked(items)
    frames, chains, latent = stack.g.shape
    state, one = stack.first.shape[-1], np.eye(latent)
    means, covariances = np.zeros((frames, chains, state)), np.zeros(stack.F.shape)
    predicted, values = np.zeros(stack.g.shape), np.zeros(chains)
    for t in range(frames):
        if t == 0:
            m, P = np.zeros((chains, state)), stack.first
        else:
            F = stack.F[t]
            m, P = applied(F, means[t - 1]), F @ covariances[t - 1] @ T(F) + stack.Q[t]
        J, predicted[t], seen = stack.J[t], m[:, :latent], P[:, :, :latent]
        inner, e = one + J @ seen[:, :latent], stack.g[t] - applied(J, m[:, :latent])
        known = np.linalg.solve(inner, np.concatenate([J, e[..., None]], axis=2))
        P = P - seen @ known[..., :-1] @ T(seen)
        step = applied(seen, known[..., -1])
        means[t], covariances[t] = m + step, (P + T(P)) / 2
        values += 0.5 * (e * step[:, :latent]).sum(1) - 0.5 * np.linalg.slogdet(inner)[1]
    values -= 0.5 * np.array([misfit(*i, predicted[:, k]) for k, i in enumerate(items)])
    return back(stack, values, means, covariances)


def misfit(chain: Chain, values: np.ndarray, predicted: np.ndarray) -> float:
    """Give the sum of e² / R + log(2 pi R), e about the predicted latents."""
    y, one = centred(chain, values)
    e = y - (chain.rows.loading @ predicted[..., None])[..., 0]
    logs = np.log(np.where(one > 0, 2 * np.pi / np.where(one > 0, one, 1.0), 1.0))
    return float((e**2 * one + logs).sum())


def back(stack: Stack, values: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> Passed:
    """Run back over what was filtered."""
    frames, chains, latent = stack.g.shape
    state = means.shape[-1]
    dF, dQ = np.zeros(stack.F.shape), np.zeros(stack.F.shape)
    r, N, full = np.zeros((chains, state)), np.zeros((chains, state, state)), np.eye(state)
    smoothed, spread = np.empty_like(means), np.empty_like(covariances)
    J = np.zeros((chains, state, state))
    for t in range(frames - 1, -1, -1):
        P = covariances[t]
        smoothed[t] = means[t] + applied(P, r)
        spread[t] = P - P @ N @ P
        J[:, :latent, :latent] = stack.J[t]
        r = r.copy()
        r[:, :latent] += stack.g[t] - applied(stack.J[t], smoothed[t, :, :latent])
        A = full - J @ P
        N = A @ (J + N @ T(A))
        dQ[t] = 0.5 * (r[:, :, None] * r[:, None, :] - N)
        if t > 0:
            F, P = stack.F[t], covariances[t - 1]
            r_to, NF = applied(T(F), r), N @ F
            dF[t] = r[:, :, None] * (means[t - 1] + applied(P, r_to))[:, None, :] - NF @ P
            r, N = r_to, T(F) @ NF
    return Passed(values, smoothed, spread, dQ[0], dF, dQ)


def T(A: np.ndarray) -> np.ndarray:  # noqa: N802
    """Transpose every matrix of a stack."""
    return A.swapaxes(-1, -2)


def applied(A: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Give A a for stacks."""
    return (A @ a[..., None])[..., 0]


def floors_slope(chain: Chain, values: np.ndarray, path: Path) -> np.ndarray:
    """Give dL/dlog b (floors,) from the smoothed path."""
    rows = chain.rows
    means, known = seen_through(rows.loading, path)
    seen = np.isfinite(rows.observed)
    R = np.where(seen, chain.noise(values), 1.0)
    error = np.where(seen, rows.observed - means, 0.0)
    slope = 0.5 * ((error**2 + known) / R - 1) / R
    b = values[len(chain.motion.parameters) :][rows.floor]
    change = np.where(rows.multiplies > 0, b * rows.spread, b) / rows.weights[:, rows.views]
    sums = np.where(seen, slope * change, 0.0).sum(axis=0)
    return np.bincount(rows.floor, sums, minlength=len(chain.floors))
