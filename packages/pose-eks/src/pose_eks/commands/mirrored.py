"""`pose-eks mirrored`: several views of one animal in every frame, as by mirrors."""

import argparse
from typing import Any

from pose_eks.commands.arguments import add_files, add_options, named, options_of
from pose_eks.options import MultiCameraOptions

NAME = "mirrored"


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help="several views in one picture, as by mirrors",
        description="Smooth the views of one animal together: one file per network, in which every "
        "point has a keypoint per view, told by the last word of its name (paw_top, paw_bot).",
        epilog="example: pose-eks mirrored predictions/*.csv --output smoothed.csv",
    )
    add_files(mode, "the smoothed table: .csv, .h5 or .parquet")
    mode.add_argument(
        "--view",
        action="append",
        default=[],
        type=named,
        metavar="NAME=ENDING",
        help="a view, and what its keypoints' names end with, as top=_top; once per view "
        "(default: told from the names)",
    )
    add_options(mode, MultiCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, MultiCameraOptions)
    from pose_eks.commands.beginning import check, read_shown
    from pose_eks.commands.finishing import Output, Work, finish, views_table
    from pose_eks.commands.saying import views_line
    from pose_eks.files.views import split
    from pose_eks.models.multicam import smooth_views

    work = Work(NAME, given, options, {NAME: given.predictions})
    check(given)
    members = read_shown(given, NAME)
    parts = split(members, dict(given.view) or None)
    print(views_line(parts.views, parts.points), flush=True)
    found = smooth_views(parts.views, options, members.times, parts.points)
    output = Output(given.output, members, parts.joined(found.views))
    table = views_table(work, parts.points, found.views)
    finish(work, [output], given.output.with_suffix(".json"), {"views": list(parts.views)}, table)
    return 0
