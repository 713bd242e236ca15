"""One update of a state that is known far worse than what is observed, as after a long gap.

Taking rows in one by one would subtract numbers of a million times the result. Here the update is
made of squares alone: with P = C C' and the information J = H' R^-1 H, P+ = C (1 + C' J C)^-1 C'.
What is hidden follows: u given q has the mean K' q and keeps its covariance.
"""

import numpy as np

from pose_eks.core.chain import Chain

State = tuple[np.ndarray, np.ndarray]


def taken_in(
    chain: Chain, b: np.ndarray, t: int, mean: np.ndarray, P: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Update a predicted state by the rows of a frame.

    Args:
        chain: the observations.
        b: (floors,), the noise floors.
        t: the frame.
        mean: (state,), as deviation from the motion's mean.
        P: (state, state).

    Returns:
        The log-likelihood, mean and covariance.
    """
    rows, latent = chain.rows, len(chain.rows.mean)
    seen = np.isfinite(rows.observed[t])
    H = rows.loading[t if len(rows.loading) > 1 else 0][seen]
    R = chain.cut(slice(t, t + 1)).noise(np.concatenate([[np.nan] * own(chain), b]))[0, seen]
    e = rows.observed[t, seen] - H @ (mean[:latent] + rows.mean)
    J, g = (H.T / R) @ H, H.T @ (e / R)
    cross = P[:latent, latent:]
    K = divided(cross, P[:latent, :latent])
    C = root(P[:latent, :latent])
    inner = np.linalg.cholesky(np.eye(latent) + C.T @ J @ C)
    X = np.linalg.solve(inner, C.T)
    posterior = X.T @ X
    step = posterior @ g
    logs = np.log(2 * np.pi * R).sum() + 2 * np.log(np.diag(inner)).sum()
    after = posterior @ K
    corner = P[latent:, latent:] + K.T @ (after - cross)
    value = -0.5 * float((e**2 / R).sum() - g @ step + logs)
    covariance = np.block([[posterior, after], [after.T, corner]])
    return value, mean + np.concatenate([step, K.T @ step]), covariance


def own(chain: Chain) -> int:
    """Give the number of parameters of a chain's motion."""
    return len(chain.motion.parameters)


def root(P: np.ndarray) -> np.ndarray:
    """Give lower C with C C' = P, zeros where there is no variance."""
    there = np.diag(P) > 0
    C = np.zeros_like(P)
    C[np.ix_(there, there)] = np.linalg.cholesky(P[np.ix_(there, there)])
    return C


def divided(B: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Give P^-1 B, zeros where P has no variance."""
    there = np.diag(P) > 0
    X = np.zeros_like(B)
    X[there] = np.linalg.solve(P[np.ix_(there, there)], B[there])
    return X
