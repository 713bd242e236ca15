"""`pose-eks pose-pca`: whole poses in the space of their usual ones, as a diagnostic."""

import argparse
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import add_chunk, add_files, add_options, options_of
from pose_eks.options import PosePcaOptions

if TYPE_CHECKING:
    from pose_eks.commands.finishing import Work
    from pose_eks.files.long import LongMembers
    from pose_eks.files.members import Members
    from pose_eks.smoothed import LongSmoothed, Smoothed

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
    add_chunk(mode)
    add_options(mode, PosePcaOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, PosePcaOptions)
    from pose_eks.commands.beginning import check, open_shown, read_shown
    from pose_eks.commands.chunks import in_chunks, shelf_beside
    from pose_eks.commands.finishing import Work
    from pose_eks.models.long_poses import smooth_long_pose
    from pose_eks.models.pose_pca import smooth_pose

    work = Work("pose_pca", given, options, {NAME: given.predictions})
    check(given)
    if in_chunks(given, options, *given.predictions[:1]):
        long = open_shown(given, NAME)
        with shelf_beside(given, long, options) as (shelf, folder):
            return end(work, long, smooth_long_pose(shelf, folder, options, long.times))
    members = read_shown(given, NAME)
    return end(work, members, smooth_pose(members.ensemble, options, members.times))


def end(work: "Work", members: "Members | LongMembers", found: "Smoothed | LongSmoothed") -> int:
    """Write, and say what was done."""
    from pose_eks.commands.finishing import Output, finish

    output = work.given.output
    finish(work, [Output(output, members, found)], output.with_suffix(".json"), {})
    print("note: a diagnostic; for tracks use singlecam, mirrored or multicam")
    return 0
