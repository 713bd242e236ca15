"""Files of recordings that are too long to be in memory whole: read and written in chunks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import numpy as np

from pose_eks.core.stored import chunks_of
from pose_eks.core.threads import in_threads, one_ahead
from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_eks.files.members import like, only_points, told_in_one_line
from pose_eks.files.outputs import Flags
from pose_eks.models.shelf import ROWS
from pose_eks.smoothed import LongSmoothed
from pose_io_dlc import PredictionTable, PredictionWriter, read_chunks, read_numbers

SHORT = 10_000_000
"""Bytes of a file below which it is not looked at twice to see its length."""


def is_long(path: Path, frames: int) -> bool:
    """Say whether a file has more frames than that.

    Raises:
        EksError: if it cannot be read.
    """
    if not (path.is_file() and path.stat().st_size >= SHORT):
        return False
    seen = 0
    with told_in_one_line():
        for numbers in read_numbers(path):
            seen += len(numbers)
            if seen > frames:
                return True
    return False


@dataclass(frozen=True, eq=False)
class LongMembers:
    """The predictions of several networks for one long recording, in their files.

    Attributes:
        paths: their files.
        rows: the first file's table without its rows: names and individuals are those of all.
        times: (frames,), frame numbers.
    """

    paths: tuple[Path, ...]
    rows: PredictionTable
    times: np.ndarray

    @property
    def numbered(self) -> np.ndarray:
        """(frames,), the number of every frame."""
        return self.times.astype(int)

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.times)

    @property
    def labels(self) -> list[str]:
        """Keypoint names to show, with the individual where there are several."""
        return [f"{who} {name}".strip() for who, name in self.rows.points]

    def counted_anew(self, frames: int) -> "LongMembers":
        """Give the same names for so many frames, 0, 1, 2, ..."""
        return replace(self, times=np.arange(frames, dtype=float))

    @staticmethod
    def open(paths: Sequence[Path]) -> "LongMembers":
        """Read the names and the frame numbers.

        Raises:
            EksError: if a file cannot be read or comes twice, or has images instead of frames.
        """
        if twice := [path for number, path in enumerate(paths) if path in paths[:number]]:
            raise EksError(f"{twice[0]}: is given twice; give every member once")
        with told_in_one_line():
            first = next(read_chunks(paths[0], ROWS, ahead=False))
            if first.frames is not None:
                raise EksError(
                    f"{paths[0]}: has images, not frames of a video, which are not smoothed in "
                    "chunks; raise --chunk above their number"
                )
            numbers = [first.numbered[:0], *read_numbers(paths[0])]
        rows = replace(
            first,
            keypoints=first.keypoints[:0],
            confidence=first.confidence[:0],
            numbers=np.zeros(0, int),
            extra={},
        )
        return LongMembers(tuple(paths), rows, np.concatenate(numbers).astype(float))

    def chunks(self, step: Callable[[int], None] = lambda _: None) -> Iterator[Ensemble]:
        """Read all files side by side, some frames at a time.

        `step` is told how many rows more are read.

        Raises:
            EksError: if a file has other keypoints or frames than the first.
        """
        files = [read_chunks(path, ROWS, ahead=False) for path in self.paths]
        for part in chunks_of(self.frames, ROWS):
            with told_in_one_line():
                each = in_threads(self.next_of, files, self.paths, repeat(part), workers=None)
            members = np.stack(each)
            yield Ensemble(members[..., :2], members[..., 2])
            step(members.shape[0] * members.shape[1])

    def next_of(self, file: Iterator[PredictionTable], path: Path, part: slice) -> np.ndarray:
        """Read the next frames of a file; see `checked`.

        Raises:
            EksError: if it has other keypoints or frames than the first, fewer or more.
        """
        table = next(file, None)
        stop = part.start + len(table or ())
        if table is None or stop < part.stop:
            raise EksError(f"{path}: has {stop} frames, {self.paths[0]} has {self.frames}")
        if stop > part.stop or (stop == self.frames and next(file, None) is not None):
            raise EksError(
                f"{path}: has more frames than {self.paths[0]}, {self.frames}; predict the same "
                "video with every model"
            )
        return self.checked(table, path, part)

    def checked(self, table: PredictionTable, path: Path, part: slice) -> np.ndarray:
        """Give x, y and confidence (frames, keypoints, 3) in the first file's order of keypoints.

        Raises:
            EksError: if it has other keypoints or frames than the first file.
        """
        blank = np.broadcast_to(np.nan, (len(table), len(self.rows.names), 2))
        numbers = self.numbered[part]
        expected = replace(self.rows, keypoints=blank, confidence=blank[..., 0], numbers=numbers)
        one = like(only_points(table), expected, path, self.paths[0])
        return np.concatenate([one.keypoints, one.confidence[..., None]], axis=-1)


def write_long(
    path: Path,
    members: LongMembers,
    found: LongSmoothed,
    scorer: str,
    plain: bool,
    step: Callable[[int], None] = lambda _: None,
) -> Flags:
    """Write the table chunk by chunk; give what the summary says of frames.

    `step` is told how many frames more are written.

    Raises:
        EksError: if it cannot be written; a former file is then as it was.
    """
    flags, start = Flags.none(len(members.labels)), 0
    numbers = members.numbered
    extra = () if plain else tuple(next(found.chunks()).columns())
    with (
        told_in_one_line(),
        PredictionWriter(
            path,
            members.rows.names,
            individuals=members.rows.individuals,
            extra=extra,
            scorer=scorer,
        ) as writer,
    ):
        for part in one_ahead(found.chunks()):
            stop = start + len(part.keypoints)
            columns = {} if plain else part.columns()
            writer.write(part.keypoints, part.confidence, columns, numbers=numbers[start:stop])
            step(stop - start)
            flags, start = flags.and_of(part, start), stop
    return flags
