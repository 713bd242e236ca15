"""`pose-eks multicam`: several synchronous cameras, one file per camera and network."""

import argparse
from collections.abc import Sequence
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
    from pose_eks.files.outputs import Flags

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
    from pose_eks.commands.chunks import in_chunks, needing_all
    from pose_eks.commands.finishing import Work, finish, views_table
    from pose_eks.commands.several import Several, found_cameras
    from pose_eks.models.multicam import smooth_views

    files = found_cameras(given)
    work = Work(NAME, given, options, files)
    if in_chunks(given, next(iter(files.values())), needing_all(given, options)):
        return run_long(work)
    several = Several.read(files, given)
    several.say()
    ensembles = {name: view.ensemble for name, view in several.views.items()}
    found = smooth_views(ensembles, options, several.common_times(), several.labels)
    table = views_table(work, several.labels, found.views)
    finish(work, several.outputs(given, found.views), given.output / "summary.json", {}, table)
    return 0


def run_long(work: "Work") -> int:
    """Do the same with recordings that are in memory some frames at a time.

    Raises:
        EksError: if the files cannot be read, or all is missing.
    """
    from pose_eks.commands.chunks import counter, long_view, room_beside, shelved
    from pose_eks.commands.finishing import Output, finish, flags_table
    from pose_eks.commands.saying import found_table
    from pose_eks.commands.several import all_missing, common_times
    from pose_eks.files.long import LongMembers
    from pose_eks.files.outputs import make_folder
    from pose_eks.files.views import places_of
    from pose_eks.models.long_views import smooth_long_views

    given, options = work.given, work.options
    members = {name: LongMembers.open(paths) for name, paths in work.files.items()}
    print("\n".join(found_table(members)), flush=True)
    labels, places = places_of(members, given.swap)
    times = common_times(members)
    with room_beside(given.output, list(members.values())) as folder:
        views = [
            long_view(shelved(one, folder, options), places[name], len(labels))
            for name, one in members.items()
        ]
        if all(view.shelf.never.all() for view in views):
            raise all_missing(work.files)
        done = counter("smooth", len(labels))
        found = smooth_long_views(views, folder, options, times, labels, done=done)
        make_folder(given.output)
        outputs = [
            Output(given.output / f"{name}.{given.format}", one, shelf, name)
            for (name, one), shelf in zip(members.items(), found.shelves, strict=True)
        ]

        def table(flags: Sequence["Flags"]) -> list[str]:
            each = zip(places.items(), flags, strict=True)
            placed = {name: one.placed(own, len(labels)) for (name, own), one in each}
            return flags_table(work, labels, found.fit, placed)

        finish(work, outputs, given.output / "summary.json", {}, table)
    return 0
