"""How well a measure tells wrong points from right ones, where the truth is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import CONFIDENCE, ERROR
from pose_core.diagnostics.summary import ALL
from pose_core.metrics import auroc

OUTLIERS = "outliers.csv"


@dataclass(frozen=True)
class Detection:
    """How well one measure finds the outliers of one source.

    Attributes:
        source: who predicted.
        measure: that is to find them.
        keypoint: a name, or "all".
        threshold: in pixels; an error above it is an outlier.
        points: with a known error and measure.
        outliers: of those.
        auroc: how likely an outlier has a worse value than another point, ties counting half; 0.5
            is chance, NaN without outliers or without others.
    """

    source: str
    measure: str
    keypoint: str
    threshold: float
    points: int
    outliers: int
    auroc: float


def detect_outliers(measured: Measured, threshold: float) -> list[Detection]:
    """Hold each measure of labeled frames against their pixel error.

    Frames that the source was trained on are left out: their errors are not those of new frames.

    Args:
        measured: of labeled frames; without a pixel error nothing is found.
        threshold: in pixels; an error above it is an outlier.

    Returns:
        For each other measure, a row per keypoint and one of all.
    """
    if ERROR not in measured.values or not np.isfinite(threshold):
        return []
    fresh = measured.select(unseen(measured))
    errors = fresh.values[ERROR]
    return [
        Detection(fresh.source, name, keypoint, threshold, *found)
        for name, values in fresh.values.items()
        if name != ERROR
        for keypoint, found in zip(
            (*fresh.keypoints, ALL),
            detections(errors, -values if name == CONFIDENCE else values, threshold),
            strict=True,
        )
    ]


def unseen(measured: Measured) -> list[int]:
    """List the labeled frames that a source was not trained on."""
    sets = measured.sets or ("",) * len(measured)
    return [row for row, name in enumerate(sets) if name != "train"]


def detections(
    errors: np.ndarray, scores: np.ndarray, threshold: float
) -> Iterator[tuple[int, int, float]]:
    """Count points and outliers, and give the AUROC, of each keypoint and of all."""
    for error, score in zip((*errors.T, errors.ravel()), (*scores.T, scores.ravel()), strict=True):
        known = np.isfinite(error) & np.isfinite(score)
        wrong = error[known] > threshold
        yield int(known.sum()), int(wrong.sum()), auroc(score[known], wrong)
