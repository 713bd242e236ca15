"""How far predictions are from the truth. Axes, pixels and NaN: `pose_core.labels`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_core.errors import FormatError
from pose_core.labels import Labels
from pose_core.options import suggest
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton


def pixel_error(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the Euclidean distance (...) between points (..., 2); NaN where either is missing."""
    return np.linalg.norm(np.asarray(predicted, float) - np.asarray(truth, float), axis=-1)


def normalised_error(
    predicted: np.ndarray, truth: np.ndarray, reference: tuple[int, int]
) -> np.ndarray:
    """Give the pixel error as a part of the distance between two points of the same frame.

    Args:
        predicted: (frames, keypoints, 2).
        truth: (frames, keypoints, 2).
        reference: the two keypoints whose true distance is the unit, such as nose and tail base.

    Returns:
        (frames, keypoints); NaN where a point is missing, or either of the reference, or where
        these two coincide.
    """
    first, second = reference
    unit = pixel_error(truth[:, first], truth[:, second])
    return pixel_error(predicted, truth) / np.where(unit > 0, unit, np.nan)[:, None]


def pck(errors: np.ndarray, threshold: float) -> np.ndarray:
    """Give the part of known points within a threshold, per keypoint: correct keypoints.

    Args:
        errors: (frames, keypoints), in any unit; NaN where unknown.
        threshold: in that unit; a point at it counts as correct.

    Returns:
        (keypoints,), NaN for a keypoint that is never known.
    """
    known = np.isfinite(errors)
    correct = (known & (np.nan_to_num(errors, nan=np.inf) <= threshold)).sum(0)
    return correct / np.where(known.any(0), known.sum(0), np.nan)


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Give how likely a positive has a higher score than a negative; ties count half.

    NaN scores are left out. NaN where there are no positives or no negatives.

    Source: Hanley and McNeil, Radiology 143 (1982): the area under the ROC curve is the
    Mann-Whitney statistic.
    """
    scores, positive = np.ravel(scores), np.ravel(positive).astype(bool)
    known = np.isfinite(scores)
    scores, positive = scores[known], positive[known]
    positives = int(positive.sum())
    pairs = positives * (len(scores) - positives)
    if pairs == 0:
        return float("nan")
    rank_sum = midranks(scores)[positive].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / pairs)


def midranks(values: np.ndarray) -> np.ndarray:
    """Give ranks from 1, equal values sharing the mean of theirs."""
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[group]


@dataclass(frozen=True, eq=False)
class Summary:
    """Errors in short: one row per keypoint, and one of all points together, the last.

    Attributes:
        names: the keypoints, then "all".
        count: known points.
        mean: of the errors; NaN, like the others, where there is none.
        median: of the errors.
        p90: nine of ten points are better.
    """

    names: tuple[str, ...]
    count: np.ndarray
    mean: np.ndarray
    median: np.ndarray
    p90: np.ndarray

    def rows(self) -> list[tuple[str, int, float, float, float]]:
        """Give (name, points, mean, median, 90 %), one per keypoint and one for all."""
        columns = (self.count.tolist(), self.mean.tolist(), self.median.tolist(), self.p90.tolist())
        return list(zip(self.names, *columns, strict=True))


def summary(errors: np.ndarray, names: Sequence[str]) -> Summary:
    """Sum up errors (frames, keypoints) per keypoint and over all points; NaN is left out.

    Raises:
        FormatError: if there is another number of names than of keypoints.
    """
    errors = np.asarray(errors, float)
    if errors.ndim != 2 or errors.shape[1] != len(names):
        raise FormatError(f"summary: errors of shape {errors.shape} for {len(names)} keypoints")
    known = [column[np.isfinite(column)] for column in (*errors.T, errors.ravel())]
    return Summary(
        names=(*names, "all"),
        count=np.array([len(values) for values in known]),
        mean=np.array([values.mean() if len(values) else np.nan for values in known]),
        median=np.array([np.median(values) if len(values) else np.nan for values in known]),
        p90=np.array([np.quantile(values, 0.9) if len(values) else np.nan for values in known]),
    )


def where(errors: np.ndarray, visibility: np.ndarray, level: int) -> np.ndarray:
    """Keep the errors of points of one visibility (`pose_core.labels.VISIBLE`); NaN elsewhere."""
    return np.where(np.asarray(visibility) == level, errors, np.nan)


def aligned(predictions: Predictions, skeleton: Skeleton) -> np.ndarray:
    """Give predicted points in the order of another skeleton, found by name.

    Raises:
        FormatError: if a keypoint of the skeleton was not predicted.
    """
    known = predictions.skeleton.names
    if absent := [name for name in skeleton.names if name not in known]:
        raise FormatError(
            f"predictions of {predictions.scorer!r}: no keypoint {absent[0]!r}; "
            f"{suggest(absent[0], known)}"
        )
    return predictions.keypoints[:, [known.index(name) for name in skeleton.names]]


def error_of(predictions: Predictions, labels: Labels | None) -> np.ndarray:
    """Give the pixel error (frames, keypoints) in the labels' order: the `pixel_error` metric.

    Raises:
        FormatError: without labels, or if frames or keypoints are others.
    """
    if labels is None:
        raise FormatError("pixel_error: needs labels; give frames that are labeled")
    if len(predictions) != len(labels) or predictions.frames not in (None, labels.frames):
        raise FormatError(
            f"predictions of {predictions.scorer!r}: {len(predictions)} frames are not the "
            f"{len(labels)} labeled ones; predict the labeled frames, in their order"
        )
    return pixel_error(aligned(predictions, labels.skeleton), labels.keypoints)


def mean_error_of(predictions: Predictions, labels: Labels | None) -> np.ndarray:
    """Give the pixel error of whole frames, (frames, 1): the `frame_error` metric.

    The mean over the known points of a frame; NaN where there is none. Raises as `error_of`.
    """
    errors = error_of(predictions, labels)
    known = np.isfinite(errors)
    count = known.sum(-1, keepdims=True)
    total = np.where(known, errors, 0).sum(-1, keepdims=True)
    return total / np.where(count > 0, count, np.nan)
