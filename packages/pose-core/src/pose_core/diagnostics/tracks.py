"""What several sources predict for one subject, side by side: all that is measured starts here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pose_core.labels import Labels
from pose_core.predictions import Predictions

LABELS = "labels"
"""The subject of predictions of labeled frames."""


class Family(NamedTuple):
    """The sources of one ensemble: its networks, and what smoothers made of them."""

    members: tuple[str, ...]
    smoothed: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Tracks:
    """Predictions of one subject by several sources.

    Attributes:
        subject: the name of a video without its suffix, or `LABELS`.
        sources: predictions by the name of a run or smoother; all of the same frames.
        members: names of those sources that are networks.
        video: the file predicted, if it is still there.
        root: folder below which the labeled images lie; None for a video.
        truth: of the same frames, in their order; None where unknown.
        sets: "train", "validation", "test" or "unused" of each labeled frame; None for a video.
            Where runs have different splits, a frame that one of them trained on counts as such.
        own_sets: the same by source, as each run's own split has it.
        ensembles: the name of the ensemble that each source belongs to; "" where it is the only
            one, as it is for a source that is not named here.
    """

    subject: str
    sources: Mapping[str, Predictions]
    members: tuple[str, ...]
    video: Path | None = None
    root: Path | None = None
    truth: Labels | None = None
    sets: tuple[str, ...] | None = None
    own_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ensembles: Mapping[str, str] = field(default_factory=dict)

    @property
    def families(self) -> dict[str, Family]:
        """Give the sources of each ensemble by its name, in the order of the sources."""
        found: dict[str, Family] = {}
        for name in self.sources:
            own = self.ensembles.get(name, "")
            members, smoothed = found.get(own, Family((), ()))
            is_member = name in self.members
            found[own] = Family(
                (*members, name) if is_member else members,
                smoothed if is_member else (*smoothed, name),
            )
        return found
