"""What several sources predict for one subject, side by side: all that is measured starts here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pose_core.labels import Labels
from pose_core.predictions import Predictions

LABELS = "labels"
"""The subject of predictions of labeled frames."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """Predictions of one subject by several sources.

    Attributes:
        subject: the name of a video without its suffix, or `LABELS`.
        sources: predictions by the name of a run or smoother; all of the same frames.
        members: names of those sources that are networks; together they are an ensemble.
        video: the file predicted, if it is still there.
        root: folder below which the labeled images lie; None for a video.
        truth: of the same frames, in their order; None where unknown.
        sets: "train", "validation", "test" or "unused" of each labeled frame; None for a video.
            Where runs have different splits, a frame that one of them trained on counts as such.
        own_sets: the same by source, as each run's own split has it.
    """

    subject: str
    sources: Mapping[str, Predictions]
    members: tuple[str, ...]
    video: Path | None = None
    root: Path | None = None
    truth: Labels | None = None
    sets: tuple[str, ...] | None = None
    own_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
