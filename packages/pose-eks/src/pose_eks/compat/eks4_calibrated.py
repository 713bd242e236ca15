"""Calibrated cameras as ensemble-kalman-smoother 4 smooths them: linearised once per frame."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from pose_eks.cameras.projection import to_pixels, undistort
from pose_eks.cameras.rig import Camera, Rig
from pose_eks.compat.eks4_ensemble import LEAST_VARIANCE, parameters, summarize_views
from pose_eks.compat.eks4_filter import Series, smooth
from pose_eks.compat.eks4_views import of_views, refuse_too_few, stacked, stacked_variance
from pose_eks.models.inflation import inflate as inflate_one
from pose_eks.smoothed import SmoothedViews

LATENT = 3
FIRST_FRAMES = 10  # whose mean is the prior's
LEAST_FIRST, LEAST_STEP = 1e-4, 1e-8  # squared units of the world: small only if that is small
TO_DEVIATION = 1.4826  # a normal's standard deviation over its median absolute deviation


def calibrated(
    views: Mapping[str, np.ndarray],
    confidences: Mapping[str, np.ndarray] | None,
    rig: Rig,
    s: float | np.ndarray,
    names: Sequence[str] = (),
    inflate: bool = True,
    center: str = "median",
    divide_by_confidence: bool = True,
) -> SmoothedViews:
    """Smooth points of the world that calibrated cameras see.

    Two of the original's faults are kept, for comparison: the coefficients k4, k5 and k6 of a lens
    multiply r^8, r^10 and r^12 (and a fisheye lens is projected as if it were none), and the
    variances of every view have the first view's ensemble variance added. Both columns have them.

    Args:
        views: (members, frames, keypoints, 2) of each camera by name, in px; nothing missing.
        confidences: (members, frames, keypoints) of each camera; None: all members are sure.
        rig: has a camera of every name.
        s: process noise, one, or one per keypoint; 1 is the steps of the triangulated points.
        names: of the keypoints; none: "0", "1", ...
        inflate: whether the variance of a view that disagrees is raised.
        center: "median" or "mean".
        divide_by_confidence: whether the members' variance is divided by their confidence.

    Raises:
        EksError: if there are fewer than two views, shapes do not fit, or something is missing.
    """
    refuse_too_few(views, LATENT)
    cameras = rig.choose(tuple(views)).cameras
    found = summarize_views(views, confidences, center, divide_by_confidence)
    s = parameters(s, found[0].center.shape[1])
    observed, variance = stacked([one.center for one in found]), stacked_variance(found)
    if inflate:
        pairs = zip(observed, variance, strict=True)
        variance = np.stack([inflate_one(*pair, LATENT) for pair in pairs])
    series = started(seen(cameras, list(views.values())), observed, variance, s)

    def observe(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pixels, slopes = zip(*(project(camera, means) for camera in cameras), strict=True)
        return np.concatenate(pixels, axis=-1), np.concatenate(slopes, axis=-2)

    states = smooth(series, observe)
    position, slope = observe(states.means)
    wide = np.einsum("ktod,ktde,ktoe->kto", slope, states.covariances, slope)
    wide = wide + np.tile(variance[..., :2], len(cameras))
    labelled = tuple(names) or tuple(str(k) for k in range(len(s)))
    spread = stacked_variance(found)
    return of_views(tuple(views), found, labelled, position, wide, spread, states, s, center)


def started(
    points: np.ndarray, observed: np.ndarray, variance: np.ndarray, s: np.ndarray
) -> Series:
    """Lay out the series, with prior and steps from triangulated points (keypoints, frames, 3)."""
    moves = np.diff(points, axis=1)
    middle = np.median(moves, axis=1, keepdims=True)
    usual = TO_DEVIATION * (np.median(np.abs(moves - middle), axis=1) + 1e-12)
    step = np.maximum(usual**2, LEAST_STEP)
    first = np.nanvar(points, axis=1) + LEAST_FIRST
    return Series(
        observed=observed,
        variance=np.maximum(variance, LEAST_VARIANCE),
        mean=points[:, :FIRST_FRAMES].mean(axis=1),
        covariance=first[..., None] * np.eye(LATENT),
        keeps=np.ones(LATENT),
        step=s[:, None, None] * step[..., None] * np.eye(LATENT),
    )


def seen(cameras: Sequence[Camera], views: Sequence[np.ndarray]) -> np.ndarray:
    """Triangulate every member, and give their mean (keypoints, frames, 3)."""
    rays = [
        undistort(camera, np.asarray(view)) for camera, view in zip(cameras, views, strict=True)
    ]
    pairs = [
        triangulated(cameras[a], rays[a], cameras[b], rays[b])
        for a, b in combinations(range(len(cameras)), 2)
    ]
    return np.swapaxes(np.nanmedian(pairs, axis=0).mean(axis=0), 0, 1)


def triangulated(one: Camera, rays: np.ndarray, other: Camera, others: np.ndarray) -> np.ndarray:
    """Give the points (..., 3) that two cameras see at rays (..., 2) on their planes.

    Source: Hartley & Zisserman, Multiple View Geometry (2004), section 12.2.
    """
    rows = []
    for camera, plane in ((one, rays), (other, others)):
        matrix = np.column_stack([camera.rotation, camera.translation])
        rows += [plane[..., axis, None] * matrix[2] - matrix[axis] for axis in (0, 1)]
    system = np.stack(rows, axis=-2)
    lost = np.isnan(system).any(axis=(-1, -2))
    system = np.where(lost[..., None, None], 0.0, system)
    homogeneous = np.linalg.svd(system)[2][..., -1, :]
    points = homogeneous[..., :3] / np.where(lost, np.nan, homogeneous[..., 3])[..., None]
    return np.asarray(points)


def project(camera: Camera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give pixels (..., 2) of points (..., 3), and their derivatives (..., 2, 3)."""
    local = points @ camera.rotation.T + camera.translation
    x, y, z = np.moveaxis(local, -1, 0)
    moved, bent = distorted(camera.distortions, x / z, y / z)
    zero = np.zeros_like(z)
    onto = [[1 / z, zero, -x / z**2], [zero, 1 / z, -y / z**2]]
    plane = np.moveaxis(np.array(onto), (0, 1), (-2, -1))
    slope = camera.matrix[:2, :2] @ bent @ plane @ camera.rotation
    return to_pixels(camera, moved[..., 0], moved[..., 1]), slope


