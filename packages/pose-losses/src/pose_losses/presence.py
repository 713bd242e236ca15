"""Which keypoints may not be there at all. numpy only.

A thing that comes and goes, such as an obstacle, has no label where it is not. What a network
predicts there is of nothing, and must not be taught: it would become a place where the thing is
always found. Hidden points have no label either, but the others tell where they are.
"""

import numpy as np

from pose_core.errors import ConfigError
from pose_core.labels import Labels
from pose_losses.gaussian import Poses, fit_labels

UNTOLD = 0.1
"""Part of a keypoint's variance, over all labeled frames, that is left where it has no label: from
here on it may be absent. Points that are hidden now and then come to 0.04 where labels are many."""


def absent_points(labels: Labels, poses: Poses | None = None) -> tuple[str, ...]:
    """Name the keypoints that may be absent: often without a label, and then not told by others.

    Args:
        labels: of the training frames.
        poses: fitted to them, where that is done already.

    Returns:
        Names in the order of the labels; none where labels are too few to tell.
    """
    if not np.isnan(labels.keypoints).any():
        return ()
    try:
        poses = poses or fit_labels(labels)
    except ConfigError:
        return ()
    left = untold(labels, poses)
    return tuple(name for name, part in zip(poses.points, left, strict=True) if part > UNTOLD)


def untold(labels: Labels, poses: Poses) -> np.ndarray:
    """Give the part of each point's variance, (points,), that frames without its label leave.

    The mean over all frames: 0 where the point is labeled, elsewhere its variance given the labels
    of the other points, over its variance given nothing.
    """
    own = [labels.skeleton.index(name) for name in poses.points]
    rows = labels.keypoints[:, own].reshape(len(labels), -1)
    precision = np.where(np.isfinite(rows), 1 / poses.noise, 0.0)
    _, variance = poses.gaussian.given(rows, precision)
    total = np.diag(poses.gaussian.covariance)
    left = np.where(np.isfinite(rows), 0.0, variance / total)
    return left.mean(0).reshape(-1, 2).mean(1)


def indices(labels: Labels, names: tuple[str, ...]) -> list[int]:
    """Give the places of keypoints among those of the labels."""
    return [labels.skeleton.index(name) for name in names]


def in_words(absent: tuple[str, ...]) -> str:
    """Say at the end of a line what is not taught; nothing where all is."""
    return f"; not taught, as they may be absent: {', '.join(absent)}" if absent else ""
