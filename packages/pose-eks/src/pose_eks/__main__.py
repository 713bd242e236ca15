"""The command `pose-eks`."""

import argparse
import os
import sys
from collections.abc import Sequence

from pose_eks import __version__
from pose_eks.commands import (
    asynchronous,
    calibrated,
    mirrored,
    multicam,
    pose_pca,
    pupil,
    singlecam,
)
from pose_eks.commands.arguments import OneLineParser
from pose_eks.errors import EksError

MODES = (singlecam, mirrored, multicam, pupil, asynchronous, calibrated, pose_pca)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status: 0, or 1 after a mistake, said in one line."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except EksError as error:
        print(f"pose-eks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pose-eks: stopped; no file is half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our lines has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = OneLineParser(
        prog="pose-eks",
        description="Make one smooth track with error bars of the predictions of several networks.",
    )
    command.add_argument("--version", action="version", version=f"pose-eks {__version__}")
    modes = command.add_subparsers(title="modes", required=True, metavar="MODE")
    for mode in MODES:
        mode.add_to(modes)
    return command


if __name__ == "__main__":
    sys.exit(main())
