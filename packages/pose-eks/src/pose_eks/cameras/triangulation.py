"""Points of the world from the pixels of several cameras.

The linear equations of the rays give a first point (DLT); Gauss-Newton steps on the reprojection
error take it to the weighted least squares, or to the maximum of a Student-t likelihood, under
which one camera that is far off is outvoted. Nothing depends on the unit or the axes of the world.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from pose_eks.cameras.projection import project_all, undistort
from pose_eks.cameras.rig import Rig
from pose_eks.errors import EksError

STEPS = 50
SUSPECT = 3.0  # standard deviations of a view from which on a second opinion is asked for
UNSEEN = 1e12  # squared standard deviations of a point that a camera cannot see, though it should


@dataclass(frozen=True, eq=False)
class Triangulated:
    """Points and what is known of their error; NaN where fewer than two cameras see them.

    Attributes:
        points: (..., 3), in the world's unit.
        covariances: (..., 3, 3), in the world's unit squared, for the variances given.
        residuals: (..., cameras, 2), observed - reprojected, in pixels.
        weights: (..., cameras), how far a robust likelihood trusts a view: 1 where it agrees with
            the point wholly, 0 where it is missing; 1 for every view seen, for least squares.
    """

    points: np.ndarray
    covariances: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray


def triangulate(
    rig: Rig,
    pixels: np.ndarray,
    variances: np.ndarray | None = None,
    freedom: float | None = None,
    close: float = 1e-6,
) -> Triangulated:
    """Find the points that cameras see.

    Args:
        rig: the cameras.
        pixels: (..., cameras, 2), as the lens shows them; NaN where missing.
        variances: of `pixels`, of the same shape, px²; None: 1. A view without a finite positive
            one is missing.
        freedom: degrees of freedom ν of a Student-t likelihood for each view, 4 say; None for
            least squares. A view at d standard deviations gets the weight ν / (ν + d²).
        close: a point is found when the last step moves it by less, in pixels of any camera.

    Raises:
        EksError: if shapes do not fit.
    """
    views = views_of(rig, pixels, variances)
    found = refine(views, linear(views, range(len(rig.cameras))), None, close)
    if freedom is not None:
        found = refine(views, second_opinion(views, found, freedom), freedom, close)
    parts = described(views, found, freedom)
    shape = np.shape(pixels)[:-2]
    return Triangulated(*(part.reshape(*shape, *part.shape[1:]) for part in parts))


class Views(NamedTuple):
    """Points as cameras see them.

    Attributes:
        rig: the cameras.
        pixels: (points, cameras, 2), 0 where missing.
        precision: (points, cameras, 2), 1 / variance; 0 where missing.
        rays: (points, cameras, 2), on the plane at distance 1 of each camera; NaN where missing.
    """

    rig: Rig
    pixels: np.ndarray
    precision: np.ndarray
    rays: np.ndarray

    def some(self, which: np.ndarray) -> "Views":
        """Give some of the points."""
        return Views(self.rig, self.pixels[which], self.precision[which], self.rays[which])


def views_of(rig: Rig, pixels: np.ndarray, variances: np.ndarray | None) -> Views:
    """Lay views out flat.

    Raises:
        EksError: if shapes do not fit.
    """
    pixels, count = np.asarray(pixels, dtype=float), len(rig.cameras)
    if pixels.ndim < 2 or pixels.shape[-2:] != (count, 2):
        raise EksError(f"pixels: shape {pixels.shape} is not (..., {count} cameras, 2)")
    variances = np.ones_like(pixels) if variances is None else np.asarray(variances, dtype=float)
    if variances.shape != pixels.shape:
        raise EksError(f"variances: shape {variances.shape} is not that of pixels {pixels.shape}")
    pixels, variances = (values.reshape(-1, count, 2) for values in (pixels, variances))
    good = np.isfinite(pixels) & np.isfinite(variances) & (variances > 0)
    seen = good.all(axis=-1, keepdims=True)
    there = np.where(seen, pixels, np.nan)
    rays = [undistort(camera, there[:, c]) for c, camera in enumerate(rig.cameras)]
    precision = np.where(seen, 1 / np.where(seen, variances, 1.0), 0.0)
    return Views(rig, np.where(seen, pixels, 0.0), precision, np.stack(rays, axis=1))


def linear(views: Views, which: range | tuple[int, ...]) -> np.ndarray:
    """Solve the rays' linear equations in some cameras, (points, 3); NaN below two views.

    A ray (x, y) says (x R3 - R1) q = t1 - x t3, and the same of y. The origin is put amid the
    cameras, so that squaring the equations costs no digits.
    """
    middle = np.mean([-c.rotation.T @ c.translation for c in views.rig.cameras], axis=0)
    matrix, vector = np.zeros((len(views.rays), 3, 3)), np.zeros((len(views.rays), 3))
    count = np.zeros(len(views.rays), int)
    for number in which:
        camera, rays = views.rig.cameras[number], views.rays[:, number]
        seen = np.isfinite(rays).all(axis=-1)
        shifted = camera.translation + camera.rotation @ middle
        weight = views.precision[:, number] * np.linalg.det(camera.matrix)
        for axis in (0, 1):
            x = np.where(seen, rays[:, axis], 0.0)
            row = x[:, None] * camera.rotation[2] - camera.rotation[axis]
            by_weight = (np.where(seen, weight[:, axis], 0.0))[:, None] * row
            matrix += by_weight[:, :, None] * row[:, None, :]
            vector += by_weight * (shifted[axis] - x * shifted[2])[:, None]
        count += seen
    enough = (count >= 2)[:, None]
    with np.errstate(all="ignore"):
        return np.where(enough, product(inverse(matrix), vector), np.nan) + middle


class Slope(NamedTuple):
    """The reprojection error at points.

    Attributes:
        cost: (points,), minus twice the log-likelihood, up to a constant.
        gradient: (points, 3), what the step has to undo.
        information: (points, 3, 3), of the observations, weighted.
        residuals: (points, cameras, 2), 0 where missing, NaN where it cannot be said.
        weights: (points, cameras).
        slopes: (points, cameras, 2, 3).
    """

    cost: np.ndarray
    gradient: np.ndarray
    information: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray
    slopes: np.ndarray


def slope_at(views: Views, points: np.ndarray, freedom: float | None) -> Slope:
    """Give the reprojection error of points and its derivatives."""
    pixels, slopes = project_all(views.rig, points)
    seen = views.precision[..., 0] > 0
    residuals = np.where(seen[..., None], views.pixels - pixels, 0.0)
    visible = np.isfinite(residuals[..., 0] + residuals[..., 1])
    known = np.where(visible[..., None], residuals, 0.0)
    squares = np.where(visible, (known**2 * views.precision).sum(axis=-1), UNSEEN)
    if freedom is None:
        cost, weights = squares, np.ones_like(squares)
    else:
        cost, weights = freedom * np.log1p(squares / freedom), freedom / (freedom + squares)
    weights = np.where(seen & visible, weights, 0.0)
    slopes = np.where((seen & visible)[..., None, None], slopes, 0.0)
    count = 2 * len(views.rig.cameras)
    flat = slopes.reshape(-1, count, 3)
    by_precision = flat * (weights[..., None] * views.precision).reshape(-1, count, 1)
    gradient = (by_precision * known.reshape(-1, count, 1)).sum(axis=1)
    information = by_precision.swapaxes(1, 2) @ flat
    return Slope(cost.sum(axis=-1), gradient, information, residuals, weights, slopes)


def refine(views: Views, points: np.ndarray, freedom: float | None, close: float) -> np.ndarray:
    """Take points (points, 3) to the maximum of the likelihood, each by its own steps.

    Steps are Gauss-Newton's, damped where they do not help (Levenberg and Marquardt).
    """
    points = points.copy()
    left = np.flatnonzero(np.isfinite(points).all(axis=-1))
    damping, there = np.zeros(len(left)), slope_at(views.some(left), points[left], freedom)
    for _ in range(STEPS):
        if not left.size:
            break
        some, here = views.some(left), there
        step = damped_step(here, damping)
        trial = slope_at(some, points[left] + step, freedom)
        better = trial.cost <= here.cost * (1 + 1e-12)
        points[left] += np.where(better[:, None], step, 0.0)
        there = Slope(*(chosen(better, b, a) for a, b in zip(here, trial, strict=True)))
        damping = np.where(better, damping / 10, np.maximum(10 * damping, 1e-3))
        moved = np.abs(np.einsum("ncij,nj->nci", here.slopes, step)).max(axis=(1, 2), initial=0.0)
        on = (moved > close) & (damping < 1e12)
        left, damping = left[on], damping[on]
        there = Slope(*(part[on] for part in there))
    return points


def damped_step(here: Slope, damping: np.ndarray) -> np.ndarray:
    """Give the step (points, 3); 0 where there is none."""
    size = np.einsum("nii->n", here.information) / 3
    matrix = here.information + (damping * size)[:, None, None] * np.eye(3)
    with np.errstate(all="ignore"):
        step = product(inverse(matrix), here.gradient)
    return np.where(np.isfinite(step).all(axis=-1, keepdims=True), step, 0.0)


def second_opinion(views: Views, points: np.ndarray, freedom: float) -> np.ndarray:
    """Where a view is far from its point, give the point of the pair that all like best.

    With one view wrong, a pair of the others is right, whatever the wrong one says.
    """
    points, cameras = points.copy(), range(len(views.rig.cameras))
    there = slope_at(views, points, None)
    squares = np.nansum(there.residuals**2 * views.precision, axis=-1)
    doubted = np.flatnonzero((squares > SUSPECT**2).any(axis=-1))
    some, best = views.some(doubted), points[doubted]
    cost = slope_at(some, best, freedom).cost
    for pair in combinations(cameras, 2):
        trial = linear(some, pair)
        new = slope_at(some, trial, freedom).cost
        better = np.isfinite(trial).all(axis=-1) & ~(cost <= new)
        best, cost = chosen(better, trial, best), np.where(better, new, cost)
    points[doubted] = best
    return points


def described(views: Views, points: np.ndarray, freedom: float | None) -> tuple[np.ndarray, ...]:
    """Give points, covariances, residuals and weights, NaN where there is no point."""
    there = slope_at(views, points, freedom)
    with np.errstate(all="ignore"):
        covariances = inverse(there.information)
    known = np.isfinite(points).all(axis=-1) & np.isfinite(covariances).all(axis=(1, 2))
    seen = views.precision[..., 0] > 0
    residuals = np.where((seen & known[:, None])[..., None], there.residuals, np.nan)
    return (
        np.where(known[:, None], points, np.nan),
        np.where(known[:, None, None], covariances, np.nan),
        residuals,
        np.where(known[:, None], there.weights, 0.0),
    )


def chosen(which: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Give new where `which`, along the first axis, and old elsewhere."""
    return np.where(which.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def inverse(matrix: np.ndarray) -> np.ndarray:
    """Invert symmetric matrices (..., 3, 3) by cofactors; not finite where singular."""
    a, b, c = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 0, 2]
    d, e, f = matrix[..., 1, 1], matrix[..., 1, 2], matrix[..., 2, 2]
    A, B, C = d * f - e * e, c * e - b * f, b * e - c * d
    D, E, F = a * f - c * c, b * c - a * e, a * d - b * b
    adjugate = np.stack([A, B, C, B, D, E, C, E, F], axis=-1)
    scale = 1 / (a * A + b * B + c * C)
    return (adjugate * scale[..., None]).reshape(matrix.shape)


def product(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Multiply matrices (..., 3, 3) by vectors (..., 3)."""
    return (matrix @ vector[..., None])[..., 0]
