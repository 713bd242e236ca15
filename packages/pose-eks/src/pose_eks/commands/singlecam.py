"""`pose-eks singlecam`: one camera, every keypoint by itself."""

import argparse
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import add_chunk, add_files, add_options, options_of
from pose_eks.options import SingleCameraOptions

if TYPE_CHECKING:
    from pose_eks.commands.finishing import Work

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
    add_chunk(mode)
    add_options(mode, SingleCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, SingleCameraOptions)
    from pose_eks.commands.beginning import check, read_shown
    from pose_eks.commands.chunks import in_chunks
    from pose_eks.commands.finishing import Output, Work, finish
    from pose_eks.models.singlecam import smooth

    work = Work(NAME, given, options, {NAME: given.predictions})
    check(given)
    if in_chunks(given, options, *given.predictions[:1]):
        return run_long(work)
    members = read_shown(given, NAME)
    found = smooth(members.keypoints, members.confidence, options, members.times, members.labels)
    output = Output(given.output, members, found)
    finish(work, [output], given.output.with_suffix(".json"), {})
    return 0


def run_long(work: "Work") -> int:
    """Do the same with a recording that is in memory some frames at a time."""
    from pose_eks.commands.beginning import open_shown
    from pose_eks.commands.chunks import chunks_of, room_beside
    from pose_eks.commands.finishing import Output, finish
    from pose_eks.models.long_singlecam import smooth_long

    given = work.given
    members = open_shown(given, NAME)
    with room_beside(given.output, [members]) as folder:
        chunks = chunks_of(members)
        found = smooth_long(chunks, folder, work.options, members.times, members.labels)
        output = Output(given.output, members, found)
        finish(work, [output], given.output.with_suffix(".json"), {})
    return 0
