"""The command `pose-eks`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pose_eks import __version__
from pose_eks.errors import EksError
from pose_eks.options import CENTERS, DYNAMICS, SingleCameraOptions

if TYPE_CHECKING:
    from pose_eks.files.members import Members
    from pose_eks.smoothed import Smoothed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status: 0, or 1 after a mistake, said in one line."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except EksError as error:
        print(f"pose-eks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pose-eks: stopped; nothing was written", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(
        prog="pose-eks",
        description="Make one smooth track with error bars from the predictions of several models.",
    )
    command.add_argument("--version", action="version", version=f"pose-eks {__version__}")
    modes = command.add_subparsers(title="modes", required=True, metavar="MODE")
    add_singlecam(modes.add_parser("singlecam", help="one camera, every keypoint by itself"))
    return command


def add_singlecam(mode: argparse.ArgumentParser) -> None:
    """Describe the options of one camera."""
    defaults = SingleCameraOptions()
    mode.description = (
        "Smooth one camera's predictions: one file per model, all of the same video. One file "
        "alone works too; its confidence then says how far it is trusted."
    )
    mode.epilog = "example: pose-eks singlecam predictions/*.csv --output smoothed.csv"
    mode.add_argument("predictions", nargs="+", type=Path, metavar="FILE", help=".csv or .h5")
    mode.add_argument("--output", required=True, type=Path, metavar="FILE", help=".csv or .h5")
    mode.add_argument("--s", type=float, metavar="S", help="process noise (default: fitted)")
    mode.add_argument(
        "--b",
        type=float,
        metavar="B",
        help="floor of the observation noise in px² (default: fitted)",
    )
    mode.add_argument(
        "--dynamics",
        choices=DYNAMICS,
        default=defaults.dynamics,
        help="what wanders: the position (s in px² per frame) or the velocity (s in px² per "
        "frame³) (default: %(default)s)",
    )
    mode.add_argument(
        "--center",
        choices=CENTERS,
        default=defaults.center,
        help="what of the members is taken as the observation (default: %(default)s)",
    )
    mode.add_argument(
        "--ignore-confidence",
        action="store_true",
        help="do not divide the members' variance by their confidence",
    )
    mode.add_argument("--plain", action="store_true", help="write x, y and likelihood alone")
    mode.set_defaults(run=run_singlecam)


def run_singlecam(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = SingleCameraOptions(
        center=given.center,
        divide_by_confidence=not given.ignore_confidence,
        dynamics=given.dynamics,
        s=given.s,
        b=given.b,
    )
    from pose_eks.files.members import check_output, read_members, write_smoothed
    from pose_eks.models.singlecam import smooth

    check_output(given.output, given.predictions)
    members = read_members(given.predictions)
    print(found_line(members), flush=True)
    smoothed = smooth(members.keypoints, members.confidence, options, members.times)
    write_smoothed(given.output, members, smoothed, given.plain)
    print("\n".join(summary(members.labels, smoothed)))
    print(f"wrote {given.output}")
    print(next_step(given, smoothed))
    return 0


def found_line(members: "Members") -> str:
    """Say what the files hold."""
    count, frames, keypoints = members.confidence.shape
    plural = "" if count == 1 else "s"
    return f"{count} member{plural}, {frames} frames, {keypoints} keypoints"


def summary(labels: Sequence[str], smoothed: "Smoothed") -> list[str]:
    """Give a table: each keypoint's parameters, mean spread (px², x and y) and passes."""
    from pose_eks.models.singlecam import mean_over_frames

    fit, spread = smoothed.fit, mean_over_frames(smoothed.spread).mean(axis=-1)
    width = max(len("keypoint"), *map(len, labels))
    lines = [f"{'keypoint':{width}} {'s':>10} {'b':>10} {'mean spread':>12} {'passes':>7}"]
    for k, label in enumerate(labels):
        mark = "" if fit.converged[k] else " (not converged)"
        lines.append(
            f"{label:{width}} {fit.s[k]:10.4g} {fit.b[k]:10.4g} {spread[k]:12.4g} "
            f"{fit.passes[k]:7d}{mark}"
        )
    return lines


def next_step(given: argparse.Namespace, smoothed: "Smoothed") -> str:
    """Say what to do with the result."""
    import numpy as np

    never = int(np.isnan(smoothed.fit.s).sum())
    if never:
        return f"note: {never} of {len(smoothed.fit.s)} keypoints are missing in every frame"
    if given.plain:
        return "next: run without --plain for posterior variances beside x and y"
    return (
        "next: x_posterior_var and y_posterior_var are the variances of x and y in px²; frames "
        "where they are large are worth a look. For less smoothing raise --s"
    )


if __name__ == "__main__":
    sys.exit(main())
