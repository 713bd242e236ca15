"""What a lens does to the image plane, with its slope, and how to undo it.

Points (x, y) are those of the plane at distance 1 before the camera, without a unit; a lens moves
them to where an ideal camera would have to see them.

    radial       c = (1 + k1 r² + k2 r⁴ + k3 r⁶) / (1 + k4 r² + k5 r⁴ + k6 r⁶),  r² = x² + y²
    x' = c x + 2 p1 x y + p2 (r² + 2 x²) + s1 r² + s2 r⁴       (tangential p, thin prism s)
    y' = c y + p1 (r² + 2 y²) + 2 p2 x y + s3 r² + s4 r⁴
    tilted sensor: a homography of (x', y'), by tauX about x, then tauY about y
    fisheye      x' = x θ' / r,  θ' = θ (1 + k1 θ² + k2 θ⁴ + k3 θ⁶ + k4 θ⁸),  θ = atan r

Source: OpenCV's documentation of the modules calib3d and fisheye.
"""

from typing import NamedTuple

import numpy as np

from pose_eks.cameras.rig import Camera

STEPS = 60
CLOSE = 1e-13  # of the plane, relative to 1 + |(x', y')|


class Moved(NamedTuple):
    """Points after the lens and the slopes dx'/dx, dx'/dy, dy'/dx, dy'/dy, arrays of one shape."""

    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yx: np.ndarray
    yy: np.ndarray


def distort(camera: Camera, x: np.ndarray, y: np.ndarray) -> Moved:
    """Send points of the plane through the camera's lens."""
    if camera.fisheye:
        return through_fisheye(camera, x, y)
    if not camera.distortions.any():
        none, whole = np.zeros_like(x), np.ones_like(x)
        return Moved(x, y, whole, none, none, whole)
    moved = through_brown(camera, x, y)
    tilt = coefficients(camera)[12:]
    return through_homography(tilt_matrix(tilt), moved) if tilt.any() else moved


def coefficients(camera: Camera) -> np.ndarray:
    """Give all fourteen coefficients of a lens, 0 for those not given."""
    given = camera.distortions
    return np.concatenate([given, np.zeros(14 - len(given))])


def through_brown(camera: Camera, x: np.ndarray, y: np.ndarray) -> Moved:
    """Apply radial, tangential and thin prism distortion."""
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = coefficients(camera)[:12]
    xx, yy, xy = x * x, y * y, x * y
    r2 = xx + yy
    below = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    c = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / below
    slope = (k1 + r2 * (2 * k2 + r2 * 3 * k3) - c * (k4 + r2 * (2 * k5 + r2 * 3 * k6))) / below
    if not any((p1, p2, s1, s2, s3, s4)):  # most lenses, in half the time
        across = 2 * slope * xy
        return Moved(x * c, y * c, c + 2 * slope * xx, across, across, c + 2 * slope * yy)
    across = 2 * (xy * slope + p1 * x + p2 * y)
    prism_x, prism_y = 2 * (s1 + 2 * s2 * r2), 2 * (s3 + 2 * s4 * r2)
    return Moved(
        x * c + 2 * p1 * xy + p2 * (r2 + 2 * xx) + r2 * (s1 + s2 * r2),
        y * c + 2 * p2 * xy + p1 * (r2 + 2 * yy) + r2 * (s3 + s4 * r2),
        c + 2 * xx * slope + 2 * p1 * y + 6 * p2 * x + x * prism_x,
        across + y * prism_x,
        across + x * prism_y,
        c + 2 * yy * slope + 6 * p1 * y + 2 * p2 * x + y * prism_y,
    )


def tilt_matrix(tilt: np.ndarray) -> np.ndarray:
    """Give the homography (3, 3) of a sensor tilted by (tauX, tauY)."""
    (cx, cy), (sx, sy) = np.cos(tilt), np.sin(tilt)
    turned = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    turned = turned @ np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    onto = np.array([[turned[2, 2], 0, -turned[0, 2]], [0, turned[2, 2], -turned[1, 2]], [0, 0, 1]])
    return onto @ turned


def through_homography(matrix: np.ndarray, moved: Moved) -> Moved:
    """Apply a homography after what has happened."""
    u, v, w = (row[0] * moved.x + row[1] * moved.y + row[2] for row in matrix)
    x, y = u / w, v / w
    (xx, xy), (yx, yy) = (
        [(matrix[row, column] - at * matrix[2, column]) / w for column in (0, 1)]
        for row, at in ((0, x), (1, y))
    )
    return Moved(
        x,
        y,
        xx * moved.xx + xy * moved.yx,
        xx * moved.xy + xy * moved.yy,
        yx * moved.xx + yy * moved.yx,
        yx * moved.xy + yy * moved.yy,
    )


