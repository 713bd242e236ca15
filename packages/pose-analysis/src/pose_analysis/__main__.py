"""The command `pose-analysis`."""

import argparse
import os
import sys
from collections.abc import Sequence

from pose_analysis import __version__
from pose_analysis.commands.arguments import OneLineParser
from pose_analysis.commands.tree import add_commands
from pose_analysis.errors import AnalysisError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status: 0, or 1 after a mistake, said in one line."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run_analysis(given))
    except AnalysisError as error:
        print(f"{given.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{given.prog}: stopped; no file is half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our lines has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = OneLineParser(
        prog="pose-analysis",
        description="Filter predicted points, and say what they show and how far to trust it.",
    )
    command.add_argument("--version", action="version", version=f"pose-analysis {__version__}")
    add_commands(command)
    return command


if __name__ == "__main__":
    sys.exit(main())
