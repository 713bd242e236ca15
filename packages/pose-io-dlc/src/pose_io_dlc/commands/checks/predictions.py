"""What can be wrong with one file of predictions."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from pose_io_dlc.commands.aligned import counted
from pose_io_dlc.commands.checks.labels import named
from pose_io_dlc.commands.checks.problems import Problem
from pose_io_dlc.commands.checks.rows import Rows
from pose_io_dlc.commands.counting import gaps_of, runs
from pose_io_dlc.errors import FormatError


def of_predictions(rows: Rows, frames: int | None = None) -> Iterator[Problem]:
    """Find what is wrong with predictions: their rows, and their numbers.

    Args:
        rows: the file.
        frames: how many frames the video has, where that is known.
    """
    yield from of_numbers(rows, frames)
    coords = rows.sheet.columns.coords()
    needed = ("x", "y", "z") if "z" in coords else ("x", "y", "likelihood")
    for coord in needed:
        for point, at in zip(
            rows.sheet.columns.points(), rows.sheet.columns.positions(coord), strict=True
        ):
            if at is None:
                what = f"{named(point)} has no column {coord!r}"
                yield Problem(str(rows.path), what, "mend the header", kind="header")
    if set(needed) <= set(coords):
        yield from of_coordinates(rows)
    if "likelihood" in coords:
        yield from of_confidence(rows)


def of_numbers(rows: Rows, frames: int | None) -> Iterator[Problem]:
    """Find frames that are left out, given twice or out of order, or not of the video."""
    index = rows.sheet.index
    report = partial(Problem, str(rows.path), level="warning")
    if not len(rows.sheet):
        yield report("has no frames", kind="frames")
        return
    values, counts = np.unique(np.asarray(index), return_counts=True)
    for value, count in zip(values[counts > 1], counts[counts > 1], strict=True):
        what = f"frame {value.item()!r} is given {count} times"
        yield report(what, "remove all but one row", level="error", kind="twice")
    if not isinstance(index, np.ndarray):
        return
    if index.min() < 0:
        yield report(
            f"frame number {index.min()} is not one of a video", level="error", kind="frames"
        )
    if (np.diff(index) < 0).any():
        at = int(np.argmax(np.diff(index) < 0))
        what = f"frame {index[at + 1]} comes after frame {index[at]}"
        yield report(what, "sort the rows", level="note", kind="order")
    gaps = gaps_of(index[index >= 0])
    if gaps:
        missing = sum(last - first + 1 for first, last in gaps)
        what = f"{counted(missing, 'frame')} left out: {runs(gaps)}"
        yield report(what, "they are read as missing points", kind="gaps")
    if frames is not None and index.max() + 1 != frames:
        what = f"ends with frame {index.max()}, and the video has {frames:,} frames"
        yield report(what, "was the run stopped? predict again", kind="video")


def of_coordinates(rows: Rows) -> Iterator[Problem]:
    """Find points known by half or infinite, and keypoints never found."""
    report = partial(Problem, str(rows.path), level="warning")
    values = [rows.sheet.column(axis) for axis in "xyz" if axis in rows.sheet.columns.coords()]
    finite = np.stack([np.isfinite(one) for one in values])
    half = np.asarray(finite.any(0) & ~finite.all(0))
    if half.any():
        what = f"{counted(int(half.sum()), 'point')} with some coordinates and not all"
        yield report(f"{what}; {first_of(rows, half)}", "taken as missing", kind="half")
    infinite = np.asarray(np.stack([np.isinf(one) for one in values]).any(0))
    if infinite.any():
        what = f"{counted(int(infinite.sum()), 'point')} at infinity; {first_of(rows, infinite)}"
        yield report(what, "taken as missing", kind="infinite")
    known = np.asarray(finite.all(0).any(0))
    never = [
        named(point)
        for point, has in zip(rows.sheet.columns.points(), known, strict=True)
        if not has
    ]
    if never:
        yield report(f"never found in any frame: {', '.join(never)}", kind="never")


def of_confidence(rows: Rows) -> Iterator[Problem]:
    """Find likelihood that is none, or is missing where there is a point."""
    report = partial(Problem, str(rows.path), level="warning")
    likelihood, x, y = map(rows.sheet.column, ("likelihood", "x", "y"))
    absent = (x == -1) & (y == -1) & (likelihood == -1)  # so DeepLabCut writes no animal
    with np.errstate(invalid="ignore"):
        beyond = ((likelihood < 0) | (likelihood > 1)) & ~absent
    if beyond.any():
        low, high = likelihood[beyond].min(), likelihood[beyond].max()
        what = f"{counted(int(beyond.sum()), 'likelihood')} outside 0 to 1 ({low:g} to {high:g})"
        yield report(f"{what}; {first_of(rows, beyond)}", "were logits written?", kind="likelihood")
    unknown = np.isnan(likelihood) & np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    if unknown.any():
        what = (
            f"{counted(int(unknown.sum()), 'point')} without likelihood; {first_of(rows, unknown)}"
        )
        yield report(what, kind="likelihood")


def first_of(rows: Rows, found: np.ndarray) -> str:
    """Name the first point of some."""
    row, at = np.argwhere(found)[0]
    return f"the first is {named(rows.sheet.columns.points()[at])} in frame {rows.sheet.index[row]}"


def frames_beside(path: Path) -> int | None:
    """Say how many frames the video has, by DeepLabCut's notes beside its predictions."""
    from pose_io_dlc.pickles import read_meta

    stem = path.stem.removesuffix("_filtered")
    notes = path.with_name(f"{stem}_meta.pickle")
    if not notes.is_file():
        return None
    try:
        return read_meta(notes).nframes
    except FormatError:  # the file is looked at by itself
        return None
