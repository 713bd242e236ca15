"""Where points of the world roughly are, and how they move: what the smoother begins with."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pose_eks.cameras.projection import undistort
from pose_eks.cameras.rig import Rig
from pose_eks.cameras.triangulation import triangulate
from pose_eks.core.motion import Motion, Velocity, Walk
from pose_eks.errors import EksError
from pose_eks.models.sights import View, motion_of
from pose_eks.options import CalibratedOptions

FEWEST = 3  # triangulated frames that say how a point moves


def stacked(views: Sequence[View]) -> tuple[np.ndarray, np.ndarray]:
    """Give all cameras' centres and spreads, (frames, keypoints, cameras, 2) each."""
    each = [view.consensus for view in views]
    return np.stack([c.center for c in each], axis=-2), np.stack([c.spread for c in each], axis=-2)


def placed(
    rig: Rig, pixels: np.ndarray, spread: np.ndarray, options: CalibratedOptions
) -> np.ndarray:
    """Triangulate frame by frame: (frames, keypoints, 3), NaN where fewer than two cameras see.

    To the members' variance a keypoint's median is added: where they agree they may still err.
    """
    usual = [usual_of(spread[:, k]) for k in range(spread.shape[1])]
    variances = options.a * spread + np.reshape(usual, (-1, 1, 1))
    freedom = options.degrees if options.likelihood == "student" else None
    return triangulate(rig, pixels, variances, freedom).points


def usual_of(values: np.ndarray) -> float:
    """Give the median of what is there, 1 where that is nothing or 0."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) or 1.0 if known.size else 1.0


def complete(rig: Rig, pixels: np.ndarray, points: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Fill in the frames without a point, between those before and after.

    A keypoint that no two cameras ever see at once is put on its ray, as far away as the others.

    Args:
        rig: the cameras.
        pixels: (frames, keypoints, cameras, 2).
        points: (frames, keypoints, 3), NaN where unknown.
        times: (frames,).

    Returns:
        As `points`; NaN only for keypoints that no camera ever sees.

    Raises:
        EksError: if no point at all is known.
    """
    known = np.isfinite(points).all(axis=-1)
    if not known.any():
        raise EksError(
            "views: no keypoint is seen by two cameras in one frame, so that nothing can be placed "
            "in space; give cameras that run together, or smooth each by itself"
        )
    amid, full = np.median(points[known], axis=0), np.empty_like(points)
    for k in range(points.shape[1]):
        path = points[:, k] if known[:, k].any() else on_rays(rig, pixels[:, k], amid)
        full[:, k] = interpolated(path, times)
    return full


def on_rays(rig: Rig, pixels: np.ndarray, amid: np.ndarray) -> np.ndarray:
    """Give points (frames, 3) on the rays of whichever camera sees, as deep as a point amid."""
    path = np.full((len(pixels), 3), np.nan)
    for number, camera in enumerate(rig.cameras):
        depth = camera.rotation[2] @ amid + camera.translation[2]
        plane = undistort(camera, pixels[:, number])
        ray = np.concatenate([plane, np.ones((len(plane), 1))], axis=1)
        path = np.where(np.isnan(path), (depth * ray - camera.translation) @ camera.rotation, path)
    return path


def interpolated(path: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Fill the gaps of a path (frames, 3) by straight lines; NaN where it is nowhere known."""
    known = np.isfinite(path).all(axis=1)
    if not known.any():
        return path
    return np.stack([np.interp(times, times[known], axis[known]) for axis in path.T], axis=1)


def motion_in_world(
    points: np.ndarray, start: np.ndarray, times: np.ndarray, options: CalibratedOptions
) -> Motion:
    """Make the motion of one keypoint; the same in every direction, and of any unit.

    Args:
        points: (frames, 3), triangulated; NaN where unknown.
        start: (frames, 3), without gaps; used where too few are known.
        times: (frames,).
        options: the dynamics, and s.
    """
    enough = np.isfinite(points).all(axis=1).sum() >= FEWEST
    motion = motion_of(points if enough else start, times, options)
    assert isinstance(motion, Walk | Velocity)
    one = np.eye(3)
    return replace(
        motion,
        covariance=np.trace(motion.covariance) / 3 * one,
        shape=motion.s.scale * one,
        s=replace(motion.s, scale=1.0),
    )
