"""What `pose diagnose` and `pose select` find of former results where they write."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pose_core.diagnostics.naming import unique_names
from pose_core.diagnostics.summary import SUMMARY
from pose_core.diagnostics.tables import table_path
from pose_core.errors import FormatError, reason
from pose_core.reports.tables import Table, write_csv

RUNS, FOLDER = "runs.csv", "folder"
"""The table of what a folder of diagnostics is of, and its column of where that lies."""


def refuse_others(path: Path, table: Path, runs: Sequence[Path]) -> None:
    """Refuse to replace results of runs that are still there and not among these.

    Args:
        path: what would be replaced.
        table: that says of what runs it is.
        runs: that results are written of.

    Raises:
        FormatError: naming one, or if the table cannot be read.
    """
    own = {run.resolve() for run in runs}
    others = [run for run in recorded(table) if run not in own and run.is_dir()]
    if others:
        raise FormatError(
            f"{path}: is there already, of other runs, such as {others[0]}; choose another "
            "--output, or add --overwrite"
        )


def recorded(table: Path) -> list[Path]:
    """List the folders of the runs that a table has rows of."""
    rows = rows_of(table)
    named = [row.get(FOLDER) or row.get("run") or "" for row in rows]
    return [(table.parent / name).resolve() for name in named if name]


def rows_of(table: Path) -> list[dict[str, str]]:
    """Read the rows of a table that was written here.

    Raises:
        FormatError: if it cannot be read.
    """
    try:
        with table.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise FormatError(
            f"{table}: cannot be read ({reason(error)}); choose another --output"
        ) from error


def replaceable(folder: Path, runs: Sequence[Path], overwrite: bool) -> list[Path]:
    """List the tables of a former diagnosis in a folder, which may be replaced.

    Args:
        folder: to write to.
        runs: that are diagnosed.
        overwrite: whether a diagnosis of other runs, or of nobody knows which, may be replaced.

    Raises:
        FormatError: if it may not, or if there is a summary of another kind.
    """
    if not (folder / SUMMARY).is_file():
        return []
    if (folder / RUNS).is_file() and not overwrite:
        refuse_others(folder, folder / RUNS, runs)
    elif not overwrite:
        raise FormatError(
            f"{folder}: has a {SUMMARY} already, of which runs is not known; choose another "
            "--output, or add --overwrite"
        )
    rows = rows_of(folder / SUMMARY)
    if any(not row.get("source") or not row.get("subject") for row in rows):
        raise FormatError(f"{folder / SUMMARY}: is none of pose diagnose; choose another --output")
    of = dict.fromkeys((row["subject"], row["source"]) for row in rows)
    return [table_path(folder, subject, source) for subject, source in of]


def replaced(
    folder: Path, runs: Sequence[Path], former: Iterable[Path], written: Iterable[Path]
) -> None:
    """Write which runs a folder is of, and remove what was not written again.

    Args:
        folder: of diagnostics.
        runs: that they are of.
        former: tables that were there.
        written: tables that are new.

    Raises:
        PoseError: if it cannot be written.
    """
    rows = [(name, relative(run, folder)) for name, run in unique_names(runs).items()]
    write_csv(folder / RUNS, Table.of(["run", FOLDER], rows))
    for path in set(former) - set(written):
        path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


def relative(run: Path, folder: Path) -> str:
    """Give the path of a run as seen from a folder, so that both may move together."""
    return os.path.relpath(run.resolve(), folder.resolve())
