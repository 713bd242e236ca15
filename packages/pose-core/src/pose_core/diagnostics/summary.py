"""What was measured in short: a row per source, subject, set, measure and keypoint."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.thresholds import violation_rate
from pose_core.splits import SETS

SUMMARY = "summary.csv"
ALL = "all"
"""The keypoint that stands for all of them."""


@dataclass(frozen=True)
class Row:
    """One measure of one keypoint in some frames.

    Attributes:
        source: who predicted.
        subject: a video, or "labels".
        set: of the labeled frames; "" for a video.
        measure: its name.
        keypoint: a name, or "all".
        unit: of the numbers.
        count: known values.
        mean: of them; NaN, like the others, where there is none.
        median: of them.
        p90: nine of ten are below.
        p95: nineteen of twenty are below.
        threshold: beyond which a value is a violation; NaN where there is none.
        violation_rate: share of the known values that are.
    """

    source: str
    subject: str
    set: str
    measure: str
    keypoint: str
    unit: str
    count: int
    mean: float
    median: float
    p90: float
    p95: float
    threshold: float
    violation_rate: float


def summarise(measured: Measured, thresholds: Mapping[str, float]) -> list[Row]:
    """Sum up what was measured, each set of labeled frames by itself.

    Args:
        measured: of one source and subject.
        thresholds: by measure.

    Returns:
        For each set and measure, a row per keypoint and one of all.
    """
    return [
        row
        for name, part in by_set(measured)
        for measure in part.values
        for row in rows_of(part, name, measure, thresholds.get(measure, float("nan")))
    ]


def by_set(measured: Measured) -> Iterator[tuple[str, Measured]]:
    """Give what was measured in each set that has frames; all of a video under no name."""
    if measured.sets is None:
        yield "", measured
        return
    for name in (*SETS, "unused"):
        if rows := [row for row, one in enumerate(measured.sets) if one == name]:
            yield name, measured.select(rows)


def rows_of(part: Measured, of_set: str, measure: str, threshold: float) -> Iterator[Row]:
    """Sum up one measure, keypoint by keypoint and over all."""
    values = part.values[measure]
    columns = [*values.T, values.ravel()]
    for keypoint, column in zip((*part.keypoints, ALL), columns, strict=True):
        known = column[np.isfinite(column)]
        figures = (float("nan"),) * 4
        if len(known):
            figures = (known.mean().item(), *np.quantile(known, (0.5, 0.9, 0.95)).tolist())
        rate = violation_rate(measure, known, threshold) if np.isfinite(threshold) else np.nan
        named = part.source, part.subject, of_set, measure, keypoint, part.units.get(measure, "")
        yield Row(*named, len(known), *figures, threshold, float(rate))
