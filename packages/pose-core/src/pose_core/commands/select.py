"""`pose select`: which run of a sweep to use, and why."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.commands.sources import (
    add_sources,
    common_folder,
    finished,
    left_out,
    parse_threshold,
)
from pose_core.errors import FormatError

if TYPE_CHECKING:
    from pose_core.diagnostics.selection import Selection
    from pose_core.plugins import Plugins
    from pose_core.reports.tables import Table

HELP = "say which of several runs to use, and why"
EPILOG = """\
examples:
  pose select multirun/weights                # the runs of a sweep
  pose select outputs/a outputs/b             # any runs of one project
  pose select sweep/ --predictions tracks/ --threshold temporal_norm=20

Compares the pixel error of the validation frames, violations on them and on videos that all runs
have predicted, and the losses of held-out clips. Runs that differ in their seed alone are one
setting. Of the settings whose pixel error is not much larger than the smallest (5 %), or by no more
than chance, the one is best that is so in most diagnostics (Lightning Pose, section 5.6.2).
Distances up to a twentieth of the animal's length count as no violation, unless --threshold says
otherwise.
"""
SELECTION = "selection.csv"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose select` takes."""
    add_sources(parser)
    parser.add_argument(
        "--output", "-o", type=Path,
        help=f"table to write [SWEEP/{SELECTION}; of several, in the folder they share]",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace a table of other runs")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Compare, write the table, and say which to use."""
    from pose_core.diagnostics.notices import once
    from pose_core.diagnostics.selection import explain, select
    from pose_core.reports.tables import table_text, write_csv

    say = once()
    path = arguments.output or common_folder(arguments.runs) / SELECTION
    runs, folders = finished(arguments.runs, say)
    refuse_other(path, runs, arguments.overwrite)
    folders += arguments.predictions
    thresholds = dict(map(parse_threshold, arguments.threshold))
    found = select(runs, plugins, folders, arguments.project, thresholds, say)
    table = table_of_runs(found)
    write_csv(path, with_folders(table, found, path.parent))
    print(table_text(table))
    for line in explain(found):
        print(line)
    lost = left_out(arguments.runs, runs, found.members)
    print("\n".join([*lost, f"written: {path}", next_step(found)]))
    return int(bool(lost))


def next_step(found: "Selection") -> str:
    """Say how to predict with the best setting; a whole sweep is an ensemble, which is smoothed."""
    best = found.settings[0]
    if best.sweep:
        return f"next: pose predict {best.sweep} VIDEO --smooth"
    return f"next: pose predict {' '.join(str(found.members[n].folder) for n in best.runs)} VIDEO"


def refuse_other(path: Path, runs: Sequence[Path], overwrite: bool) -> None:
    """Refuse to replace what is no such table, or one of other runs unless that is wished for.

    Raises:
        FormatError: naming it.
    """
    from pose_core.commands.replacing import refuse_others

    if path.is_dir():
        raise FormatError(f"{path}: is a folder; name a table, such as {path / SELECTION}")
    if path.exists() and not path.read_bytes().startswith(b"run,"):
        raise FormatError(f"{path}: is there, and no table of pose select; give another --output")
    if path.exists() and not overwrite:
        refuse_others(path, path, runs)


def table_of_runs(found: "Selection") -> "Table":
    """Put runs in rows, those of the best setting first: options that differ, then diagnostics."""
    from pose_core.commands.comparison import table_of

    best_in = {name: len(one.best_in) for one in found.settings for name in one.runs}
    members = [
        replace(found.members[name], found={**found.evidence.diagnostics[name], "best in": count})
        for name, count in best_in.items()
    ]
    return table_of(list(best_in), members)


def with_folders(table: "Table", found: "Selection", beside: Path) -> "Table":
    """Add the folder of each run, from the one that the table lies in."""
    from pose_core.commands.replacing import FOLDER, relative

    folders = [relative(found.members[str(row[0])].folder, beside) for row in table.rows]
    rows = [(*row, folder) for row, folder in zip(table.rows, folders, strict=True)]
    return replace(table, columns=(*table.columns, FOLDER), rows=tuple(rows))
