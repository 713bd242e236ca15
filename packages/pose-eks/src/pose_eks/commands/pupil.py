"""`pose-eks pupil`: four points around a pupil, its diameter and its centre."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import add_chunk, add_files, add_options, options_of
from pose_eks.options import PupilOptions

if TYPE_CHECKING:
    from pose_eks.commands.finishing import Work
    from pose_eks.files.long import LongMembers
    from pose_eks.files.members import Members
    from pose_eks.smoothed import LongSmoothed, Smoothed

NAME = "pupil"


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help="four points around a pupil: diameter and centre",
        description="Smooth the four points around a pupil together, through its diameter and "
        "centre. The points are told by the words top, bottom, left and right in their names. "
        "Diameter and centre are written beside the table, in a file that ends in _signals.csv.",
        epilog="example: pose-eks pupil predictions/*.csv --output smoothed.csv",
    )
    add_files(mode, "the smoothed table: .csv, .h5 or .parquet")
    add_chunk(mode)
    add_options(mode, PupilOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, PupilOptions)
    from pose_eks.commands.beginning import check, open_shown, read_shown
    from pose_eks.commands.chunks import in_chunks, shelf_beside
    from pose_eks.commands.finishing import Work
    from pose_eks.files.outputs import check_output
    from pose_eks.models.long_poses import smooth_long_pupil
    from pose_eks.models.pupil import smooth_pupil

    work = Work(NAME, given, options, {NAME: given.predictions}, unit="")
    check(given)
    check_output(signals_beside(given.output), given.predictions, given.overwrite)
    if in_chunks(given, options, *given.predictions[:1]):
        long = open_shown(given, NAME)
        with shelf_beside(given, long, options) as (shelf, folder):
            parts = smooth_long_pupil(shelf, long.rows.names, folder, options, long.times)
            return end(work, long, parts)
    members = read_shown(given, NAME)
    found = smooth_pupil(members.ensemble, members.rows.names, options, members.times)
    return end(work, members, found)


def end(work: "Work", members: "Members | LongMembers", found: "Smoothed | LongSmoothed") -> int:
    """Write, and say what was done."""
    from pose_eks.commands.finishing import Output, finish
    from pose_eks.files.outputs import number, write_signals

    output = work.given.output
    signals = signals_beside(output)
    write_signals(signals, members.numbered, (one.signals for one in found.chunks()))
    shared = {name: number(value) for name, value in found.fit.shared.items()}
    summary = output.with_suffix(".json")
    one = Output(output, members, found)
    finish(work, [one], summary, {"parameters": shared}, also=[signals])
    return 0


def signals_beside(output: Path) -> Path:
    """Name the file of diameter and centre."""
    return output.with_name(f"{output.stem}_signals.csv")
