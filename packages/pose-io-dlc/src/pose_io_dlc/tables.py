"""What this package gives and takes: labels and predictions as numpy arrays.

Points are `(frames, keypoints, 2)` with (x, y) last, in pixels of the frame they belong to; a
missing point is NaN. With several animals the keypoints of all stand side by side, ragged as they
are: `names` repeats, and `individuals` says whose each one is, `single` for parts of no animal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import SINGLE

MISSING, OCCLUDED, VISIBLE = 0, 1, 2
"""Values of `LabelTable.visibility`: not labeled; labeled as hidden; labeled and seen."""


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Labeled images.

    Attributes:
        frames: image paths below the project, with forward slashes.
        names: keypoint names, in the order of the arrays.
        keypoints: float64 (frames, keypoints, 2), NaN where missing.
        visibility: uint8 (frames, keypoints): MISSING, OCCLUDED or VISIBLE.
        scorer: who labeled.
        individuals: whose each keypoint is; empty where the file has no such level.
        warnings: what was odd but usable, one line each.
    """

    frames: tuple[str, ...]
    names: tuple[str, ...]
    keypoints: np.ndarray
    visibility: np.ndarray
    scorer: str = "labeler"
    individuals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_misfit(self.points, (len(self.frames),), self.keypoints, [self.visibility])

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """(individual, name) of each keypoint."""
        return paired(self.individuals, self.names)

    @property
    def animals(self) -> tuple[str, ...]:
        """The individuals, without `single`; empty where the file has no such level."""
        return animals_of(self.individuals)


@dataclass(frozen=True, eq=False)
class PredictionTable:
    """Points with confidence, for the frames of a video or for images.

    Attributes:
        names: keypoint names, in the order of the arrays.
        keypoints: (frames, keypoints, 2), NaN where there is none.
        confidence: (frames, keypoints), DeepLabCut's likelihood; NaN where unknown.
        frames: image paths; None for a video.
        numbers: frame number of each row of a video; None: 0, 1, 2, ...
        scorer: who says so.
        individuals: whose each keypoint is; empty where the file has no such level.
        extra: further (frames, keypoints) columns by name, such as `x_posterior_var`.
        warnings: what was odd but usable, one line each.
        video: stem of the video's name, as the file's name says; "" if it does not.
    """

    names: tuple[str, ...]
    keypoints: np.ndarray
    confidence: np.ndarray
    frames: tuple[str, ...] | None = None
    numbers: np.ndarray | None = None
    scorer: str = "pose"
    individuals: tuple[str, ...] = ()
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    video: str = ""

    def __post_init__(self) -> None:
        length = (len(self.keypoints),)
        refuse_misfit(self.points, length, self.keypoints, [self.confidence, *self.extra.values()])
        named = [rows for rows in (self.frames, self.numbers) if rows is not None]
        if any(len(rows) != len(self.keypoints) for rows in named):
            raise FormatError(f"table: {len(named[0])} frames for {len(self.keypoints)} rows")

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def numbered(self) -> np.ndarray:
        """The number of every row: of its frame in a video, or of its image in the table."""
        return np.arange(len(self)) if self.numbers is None else self.numbers

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """(individual, name) of each keypoint."""
        return paired(self.individuals, self.names)

    @property
    def animals(self) -> tuple[str, ...]:
        """The individuals, without `single`; empty where the file has no such level."""
        return animals_of(self.individuals)

    def without_gaps(self) -> "PredictionTable":
        """Give one row per frame from 0 on; frames the file leaves out become NaN.

        Raises:
            FormatError: if nearly all would be.
        """
        arrays = {"keypoints": self.keypoints, "confidence": self.confidence}
        whole = filled(self.numbers, arrays | {f"extra {k}": v for k, v in self.extra.items()})
        return replace(
            self,
            keypoints=whole["keypoints"],
            confidence=whole["confidence"],
            extra={name: whole[f"extra {name}"] for name in self.extra},
            numbers=None,
        )


def filled(
    numbers: np.ndarray | None, arrays: Mapping[str, np.ndarray]
) -> Mapping[str, np.ndarray]:
    """Give arrays one row per frame from 0 on, NaN where there was none.

    Raises:
        FormatError: if nearly all would be.
    """
    if numbers is None or np.array_equal(numbers, np.arange(len(numbers))):
        return arrays
    length = int(numbers.max()) + 1
    if length > 1000 * len(numbers) + 1_000_000:
        raise FormatError(f"table: frame number {length - 1} in {len(numbers)} rows")
    return {name: spread(rows, numbers, length) for name, rows in arrays.items()}


def spread(rows: np.ndarray, numbers: np.ndarray, length: int) -> np.ndarray:
    """Put rows at their numbers in an array of NaN."""
    whole = np.full((length, *rows.shape[1:]), np.nan)
    whole[numbers] = rows
    return whole


def paired(individuals: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Give (individual, name) of each keypoint, "" where there is no such level.

    Raises:
        FormatError: if there are not as many of both.
    """
    if individuals and len(individuals) != len(names):
        raise FormatError(f"table: {len(individuals)} individuals for {len(names)} keypoints")
    return tuple(zip(individuals or [""] * len(names), names, strict=True))


def animals_of(individuals: Sequence[str]) -> tuple[str, ...]:
    """List individuals once each, without `single`."""
    return tuple(dict.fromkeys(one for one in individuals if one != SINGLE))


def refuse_misfit(
    points: Sequence[tuple[str, str]],
    length: tuple[int],
    keypoints: np.ndarray,
    columns: Sequence[np.ndarray],
    axes: int = 2,
) -> None:
    """Refuse arrays that do not fit the frames and keypoints, and keypoints given twice.

    Raises:
        FormatError: with the shapes.
    """
    expected = (*length, len(points))
    shapes = [column.shape for column in columns]
    if keypoints.shape != (*expected, axes) or any(shape != expected for shape in shapes):
        raise FormatError(
            f"table: {expected} frames and keypoints do not fit {keypoints.shape} and {shapes}"
        )
    if len(set(points)) != len(points):
        twice = next(point for point in points if points.count(point) > 1)
        raise FormatError(f"table: keypoint {twice[1]!r} is given twice; names must be unique")
