"""Mend labels in ways that lose nothing a tool would have used."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from pose_io_dlc.commands.aligned import counted
from pose_io_dlc.commands.checks.labels import beyond, image_of, renamed, sizes_of, with_backslashes
from pose_io_dlc.commands.checks.rows import Rows
from pose_io_dlc.labels import below_project
from pose_io_dlc.sheets.columns import Columns
from pose_io_dlc.sheets.sheet import Sheet

Mend = Callable[[Rows, Path, bool], tuple[Sheet, str]]
"""Takes labels, the folder their images are below, and whether that is DeepLabCut's; gives them
mended and says how, or says nothing."""


def mended(rows: Rows, root: Path, deeplabcut: bool) -> tuple[Sheet, list[str]]:
    """Mend labels; say what was done, nothing where nothing was.

    Args:
        rows: the labels.
        root: the folder below which they name their images.
        deeplabcut: whether they lie in a folder of images, as DeepLabCut keeps them.
    """
    done = []
    for mend in (
        with_found_names,
        with_three_columns,
        without_doubles,
        within_images,
        without_likelihood,
    ):
        sheet, what = mend(rows, root, deeplabcut)
        rows = replace(rows, sheet=sheet)
        done += [what] if what else []
    return rows.sheet, done


def with_found_names(rows: Rows, root: Path, deeplabcut: bool) -> tuple[Sheet, str]:
    """Name images below the project, with forward slashes, and in the folder they lie in."""
    old = [str(name) for name in rows.sheet.index]
    new = [below_project(name) for name in old]
    for row, frame in enumerate(new):
        found = image_of(rows, root, row)
        if deeplabcut and found is not None and found != root / frame:
            new[row] = renamed(rows.path, frame)
    count = sum(a != b for a, b in zip(old, new, strict=True))
    if not count and not with_backslashes(rows):
        return rows.sheet, ""
    what = (
        f"paths of {counted(count, 'image')} put right" if count else "backslashes in paths made /"
    )
    return replace(rows.sheet, index=tuple(new)), what


def with_three_columns(rows: Rows, root: Path, deeplabcut: bool) -> tuple[Sheet, str]:
    """Name rows by three columns, as DeepLabCut does since 2.2."""
    three = all(str(name).count("/") == 2 for name in rows.sheet.index)
    if not deeplabcut or rows.sheet.index_width == 3 or not three:
        return rows.sheet, ""
    return replace(rows.sheet, index_width=3), "rows named by three columns"


def without_doubles(rows: Rows, root: Path, deeplabcut: bool) -> tuple[Sheet, str]:
    """Keep one of rows that are alike."""
    first: dict[str, int] = {}
    keep = []
    for row, name in enumerate(map(str, rows.sheet.index)):
        earlier = first.setdefault(name, row)
        if earlier == row or not are_alike(rows.sheet, earlier, row):
            keep.append(row)
    count = len(rows.sheet) - len(keep)
    if not count:
        return rows.sheet, ""
    return rows.sheet.select(np.array(keep)), f"{counted(count, 'double row')} removed"


def are_alike(sheet: Sheet, one: int, other: int) -> bool:
    """Say whether two rows have the same numbers and words."""
    same = np.array_equal(sheet.values[one], sheet.values[other], equal_nan=True)
    return same and all(words[one] == words[other] for words in sheet.text.values())


def within_images(rows: Rows, root: Path, deeplabcut: bool) -> tuple[Sheet, str]:
    """Mark points outside their images as missing."""
    columns = rows.sheet.columns
    if not {"x", "y"} <= set(columns.coords()):
        return rows.sheet, ""
    outside = beyond(rows, sizes_of(rows, root), 0.0 if deeplabcut else -0.5)
    if not outside.any():
        return rows.sheet, ""
    values = rows.sheet.values.copy()
    for coord in ("x", "y"):
        for point, at in enumerate(columns.positions(coord)):
            if at is not None:
                values[outside[:, point], at] = np.nan
    count = counted(int(outside.sum()), "point")
    return replace(rows.sheet, values=values), f"{count} outside the image marked as missing"


def without_likelihood(rows: Rows, root: Path, deeplabcut: bool) -> tuple[Sheet, str]:
    """Drop columns of likelihood that are empty."""
    columns = rows.sheet.columns
    likelihood = rows.sheet.column("likelihood")
    if "likelihood" not in columns.coords() or np.isfinite(likelihood).any():
        return rows.sheet, ""
    keep = [at for at, column in enumerate(columns.columns) if column.coord != "likelihood"]
    kept = Columns(
        columns.scorer, tuple(columns.columns[at] for at in keep), columns.has_individuals
    )
    sheet = replace(rows.sheet, columns=kept, values=rows.sheet.values[:, keep])
    return sheet, "empty likelihood columns dropped"
