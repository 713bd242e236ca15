"""Put the labels of several files in one table, keypoints by their names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.tables import LabelTable


def merge(
    tables: Sequence[tuple[Path, LabelTable]], order: Sequence[tuple[str, str]]
) -> LabelTable:
    """Put the frames of all files in one table, keypoints by name in the order given.

    Raises:
        FormatError: if a keypoint is missing from a file, or an image is in two.
    """
    first_file, first = tables[0]
    rank = {point: place for place, point in enumerate(order)}
    last = len(rank)
    points = sorted(first.points, key=lambda p: rank.get(p, rank.get(("", p[1]), last)))
    owner: dict[str, Path] = {}
    for file, table in tables:
        refuse_other_points(first_file, first, file, table)
        for frame in table.frames:
            if owner.setdefault(frame, file) != file:
                raise FormatError(f"{file}: image {frame!r} is labeled in {owner[frame]} too")
    orders = [[table.points.index(point) for point in points] for _, table in tables]
    parts = [(table, o) for (_, table), o in zip(tables, orders, strict=True)]
    return LabelTable(
        frames=tuple(owner),
        names=tuple(name for _, name in points),
        keypoints=np.concatenate([table.keypoints[:, o] for table, o in parts]),
        visibility=np.concatenate([table.visibility[:, o] for table, o in parts]),
        scorer=first.scorer,
        individuals=tuple(one for one, _ in points) if first.individuals else (),
        warnings=tuple(warning for _, table in tables for warning in table.warnings),
    )


def refuse_other_points(first_file: Path, first: LabelTable, file: Path, table: LabelTable) -> None:
    """Refuse a file whose keypoints are not those of the first.

    Raises:
        FormatError: naming the file that lacks one.
    """
    for lacking, has, odd in (
        (file, first_file, set(first.points) - set(table.points)),
        (first_file, file, set(table.points) - set(first.points)),
    ):
        if odd:
            individual, name = min(odd)
            of = f" of {individual!r}" if individual else ""
            raise FormatError(
                f"{lacking}: has no keypoint {name!r}{of}, which {has} has; add the columns "
                "(empty cells), or remove them there"
            )
