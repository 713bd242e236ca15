"""What several networks say to one track: gated by confidence, centred, filtered."""

from typing import NamedTuple

import numpy as np

from pose_analysis.errors import AnalysisError
from pose_analysis.filters import median_filter, savitzky_golay
from pose_analysis.options import MedianFilterOptions, SavitzkyGolayOptions


class Filtered(NamedTuple):
    """One track of several.

    Attributes:
        keypoints: (frames, keypoints, 2), filtered; NaN where missing.
        confidence: (frames, keypoints), the networks' mean; NaN where none is known.
        center: (frames, keypoints, 2), what was filtered: NaN where no network is sure enough.
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    center: np.ndarray


def filter_points(
    keypoints: np.ndarray, confidence: np.ndarray, options: MedianFilterOptions
) -> Filtered:
    """Centre what networks say and filter it, by the filter that the options are of.

    Args:
        keypoints: (members, frames, keypoints, 2), NaN where missing.
        confidence: (members, frames, keypoints), NaN where unknown, which is sure enough.
        options: `SavitzkyGolayOptions` or `MedianFilterOptions`.

    Raises:
        AnalysisError: if the shapes do not fit, or nothing is there to filter.
    """
    center = center_of(keypoints, confidence, options)
    if isinstance(options, SavitzkyGolayOptions):
        filtered = savitzky_golay(center, options)
    else:
        filtered = median_filter(center, options)
    return Filtered(filtered, pooled(confidence, "mean"), center)


def center_of(
    keypoints: np.ndarray, confidence: np.ndarray, options: MedianFilterOptions
) -> np.ndarray:
    """Give the median or mean (frames, keypoints, 2) of the networks that are sure enough.

    Args:
        keypoints: (members, frames, keypoints, 2), NaN where missing.
        confidence: (members, frames, keypoints), NaN where unknown, which is sure enough.
        options: the centre, and the least confidence.

    Raises:
        AnalysisError: if the shapes do not fit.
    """
    if np.shape(keypoints) != (*np.shape(confidence), 2) or np.ndim(confidence) != 3:
        raise AnalysisError(
            f"keypoints: shape {np.shape(keypoints)} and confidence {np.shape(confidence)} are not "
            "(members, frames, keypoints, 2) and the same without the 2"
        )
    seen = np.isfinite(keypoints).all(axis=-1) & ~(confidence < options.min_confidence)
    return pooled(np.where(seen[..., None], keypoints, np.nan), options.center)


def pooled(values: np.ndarray, how: str) -> np.ndarray:
    """Reduce the first axis by its "median" or "mean", past NaN; NaN where all is NaN."""
    inside = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(inside).sum(axis=0)
    if how == "mean":
        total = np.where(np.isfinite(inside), inside, 0.0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, len(inside) - 1)
    middle = [np.take_along_axis(inside, at[None], axis=0)[0] for at in (low, high)]
    return np.where(count > 0, (middle[0] + middle[1]) / 2, np.nan)
