"""Several cameras with images of their own: which rows show one instant, which videos are whose."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.tables import LabelTable

Instant = tuple[str, str]
"""Folder and number of an image, both without the name of the view."""


def word(name: str) -> re.Pattern[str]:
    """Match a name where it stands by itself: `top` in `a_top.mp4`, not in `stopped.mp4`."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")


def instant_of(frame: str, view: str) -> Instant:
    """Tell from its name which instant an image shows.

    `labeled-data/s1_top/img0039.png` of the view `top` shows ("labeled-data/s1_", "39"). A name
    without a number stands for itself.
    """
    path = PurePosixPath(word(view).sub("", frame))
    numbers = re.findall(r"[0-9]+", path.stem)
    return str(path.parent), str(int(numbers[-1])) if numbers else path.stem


def rows_of(
    tables: Mapping[str, LabelTable], where: Path, warnings: list[str]
) -> dict[str, np.ndarray]:
    """Align the images of all views: per view, the row of each instant, -1 where it lacks it.

    Lightning Pose takes row by row. So is it here where the names of the images agree, and also
    where they have nothing in common; else the names decide, with a warning.

    Raises:
        FormatError: if neither rows nor names can be aligned.
    """
    instants = {
        view: [instant_of(frame, view) for frame in table.frames] for view, table in tables.items()
    }
    lists = list(instants.values())
    if all(one == lists[0] for one in lists):
        return {view: np.arange(len(lists[0])) for view in tables}
    warnings.append(f"{where}: {mismatch(tables, instants)}")
    known = list(dict.fromkeys(instant for one in lists for instant in one))
    unique = all(len(set(one)) == len(one) for one in lists)
    if unique and any(instant in other for other in lists[1:] for instant in lists[0]):
        places = {view: {at: row for row, at in enumerate(one)} for view, one in instants.items()}
        return {
            view: np.array([place.get(instant, -1) for instant in known])
            for view, place in places.items()
        }
    if len({len(one) for one in lists}) > 1:
        counts = ", ".join(f"{len(one)} in {view}" for view, one in instants.items())
        raise FormatError(
            f"{where}: views have different numbers of frames ({counts}) and no names in common; "
            "give every view the same rows"
        )
    return {view: np.arange(len(lists[0])) for view in tables}


def mismatch(tables: Mapping[str, LabelTable], instants: Mapping[str, Sequence[Instant]]) -> str:
    """Name the first row whose images do not show one instant by their names."""
    first, *others = tables
    for row in range(max(map(len, instants.values()))):
        for other in others:
            mine, theirs = instants[first][row : row + 1], instants[other][row : row + 1]
            if mine != theirs:
                names = [
                    f"{tables[view].frames[row]} in {view}" if there else f"none in {view}"
                    for view, there in ((first, mine), (other, theirs))
                ]
                return f"row {row + 1} shows two instants: {' and '.join(names)}"
    raise AssertionError("the rows agree")


def videos_by_view(
    videos: Sequence[Path], views: Sequence[str], warnings: list[str]
) -> dict[str, tuple[Path, ...]]:
    """Give each view the videos with its name in theirs, as a word; each video to one view.

    Of several the last in the name counts, and the longest there, as of `top` and `top_left` in
    `a_top_left.mp4`. A video without one is in no view, with a warning.
    """
    found: dict[str, list[Path]] = {view: [] for view in views}
    for video in videos:
        ends = [
            (match.end(), len(view), view)
            for view in views
            for match in word(view).finditer(video.stem)
        ]
        if ends:
            found[max(ends)[2]].append(video)
        else:
            warnings.append(f"{video}: has none of the views {', '.join(views)} in its name")
    return {view: tuple(sorted(one)) for view, one in found.items()}
