"""`pose-eks asynchronous`: several cameras that film at times of their own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import add_cameras, add_files, add_options, named, options_of
from pose_eks.options import MultiCameraOptions

if TYPE_CHECKING:
    from pose_eks.commands.several import Several
    from pose_eks.smoothed import SmoothedViews

NAME = "asynchronous"


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help="several cameras that film at times of their own",
        description="Smooth the views of cameras that do not film together: one file per camera "
        "and network, and one of time stamps per camera (.npy, or text with one time per line). "
        "Every camera's table has its own frames; nothing is interpolated.",
        epilog="example: pose-eks asynchronous paw.*.csv --timestamps left=left.npy "
        "--timestamps right=right.npy --output smoothed/",
    )
    add_files(mode, "a folder for one smoothed table per camera")
    add_cameras(mode)
    mode.add_argument(
        "--timestamps",
        action="append",
        default=[],
        type=named,
        metavar="NAME=FILE",
        help="times of a camera's frames, increasing, in one unit for all; once per camera",
    )
    mode.add_argument(
        "--times",
        type=Path,
        metavar="FILE",
        help="further times; each camera gets a table NAME_at_times of where the points are then",
    )
    add_options(mode, MultiCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, MultiCameraOptions)
    from pose_eks.commands.finishing import UNITS, Work, finish, views_table
    from pose_eks.commands.several import Several, found_cameras
    from pose_eks.files.times import read_times
    from pose_eks.models.asynchronous import smooth_asynchronous

    times = {name: read_times(Path(path)) for name, path in given.timestamps}
    at = None if given.times is None else read_times(given.times)
    several = Several.read(found_cameras(given), given)
    unit = UNITS[options.dynamics].replace("frame", "time")
    work = Work(NAME, given, options, several.files, unit)
    several.say()
    ensembles = {name: view.ensemble for name, view in several.views.items()}
    found = smooth_asynchronous(ensembles, times, options, several.labels, at)
    table = views_table(work, several.labels, found.views)
    outputs = several.outputs(given, found.views)
    further = write_requested(given, several, found)
    finish(work, outputs, given.output / "summary.json", {}, table, further)
    return 0


def write_requested(
    given: argparse.Namespace, several: "Several", found: "SmoothedViews"
) -> list[Path]:
    """Write where the points are at the times that were asked for; give the files."""
    from dataclasses import replace

    from pose_eks.files.outputs import write_smoothed

    paths = []
    for name, smoothed in found.requested.items():
        path = given.output / f"{name}_at_times.{given.format}"
        rows = replace(several.members[name].rows, numbers=None, frames=None)
        own = smoothed.chosen(several.views[name].places)
        write_smoothed(path, rows, own, f"eks_{NAME}", given.plain)
        paths.append(path)
    return paths
