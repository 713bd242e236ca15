"""Ridge regression for many penalties at once, by one singular value decomposition.

minimise |y - b - X w|² + penalty |w|²: with centred X = U S V', w = V S / (S² + penalty) U'y. Tall
X go through a triangle first (QR of X and y side by side), so that what is decomposed is as wide as
X. Leaving a row out makes its residual the residual / (1 - leverage).

Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, sections 3.4.1 and
7.10.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_analysis.errors import AnalysisError


@dataclass(frozen=True, eq=False)
class Ridge:
    """Linear models, one per penalty.

    Attributes:
        penalties: (models,).
        weights: (models, features).
        intercepts: (models,).
    """

    penalties: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray

    def predict(self, predictors: np.ndarray) -> np.ndarray:
        """Give (models, rows) for predictors of (rows, features)."""
        return np.asarray((predictors @ self.weights.T + self.intercepts).T)


@dataclass(frozen=True, eq=False)
class Decomposed:
    """Centred predictors taken apart.

    Attributes:
        mean: (features,), of the predictors.
        level: mean of the target.
        sizes: (directions,), singular values.
        axes: (directions, features), right singular vectors.
        along: (directions,), U'y.
    """

    mean: np.ndarray
    level: float
    sizes: np.ndarray
    axes: np.ndarray
    along: np.ndarray

    @classmethod
    def of(cls, predictors: np.ndarray, target: np.ndarray) -> "Decomposed":
        """Take apart predictors (rows, features) and a target (rows,)."""
        mean, level = predictors.mean(axis=0), float(target.mean())
        centred, off = predictors - mean, target - level
        if len(centred) > centred.shape[1] + 1:
            triangle = np.asarray(np.linalg.qr(np.column_stack([centred, off]), mode="r"))
            centred, off = triangle[:-1, :-1], triangle[:-1, -1]
        left, sizes, axes = np.linalg.svd(centred, full_matrices=False)
        return cls(mean, level, sizes, axes, left.T @ off)

    def solve(self, penalties: np.ndarray) -> Ridge:
        """Give the models for some penalties."""
        weights = (self.sizes / (self.sizes**2 + penalties[:, None]) * self.along) @ self.axes
        return Ridge(penalties, weights, self.level - weights @ self.mean)


def fit_ridge(predictors: np.ndarray, target: np.ndarray, penalties: Sequence[float]) -> Ridge:
    """Fit a model for every penalty.

    Args:
        predictors: (rows, features).
        target: (rows,).
        penalties: each above 0.

    Raises:
        AnalysisError: if there is no row or feature, the rows differ, or a value is missing.
    """
    check_rows(predictors, target)
    return Decomposed.of(predictors, target).solve(np.asarray(penalties, dtype=float))


def left_out_errors(
    predictors: np.ndarray, target: np.ndarray, penalties: Sequence[float]
) -> np.ndarray:
    """Give the mean squared error of every row predicted by a model of the others.

    Args:
        predictors: (rows, features).
        target: (rows,).
        penalties: each above 0.

    Returns:
        (penalties,).

    Raises:
        AnalysisError: as `fit_ridge`.
    """
    check_rows(predictors, target)
    wanted = np.asarray(penalties, dtype=float)
    apart = Decomposed.of(predictors, target)
    residuals = target - apart.solve(wanted).predict(predictors)
    along = ((predictors - apart.mean) @ apart.axes.T) ** 2
    leverage = along @ (1 / (apart.sizes**2 + wanted[:, None])).T + 1 / len(target)
    return np.asarray(((residuals / (1 - leverage.T)) ** 2).mean(axis=1))


def check_rows(predictors: np.ndarray, target: np.ndarray) -> None:
    """Refuse what no model can be fitted to.

    Raises:
        AnalysisError: if there is no row or feature, the rows differ, or a value is missing.
    """
    if predictors.ndim != 2 or target.shape != (len(predictors),) or not predictors.size:
        raise AnalysisError(
            f"ridge: predictors {predictors.shape} and target {target.shape} are not "
            "(rows, features) and (rows,)"
        )
    if not (np.isfinite(predictors).all() and np.isfinite(target).all()):
        raise AnalysisError("ridge: a value is missing or infinite; leave such rows out")
