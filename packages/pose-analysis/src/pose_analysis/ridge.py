"""Ridge regression for many penalties and targets at once, by one decomposition.

minimise |y - b - X w|² + penalty |w|²: with centred X = U S V', w = V (S U'y) / (S² + penalty). Of
tall X, S² and V are the eigenvalues and eigenvectors of X'X. Leaving a row out makes its residual
the residual / (1 - leverage).

Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, sections 3.4.1 and
7.10.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_analysis.errors import AnalysisError


@dataclass(frozen=True, eq=False)
class Ridge:
    """Linear models, one per penalty; of several targets where so many were given.

    Attributes:
        penalties: (models,).
        weights: (models, features), or (models, features, targets).
        intercepts: (models,), or (models, targets).
    """

    penalties: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray

    def predict(self, predictors: np.ndarray) -> np.ndarray:
        """Give (models, rows), or (models, rows, targets), for predictors (rows, features)."""
        found = np.tensordot(predictors, self.weights, axes=(1, 1)) + self.intercepts
        return np.asarray(np.moveaxis(found, 0, 1))


@dataclass(frozen=True, eq=False)
class Decomposed:
    """Centred predictors taken apart, and what targets are along them.

    Attributes:
        mean: (features,), of the predictors.
        level: (...), mean of every target.
        squares: (directions,), S².
        axes: (directions, features), V'.
        along: (directions, ...), S U'y.
    """

    mean: np.ndarray
    level: np.ndarray
    squares: np.ndarray
    axes: np.ndarray
    along: np.ndarray

    @classmethod
    def of(cls, predictors: np.ndarray, target: np.ndarray) -> "Decomposed":
        """Take apart predictors (rows, features), for targets (rows, ...)."""
        mean, level = predictors.mean(axis=0), target.mean(axis=0)
        centred = predictors - mean
        if len(centred) > centred.shape[1]:
            squares, vectors = np.linalg.eigh(centred.T @ centred)
            squares, axes = np.maximum(squares, 0.0), vectors.T  # below 0 by rounding alone
        else:
            _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
            squares = sizes**2
        return cls(mean, level, squares, axes, axes @ (centred.T @ (target - level)))

    def solve(self, penalties: np.ndarray) -> Ridge:
        """Give the models for some penalties."""
        shrunk = [(self.along.T / (self.squares + one)).T for one in penalties]
        weights = np.stack([self.axes.T @ one for one in shrunk])
        return Ridge(penalties, weights, self.level - np.tensordot(weights, self.mean, (1, 0)))


def fit_ridge(predictors: np.ndarray, target: np.ndarray, penalties: Sequence[float]) -> Ridge:
    """Fit a model for every penalty.

    Args:
        predictors: (rows, features).
        target: (rows,), or (rows, targets).
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
        target: (rows,), or (rows, targets).
        penalties: each above 0.

    Returns:
        (penalties,), or (penalties, targets).

    Raises:
        AnalysisError: as `fit_ridge`.
    """
    check_rows(predictors, target)
    wanted = np.asarray(penalties, dtype=float)
    apart = Decomposed.of(predictors, target)
    residuals = target - apart.solve(wanted).predict(predictors)
    along = ((predictors - apart.mean) @ apart.axes.T) ** 2
    leverage = along @ (1 / (apart.squares + wanted[:, None])).T + 1 / len(target)
    left_out = (residuals.T / (1 - leverage)).T
    return np.asarray((left_out**2).mean(axis=1))


def check_rows(predictors: np.ndarray, target: np.ndarray) -> None:
    """Refuse what no model can be fitted to.

    Raises:
        AnalysisError: if there is no row or feature, the rows differ, or a value is missing.
    """
    if predictors.ndim != 2 or len(target) != len(predictors) or not predictors.size:
        raise AnalysisError(
            f"ridge: predictors {predictors.shape} and target {target.shape} are not "
            "(rows, features) and (rows, ...)"
        )
    if not (np.isfinite(predictors).all() and np.isfinite(target).all()):
        raise AnalysisError("ridge: a value is missing or infinite; leave such rows out")
