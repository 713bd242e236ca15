"""`pose-eks asynchronous`: several cameras that film at times of their own."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import (
    add_cameras,
    add_chunk,
    add_files,
    add_options,
    named,
    options_of,
)
from pose_eks.options import MultiCameraOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from pose_eks.commands.finishing import Output, Work
    from pose_eks.files.cameras import Cameras

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
    add_chunk(mode)
    add_options(mode, MultiCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, MultiCameraOptions)
    from pose_eks.commands.chunks import in_chunks
    from pose_eks.commands.finishing import UNITS, Work, finish, views_table
    from pose_eks.commands.several import Several, found_cameras
    from pose_eks.files.times import read_times
    from pose_eks.models.asynchronous import smooth_asynchronous

    times = {name: read_times(Path(path)) for name, path in given.timestamps}
    at = None if given.times is None else read_times(given.times)
    files = found_cameras(given)
    unit = UNITS[options.dynamics].replace("frame", "time")
    work = Work(NAME, given, options, files, unit)
    if in_chunks(given, options, *(paths[0] for paths in files.values())):
        return run_long(work, files, times, at)
    several = Several.read(files, given)
    several.say()
    ensembles = {name: view.ensemble for name, view in several.views.items()}
    found = smooth_asynchronous(ensembles, times, options, several.labels, at)
    table = views_table(work, several.labels, found.views)
    outputs = several.outputs(given, found.views)
    asked = [
        replace(one, found=found.requested[name].chosen(view.places))
        for one, (name, view) in zip(outputs, several.views.items(), strict=True)
        if name in found.requested
    ]
    further = write_requested(work, asked)
    finish(work, outputs, given.output / "summary.json", {}, table, further)
    return 0


def run_long(
    work: "Work", files: "Cameras", times: "Mapping[str, np.ndarray]", at: "np.ndarray | None"
) -> int:
    """Do the same with recordings that are in memory some frames at a time."""
    from pose_eks.commands.chunks import counter, room_beside
    from pose_eks.commands.finishing import finish
    from pose_eks.commands.long_several import LongSeveral
    from pose_eks.models.long_views import smooth_long_asynchronous

    given, options = work.given, work.options
    several = LongSeveral.open(work, files)
    labels = several.labels
    with room_beside(given.output, several.members.values()) as folder:
        views, done = several.views(folder), counter("smooth", len(labels))
        found = smooth_long_asynchronous(views, times, folder, options, labels, at, done=done)
        outputs, table = several.outputs(found.shelves), several.table(found.fit)
        pairs = zip(outputs, found.requested, strict=bool(found.requested))
        further = write_requested(work, [replace(one, found=asked) for one, asked in pairs])
        finish(work, outputs, given.output / "summary.json", {}, table, further)
    return 0


def write_requested(work: "Work", outputs: "Sequence[Output]") -> list[Path]:
    """Write where the points are at the times that were asked for; give the files."""
    from pose_eks.commands.finishing import written

    further = [
        replace(
            one,
            path=one.path.with_stem(f"{one.path.stem}_at_times"),
            members=one.members.counted_anew(one.found.frames),
        )
        for one in outputs
    ]
    for one in further:
        written(work, one)
    return [one.path for one in further]
