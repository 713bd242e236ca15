"""Prediction files of one camera, one per network, to arrays."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from pose_eks.core.threads import in_threads
from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_io_dlc.errors import FormatError
from pose_io_dlc.predictions import read_predictions
from pose_io_dlc.tables import PredictionTable


@dataclass(frozen=True, eq=False)
class Members:
    """The predictions of several networks for one recording.

    Attributes:
        paths: their files.
        keypoints: (members, frames, keypoints, 2), NaN where missing.
        confidence: (members, frames, keypoints), NaN where unknown.
        rows: the first file's table: names, individuals and frames are those of all.
    """

    paths: tuple[Path, ...]
    keypoints: np.ndarray
    confidence: np.ndarray
    rows: PredictionTable

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.rows)

    @property
    def numbered(self) -> np.ndarray:
        """(frames,), the number of every frame."""
        return self.rows.numbered

    @property
    def times(self) -> np.ndarray | None:
        """Frame numbers, where the files have them; frames may be left out of a file."""
        return self.rows.numbers

    @property
    def ensemble(self) -> Ensemble:
        """The predictions as a model takes them."""
        return Ensemble(self.keypoints, self.confidence)

    @property
    def labels(self) -> list[str]:
        """Keypoint names to show, with the individual where there are several."""
        return [f"{who} {name}".strip() for who, name in self.rows.points]

    def counted_anew(self, frames: int) -> "Members":
        """Give the same names for so many frames, 0, 1, 2, ..."""
        blank = np.broadcast_to(np.nan, (frames, *self.rows.keypoints.shape[1:]))
        rows = replace(
            self.rows, keypoints=blank, confidence=blank[..., 0], numbers=None, frames=None
        )
        return replace(self, rows=rows)


def read_members(paths: Sequence[Path | str], *, dead: bool = False) -> Members:
    """Read one file per member; keypoints are put in the order of the first.

    Args:
        paths: of the files.
        dead: whether all predictions may be missing, as of one camera among several.

    Raises:
        EksError: if there are no files, a file cannot be read, comes twice, or has other keypoints
            or frames than the first, or if all predictions of all files are missing.
    """
    files = [Path(path) for path in paths]
    if not files:
        raise EksError("no files; give predictions, one file per network")
    if twice := [path for number, path in enumerate(files) if path in files[:number]]:
        raise EksError(f"{twice[0]}: is given twice; give every member once")
    first = read_table(files[0])
    shape = (len(files), *first.confidence.shape)
    keypoints, confidence = np.empty((*shape, 2)), np.empty(shape)

    def take(number: int, path: Path) -> None:
        table = like(read_table(path) if number else first, first, path, files[0])
        keypoints[number], confidence[number] = table.keypoints, table.confidence

    in_threads(take, range(len(files)), files, workers=None)
    if not dead and np.isnan(keypoints).all():
        raise all_missing(files)
    return Members(tuple(files), keypoints, confidence, without_numbers(first))


def all_missing(files: Sequence[Path]) -> EksError:
    """Give the error of files without a single prediction."""
    return EksError(f"{files[0]}: all predictions are missing, here and in every other file")


def without_numbers(table: PredictionTable) -> PredictionTable:
    """Give a table whose points take no memory, for its names and frames."""
    missing = np.broadcast_to(np.nan, table.keypoints.shape)
    return replace(table, keypoints=missing, confidence=missing[..., 0])


def read_table(path: Path) -> PredictionTable:
    """Read one file.

    Raises:
        EksError: if it cannot be read, or has no rows.
    """
    if path.is_dir():
        raise EksError(f"{path}: is a folder; give its files, as {path}/*.csv")
    with told_in_one_line():
        table = read_predictions(path)
    if table.frames is not None and not are_consecutive(table.frames):
        raise EksError(
            f"{path}: is of images such as {table.frames[0]!r}, not of a video: its rows are not "
            "consecutive frames, so that smoothing over time has no meaning; give predictions of "
            "the video"
        )
    if not len(table) or not table.names:
        raise EksError(f"{path}: has {len(table)} frames and {len(table.names)} keypoints")
    return only_points(table)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn what is wrong with files into errors of this package, which name no function."""
    try:
        yield
    except FormatError as error:
        advice = "give predictions, tables with x, y and likelihood"
        raise EksError(re.sub(r"use read_\w+", advice, str(error))) from error


def are_consecutive(frames: Sequence[str]) -> bool:
    """Say whether images are of one folder, and the numbers in their names rise one by one."""
    images = [PurePosixPath(frame) for frame in frames]
    numbers = [re.findall(r"\d+", image.stem)[-1:] for image in images]
    if len({image.parent for image in images}) > 1 or not all(numbers):
        return False
    return bool((np.diff([int(one) for (one,) in numbers]) == 1).all())


def only_points(table: PredictionTable) -> PredictionTable:
    """Give a table without its further columns."""
    return replace(table, extra={})


def like(
    table: PredictionTable, first: PredictionTable, path: Path, where: Path
) -> PredictionTable:
    """Give a table with the keypoints in the first one's order.

    Raises:
        EksError: if it has other keypoints or other frames than the first.
    """
    for one, other, has, misses in ((first, table, where, path), (table, first, path, where)):
        if absent := [point for point in one.points if point not in other.points]:
            name = " ".join(absent[0]).strip()
            raise EksError(
                f"{misses}: has no keypoint {name!r}, which {has} has; "
                "give predictions of the same keypoints"
            )
    if len(table) != len(first):
        raise EksError(
            f"{path}: has {len(table)} frames, {where} has {len(first)}; "
            "predict the same video with every model"
        )
    if table.frames != first.frames or not np.array_equal(table.numbered, first.numbered):
        raise EksError(f"{path}: names other frames than {where}; predict the same video")
    order = [table.points.index(point) for point in first.points]
    return replace(
        first, keypoints=table.keypoints[:, order], confidence=table.confidence[:, order]
    )
