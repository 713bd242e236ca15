"""`pose-eks singlecam`: one camera, every keypoint by itself."""

import argparse
import time
from typing import Any

from pose_eks.commands.arguments import add_files, add_options, options_of
from pose_eks.options import SingleCameraOptions

NAME = "singlecam"
HELP = "one camera, every keypoint by itself"
UNITS = {"walk": "px²/frame", "velocity": "px²/frame³"}


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help=HELP,
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
    from pose_eks.commands.saying import closing, fit_table, found_table
    from pose_eks.files.members import read_members
    from pose_eks.files.outputs import check_output, summary_of, write_smoothed, write_summary
    from pose_eks.models.singlecam import smooth

    start = time.perf_counter()
    check_output(given.output, given.predictions, given.force)
    members = read_members(given.predictions)
    print("\n".join(found_table({NAME: members}, "mode")), flush=True)
    found = smooth(members.keypoints, members.confidence, options, members.times)
    write_smoothed(given.output, members.rows, found, f"eks_{NAME}", given.plain)
    summary = {"keypoints": summary_of(members.labels, found)}
    write_summary(
        given.output.with_suffix(".json"),
        described(given, options) | summary | {"seconds": round(time.perf_counter() - start, 3)},
    )
    if given.plot:
        from pose_eks.plots import draw_traces

        draw_traces(given.plot, members, found)
    print("\n".join(fit_table(members.labels, found, UNITS[options.dynamics])))
    print("\n".join(closing(found, given.output, given.plain)))
    return 0


def described(given: argparse.Namespace, options: Any) -> dict[str, Any]:
    """Say what was asked for, as plain data."""
    from dataclasses import asdict

    from pose_eks import __version__

    files = [str(path) for path in given.predictions]
    return {"pose_eks": __version__, "mode": NAME, "files": files, "options": asdict(options)}
