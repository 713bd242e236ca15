"""Filter and smoother of ensemble-kalman-smoother 4: extended Kalman, linearised once per frame.

All keypoints side by side, frame by frame. Source: Särkkä, Bayesian Filtering and Smoothing
(2013), algorithms 5.4 and 9.1; the jitter is that of the library the original runs on.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

JITTER = 1e-9  # added to the diagonal of what is inverted; it shows where the state's unit is large

Observe = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From states (keypoints, latent) to what is expected (keypoints, rows), and its derivatives
(keypoints, rows, latent)."""


class Series(NamedTuple):
    """What is smoothed, for all keypoints.

    Attributes:
        observed: (keypoints, frames, rows).
        variance: (keypoints, frames, rows), the diagonal of R.
        mean: (keypoints, latent), of the first state.
        covariance: (keypoints, latent, latent), of the first state.
        keeps: (latent,), what is kept of a state from frame to frame: the diagonal of A.
        step: (keypoints, latent, latent), covariance of what is added from frame to frame.
    """

    observed: np.ndarray
    variance: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    keeps: np.ndarray
    step: np.ndarray


class States(NamedTuple):
    """Means (keypoints, frames, latent), covariances (..., latent), log-likelihood (keypoints,)."""

    means: np.ndarray
    covariances: np.ndarray
    log_likelihood: np.ndarray


def linear(loading: np.ndarray) -> Observe:
    """Give the observation of states through a matrix (keypoints, rows, latent)."""
    return lambda means: ((loading @ means[..., None])[..., 0], loading)


def smooth(series: Series, observe: Observe) -> States:
    """Filter forwards, smooth backwards."""
    filtered = filter_forwards(series, observe)
    means, covariances = filtered.means.copy(), filtered.covariances.copy()
    for t in range(means.shape[1] - 2, -1, -1):
        m, p = filtered.means[:, t], filtered.covariances[:, t]
        ahead, spread = predict(series, m, p)
        gain = transposed(solve(spread, series.keeps[:, None] * p))
        means[:, t] = m + (gain @ (means[:, t + 1] - ahead)[..., None])[..., 0]
        covariances[:, t] = p + gain @ (covariances[:, t + 1] - spread) @ transposed(gain)
    return States(means, covariances, filtered.log_likelihood)


def filter_forwards(series: Series, observe: Observe) -> States:
    """Condition on each frame in turn."""
    keypoints, frames, _ = series.observed.shape
    latent = series.mean.shape[1]
    means = np.empty((keypoints, frames, latent))
    covariances = np.empty((keypoints, frames, latent, latent))
    total = np.zeros(keypoints)
    m, p = series.mean, series.covariance
    for t in range(frames):
        expected, slope = observe(m)
        off = series.observed[:, t] - expected
        m, p, gained = conditioned(m, p, off, slope, series.variance[:, t])
        means[:, t], covariances[:, t], total = m, p, total + gained
        m, p = predict(series, m, p)
    return States(means, covariances, total)


def predict(series: Series, m: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and covariance one frame on."""
    keeps = series.keeps
    return m * keeps, p * keeps[:, None] * keeps + series.step


def conditioned(
    m: np.ndarray, p: np.ndarray, off: np.ndarray, slope: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give mean, covariance and log density after an innovation `off` was seen."""
    cross = slope @ p
    total = cross @ transposed(slope) + variance[:, :, None] * np.eye(off.shape[1])
    gain = transposed(solve(total, cross))
    p = p - gain @ total @ transposed(gain)
    m = m + (gain @ off[..., None])[..., 0]
    return m, (p + transposed(p)) / 2, log_density(off, total)


def log_density(off: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Give the log density of N(0, covariance) at (keypoints, rows)."""
    squared = (off[:, None] @ np.linalg.solve(covariance, off[..., None]))[:, 0, 0]
    volume = np.linalg.slogdet(covariance)[1] + off.shape[1] * np.log(2 * np.pi)
    return np.asarray(-0.5 * (squared + volume))


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve with a symmetric matrix, its diagonal raised by the jitter."""
    return np.linalg.solve(matrix + JITTER * np.eye(matrix.shape[-1]), right)


def transposed(matrix: np.ndarray) -> np.ndarray:
    """Swap the last two axes."""
    return np.swapaxes(matrix, -1, -2)
