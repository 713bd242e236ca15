"""What suites feed to components: a small rigid animal that two cameras see, in numpy.

Points are as in `pose_core.labels`; the frame is `FRAME` pixels; everything is seeded.
"""

import numpy as np

from pose_core.labels import Labels
from pose_core.predictions import Ensemble, Predictions
from pose_core.skeleton import Skeleton

FRAME = (256, 256)
"""Height and width of the frames, in pixels."""

BODY = np.array([[24.0, 0, 0], [10, 9, 5], [10, -9, 5], [-24, 0, 0]])
"""Nose, left ear, right ear and tail in the animal's own axes, in pixels."""

POINTS = ("nose", "ear_left", "ear_right", "tail")


def sample_skeleton() -> Skeleton:
    """Give eight keypoints: four points of the animal in each of two views."""
    views = {view: tuple(f"{point}_{view}" for point in POINTS) for view in ("top", "side")}
    limbs = ((0, 1), (0, 2), (0, 3))
    return Skeleton(
        names=views["top"] + views["side"],
        edges=tuple((view[a], view[b]) for view in views.values() for a, b in limbs),
        symmetric=tuple((view[1], view[2]) for view in views.values()),
        views=views,
    )


def see(centre: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Project the animal into both views.

    Args:
        centre: (frames, 3), in pixels; the side view is drawn below the top view.
        yaw: (frames,), in radians.

    Returns:
        (frames, 8, 2).
    """
    cos, sin, none = np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)
    turn = np.stack([cos, -sin, none, sin, cos, none, none, none, none + 1], -1).reshape(-1, 3, 3)
    points = np.einsum("fij,kj->fki", turn, BODY) + centre[:, None]
    side = points[..., [0, 2]] + (0, 190)
    return np.concatenate([points[..., :2], side], axis=1)


def sample_labels(frames: int = 60, missing: float = 0.05) -> Labels:
    """Give labels of unrelated poses, some points missing, others half a pixel off."""
    rng = np.random.default_rng(0)
    centre = rng.uniform((50, 50, 0), (200, 130, 30), size=(frames, 3))
    keypoints = see(centre, rng.uniform(-np.pi, np.pi, frames))
    keypoints += rng.normal(scale=0.5, size=keypoints.shape)
    keypoints[rng.random(keypoints.shape[:2]) < missing] = np.nan
    names = [f"labeled-data/sample/img{number:03d}.png" for number in range(frames)]
    return Labels.of(names, keypoints, sample_skeleton())


def sample_track(frames: int = 48) -> np.ndarray:
    """Give the true points of a clip: the animal walks and turns, (frames, 8, 2)."""
    time = np.linspace(0, 1, frames)
    centre = np.stack([60 + 120 * time, 90 + 30 * np.sin(5 * time), 10 + 5 * np.cos(9 * time)], -1)
    return see(centre, 2 * time)


def sample_predictions(frames: int = 48, noise: float = 1.0, seed: int = 1) -> Predictions:
    """Give what one network might say of the clip: the truth and some noise."""
    rng = np.random.default_rng(seed)
    keypoints = sample_track(frames)
    keypoints = keypoints + rng.normal(scale=noise, size=keypoints.shape)
    confidence = rng.uniform(0.6, 1, size=keypoints.shape[:2])
    return Predictions(keypoints, confidence, sample_skeleton(), scorer=f"member{seed}")


def sample_ensemble(members: int = 3, frames: int = 48) -> Ensemble:
    """Give what several networks might say of the clip."""
    seeds = range(1, members + 1)
    return Ensemble.of([sample_predictions(frames, noise=2.0, seed=seed) for seed in seeds])
