"""What members say of a long recording, gathered some frames at a time and laid on a disk."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_eks.core.stored import Stored, chunks_of
from pose_eks.core.threads import one_ahead
from pose_eks.ensemble import (
    Consensus,
    Ensemble,
    Tally,
    Totals,
    checked_confidence,
    concluded,
    counted,
)
from pose_eks.errors import EksError
from pose_eks.options import ObservationOptions

ROWS = 4_096
"""Frames that are gathered at a time."""

KINDS = {"center": np.float64, "variance": np.float64, "count": np.int16, "surety": np.float64}
"""Of what is written of a tally."""

Chunks = Callable[[], Iterable[Ensemble]]
"""Gives the ensemble some frames at a time, from the beginning, as often as it is asked."""


@dataclass(frozen=True, eq=False)
class Shelf:
    """The consensus of all frames, on a disk.

    Attributes:
        center: (2 keypoints, frames), x before y of each, without `offset`.
        spread: (2 keypoints, frames).
        confidence: (keypoints, frames).
        count: (keypoints, frames).
        alone: (keypoints,).
        offset: (keypoints, 2), means over frames; 0 for a keypoint that is never seen.
        usual: (keypoints, 2), mean of the spread over frames; NaN for a keypoint never seen.
    """

    center: Stored
    spread: Stored
    confidence: Stored
    count: Stored
    alone: np.ndarray
    offset: np.ndarray
    usual: np.ndarray

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.center.shape[1]

    @property
    def never(self) -> np.ndarray:
        """(keypoints,), True for one that nobody sees in any frame."""
        return np.isnan(self.usual).all(axis=-1)

    def consensus(self, part: slice) -> Consensus:
        """Give that of some frames."""
        center, spread = (
            np.ascontiguousarray(a[:, part].T).reshape(-1, len(self.alone), 2)
            for a in (self.center, self.spread)
        )
        sure, count = self.confidence[:, part].T, self.count[:, part].T
        return Consensus(center + self.offset, spread, sure, count, self.alone)

    @staticmethod
    def fill(chunks: Chunks, folder: Path, options: ObservationOptions) -> "Shelf":
        """Gather what members say, chunk by chunk.

        Args:
            chunks: the ensemble.
            folder: for arrays; its user removes it.
            options: of the model.

        Raises:
            EksError: if there are no frames, or arrays do not fit.
        """
        folder.mkdir(exist_ok=True)
        told = Gathered.of(chunks, folder, options.pool, known=True)
        if not told.sure:  # a tracker that writes no confidence: 0 does not mean missing then
            told = Gathered.of(chunks, folder, options.pool, known=False)
        frames, keypoints = told.frames, len(told.totals.several)
        offset = divided(told.sums, told.seen)
        kinds = {"lanes": (2, float), "spread": (2, float), "sure": (1, float), "n": (1, np.int16)}
        lanes, spread, sure, count = (
            Stored.made(folder / name, kind, (rows * keypoints, frames))
            for name, (rows, kind) in kinds.items()
        )
        total = np.zeros((keypoints, 2))
        for part in chunks_of(frames, ROWS):
            one = concluded(told.tally(part), told.totals, options.divide_by_confidence)
            lanes[:, part] = to_lanes(one.center - np.nan_to_num(offset))
            spread[:, part] = to_lanes(one.spread)
            sure[:, part], count[:, part] = one.confidence.T, one.members.T
            total += np.nansum(one.spread, axis=0)
        for file in told.files:
            file.path.unlink()
        usual = divided(total, told.seen)
        return Shelf(lanes, spread, sure, count, one.alone, np.nan_to_num(offset), usual)


@dataclass(frozen=True, eq=False)
class Gathered:
    """What members say of every frame, before anything was concluded.

    Attributes:
        files: the first four of `Tally`, of all frames.
        totals: of all frames.
        sums: (keypoints, 2), of the centres.
        seen: (keypoints, 1), frames in which somebody sees it.
        sure: whether any confidence is above 0.
    """

    files: tuple[Stored, ...]
    totals: Totals
    sums: np.ndarray
    seen: np.ndarray
    sure: bool

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.files[0].shape[0]

    def tally(self, part: slice) -> Tally:
        """Give that of some frames."""
        center, variance, count, surety = (file[part] for file in self.files)
        return Tally(center, variance, count, surety, self.totals.ever)

    @staticmethod
    def of(chunks: Chunks, folder: Path, center: str, known: bool) -> "Gathered":
        """Gather; where confidences are not known, do without them.

        Raises:
            EksError: if there are no frames, or arrays do not fit.
        """
        totals, frames, sure = None, 0, False
        sums, seen = np.zeros(()), np.zeros(())
        paths = [folder / name for name in KINDS]
        with ExitStack() as stack:
            opened = [stack.enter_context(path.open("wb")) for path in paths]
            for one in one_ahead(chunks()):
                points = np.ascontiguousarray(one.keypoints, dtype=np.float64)
                confidence = checked_confidence(points, one.confidence if known else None)
                sure = sure or bool((confidence > 0).any())
                tally = counted(points, confidence, center)
                totals = Totals.of(tally) if totals is None else totals.and_of(tally)
                for file, array, kind in zip(opened, tally[:4], KINDS.values(), strict=True):
                    array.astype(kind, copy=False).tofile(file)
                frames += points.shape[1]
                sums = sums + np.nansum(tally.center, axis=0)
                seen = seen + (tally.members > 0).sum(axis=0)[:, None]
        if totals is None:
            raise EksError("predictions: no frames; give at least one")
        keypoints = len(totals.several)
        shapes = [(frames, keypoints, 2)] * 2 + [(frames, keypoints)] * 2
        files = tuple(map(Stored, paths, KINDS.values(), shapes))
        return Gathered(files, totals, sums, seen, sure or not known)


def divided(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Give means, NaN of nothing."""
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def to_lanes(values: np.ndarray) -> np.ndarray:
    """Turn (frames, keypoints, 2) into (lanes, frames), x before y of each keypoint."""
    return values.reshape(len(values), -1).T