def distorted(
    coefficients: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bend points of the plane as the original does: to (..., 2), with derivatives (..., 2, 2)."""
    k = np.zeros(12)
    k[: min(len(coefficients), 12)] = coefficients[:12]
    radial, p1, p2 = k[[0, 1, 4, 5, 6, 7]], k[2], k[3]
    s1, s2, s3, s4 = k[8:]
    r2 = x * x + y * y
    powers = [r2**n for n in range(7)]
    scale = 1 + sum(c * powers[n] for n, c in enumerate(radial, start=1))
    rate = sum(n * c * powers[n - 1] for n, c in enumerate(radial, start=1))  # by r2
    xd = x * scale + 2 * p1 * x * y + p2 * (r2 + 2 * x * x) + s1 * r2 + s2 * r2 * r2
    yd = y * scale + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y + s3 * r2 + s4 * r2 * r2
    by_r2_x, by_r2_y = x * rate + p2 + s1 + 2 * s2 * r2, y * rate + p1 + s3 + 2 * s4 * r2
    slopes = [
        [scale + 2 * p1 * y + 4 * p2 * x + by_r2_x * 2 * x, 2 * p1 * x + by_r2_x * 2 * y],
        [2 * p2 * y + by_r2_y * 2 * x, scale + 4 * p1 * y + 2 * p2 * x + by_r2_y * 2 * y],
    ]
    return np.stack([xd, yd], axis=-1), np.moveaxis(np.array(slopes), (0, 1), (-2, -1))
