"""Principal axes of observations with gaps: how a latent position shows in the rows of all views.

The probabilistic model of Tipping & Bishop 1999, y = W z + mean + noise, fitted by EM. A row that
is missing takes no part; frames with one pattern of gaps share one inverse, and views come and go
as a whole, so that there are few patterns. Without gaps this is PCA.

Source: Tipping & Bishop 1999, section 3 and appendix B; Roweis 1998; Biderman, Whiteway et al.
2024, section 5.9.2 for its use.
"""

from dataclasses import dataclass

import numpy as np

MOST_ROWS = 20_000
"""Observations that are looked at; more are thinned out evenly."""


LEAST = 1e-6
"""px², the smallest variance by which a row counts."""


@dataclass(frozen=True, eq=False)
class Subspace:
    """Where observations lie.

    Attributes:
        mean: (rows,).
        axes: (rows, latent), orthonormal, by falling variance.
        variance: (latent,), of the coordinates along the axes.
        noise: variance of an observation about the subspace.
    """

    mean: np.ndarray
    axes: np.ndarray
    variance: np.ndarray
    noise: float

    def coordinates(self, values: np.ndarray, spread: np.ndarray | None = None) -> np.ndarray:
        """Give the coordinates (frames, latent) that fit observations best.

        Args:
            values: (frames, rows), NaN where missing.
            spread: (frames, rows), variances by which rows count; None: all alike.

        Returns:
            NaN in frames whose rows do not tell all coordinates.
        """
        seen = np.isfinite(values)
        weight = seen / (1.0 if spread is None else np.where(seen, np.maximum(spread, LEAST), 1.0))
        centred = np.where(seen, values - self.mean, 0.0)
        rows, latent = self.axes.shape
        squares = self.axes[:, :, None] * self.axes[:, None, :]
        J = (weight @ squares.reshape(rows, -1)).reshape(-1, latent, latent)
        h = (weight * centred) @ self.axes
        patterns, which = patterns_of(seen)
        told = np.array([self.is_told(pattern) for pattern in patterns])[which]
        J[~told] = np.eye(latent)
        found = np.linalg.solve(J, h[..., None])[..., 0]
        return np.where(told[:, None], found, np.nan)

    def is_told(self, seen: np.ndarray) -> bool:
        """Say whether the rows that are seen tell all coordinates."""
        return int(np.linalg.matrix_rank(self.axes[seen], tol=1e-4)) == self.axes.shape[1]


def principal_axes(
    values: np.ndarray, latent: int, passes: int = 200, tolerance: float = 1e-6
) -> Subspace:
    """Fit a subspace to observations, any of which may be missing.

    Args:
        values: (frames, rows), NaN where missing; every row is seen somewhere.
        latent: dimensions, fewer than rows, or as many.
        passes: the most passes of EM.
        tolerance: EM ends when the noise changes by less, relatively.
    """
    values = values[:: max(1, len(values) // MOST_ROWS)]
    values = values[np.isfinite(values).any(axis=1)]
    if np.isfinite(values).all():
        return of_complete(values, latent)
    patterns, which = patterns_of(np.isfinite(values))
    members = [np.flatnonzero(which == number) for number in range(len(patterns))]
    known = of_complete(filled_with_means(values), latent)
    mean, W, noise = known.mean, known.axes * np.sqrt(known.variance), known.noise or 1e-12
    for _ in range(passes):
        whole, extra = expected(values, patterns, members, mean, W, noise)
        mean, W, found = maximised(whole, extra, latent)
        if abs(found - noise) <= tolerance * noise:
            break
        noise = found
    whole, extra = expected(values, patterns, members, mean, W, noise)
    return from_moments(whole.mean(axis=0), np.cov(whole.T, bias=True) + extra, latent)


def patterns_of(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct rows of bools (frames, rows), and (frames,) which of them each frame is."""
    if seen.all():
        return seen[:1], np.zeros(len(seen), np.int64)
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    return patterns, which.reshape(-1)


def filled_with_means(values: np.ndarray) -> np.ndarray:
    """Put each row's mean where it is missing."""
    return np.where(np.isfinite(values), values, np.nanmean(values, axis=0))


def of_complete(values: np.ndarray, latent: int) -> Subspace:
    """Fit a subspace to observations without gaps."""
    return from_moments(values.mean(axis=0), np.atleast_2d(np.cov(values.T, bias=True)), latent)


def from_moments(mean: np.ndarray, covariance: np.ndarray, latent: int) -> Subspace:
    """Give the subspace of a mean and a covariance."""
    variance, axes = np.linalg.eigh(covariance)
    order = np.argsort(variance)[::-1]
    left = variance[order[latent:]]
    kept = np.maximum(variance[order[:latent]], 0.0)
    return Subspace(mean, axes[:, order[:latent]], kept, float(left.mean()) if len(left) else 0.0)


def expected(
    values: np.ndarray,
    patterns: np.ndarray,
    members: list[np.ndarray],
    mean: np.ndarray,
    W: np.ndarray,
    noise: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Give what missing rows are expected to be, and their mean covariance."""
    whole, extra = values.copy(), np.zeros((len(mean), len(mean)))
    covariance = W @ W.T + noise * np.eye(len(mean))
    for pattern, rows in zip(patterns, members, strict=True):
        gone = np.logical_not(pattern)
        if not gone.any():
            continue
        gain = np.linalg.solve(
            covariance[np.ix_(pattern, pattern)], covariance[np.ix_(pattern, gone)]
        )
        whole[np.ix_(rows, gone)] = (
            mean[gone] + (values[np.ix_(rows, pattern)] - mean[pattern]) @ gain
        )
        left = covariance[np.ix_(gone, gone)] - covariance[np.ix_(gone, pattern)] @ gain
        extra[np.ix_(gone, gone)] += left * (len(rows) / len(values))
    return whole, extra


def maximised(
    whole: np.ndarray, extra: np.ndarray, latent: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Give mean, W and noise of the most likely model, by the closed form of Tipping & Bishop."""
    found = from_moments(whole.mean(axis=0), np.cov(whole.T, bias=True) + extra, latent)
    scale = np.sqrt(np.maximum(found.variance - found.noise, 0.0))
    return found.mean, found.axes * scale, max(found.noise, 1e-12)
