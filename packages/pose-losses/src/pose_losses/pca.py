"""Fit the subspace that labels lie in, also where some are missing. numpy only.

Everything is in pixels of the frame on disk, the unit of the predictions it is compared with.
"""

from dataclasses import dataclass

import numpy as np

STEPS = 200
"""Rounds of expectation and maximisation at most."""


@dataclass(frozen=True, eq=False)
class Subspace:
    """An affine subspace.

    Attributes:
        mean: (dimensions,).
        axes: (dimensions, components), orthonormal; P in the paper.
        variance: share of the variance that the components explain.
    """

    mean: np.ndarray
    axes: np.ndarray
    variance: float

    @property
    def components(self) -> int:
        """How many dimensions it has."""
        return self.axes.shape[1]

    def reconstruct(self, rows: np.ndarray) -> np.ndarray:
        """Give the nearest members of the subspace to rows (n, dimensions).

        Of a row with NaN, the nearest to what is known; NaN where that is no more than the
        subspace has dimensions, so that it always agrees.

        Source: Lightning Pose, equation 9, for rows without NaN.
        """
        nearest = (rows - self.mean) @ self.axes @ self.axes.T + self.mean
        patterns, members = np.unique(np.isnan(rows), axis=0, return_inverse=True)
        for number, missing in enumerate(patterns):
            if missing.any() and (~missing).sum() > self.components:
                some = members.reshape(-1) == number
                centred = rows[np.ix_(some, ~missing)] - self.mean[~missing]
                scores = np.linalg.lstsq(self.axes[~missing], centred.T, rcond=None)[0]
                nearest[some] = scores.T @ self.axes.T + self.mean
        return nearest


def fit_subspace(rows: np.ndarray, components: int | float) -> Subspace:
    """Fit a subspace to rows of which some entries are NaN.

    Without NaN this is PCA. With NaN it is PCA of the Gaussian that makes what is known most
    likely, found by imputing the rest and its uncertainty until nothing changes.

    Args:
        rows: (n, dimensions); every column known at least once.
        components: how many to keep; or, below 1, what share of the variance they must explain.

    Source: Little and Rubin, Statistical Analysis with Missing Data (2019), section 11.2.
    """
    mean, covariance = fit_gaussian(rows)
    values, vectors = np.linalg.eigh(covariance)
    shares = np.clip(values[::-1], 0, None)
    shares = np.cumsum(shares / max(shares.sum(), np.finfo(float).tiny))
    kept = int(components) if components >= 1 else count_for(shares, components)
    return Subspace(mean, vectors[:, ::-1][:, :kept], float(shares[kept - 1]))


def count_for(shares: np.ndarray, wanted: float) -> int:
    """Count the components needed for a share of the variance."""
    return int(np.searchsorted(shares, wanted - 1e-12) + 1)


def fit_gaussian(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit mean and covariance to rows with NaN, by expectation and maximisation."""
    mean, covariance = np.nanmean(rows, axis=0), np.diag(np.nanvar(rows, axis=0))
    if not np.isnan(rows).any():
        return mean, np.cov(rows.T, bias=True)
    for _ in range(STEPS):
        filled, uncertainty = impute(rows, mean, covariance)
        last, mean = covariance, filled.mean(axis=0)
        centred = filled - mean
        covariance = centred.T @ centred / len(rows) + uncertainty
        if np.abs(covariance - last).max() < 1e-6 * np.trace(covariance):
            break
    return mean, covariance


def impute(
    rows: np.ndarray, mean: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fill each NaN by what the row's other entries say of it.

    Returns:
        The rows filled, and the mean covariance of what was filled in.
    """
    filled, uncertainty = rows.copy(), np.zeros_like(covariance)
    # A little of the variance as noise, so that entries that always agree can be inverted.
    noise = 1e-6 * np.trace(covariance) / len(mean) + np.finfo(float).tiny
    patterns, members = np.unique(np.isnan(rows), axis=0, return_inverse=True)
    for number, missing in enumerate(patterns):
        if missing.any():
            some = members.reshape(-1) == number
            known = ~missing
            S = covariance[np.ix_(known, known)] + noise * np.eye(known.sum())
            gain = np.linalg.solve(S, covariance[np.ix_(known, missing)]).T
            centred = rows[np.ix_(some, known)] - mean[known]
            filled[np.ix_(some, missing)] = mean[missing] + centred @ gain.T
            left = covariance[np.ix_(missing, missing)] - gain @ covariance[np.ix_(known, missing)]
            uncertainty[np.ix_(missing, missing)] += some.sum() / len(rows) * left
    return filled, uncertainty


def point_errors(rows: np.ndarray, subspace: Subspace) -> np.ndarray:
    """Give how far each point of each row is from its reconstruction, in pixels.

    Args:
        rows: (n, 2 * points), x and y in turn.
        subspace: fitted to such rows.

    Returns:
        (n, points), NaN for missing points, and where too few are known to say.
    """
    difference = rows - subspace.reconstruct(rows)
    return np.linalg.norm(difference.reshape(len(rows), rows.shape[1] // 2, 2), axis=-1)


def errors_left_out(rows: np.ndarray, components: int, folds: int = 5) -> np.ndarray:
    """Give the errors of points that the subspace was not fitted to, in pixels.

    Every `folds`-th row is left out, in turn: a subspace lies closer to what it was fitted to, and
    much closer where rows are few.

    Args:
        rows: (n, 2 * points).
        components: of the subspace, the same for all fits.
        folds: how many fits.

    Returns:
        (n, points), as `point_errors`; NaN too for rows without which a column is not known.
    """
    errors = np.full((len(rows), rows.shape[1] // 2), np.nan)
    number = np.arange(len(rows)) % folds
    for fold in range(min(folds, len(rows))):
        others = rows[number != fold]
        if (np.isfinite(others).sum(0) > 1).all() and len(others) > components:
            subspace = fit_subspace(others, components)
            errors[number == fold] = point_errors(rows[number == fold], subspace)
    return errors


def tolerance(errors: np.ndarray, percentile: float) -> float:
    """Give a percentile of the errors that are known; 0 where none is.

    Source: Lightning Pose, section 5.4.2, which takes the maximum.
    """
    known = errors[np.isfinite(errors)]
    return float(np.percentile(known, percentile)) if len(known) else 0.0
