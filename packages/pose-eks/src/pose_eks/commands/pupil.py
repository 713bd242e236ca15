"""`pose-eks pupil`: four points around a pupil, its diameter and its centre."""

import argparse
from pathlib import Path
from typing import Any

from pose_eks.commands.arguments import add_files, add_options, options_of
from pose_eks.options import PupilOptions

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
    add_options(mode, PupilOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, PupilOptions)
    from pose_eks.commands.beginning import check, read_shown
    from pose_eks.commands.finishing import Output, Work, finish
    from pose_eks.files.outputs import check_output, number, write_signals
    from pose_eks.models.pupil import smooth_pupil

    signals = signals_beside(given.output)
    work = Work(NAME, given, options, {NAME: given.predictions}, unit="")
    check(given)
    check_output(signals, given.predictions, given.force)
    members = read_shown(given, NAME)
    found = smooth_pupil(members.ensemble, members.rows.names, options, members.times)
    write_signals(signals, members.rows.numbered, found.signals)
    shared = {name: number(value) for name, value in found.fit.shared.items()}
    output = Output(given.output, members, found)
    summary = given.output.with_suffix(".json")
    finish(work, [output], summary, {"parameters": shared}, also=[signals])
    return 0


def signals_beside(output: Path) -> Path:
    """Name the file of diameter and centre."""
    return output.with_name(f"{output.stem}_signals.csv")
