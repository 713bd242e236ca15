"""CSV against H5: the two files of one table must say the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from pose_io_dlc.commands.aligned import few
from pose_io_dlc.commands.checks.labels import named
from pose_io_dlc.commands.checks.problems import Problem
from pose_io_dlc.commands.checks.rows import Rows
from pose_io_dlc.labels import below_project
from pose_io_dlc.sheets.sheet import Sheet

CLOSE = 1e-6
"""Pixels by which numbers may differ and still be the same: float32 and eight digits do."""

Agreement = Literal["same", "csv is rounded", "h5 is rounded", "different"]


def of_twins(csv: Rows, h5: Rows) -> Iterator[Problem]:
    """Compare a CSV with its H5: columns, frames, numbers."""
    first, second = csv.sheet, h5.sheet
    name = h5.path.name
    if first.columns.scorer != second.columns.scorer:
        what = f"scorer is {first.columns.scorer!r}, in {name} {second.columns.scorer!r}"
        yield differs(csv, what, None)
    odd = set(first.columns.columns) ^ set(second.columns.columns)
    if odd:
        points = [named(point) for point in sorted({(column[0], column[1]) for column in odd})]
        yield differs(csv, f"differs from {name} in its columns ({few(points)})", None)
    yield from of_frames(csv, h5)
    if odd:
        return
    agreement, same = agreement_of(first, second)
    if agreement == "different":
        yield from of_numbers(csv, name, same)
    elif agreement != "same":
        what = (
            f"{name} has the same numbers with {'more' if 'csv' in agreement else 'fewer'} digits"
        )
        remedy = "convert the exact one to the other"
        yield Problem(str(csv.path), what, remedy, level="warning", kind="rounding", fixable=True)


def differs(csv: Rows, what: str, row: int | None) -> Problem:
    """Make a problem of a difference, which only a person can decide."""
    remedy = "keep the right one, and convert it to the other"
    return Problem(str(csv.path), what, remedy, row=row, kind="twins")


def of_frames(csv: Rows, h5: Rows) -> Iterator[Problem]:
    """Find frames that only one of both has."""
    first, second = names_of(csv.sheet), names_of(h5.sheet)
    for row, frame in enumerate(first):
        if frame not in second:
            yield differs(csv, f"frame {frame!r} is not in {h5.path.name}", csv.line(row))
    known = set(first)
    for frame in second:
        if frame not in known:
            yield differs(csv, f"frame {frame!r} is in {h5.path.name} only", None)


def names_of(sheet: Sheet) -> dict[str, int]:
    """Give the row of each frame; the first where one is given twice."""
    rows: dict[str, int] = {}
    for row, name in enumerate(sheet.index):
        rows.setdefault(below_project(str(name)), row)
    return rows


def agreement_of(first: Sheet, second: Sheet) -> tuple[Agreement, np.ndarray]:
    """Say how the numbers of two sheets agree, and which do, in rows and columns of the first.

    Rows that only one has are left out of the comparison, and count as the same.
    """
    ours, theirs = names_of(first), names_of(second)
    shared = [frame for frame in ours if frame in theirs]
    columns = [second.columns.columns.index(column) for column in first.columns.columns]
    one = first.values[[ours[frame] for frame in shared]]
    other = second.values[[theirs[frame] for frame in shared]][:, columns]
    whole = np.ones(first.values.shape, dtype=bool)
    close = np.isclose(one, other, 0, CLOSE, equal_nan=True)
    whole[[ours[frame] for frame in shared]] = close
    if close.all():
        return "same", whole
    if np.array_equal(np.isnan(one), np.isnan(other)):
        if is_rounded(one, other):
            return "csv is rounded", whole
        if is_rounded(other, one):
            return "h5 is rounded", whole
    return "different", whole


def is_rounded(one: np.ndarray, other: np.ndarray) -> bool:
    """Say whether all numbers of one are those of the other with some digits after the point."""
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged file has any number
        return any(
            np.allclose(one, np.round(other, digits), 0, CLOSE * 0.1, equal_nan=True)
            for digits in range(1, 6)
        )


def of_numbers(csv: Rows, name: str, same: np.ndarray) -> Iterator[Problem]:
    """Say for each row how many of its numbers differ."""
    for row in np.flatnonzero(~same.all(1)).tolist():
        at = int(np.argmin(same[row]))
        column = csv.sheet.columns.columns[at]
        first = f"{column.coord} of {named((column.individual, column.keypoint))}"
        frame = csv.sheet.index[row]
        count = int((~same[row]).sum())
        what = f"differs from {name} in {count} numbers, the first is {first} in {str(frame)!r}"
        yield differs(csv, what, csv.line(row))


def pairs_of(files: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Give each CSV that has an H5 of the same name beside it."""
    for file in files:
        twin = file.with_suffix(".h5")
        if file.suffix.lower() == ".csv" and twin.is_file():
            yield file, twin
