"""`pose-eks multicam`: several synchronous cameras, one file per camera and network."""

import argparse
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import (
    add_cameras,
    add_chunk,
    add_files,
    add_options,
    options_of,
)
from pose_eks.options import MultiCameraOptions

if TYPE_CHECKING:
    from pose_eks.commands.finishing import Work
    from pose_eks.files.cameras import Cameras

NAME = "multicam"


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help="several synchronous cameras, one file each",
        description="Smooth the views of several synchronous cameras together: one file per camera "
        "and network. Cameras are told from the names of the files, or as you say. No calibration "
        "is needed; where there is one, see calibrated.",
        epilog="example: pose-eks multicam predictions/*.csv --output smoothed/",
    )
    add_files(mode, "a folder for one smoothed table per camera")
    add_cameras(mode)
    add_chunk(mode)
    add_options(mode, MultiCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, MultiCameraOptions)
    from pose_eks.commands.chunks import in_chunks
    from pose_eks.commands.finishing import Work, finish, views_table
    from pose_eks.commands.several import Several, found_cameras
    from pose_eks.models.multicam import smooth_views

    files = found_cameras(given)
    work = Work(NAME, given, options, files)
    if in_chunks(given, options, *(paths[0] for paths in files.values())):
        return run_long(work, files)
    several = Several.read(files, given)
    several.say()
    ensembles = {name: view.ensemble for name, view in several.views.items()}
    found = smooth_views(ensembles, options, several.common_times(), several.labels)
    table = views_table(work, several.labels, found.views)
    finish(work, several.outputs(given, found.views), given.output / "summary.json", {}, table)
    return 0


def run_long(work: "Work", files: "Cameras") -> int:
    """Do the same with recordings that are in memory some frames at a time."""
    from pose_eks.commands.chunks import counter, room_beside
    from pose_eks.commands.finishing import finish
    from pose_eks.commands.long_several import LongSeveral
    from pose_eks.models.long_views import smooth_long_views

    given, options = work.given, work.options
    several = LongSeveral.open(work, files)
    times, labels = several.common_times(), several.labels
    with room_beside(given.output, several.members.values()) as folder:
        views = list(several.views(folder).values())
        done = counter("smooth", len(labels))
        found = smooth_long_views(views, folder, options, times, labels, done=done)
        outputs, table = several.outputs(found.shelves), several.table(found.fit)
        finish(work, outputs, given.output / "summary.json", {}, table)
    return 0
