"""`pose-eks pose-pca`: whole poses in the space of their usual ones, as a diagnostic."""

import argparse
from typing import Any

from pose_eks.commands.arguments import add_files, add_options, options_of
from pose_eks.options import PosePcaOptions

NAME = "pose-pca"


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help="whole poses in the space of usual ones: a diagnostic",
        description="Smooth whole poses within the space of usual ones. A diagnostic, not a track: "
        "rare but real poses lie outside that space. The column pose_residual says how many "
        "standard deviations a prediction is from it.",
        epilog="example: pose-eks pose-pca predictions/*.csv --output poses.csv",
    )
    add_files(mode, "the table: .csv, .h5 or .parquet")
    add_options(mode, PosePcaOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, PosePcaOptions)
    from pose_eks.commands.beginning import check, read_shown
    from pose_eks.commands.finishing import Output, Work, finish
    from pose_eks.models.pose_pca import smooth_pose

    work = Work("pose_pca", given, options, {NAME: given.predictions})
    check(given)
    members = read_shown(given, NAME)
    found = smooth_pose(members.ensemble, options, members.times)
    output = Output(given.output, members, found)
    finish(work, [output], given.output.with_suffix(".json"), {})
    print("note: a diagnostic; for tracks use singlecam, mirrored or multicam")
    return 0
