"""`pose-eks singlecam`: one camera, every keypoint by itself."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import add_files, add_options, options_of
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
    mode.add_argument(
        "--chunk",
        type=int,
        default=200_000,
        metavar="FRAMES",
        help="longer recordings are smoothed some frames at a time, with arrays on the disk beside "
        "the output (some 200 bytes per frame and keypoint) (default: %(default)s)",
    )
    add_options(mode, SingleCameraOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, SingleCameraOptions)
    from pose_eks.commands.beginning import check, read_shown
    from pose_eks.commands.finishing import Output, Work, finish
    from pose_eks.models.singlecam import smooth

    work = Work(NAME, given, options, {NAME: given.predictions})
    check(given)
    if is_long(given):
        return run_long(work)
    members = read_shown(given, NAME)
    found = smooth(members.keypoints, members.confidence, options, members.times, members.labels)
    output = Output(given.output, members, found)
    finish(work, [output], given.output.with_suffix(".json"), {})
    return 0


def is_long(given: argparse.Namespace) -> bool:
    """Say whether the recording is to be smoothed in chunks.

    Raises:
        EksError: if the chunk cannot be, or the first file cannot be read.
    """
    from pose_eks.errors import EksError
    from pose_eks.files import long

    if given.chunk < 1:
        raise EksError(f"--chunk: {given.chunk} is less than 1 frame; the default is 200000")
    return bool(given.predictions) and long.is_long(given.predictions, given.chunk)


def run_long(work: "Work") -> int:
    """Do the same with a recording that is in memory some frames at a time.

    Raises:
        EksError: if pictures are asked for, or the files cannot be read.
    """
    from tempfile import TemporaryDirectory

    import numpy as np

    from pose_eks.commands.finishing import asked, spent
    from pose_eks.commands.saying import closing, fit_table
    from pose_eks.errors import EksError
    from pose_eks.files.long import LongMembers, write_long
    from pose_eks.files.outputs import summary_of, write_summary
    from pose_eks.models.long_singlecam import smooth_long

    given = work.given
    if given.plot is not None:
        raise EksError(
            "--plot: recordings that are smoothed in chunks are not drawn; leave it out, or raise "
            "--chunk above the number of frames"
        )
    members = LongMembers.open(given.predictions)
    print(f"{len(members.paths)} files of {len(members.times)} frames, in chunks", flush=True)
    with TemporaryDirectory(prefix=".pose-eks-", dir=given.output.parent) as folder:
        chunks = members.stored(Path(folder))
        found = smooth_long(chunks, Path(folder), work.options, members.times, members.labels)
        flags = write_long(given.output, members, found, f"eks_{NAME}", given.plain)
    summary = {"keypoints": summary_of(members.labels, found.fit, flags)}
    written = [given.output, given.output.with_suffix(".json")]
    write_summary(written[1], asked(work) | summary | spent(work))
    print("\n".join(fit_table(members.labels, found.fit, {"": flags}, work.unit_of_s)))
    never = int(np.isnan(flags.squares).sum())
    print("\n".join(closing(never, len(members.labels), written, given)))
    return 0
