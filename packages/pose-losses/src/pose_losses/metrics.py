"""The quantities of the losses on finished predictions, in numpy."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from pose_core.labels import Labels
from pose_core.predictions import Predictions


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
