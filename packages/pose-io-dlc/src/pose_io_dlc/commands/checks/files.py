"""What can be wrong with files by themselves, whatever they hold."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pose_io_dlc.bridges.formats import bridge_of
from pose_io_dlc.commands.checks.labels import of_labels
from pose_io_dlc.commands.checks.predictions import frames_beside, of_predictions
from pose_io_dlc.commands.checks.problems import Problem, attempted, of_warning
from pose_io_dlc.commands.checks.rows import Rows, read_anyway
from pose_io_dlc.commands.checks.twins import of_twins
from pose_io_dlc.commands.describing import root_of
from pose_io_dlc.kinds import Kind, kind_of
from pose_io_dlc.sheets.files import H5, PARQUET, is_table
from pose_io_dlc.sheets.h5_writing import PANDAS_VERSION

PICKLES = (".pickle", ".pkl")
OURS = re.compile(r"^CollectedData|^machinelabels|DLC_|DeepCut_")
"""Names that DeepLabCut gives to its files."""

TABLES = (".csv", *H5, *PARQUET)


def of_files(files: Iterable[Path]) -> Iterator[Problem]:
    """Look at those of some files that are tables or pickles of this family, or were meant to."""
    for file in files:
        meant = is_table(file) or OURS.search(file.name) is not None
        if kind_of(file) != "unknown" or (meant and file.suffix.lower() in (*TABLES, *PICKLES)):
            yield from of_file(file)
        elif file.suffix.lower() in TABLES:
            what = "is no table of labels or predictions, and is not looked at"
            yield Problem(str(file), what, level="note", kind="other")


def of_file(
    path: Path,
    root: Path | None = None,
    edge: float = -0.5,
    known: tuple[Rows | None, list[Problem]] | None = None,
) -> Iterator[Problem]:
    """Find what is wrong with a file, and between a CSV and its H5.

    Args:
        path: the file.
        root: the folder below which labels name their images.
        edge: the smallest coordinate inside an image.
        known: the file read already, where it was.
    """
    kind = kind_of(path)
    if kind == "skeleton" or path.suffix.lower() in PICKLES or bridge_of(path):
        yield from of_others(path)
        return
    rows, problems = known or read_anyway(path)
    yield from problems
    if rows is None:
        return
    yield from (of_warning(warning, path, "lost") for warning in rows.sheet.warnings)
    if is_labels(kind, rows):
        said = {problem.row for problem in problems if problem.kind == "number"}
        for problem in of_labels(rows, root or root_of(path), edge):
            if not (problem.kind == "half" and problem.row in said):  # no number, no half point
                yield problem
    else:
        yield from of_predictions(rows, frames_beside(path))
    yield from of_layout(path)
    if path.suffix.lower() == ".csv" and (twin := path.with_suffix(".h5")).is_file():
        other, _ = read_anyway(twin)
        if other is not None:
            yield from of_twins(rows, other)


def is_labels(kind: Kind, rows: Rows) -> bool:
    """Say whether a table is of labels; one that no reader takes counts by its name and rows."""
    if kind != "unknown":
        return kind == "labels"
    return rows.is_of_images and (
        "CollectedData" in rows.path.name or "likelihood" not in rows.sheet.columns.coords()
    )


def of_others(path: Path) -> Iterator[Problem]:
    """Look at a file that is no table of keypoints: it can be read, or not."""
    from pose_io_dlc.commands.describing import of_file as describe

    def look() -> Iterator[Problem]:
        warnings = describe(path).get("warnings", ())
        return (of_warning(warning, path) for warning in warnings)

    yield from attempted(look, path)


def of_layout(path: Path) -> Iterator[Problem]:
    """Find tables that pandas 2, on which DeepLabCut stands, cannot read."""
    if path.suffix.lower() in H5 and lacks_version(path):
        what = "has no pandas_version, without which pandas 2, and so DeepLabCut, cannot read it"
        remedy = f"add it ({PANDAS_VERSION})"
        yield Problem(str(path), what, remedy, level="warning", kind="pandas", fixable=True)


def lacks_version(path: Path) -> bool:
    """Say whether an H5 is a `table` of pandas 3 that lacks what pandas 2 looks for."""
    import h5py

    from pose_io_dlc.sheets.h5_reading import find_table

    try:
        with h5py.File(path, "r") as file:
            group = find_table(file, path)
            return "table" in group and "pandas_version" not in group.attrs
    except (OSError, ValueError, KeyError):
        return False
