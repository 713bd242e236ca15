"""The `pose-io-dlc` command: what a file or project holds, what is wrong with it, conversion."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from pose_io_dlc import __version__
from pose_io_dlc.atomic import reason_of
from pose_io_dlc.commands import check, convert, info, new
from pose_io_dlc.commands.parsing import Parser, refuse_rest
from pose_io_dlc.errors import FormatError

COMMANDS = (info, check, convert, new)
"""One module each: `add_to` describes its options, `run` does it and gives the exit status."""

STOPPED, UNREAD = 130, 141
"""Exit statuses by which shells know Ctrl-C, and a pipe whose reader has gone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give the exit status.

    0: all went well. 1: a file has errors, or cannot be read or written. 2: a mistake in the
    options. 130: stopped by Ctrl-C.
    """
    given, rest = parser().parse_known_args(arguments)
    refuse_rest(rest, given.parser)
    given.written = []
    try:
        status: int = given.run(given)
        sys.stdout.flush()
    except FormatError as error:
        return said(str(error), 1)
    except MemoryError:
        return said(f"{given.command}: not enough memory; close other programs, or split the file")
    except KeyboardInterrupt:
        return said(f"{given.command}: stopped; {what_is_written(given)}", STOPPED)
    except BrokenPipeError:  # whoever read our lines has seen enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except OSError as error:  # of a path that no reader or writer was given
        return said(f"{error.filename or given.command}: {reason_of(error)}")
    return status


def said(message: str, status: int = 1) -> int:
    """Print what went wrong, in one line; give the exit status."""
    print(f"pose-io-dlc: {message}", file=sys.stderr)
    return status


def what_is_written(given: argparse.Namespace) -> str:
    """Say what a stopped command leaves on the disk."""
    if not given.written:
        return "nothing was written or changed"
    return f"written until then: {', '.join(map(str, given.written))}; all else is as it was"


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    top = Parser(
        prog="pose-io-dlc",
        description="Look into, check, convert and make DeepLabCut and Lightning Pose files.",
        epilog="Each command has a --help with examples. Begin with: pose-io-dlc info PATH",
    )
    top.add_argument("--version", action="version", version=f"pose-io-dlc {__version__}")
    commands = top.add_subparsers(
        required=True, metavar="COMMAND", dest="command", parser_class=Parser
    )
    for module in COMMANDS:
        command = module.add_to(commands)
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        command.set_defaults(run=module.run, parser=command)
    return top


if __name__ == "__main__":
    sys.exit(main())
