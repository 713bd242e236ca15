"""Named numbers for every frame and keypoint of one set of predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose_core.errors import FormatError


@dataclass(frozen=True, eq=False)
class Measured:
    """What is measured of one source's predictions of one subject.

    Attributes:
        source: who predicted: the name of a run or of a smoother.
        subject: of what: the name of a video, or "labels" for the labeled frames.
        keypoints: names, in the order of the arrays.
        values: by name of measure, float (frames, keypoints), NaN where it cannot be said.
        units: of each measure; "" for a number without one.
        frames: image paths of labeled frames; None for a video, whose rows are frames 0, 1, 2, ...
        sets: "train", "validation", "test" or "unused" of each labeled frame in the source's own
            split; None for a video.

    Raises:
        FormatError: if arrays, names and frames do not fit together.
    """

    source: str
    subject: str
    keypoints: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    units: Mapping[str, str]
    frames: tuple[str, ...] | None = None
    sets: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        shapes = {value.shape for value in self.values.values()}
        lengths = {len(rows) for rows in (self.frames, self.sets) if rows is not None}
        lengths |= {shape[0] for shape in shapes}
        if any(shape[1:] != (len(self.keypoints),) for shape in shapes) or len(lengths) > 1:
            raise FormatError(
                f"{self.source}: measures of shapes {sorted(shapes)} do not fit "
                f"{len(self.keypoints)} keypoints and {sorted(lengths)} frames"
            )

    def __len__(self) -> int:
        rows = self.frames or next(iter(self.values.values()), ())
        return len(rows)

    def select(self, rows: Sequence[int] | np.ndarray) -> "Measured":
        """Give what is measured of some labeled frames, in the order asked for."""
        rows = np.asarray(rows, dtype=int)
        return replace(
            self,
            values={name: value[rows] for name, value in self.values.items()},
            frames=None if self.frames is None else tuple(self.frames[row] for row in rows),
            sets=None if self.sets is None else tuple(self.sets[row] for row in rows),
        )
