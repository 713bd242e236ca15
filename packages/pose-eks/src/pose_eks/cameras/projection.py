"""From points of the world to pixels, with the slope, and from pixels to rays."""

import numpy as np

from pose_eks.cameras.lenses import Moved, distort, straighten
from pose_eks.cameras.rig import Camera, Rig


def project(camera: Camera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the pixels where a camera sees points, and how they move with the points.

    Args:
        camera: the camera.
        points: (..., 3), in the world's unit; NaN allowed.

    Returns:
        Pixels (..., 2) and their derivatives by the points (..., 2, 3), in pixels per unit of
        the world; NaN for points behind the camera.
    """
    points = np.asarray(points, dtype=float)
    flat = points.reshape(-1, 3)
    across, down, ahead = camera.rotation @ flat.T + camera.translation[:, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        depth = np.where(ahead > 0, ahead, np.nan)
        x, y = across / depth, down / depth
        moved = distort(camera, x, y)
        slopes = plane_slopes(camera, moved, x, y, depth)
    pixels = to_pixels(camera, moved.x, moved.y).reshape(*points.shape[:-1], 2)
    return pixels, (slopes @ camera.rotation).reshape(*points.shape[:-1], 2, 3)


def project_all(rig: Rig, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project into every camera: pixels (..., cameras, 2), derivatives (..., cameras, 2, 3)."""
    pixels, slopes = zip(*(project(camera, points) for camera in rig.cameras), strict=True)
    return np.stack(pixels, axis=-2), np.stack(slopes, axis=-3)


def undistort(camera: Camera, pixels: np.ndarray) -> np.ndarray:
    """Give the points (..., 2) of the plane at distance 1 that are seen at pixels (..., 2).

    NaN where the lens sees nothing of the plane there, and where the iteration fails.
    """
    inverse = np.linalg.inv(camera.matrix)
    x, y = (pixels @ inverse[row, :2] + inverse[row, 2] for row in (0, 1))
    return np.stack(straighten(camera, x, y), axis=-1)


def plane_slopes(
    camera: Camera, moved: Moved, x: np.ndarray, y: np.ndarray, depth: np.ndarray
) -> np.ndarray:
    """Give the derivatives (points, 2, 3) of pixels by coordinates in the camera."""
    slopes = np.empty((len(x), 2, 3))
    for row, (along, aside) in enumerate(camera.matrix[:2, :2]):
        slopes[:, row, 0] = (along * moved.xx + aside * moved.yx) / depth
        slopes[:, row, 1] = (along * moved.xy + aside * moved.yy) / depth
        slopes[:, row, 2] = -(slopes[:, row, 0] * x + slopes[:, row, 1] * y)
    return slopes


def to_pixels(camera: Camera, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Turn points of the plane after the lens into pixels (..., 2)."""
    return np.stack([a * x + b * y + c for a, b, c in camera.matrix[:2]], axis=-1)
