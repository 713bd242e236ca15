"""`pose-eks multicam`: several synchronous cameras, one file per camera and network."""

import argparse
from typing import Any

from pose_eks.commands.arguments import add_cameras, add_files, add_options, options_of
from pose_eks.options import MultiCameraOptions

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
    add_options(mode, MultiCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, MultiCameraOptions)
    from pose_eks.commands.finishing import Work, finish, views_table
    from pose_eks.commands.several import Several
    from pose_eks.models.multicam import smooth_views

    several = Several.read(given)
    work = Work(NAME, given, options, several.files)
    several.say()
    ensembles = {name: view.ensemble for name, view in several.views.items()}
    found = smooth_views(ensembles, options, several.common_times(), several.labels)
    table = views_table(work, several.labels, found.views)
    finish(work, several.outputs(given, found.views), given.output / "summary.json", {}, table)
    return 0
