"""`pose-eks mirrored`: several views of one animal in every frame, as by mirrors."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import add_chunk, add_files, add_options, named, options_of
from pose_eks.options import MultiCameraOptions

if TYPE_CHECKING:
    from pose_eks.commands.finishing import Work
    from pose_eks.files.outputs import Flags

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
    add_chunk(mode)
    add_options(mode, MultiCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, MultiCameraOptions)
    from pose_eks.commands.beginning import check, read_shown
    from pose_eks.commands.chunks import in_chunks
    from pose_eks.commands.finishing import Output, Work, finish, views_table
    from pose_eks.commands.saying import views_line
    from pose_eks.files.views import split
    from pose_eks.models.multicam import smooth_views

    work = Work(NAME, given, options, {NAME: given.predictions})
    check(given)
    if in_chunks(given, options, *given.predictions[:1]):
        return run_long(work)
    members = read_shown(given, NAME)
    parts = split(members, dict(given.view) or None)
    print(views_line(parts.layout), flush=True)
    found = smooth_views(parts.views, options, members.times, parts.points)
    output = Output(given.output, members, parts.joined(found.views))
    table = views_table(work, parts.points, found.views)
    finish(work, [output], given.output.with_suffix(".json"), {"views": list(parts.views)}, table)
    return 0


def run_long(work: "Work") -> int:
    """Do the same with a recording that is in memory some frames at a time."""
    import numpy as np

    from pose_eks.commands.beginning import open_shown
    from pose_eks.commands.chunks import counter, shelf_beside
    from pose_eks.commands.finishing import Output, finish, flags_table
    from pose_eks.commands.saying import views_line
    from pose_eks.files.views import layout_of
    from pose_eks.models.long_sights import LongView
    from pose_eks.models.long_views import smooth_long_views

    given, options = work.given, work.options
    members = open_shown(given, NAME)
    layout = layout_of(members, dict(given.view) or None)
    print(views_line(layout), flush=True)
    points, count = layout.points, len(layout.points)
    with shelf_beside(given, members, options) as (shelf, folder):
        views = [LongView(shelf, own) for own in layout.own.values()]
        done = counter("smooth", count)
        found = smooth_long_views(views, folder, options, members.times, points, done=done)

        def table(flags: Sequence["Flags"]) -> list[str]:
            placed = {
                name: flags[0].chosen(own[own >= 0]).placed(np.flatnonzero(own >= 0), count)
                for name, own in layout.own.items()
            }
            return flags_table(work, points, found.fit, placed)

        output = Output(given.output, members, found.shelves[0])
        summary = given.output.with_suffix(".json")
        finish(work, [output], summary, {"views": list(layout.own)}, table)
    return 0
