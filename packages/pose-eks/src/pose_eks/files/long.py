"""Files of recordings that are too long to be in memory whole: read and written in chunks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_eks.files.members import like, only_points
from pose_eks.files.outputs import Flags
from pose_eks.models.long_singlecam import LongSmoothed
from pose_io_dlc import FormatError, PredictionTable, PredictionWriter, read_chunks

ROWS = 20_000
"""Frames that are read and written at a time."""

SHORT = 50_000_000
"""Bytes of all files together below which a recording is not looked at twice to see its length."""


def is_long(paths: Sequence[Path], frames: int) -> bool:
    """Say whether the first file has more frames than that.

    Raises:
        EksError: if it cannot be read.
    """
    if sum(path.stat().st_size for path in paths if path.is_file()) < SHORT:
        return False
    with told_in_one_line():
        return len(list(zip(read_chunks(paths[0], frames), range(2), strict=False))) > 1


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
    def labels(self) -> list[str]:
        """Keypoint names to show, with the individual where there are several."""
        return [f"{who} {name}".strip() for who, name in self.rows.points]

    @staticmethod
    def open(paths: Sequence[Path]) -> "LongMembers":
        """Read the names and the frame numbers.

        Raises:
            EksError: if a file cannot be read or comes twice, or has images instead of frames.
        """
        if twice := [path for number, path in enumerate(paths) if path in paths[:number]]:
            raise EksError(f"{twice[0]}: is given twice; give every member once")
        numbers, first = [], None
        with told_in_one_line():
            for table in read_chunks(paths[0], ROWS):
                if table.frames is not None:
                    raise EksError(f"{paths[0]}: has images, not frames of a video; raise --chunk")
                first = first or table
                numbers.append(table.numbered)
        assert first is not None  # there is at least one chunk
        rows = replace(
            first,
            keypoints=first.keypoints[:0],
            confidence=first.confidence[:0],
            numbers=np.zeros(0, int),
            extra={},
        )
        return LongMembers(tuple(paths), rows, np.concatenate(numbers).astype(float))

    def chunks(self) -> Iterator[Ensemble]:
        """Read all files side by side, some frames at a time.

        Raises:
            EksError: if a file has other keypoints or frames than the first.
        """
        with told_in_one_line():
            readers = [read_chunks(path, ROWS) for path in self.paths]
            for tables in zip_longest(*readers):
                if None in tables:
                    short = self.paths[tables.index(None)]
                    raise EksError(f"{short}: has fewer frames than {self.other(short)}")
                points = [only_points(table) for table in tables]
                first = points[0]
                alike = [
                    like(table, first, path, self.paths[0])
                    for table, path in zip(points, self.paths, strict=True)
                ]
                yield Ensemble(
                    np.stack([table.keypoints for table in alike]),
                    np.stack([table.confidence for table in alike]),
                )

    def other(self, path: Path) -> Path:
        """Give another file, to compare with."""
        return next(one for one in self.paths if one != path)


def write_long(
    path: Path, members: LongMembers, found: LongSmoothed, scorer: str, plain: bool
) -> Flags:
    """Write the table chunk by chunk; give what the summary says of frames.

    Raises:
        EksError: if it cannot be written; a former file is then as it was.
    """
    flags, start = Flags.none(len(members.labels)), 0
    numbers = members.times.astype(int)
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
        for part in found.chunks():
            stop = start + len(part.keypoints)
            columns = {} if plain else part.columns()
            writer.write(part.keypoints, part.confidence, columns, numbers=numbers[start:stop])
            flags, start = flags.and_of(part, start), stop
    return flags


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn what is wrong with files into errors of this package."""
    try:
        yield
    except FormatError as error:
        raise EksError(str(error)) from error