def fisheye_angle(camera: Camera, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give θ' of θ and its slope."""
    k = camera.distortions if camera.distortions.size else np.zeros(4)
    square = angle * angle
    inner = square * (k[0] + square * (k[1] + square * (k[2] + square * k[3])))
    outer = square * (3 * k[0] + square * (5 * k[1] + square * (7 * k[2] + square * 9 * k[3])))
    return angle * (1 + inner), 1 + outer


def through_fisheye(camera: Camera, x: np.ndarray, y: np.ndarray) -> Moved:
    """Apply the equidistant model."""
    r2 = x * x + y * y
    r = np.sqrt(r2)
    seen, slope = fisheye_angle(camera, np.arctan(r))
    at_centre = r2 < 1e-8  # where 0 / 0 is near: the first terms of the series instead
    safe = np.where(at_centre, 1.0, r2)
    first = (camera.distortions[0] if camera.distortions.size else 0.0) - 1 / 3
    c = np.where(at_centre, 1 + first * r2, seen / np.sqrt(safe))
    bend = np.where(at_centre, 2 * first, (slope / (1 + r2) - c) / safe)
    return Moved(x * c, y * c, c + x * x * bend, x * y * bend, x * y * bend, c + y * y * bend)


def straighten(camera: Camera, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undo `distort`; NaN where no point of the plane is seen there.

    Newton's iteration with the exact slope, its step halved where it would lead away. A solution
    where the lens turns the plane over, past the edge of its useful circle, does not count.
    """
    if camera.fisheye:
        return from_fisheye(camera, x, y)
    if not camera.distortions.any():
        return x, y
    shape = np.shape(x)
    target = np.stack([np.ravel(x), np.ravel(y)])
    found = np.full_like(target, np.nan)
    left = np.flatnonzero(np.isfinite(target).all(axis=0))
    with np.errstate(all="ignore"):  # a trial may land anywhere
        found[:, left] = by_newton(camera, target[:, left])
    return found[0].reshape(shape), found[1].reshape(shape)


def by_newton(camera: Camera, target: np.ndarray) -> np.ndarray:
    """Solve distort(p) = target for p, both (2, points); NaN where it does not converge."""
    here, tolerance = target.copy(), CLOSE * (1 + np.abs(target).max(axis=0, initial=0.0))
    moved = distort(camera, *here)
    off = np.stack([moved.x, moved.y]) - target
    for _ in range(STEPS):
        error = np.abs(off).max(axis=0)
        if (error <= tolerance).all():
            break
        step = np.where(error > tolerance, newton_step(moved, off), 0.0)
        trial, there = shortened(camera, target, here, step, error)
        better = np.abs(np.stack([there.x, there.y]) - target).max(axis=0) < error
        here = np.where(better, trial, here)
        moved = Moved(*(np.where(better, b, a) for a, b in zip(moved, there, strict=True)))
        off = np.stack([moved.x, moved.y]) - target
        if not better.any():
            break
    upright = (moved.xx * moved.yy > moved.xy * moved.yx) & (moved.xx + moved.yy > 0)
    good = (np.abs(off).max(axis=0) <= 100 * tolerance) & upright
    return np.where(good, here, np.nan)


def newton_step(moved: Moved, off: np.ndarray) -> np.ndarray:
    """Give the step (2, points) that would end the distance if the lens were linear."""
    scale = 1 / (moved.xx * moved.yy - moved.xy * moved.yx)
    x = scale * (moved.xy * off[1] - moved.yy * off[0])
    y = scale * (moved.yx * off[0] - moved.xx * off[1])
    return np.nan_to_num(np.stack([x, y]), nan=0.0, posinf=0.0, neginf=0.0)


def shortened(
    camera: Camera, target: np.ndarray, here: np.ndarray, step: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, Moved]:
    """Halve steps until they bring the points nearer; give the points and where they are seen."""
    length = np.ones(here.shape[1])
    for _ in range(12):
        trial = here + length * step
        there = distort(camera, *trial)
        off = np.abs(np.stack([there.x, there.y]) - target).max(axis=0)
        worse = ~(off < error) & step.any(axis=0)
        if not worse.any():
            break
        length = np.where(worse, 0.5 * length, length)
    return trial, there


def from_fisheye(camera: Camera, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undo the equidistant model: Newton's iteration in the angle alone."""
    seen = np.hypot(x, y)
    angle = np.array(seen)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            there, slope = fisheye_angle(camera, angle)
            step = (there - seen) / slope
            angle = angle - np.clip(step, -0.5, 0.5)
            if not (np.abs(step) > 1e-16 + 1e-15 * np.abs(angle)).any():
                break
        there, slope = fisheye_angle(camera, angle)
        good = (np.abs(there - seen) < 1e-12) & (slope > 0) & (angle >= 0) & (angle < np.pi / 2)
        scale = np.where(seen > 0, np.tan(angle) / seen, 1.0)
        scale = np.where(good, scale, np.nan)
    return x * scale, y * scale
