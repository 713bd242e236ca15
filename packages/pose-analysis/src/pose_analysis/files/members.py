"""Tables of points: the predictions of one network or of several for one video, to arrays."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose_analysis.errors import AnalysisError
from pose_io_dlc import FormatError, PredictionTable, read_predictions, write_predictions


@dataclass(frozen=True, eq=False)
class Members:
    """What networks say of one video.

    Attributes:
        keypoints: (members, frames, keypoints, 2), NaN where missing.
        confidence: (members, frames, keypoints), NaN where unknown.
        rows: the first one's table, whose names all have.
        warnings: what was odd but usable, one line each.
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    rows: PredictionTable
    warnings: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """Keypoint names to show, with the individual where there are several."""
        return labels_of(self.rows)


def labels_of(table: PredictionTable) -> list[str]:
    """Name the keypoints of a table, with the individual where there are several."""
    return [f"{who} {name}".strip() for who, name in table.points]


def read_members(paths: Sequence[Path]) -> Members:
    """Read one table per network, keypoints in the order of the first.

    Raises:
        AnalysisError: if one cannot be read or is given twice, or they do not fit together.
    """
    if twice := [path for number, path in enumerate(paths) if path in paths[:number]]:
        raise AnalysisError(f"{twice[0]}: is given twice; give every network's table once")
    tables = [read_table(path) for path in paths]
    points = tables[0].points
    for path, table in zip(paths, tables, strict=True):
        if odd := sorted(set(points) ^ set(table.points)):
            name = " ".join(odd[0]).strip()
            raise AnalysisError(
                f"{path}: has other keypoints than {paths[0]}: only one of them has {name!r}"
            )
        if len(table) != len(tables[0]):
            raise AnalysisError(
                f"{path}: has {len(table)} frames, {paths[0]} has {len(tables[0])}; "
                "give tables of one video"
            )
    orders = [[table.points.index(point) for point in points] for table in tables]
    both = list(zip(tables, orders, strict=True))
    return Members(
        np.stack([table.keypoints[:, order] for table, order in both]),
        np.stack([table.confidence[:, order] for table, order in both]),
        tables[0],
        tuple(dict.fromkeys(line for table in tables for line in table.warnings)),
    )


def read_table(path: Path) -> PredictionTable:
    """Read a table of points: a row per frame of a video from 0 on, NaN where it has none.

    Raises:
        AnalysisError: if it cannot be read, is of images, or has no rows.
    """
    if path.is_dir():
        raise AnalysisError(f"{path}: is a folder; give its files, as {path}/*.csv")
    with told_in_one_line():
        table = read_predictions(path)
        if table.frames is not None:
            raise AnalysisError(
                f"{path}: is of images such as {table.frames[0]!r}, not of a video, so that "
                "nothing can be said over time; give predictions of a video"
            )
        table = replace(table, extra={}).without_gaps()
    if not len(table) or not table.names:
        raise AnalysisError(f"{path}: has {len(table)} frames and {len(table.names)} keypoints")
    return table


def write_points(
    path: Path, rows: PredictionTable, keypoints: np.ndarray, confidence: np.ndarray
) -> None:
    """Write points under the names of another table.

    Args:
        path: .csv, .h5 or .parquet.
        rows: the table whose names they have.
        keypoints: (frames, keypoints, 2).
        confidence: (frames, keypoints).

    Raises:
        AnalysisError: if it cannot be written.
    """
    table = PredictionTable(
        rows.names, keypoints, confidence, scorer="filtered", individuals=rows.individuals
    )
    with told_in_one_line():
        write_predictions(path, table)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn what is wrong with files into errors of this package, which name no function."""
    try:
        yield
    except FormatError as error:
        advice = "give predictions, tables with x, y and likelihood"
        raise AnalysisError(re.sub(r"use read_\w+", advice, str(error))) from error
