"""What can be wrong with one file of labels."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from pose_io_dlc.commands.aligned import counted
from pose_io_dlc.commands.checks.problems import Level, Problem
from pose_io_dlc.commands.checks.rows import Rows
from pose_io_dlc.commands.counting import outside_of
from pose_io_dlc.labels import FOLDER, below_project
from pose_io_dlc.projects.images import image_size
from pose_io_dlc.sheets.sheet import is_image
from pose_io_dlc.tables import MISSING, OCCLUDED, VISIBLE

Size = tuple[int, int] | None
"""Height and width of an image; None where it is missing, or cannot be measured."""


def of_labels(rows: Rows, root: Path, edge: float = -0.5) -> Iterator[Problem]:
    """Find what is wrong with a file of labels.

    Args:
        rows: the file.
        root: the folder below which it names its images.
        edge: the smallest coordinate inside an image: DeepLabCut takes 0 for not labeled.
    """
    yield from of_names(rows)
    yield from of_columns(rows)
    if not {"x", "y"} <= set(rows.sheet.columns.coords()):
        return
    yield from of_points(rows)
    sizes = sizes_of(rows, root)
    yield from of_images(rows, root, sizes)
    yield from of_outside(rows, sizes, edge)


def problem(
    rows: Rows, row: int, kind: str, what: str, remedy: str = "", **more: object
) -> Problem:
    """Make a problem of one row, which also names its frame."""
    text = f"{what} in {rows.sheet.index[row]}"
    return Problem(str(rows.path), text, remedy, row=rows.line(row), kind=kind, **more)  # type: ignore[arg-type]


def of_names(rows: Rows) -> Iterator[Problem]:
    """Find rows that are no image of the project, rows given twice, and odd ways to name them."""
    first: dict[str, int] = {}
    for row, name in enumerate(map(str, rows.sheet.index)):
        report = partial(Problem, str(rows.path), row=rows.line(row))
        frame = below_project(name)
        path = PurePosixPath(frame)
        if not is_image(name):
            yield report(f"{name!r} is not an image", "are these predictions?", kind="name")
        if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
            yield report(f"image {name!r} leads out of the project", "move it there", kind="escape")
        elif frame != name:
            what = f"{name!r} names the folders of one computer"
            yield report(what, f"write {frame!r}", level="warning", kind="path", fixable=True)
        if frame in first:
            yield of_twice(rows, first[frame], row)
        first.setdefault(frame, row)
    yield from of_slashes(rows)
    three = all(str(name).count("/") == 2 for name in rows.sheet.index)
    inside = rows.path.absolute().parent.parent.name == FOLDER
    if inside and three and rows.sheet.index_width == 1 and len(rows.sheet):
        what = "rows are named by one path, as DeepLabCut before 2.2 wrote them"
        yield Problem(str(rows.path), what, level="note", kind="layout", fixable=True)


def of_slashes(rows: Rows) -> Iterator[Problem]:
    """Find backslashes in names, which only Windows takes for folders."""
    if found := with_backslashes(rows):
        what = f"{counted(len(found), 'row')} with backslashes in paths"
        report = partial(Problem, str(rows.path), what, "write /", kind="slashes", fixable=True)
        yield report(level="warning", row=rows.line(found[0]))


def with_backslashes(rows: Rows) -> list[int]:
    """List the rows named with backslashes; of an H5, all where its bytes have a usual one."""
    if rows.raw:
        return [row for row, cells in enumerate(rows.raw) if any("\\" in cell for cell in cells)]
    windows = rows.path.suffix.lower() == ".h5" and b"labeled-data\\" in rows.path.read_bytes()
    return list(range(len(rows.sheet))) if windows else []


def of_twice(rows: Rows, first: int, again: int) -> Problem:
    """Say that two rows are of one image: which one counts is only a question if they differ."""
    one, other = rows.sheet.values[[first, again]]
    same = np.array_equal(one, other, equal_nan=True)
    where = f" (first in row {rows.line(first)})" if rows.lines else ""
    what = f"is labeled twice, {'alike' if same else 'differently'}{where}"
    remedy = "remove one row" if same else "compare them and remove one row"
    level: Level = "warning" if same else "error"
    return problem(rows, again, "twice", what, remedy, fixable=same, level=level)


def of_columns(rows: Rows) -> Iterator[Problem]:
    """Find columns that labels lack, or should not have."""
    columns = rows.sheet.columns
    for coord in ("x", "y"):
        for point, at in zip(columns.points(), columns.positions(coord), strict=True):
            if at is None:
                what = f"{named(point)} has no column {coord!r}"
                yield Problem(str(rows.path), what, "mend the header", kind="header")
    likelihood = rows.sheet.column("likelihood")
    if "likelihood" in columns.coords():
        if np.isfinite(likelihood).any():
            what = "has likelihood columns with numbers, which labels do not have"
            remedy = "are these predictions? they are not used"
            yield Problem(str(rows.path), what, remedy, level="warning", kind="likelihood")
        else:
            what = "has empty likelihood columns"
            report = partial(Problem, str(rows.path), what, "drop them", kind="likelihood")
            yield report(level="warning", fixable=True)


def of_points(rows: Rows) -> Iterator[Problem]:
    """Find points known by half, infinite, or flagged oddly, and keypoints never labeled."""
    x, y = rows.sheet.column("x"), rows.sheet.column("y")
    points = rows.sheet.columns.points()
    for row, at in np.argwhere(np.isfinite(x) ^ np.isfinite(y)):
        has, lacks = ("x", "y") if np.isfinite(x[row, at]) else ("y", "x")
        what = f"{named(points[at])} has {has} but no {lacks}"
        yield problem(rows, row, "half", what, "label it again; taken as missing", level="warning")
    for row, at in np.argwhere(np.isinf(x) | np.isinf(y)):
        what = f"{named(points[at])} is at infinity"
        yield problem(
            rows, row, "infinite", what, "label it again; taken as missing", level="warning"
        )
    yield from of_flags(rows)
    never = [named(point) for at, point in enumerate(points) if not np.isfinite(x[:, at]).any()]
    if never and len(never) < len(points):
        what = f"never labeled here: {', '.join(never)}"
        yield Problem(str(rows.path), what, level="note", kind="never")
    empty = int((~np.isfinite(x).any(1)).sum())
    if empty and len(rows.sheet):
        what = f"{counted(empty, 'frame')} of {len(rows.sheet):,} without any label"
        yield Problem(
            str(rows.path),
            what,
            level="note" if len(never) < len(points) else "warning",
            kind="empty",
        )


def of_flags(rows: Rows) -> Iterator[Problem]:
    """Find values of `visible` that mean nothing, or that the coordinates contradict."""
    if "visible" not in rows.sheet.columns.coords():
        return
    flags, x = rows.sheet.column("visible"), rows.sheet.column("x")
    points = rows.sheet.columns.points()
    odd = np.isfinite(flags) & ~np.isin(flags, (MISSING, OCCLUDED, VISIBLE))
    for row, at in np.argwhere(odd):
        what = f"visible is {flags[row, at]:g} ({points[at][1]})"
        yield problem(rows, row, "visible", what, "write 0, 1 or 2")
    for row, at in np.argwhere((flags == VISIBLE) & ~np.isfinite(x)):
        what = f"{named(points[at])} is flagged as seen, and has no coordinates"
        yield problem(rows, row, "visible", what, "label it, or write 0", level="warning")


def sizes_of(rows: Rows, root: Path) -> list[Size]:
    """Measure the image of each row."""
    return [
        image_size(path) if (path := image_of(rows, root, row)) else None
        for row in range(len(rows.sheet))
    ]


def image_of(rows: Rows, root: Path, row: int) -> Path | None:
    """Find the image of a row: where it says, or beside the file under its own name."""
    frame = PurePosixPath(below_project(str(rows.sheet.index[row])))
    if frame.is_absolute() or ".." in frame.parts:
        return None
    places = (root / frame, rows.path.parent / frame.name)
    return next((place for place in places if place.is_file()), None)


def of_images(rows: Rows, root: Path, sizes: list[Size]) -> Iterator[Problem]:
    """Find images that are missing, elsewhere or damaged, and sets of several sizes."""
    for row, size in enumerate(sizes):
        frame = below_project(str(rows.sheet.index[row]))
        found = image_of(rows, root, row)
        if found is None:
            if is_image(frame):
                what, remedy = "labeled image is missing:", "put it back, or remove the row"
                yield Problem(
                    str(rows.path), f"{what} {frame}", remedy, row=rows.line(row), kind="image"
                )
        elif found != root / frame:
            what = f"{frame} lies beside this file, in {found.parent.name!r}"
            remedy = f"name it {renamed(rows.path, frame)!r}"
            report = partial(Problem, str(rows.path), what, remedy, row=rows.line(row))
            yield report(level="warning", kind="folder", fixable=True)
        elif size is None and found.suffix.lower() in (".png", ".jpg", ".jpeg", ".bmp", ".gif"):
            what = "its size cannot be read; is it damaged?"
            yield Problem(str(found), what, "extract it again", level="warning", kind="damaged")
    counts = Counter(size for size in sizes if size)
    if len(counts) > 1:
        shapes = ", ".join(f"{n} of {w} x {h}" for (h, w), n in counts.most_common())
        yield Problem(
            str(rows.path), f"images of several sizes: {shapes}", level="note", kind="sizes"
        )


def renamed(file: Path, frame: str) -> str:
    """Name an image as lying beside its file of labels."""
    return f"{file.parent.parent.name}/{file.parent.name}/{PurePosixPath(frame).name}"


def beyond(rows: Rows, sizes: list[Size], edge: float) -> np.ndarray:
    """Say which points lie outside their images, (rows, points); unknown sizes hold all."""
    keypoints = np.stack([rows.sheet.column("x"), rows.sheet.column("y")], axis=-1)
    known = np.isfinite(keypoints).all(-1)
    return np.asarray(known & outside_of(keypoints, sizes, edge))


def of_outside(rows: Rows, sizes: list[Size], edge: float) -> Iterator[Problem]:
    """Find labels outside their images."""
    x, y = rows.sheet.column("x"), rows.sheet.column("y")
    points = rows.sheet.columns.points()
    for row, at in np.argwhere(beyond(rows, sizes, edge)):
        size, frame = sizes[row], rows.sheet.index[row]
        shape = f" ({size[1]} x {size[0]})" if size else ""
        what = f"{named(points[at])} at ({x[row, at]:g}, {y[row, at]:g}) is outside {frame}{shape}"
        report = partial(Problem, str(rows.path), what, "label it again; taken as missing")
        yield report(level="warning", row=rows.line(row), kind="outside", fixable=True)


def named(point: tuple[str, str]) -> str:
    """Name a keypoint, and whose it is."""
    individual, name = point
    return f"{name!r} of {individual!r}" if individual else repr(name)
