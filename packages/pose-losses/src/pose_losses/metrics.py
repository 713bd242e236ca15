"""The quantities of the losses on finished predictions, in numpy and in pixels of the frame."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from pose_core.errors import FormatError
from pose_core.labels import Labels
from pose_core.metrics import aligned
from pose_core.predictions import Predictions
from pose_losses.constraints import Constraint, fit_poses, fit_views, gather
from pose_losses.pca import point_errors

SINGLE, MULTI = "pca_singleview_error", "pca_multiview_error"
VARIANCE = 0.99
"""Share of the labels' variance that the components of whole poses explain."""


def temporal_norm(predictions: Predictions, labels: Labels | None = None) -> np.ndarray:
    """Give how far each keypoint moved since the frame before, in pixels.

    NaN in the first frame, where a point is missing, and for images that do not follow each other:
    images do when they lie in one folder and their numbers are one apart.

    Returns:
        float64 (frames, keypoints).
    """
    lengths = np.full(predictions.confidence.shape, np.nan)
    lengths[1:] = np.linalg.norm(np.diff(predictions.keypoints, axis=0), axis=-1)
    if predictions.frames is not None:
        lengths[~follows(predictions.frames)] = np.nan
    return lengths


def follows(frames: Sequence[str]) -> np.ndarray:
    """Say for each image whether it shows the moment after the one before it in the list."""
    moments = [(str(PurePosixPath(frame).parent), number_of(frame)) for frame in frames]
    after = [one == (two[0], two[1] - 1) for one, two in pairwise(moments)]
    return np.array([False, *after][: len(frames)], dtype=bool)


def number_of(frame: str) -> float:
    """Give the last number in an image's name, NaN where there is none."""
    numbers = re.findall(r"\d+", PurePosixPath(frame).stem)
    return float(numbers[-1]) if numbers else np.nan


def pca_singleview_error(predictions: Predictions, labels: Labels | None) -> np.ndarray:
    """Give how far each keypoint is from the nearest pose of the labels' subspace, in pixels.

    Complete labels are fitted as in the paper, and incomplete ones too where those are too few.

    Args:
        predictions: of any frames.
        labels: of the training frames.

    Returns:
        float64 (frames, keypoints), NaN where a point is missing, was never labeled, or too few
        others are there.

    Raises:
        FormatError: without labels, or if they have other keypoints.
        ConfigError: if too few frames are labeled.

    Source: Lightning Pose, equation 12 without epsilon.
    """
    given = needed(labels, SINGLE)
    complete = int((~np.isnan(given.keypoints).any((1, 2))).sum())
    enough = complete >= 2 * len(given.skeleton)
    return violation(fit_poses(given, VARIANCE, enough, SINGLE), predictions, given)


def pca_multiview_error(predictions: Predictions, labels: Labels | None) -> np.ndarray:
    """Give how far each keypoint is from what all views of its point could show, in pixels.

    Args:
        predictions: of any frames, all views in one; see `pose_core.views` for separate files.
        labels: of the training frames; their skeleton says which keypoints show one point.

    Returns:
        float64 (frames, keypoints), NaN where a point is missing in a view, or no other shows it.

    Raises:
        FormatError: without labels, or if they have other keypoints.
        ConfigError: if there are no views, or too few points are labeled in all.

    Source: Lightning Pose, equation 10 without epsilon.
    """
    given = needed(labels, MULTI)
    return violation(fit_views(given, MULTI), predictions, given)


def needed(labels: Labels | None, where: str) -> Labels:
    """Give labels that must be there.

    Raises:
        FormatError: if they are not.
    """
    if labels is None:
        raise FormatError(f"{where}: needs labels to be fitted to; give those of the project")
    return labels


def violation(constraint: Constraint, predictions: Predictions, labels: Labels) -> np.ndarray:
    """Give the distances to a constraint, in the order of the predictions' keypoints."""
    keypoints = aligned(predictions, labels.skeleton)
    groups = constraint.groups
    found = point_errors(gather(keypoints, groups), constraint.subspace)
    errors = np.full(keypoints.shape[:-1], np.nan)
    errors[:, groups.ravel()] = found.reshape(len(keypoints), groups.size)
    names = predictions.skeleton.names
    own = [labels.skeleton.names.index(n) if n in labels.skeleton.names else -1 for n in names]
    padded = np.concatenate([errors, np.full((len(errors), 1), np.nan)], axis=1)
    return padded[:, own]
