"""Canonical correlation: the directions in which two sets of signals go together.

Of centred X and Y (rows by features) with the singular value decompositions X = U S V' and
Y = P T Q', the canonical correlations are the singular values of U'P. With a ridge, S and T are
shrunk: each covariance has so much of its mean variance added to its diagonal, as it must where
there are more features than rows say something about.

Source: Biderman, Whiteway et al. 2024, section 5.11; Björck & Golub 1973 for the decompositions.
"""

from dataclasses import dataclass

import numpy as np

from pose_analysis.errors import AnalysisError


@dataclass(frozen=True, eq=False)
class Canonical:
    """Pairs of directions, those that go together best first.

    Attributes:
        correlations: (components,), of the rows that it was fitted to, projected.
        first_weights: (features, components); the projected rows have a standard deviation of 1.
        second_weights: (features, components), likewise.
        first_mean: (features,).
        second_mean: (features,).
        rows: that it was fitted to.
    """

    correlations: np.ndarray
    first_weights: np.ndarray
    second_weights: np.ndarray
    first_mean: np.ndarray
    second_mean: np.ndarray
    rows: int

    def project(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project rows of both sets; NaN where something is missing.

        Args:
            first: (rows, features) of the first set.
            second: (rows, features) of the second; other rows may be meant.

        Returns:
            (rows, components) of each.
        """
        return (
            (first - self.first_mean) @ self.first_weights,
            (second - self.second_mean) @ self.second_weights,
        )


def canonical_correlation(first: np.ndarray, second: np.ndarray, ridge: float = 0.0) -> Canonical:
    """Find the directions in which two sets of signals go together.

    Args:
        first: (rows, features), NaN where missing; such rows are left out.
        second: (rows, features), of the same rows.
        ridge: part of the mean variance that is added to every feature's; 0 for none.

    Returns:
        As many components as the smaller set has directions that vary.

    Raises:
        AnalysisError: if rows differ in number, a set does not vary, or features are so many that
            any sets would go together.
    """
    first, second = checked(first, second, ridge)
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    rows = int(known.sum())
    if rows < 3:
        raise AnalysisError(
            f"correlation: {rows} rows of {len(known)} have no missing value; 3 are needed at least"
        )
    sets = [one[known] - one[known].mean(axis=0) for one in (first, second)]
    whitening = [whitening_of(one, ridge, name) for one, name in zip(sets, SETS, strict=True)]
    directions = sum(one.shape[1] for one in whitening)
    if not ridge and directions > rows - 1:
        raise AnalysisError(
            f"correlation: {rows} rows for {directions} directions: any signals would correlate "
            "by 1; give a ridge, or fewer features"
        )
    white = [one @ change for one, change in zip(sets, whitening, strict=True)]
    left, _, right = np.linalg.svd(white[0].T @ white[1] / rows, full_matrices=False)
    ours, theirs = scaled(sets[0], whitening[0] @ left), scaled(sets[1], whitening[1] @ right.T)
    signs = np.sign(ours[np.abs(ours).argmax(axis=0), np.arange(ours.shape[1])])
    return Canonical(
        correlations=np.minimum(((sets[0] @ ours) * (sets[1] @ theirs)).mean(axis=0), 1.0),
        first_weights=ours * signs,
        second_weights=theirs * signs,
        first_mean=first[known].mean(axis=0),
        second_mean=second[known].mean(axis=0),
        rows=rows,
    )


SETS = ("first", "second")


def checked(first: np.ndarray, second: np.ndarray, ridge: float) -> list[np.ndarray]:
    """Give two sets of the same rows as (rows, features).

    Raises:
        AnalysisError: if they are not, or the ridge cannot be.
    """
    if not 0 <= ridge < np.inf:
        raise AnalysisError(f"ridge: {ridge} is not a finite number of at least 0")
    sets = [np.asarray(one, dtype=float) for one in (first, second)]
    sets = [one[:, None] if one.ndim == 1 else one for one in sets]
    if len(sets[0]) != len(sets[1]) or any(one.ndim != 2 for one in sets):
        shapes = " and ".join(str(one.shape) for one in sets)
        raise AnalysisError(f"correlation: {shapes} are not (rows, features) of the same rows")
    return sets


def whitening_of(centred: np.ndarray, ridge: float, name: str) -> np.ndarray:
    """Give (features, directions), which make the covariance of centred rows the identity.

    Directions that do not vary are left out.

    Raises:
        AnalysisError: if none does.
    """
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    rounding = max(centred.shape) * np.finfo(float).eps
    varies = sizes > rounding * sizes.max(initial=0)
    if not varies.any():
        raise AnalysisError(f"correlation: the {name} signals do not vary; leave them out")
    variance = sizes[varies] ** 2 / len(centred)
    added = ridge * (sizes**2).sum() / centred.size
    return np.asarray(axes[varies].T / np.sqrt(variance + added))


def scaled(centred: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Scale weights so that what they make of centred rows has a standard deviation of 1."""
    return np.asarray(weights / np.sqrt(((centred @ weights) ** 2).mean(axis=0)))


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Give the correlation of two signals (rows,) where both are known; NaN if one is constant."""
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 2 or not np.ptp(first[known]) or not np.ptp(second[known]):
        return float("nan")
    return float(np.corrcoef(first[known], second[known])[0, 1])
