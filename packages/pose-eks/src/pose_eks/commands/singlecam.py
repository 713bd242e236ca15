"""`pose-eks singlecam`: one camera, every keypoint by itself."""

import argparse
from typing import Any

from pose_eks.commands.arguments import add_files, add_options, options_of
from pose_eks.options import SingleCameraOptions

NAME = "singlecam"


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help="one camera, every keypoint by itself",
        description="Smooth one camera's predictions: one file per network, all of the same video. "
        "One file alone works too; its confidence then says how far it is trusted.",
        epilog="example: pose-eks singlecam predictions/*.csv --output smoothed.csv",
    )
    add_files(mode, "the smoothed table: .csv, .h5 or .parquet")
    add_options(mode, SingleCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, SingleCameraOptions)
    from pose_eks.commands.finishing import Output, Work, finish
    from pose_eks.commands.saying import found_table
    from pose_eks.files.members import read_members
    from pose_eks.files.outputs import check_output
    from pose_eks.models.singlecam import smooth

    work = Work(NAME, given, options, {NAME: given.predictions})
    check_output(given.output, given.predictions, given.force)
    members = read_members(given.predictions)
    print("\n".join(found_table({NAME: members}, "mode")), flush=True)
    found = smooth(members.keypoints, members.confidence, options, members.times)
    output = Output(given.output, members, found)
    finish(work, [output], given.output.with_suffix(".json"), {})
    return 0
