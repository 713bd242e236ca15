"""Where points of the world roughly are, and how they move: what the smoother begins with."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pose_eks.cameras.projection import undistort
from pose_eks.cameras.rig import Rig
from pose_eks.cameras.triangulation import triangulate
from pose_eks.core.chain import Chain
from pose_eks.core.motion import Motion, Velocity, Walk
from pose_eks.errors import EksError
from pose_eks.models.added_rows import with_rows
from pose_eks.models.sights import FAR, View, motion_of
from pose_eks.options import CalibratedOptions

START = 0.05  # pixels: how exactly a path must be known to begin with
LOOSE = 3.0  # times the scene's width: where a point that one camera sees may be
LAG = 10  # frames of the moves that show their directions
ROUND = 0.1  # share of the moves' shape that has no direction
FEWEST = 3  # triangulated frames that say how a point moves


def stacked(views: Sequence[View]) -> tuple[np.ndarray, np.ndarray]:
    """Give all cameras' centres and spreads, (frames, keypoints, cameras, 2) each."""
    each = [view.consensus for view in views]
    return np.stack([c.center for c in each], axis=-2), np.stack([c.spread for c in each], axis=-2)


def placed(
    rig: Rig,
    pixels: np.ndarray,
    spread: np.ndarray,
    usual: np.ndarray,
    options: CalibratedOptions,
) -> tuple[np.ndarray, np.ndarray]:
    """Triangulate frame by frame.

    Args:
        rig: the cameras.
        pixels: (frames, keypoints, cameras, 2).
        spread: of them, of the same shape.
        usual: (keypoints,), the usual spread, which is added: where members agree they may still
            err.
        options: of the model.

    Returns:
        Points (frames, keypoints, 3), NaN where fewer than two cameras see them, and robust
        weights (frames, keypoints, cameras), 1 where there is nothing to say.
    """
    variances = options.a * spread + usual[:, None, None]
    freedom = options.degrees if options.likelihood == "student" else None
    found = triangulate(rig, pixels, variances, freedom, close=START)
    weights = found.weights * (1 if freedom is None else (freedom + 2) / freedom)
    return found.points, np.where(weights > 0, weights, 1.0)


def usual_of(values: np.ndarray) -> float:
    """Give the median of what is there, 1 where that is nothing or 0."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) or 1.0 if known.size else 1.0


class Scene(NamedTuple):
    """Where the points of a recording are: the middle (3,), and the variance along any axis."""

    middle: np.ndarray
    variance: float


def scene_of(points: np.ndarray) -> Scene:
    """Give the scene of points (frames, keypoints, 3), NaN where unknown.

    Raises:
        EksError: if no point at all is known.
    """
    known = points[np.isfinite(points).all(axis=-1)]
    if not len(known):
        raise EksError(
            "views: no keypoint is seen by two cameras in one frame, so that nothing can be placed "
            "in space; give cameras that run together, or smooth each by itself"
        )
    middle = np.median(known, axis=0)
    return Scene(middle, float(np.median(((known - middle) ** 2).sum(axis=-1))) / 3)


def in_scene(chain: Chain, lost: np.ndarray, scene: Scene) -> Chain:
    """Hold a point to the scene in the frames where fewer than two cameras see it.

    Along a single ray nothing else would, and paths run off to the camera, where a given way in
    pixels is short. The prior is wide, `LOOSE` times as wide as the scene.

    Args:
        chain: of the point, its loading (rows, 3).
        lost: (frames,), True where fewer than two cameras see it.
        scene: where it should be.
    """
    return with_rows(chain, *scene_rows(lost, scene), np.eye(3))


def scene_rows(lost: np.ndarray, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Give what is observed of the scene, (frames, 3), and its variance; see `in_scene`."""
    observed = np.where(lost[:, None], scene.middle, np.nan)
    return observed, np.full(observed.shape, LOOSE**2 * scene.variance)


def complete(
    rig: Rig, pixels: np.ndarray, points: np.ndarray, scene: Scene, times: np.ndarray
) -> np.ndarray:
    """Fill in the frames without a point, between those before and after.

    A keypoint that no two cameras ever see at once is put on its ray, as far away as the scene.

    Args:
        rig: the cameras.
        pixels: (frames, keypoints, cameras, 2).
        points: (frames, keypoints, 3), NaN where unknown.
        scene: where the others are.
        times: (frames,).

    Returns:
        As `points`; NaN only for keypoints that no camera ever sees.
    """
    known, full = np.isfinite(points).all(axis=-1), np.empty_like(points)
    for k in range(points.shape[1]):
        path = points[:, k] if known[:, k].any() else on_rays(rig, pixels[:, k], scene.middle)
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
    """Make the motion of one keypoint; s has no unit, and directions are as the points move.

    Args:
        points: (frames, 3), triangulated; NaN where unknown.
        start: (frames, 3), without gaps; used where too few are known.
        times: (frames,).
        options: the dynamics, and s.
    """
    enough = np.isfinite(points).all(axis=1).sum() >= FEWEST
    motion = motion_of(points if enough else start, times, options)
    assert isinstance(motion, Walk | Velocity)
    return replace(
        motion,
        covariance=np.trace(motion.covariance) / 3 * np.eye(3),
        shape=motion.s.scale * shape_of_moves(points),
        s=replace(motion.s, scale=1.0),
    )


def shape_of_moves(points: np.ndarray) -> np.ndarray:
    """Give the covariance (3, 3) of moves, scaled to a mean of 1 along the axes, a tenth round.

    Moves are over `LAG` frames, since from one frame to the next errors are larger than moves,
    and largest along the cameras' axes.
    """
    moves = points[LAG:] - points[:-LAG]
    squares = (moves**2).sum(axis=1)
    known = np.isfinite(squares)
    if known.sum() < LAG:
        return np.eye(3)
    moves = moves[known & (squares <= FAR * np.median(squares[known]))]
    covariance = moves.T @ moves
    size = np.trace(covariance) / 3
    return (1 - ROUND) * covariance / size + ROUND * np.eye(3) if size > 0 else np.eye(3)
