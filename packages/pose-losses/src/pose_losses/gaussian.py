"""What labels say of a whole pose, as a Gaussian, and of missing points given others. numpy only.

Coordinates are x and y of each point in turn, in pixels of the frame.
"""

from dataclasses import dataclass

import numpy as np

from pose_core.errors import ConfigError
from pose_core.labels import Labels
from pose_core.skeleton import Skeleton
from pose_losses.constraints import SPACE, gather
from pose_losses.pca import (
    Subspace,
    count_for,
    errors_left_out,
    fit_gaussian,
    fit_subspace,
    point_errors,
)

VARIANCE = 0.9998
"""Share of the labels' variance that components explain; the rest is the same in all directions.

More than the losses' 0.99: where an animal walks about, a hundredth of its variance is many pixels.
A component too many does little harm here, as the variance of what is left out is taken from rows
left out of the fit.
"""
FEWEST = 10
"""Labels of a point, and points labeled in all views, from which anything is fitted."""
PLENTY = 10
"""Rows per coordinate from which rows left out of a fit, which takes five more, say nothing new."""
CHUNK = 256
"""Rows conditioned at once: their matrices take 2 MB for 30 coordinates."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian of rows of coordinates.

    Attributes:
        mean: (dimensions,).
        covariance: (dimensions, dimensions).
    """

    mean: np.ndarray
    covariance: np.ndarray

    def given(self, rows: np.ndarray, precision: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give mean and variance of each coordinate, once some were measured.

        Args:
            rows: (n, dimensions), measured; NaN where the precision is 0.
            precision: (n, dimensions), 1 over the variance of each measurement's error.

        Returns:
            Means and variances, each (n, dimensions).

        Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equations
        2.25, 2.26 and 3.26, whose B is well conditioned for any precision, 0 among them.
        """
        means, variances = np.empty(rows.shape), np.empty(rows.shape)
        for begin in range(0, len(rows), CHUNK):
            part = slice(begin, begin + CHUNK)
            root = np.sqrt(precision[part])
            centred = np.where(root > 0, root * (rows[part] - self.mean), 0.0)
            across = root[..., None] * self.covariance
            inner = across * root[:, None] + np.eye(rows.shape[1])
            solved = np.linalg.solve(inner, np.concatenate([across, centred[..., None]], axis=-1))
            means[part] = self.mean + np.einsum("nij,ni->nj", across, solved[..., -1])
            explained = np.einsum("nij,nij->nj", across, solved[..., :-1])
            variances[part] = np.clip(np.diag(self.covariance) - explained, 0, None)
        return means, variances

    def constrained(self, rows: np.ndarray, offset: np.ndarray, variance: float) -> "Gaussian":
        """Give the Gaussian of which linear functions are known, up to a variance.

        Args:
            rows: (functions, dimensions).
            offset: (functions,), their values.
            variance: of their errors.
        """
        across = rows @ self.covariance
        inner = across @ rows.T + variance * np.eye(len(rows))
        gain = np.linalg.solve(inner, across).T
        mean = self.mean + gain @ (offset - rows @ self.mean)
        covariance = self.covariance - gain @ across
        return Gaussian(mean, (covariance + covariance.T) / 2)


@dataclass(frozen=True, eq=False)
class Poses:
    """Which poses the labels show.

    Attributes:
        gaussian: of the coordinates of some keypoints.
        points: their names, in the order of the coordinates.
        noise: variance of a coordinate that the components do not explain, in square pixels.
        lost: variance of a coordinate's error if it were that of any other point of the animal.
        about: what was fitted, in words.
    """

    gaussian: Gaussian
    points: tuple[str, ...]
    noise: float
    lost: float
    about: str


def fit_labels(labels: Labels, where: str = "pose_repair") -> Poses:
    """Fit a Gaussian to poses: probabilistic PCA, and what the views of one point have in common.

    Keypoints of fewer than `FEWEST` labels are left out. Frames with missing labels count too. The
    views of a point then narrow it: two predictions of one point that no point in space could show
    are unlikely.

    Args:
        labels: of the training frames.
        where: what asks, for errors.

    Raises:
        ConfigError: if fewer than two keypoints have enough labels.

    Source: Tipping and Bishop, Probabilistic Principal Component Analysis (1999), equation 7;
    Lightning Pose, equations 8 and 12, for the subspaces.
    """
    known = np.isfinite(labels.keypoints).all(-1)
    points = np.flatnonzero(known.sum(0) >= FEWEST)
    if len(points) < 2:
        raise ConfigError(
            f"{where}: {len(points)} of {known.shape[1]} keypoints have {FEWEST} labels or more, "
            "and one tells of another only from two on; label more frames, or leave repair out"
        )
    rows = gather(labels.keypoints, points[None])
    rows = rows[~np.isnan(rows).all(1)]
    gaussian, components, noise = fit_components(rows)
    names = tuple(labels.skeleton.names[point] for point in points)
    groups = shown_in_views(labels.skeleton, names)
    shown = rows.reshape(len(rows), -1, 2)
    gaussian, seen = narrow(gaussian, shown, groups)
    views = f" and {groups.shape[1]} views of {len(groups)} points" if seen else ""
    about = f"{components} of {rows.shape[1]} components of {len(rows)} labeled poses{views}"
    lost = 2 * float(np.nanmean(np.nanvar(shown, axis=1)))  # of the difference of any two
    return Poses(gaussian, names, noise, max(lost, noise), about)


def fit_components(rows: np.ndarray) -> tuple[Gaussian, int, float]:
    """Fit probabilistic PCA to rows (n, dimensions) with NaN.

    Returns:
        The Gaussian, the number of components, half as many as rows at most, and the variance
        outside them: where rows are few that of rows left out of the fit, if it is larger.
    """
    mean, covariance = fit_gaussian(rows)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.clip(values[::-1], 0, None), vectors[:, ::-1]
    total = max(float(values.sum()), np.finfo(float).tiny)
    wanted = count_for(np.cumsum(values / total), VARIANCE)
    kept = max(1, min(wanted, len(rows) // 2, len(values) - 1))
    few = len(rows) < PLENTY * len(values)
    subspace = Subspace(mean, vectors[:, :kept], float(values[:kept].sum() / total))
    errors = errors_left_out(rows, kept) if few else point_errors(rows, subspace)
    noise = max(float(values[kept:].mean()), outside(errors, kept), 1e-9 * total)
    widths = np.full(len(values), noise)
    widths[:kept] = np.maximum(values[:kept], noise)
    return Gaussian(mean, (vectors * widths) @ vectors.T), kept, noise


def outside(errors: np.ndarray, components: int) -> float:
    """Give the variance outside a subspace, per direction, from distances to it; 0 if unknown.

    The median over rows, by the median of a chi-squared: a few wrong labels do not widen it.

    Args:
        errors: (n, points), distances of points to their row's nearest member; NaN where unknown.
        components: of the subspace, which takes as many of a row's directions.

    Source: Wilson and Hilferty, The distribution of chi-square (1931), for the median.
    """
    directions = 2 * np.isfinite(errors).sum(1) - components
    some = directions > 0
    if not some.any():
        return 0.0
    middle = directions[some] * (1 - 2 / (9 * directions[some])) ** 3
    return float(np.median(np.nansum(errors[some] ** 2, axis=1) / middle))


def shown_in_views(skeleton: Skeleton, names: tuple[str, ...]) -> np.ndarray:
    """Give which of some keypoints show one point in all views, (points, views) of their places."""
    if len(skeleton.views) < 2:
        return np.zeros((0, 0), int)
    together = zip(*skeleton.views.values(), strict=True)
    groups = [[names.index(n) for n in one if n] for one in together if set(one) <= set(names)]
    return np.array(groups, int).reshape(len(groups), len(skeleton.views))


def narrow(gaussian: Gaussian, poses: np.ndarray, groups: np.ndarray) -> tuple[Gaussian, bool]:
    """Narrow a Gaussian of poses (n, points, 2) by what all views of each point could show.

    Returns:
        The Gaussian, and whether anything was fitted: there are views, and enough points in all.
    """
    rows = gather(poses, groups) if len(groups) else np.zeros((0, 0))
    rows = rows[~np.isnan(rows).any(1)]
    if len(rows) < max(FEWEST, rows.shape[1]) or rows.shape[1] <= SPACE:
        return gaussian, False
    subspace = fit_subspace(rows, SPACE)
    across = np.linalg.svd(subspace.axes.T)[2][SPACE:]  # orthonormal, no point in space moves them
    noise = max(outside(errors_left_out(rows, SPACE), SPACE), 1e-9 * float(rows.var(0).sum()))
    places = (2 * groups[..., None] + np.arange(2)).reshape(len(groups), -1)
    functions = np.zeros((len(groups), len(across), len(gaussian.mean)))
    for number, place in enumerate(places):
        functions[number][:, place] = across
    offset = np.tile(across @ subspace.mean, len(groups))
    return gaussian.constrained(functions.reshape(len(offset), -1), offset, noise), True
