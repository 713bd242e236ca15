"""The `pose` command: finds plugins, parses, runs one subcommand, prints errors as one line.

Nothing heavy is imported before the subcommand runs, so that help is instant.
"""

import errno
import os
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NoReturn

from pose_core import __version__
from pose_core.errors import PoseError
from pose_core.options import suggest
from pose_core.plugins import Plugins

DESCRIPTION = """\
Track the body parts of animals in video.

  pose demo                      see it work on an animal it draws itself
  pose train PROJECT             train on a DeepLabCut or Lightning Pose project
  pose predict MODEL... VIDEO... predict videos, by one model or an ensemble
  pose smooth TABLE...           merge the predictions of several models
  pose diagnose RUN...           measure where tracks cannot be trusted
  pose select RUN...             say which of several runs to use
  pose report RUN...             compare runs and smoothers on one page
  pose suggest PROJECT           choose frames to label next
  pose draw VIDEO TABLE...       draw predictions on videos
"""


class Parser(ArgumentParser):
    """Says what is wrong in one line, and takes no path for a value that may be left out."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        """Parse `--repair RUN VIDEO` as `--repair` and two paths."""
        given = list(sys.argv[1:] if args is None else args)
        spelled = spelled_out(given, self._option_string_actions)
        return super().parse_known_args(spelled, namespace)

    def error(self, message: str) -> None:  # type: ignore[override]
        """Print one line and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status."""
    # threads of torch that wait shall sleep: spinning, they slow a shared machine down threefold
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    given = list(sys.argv[1:] if arguments is None else arguments)
    where = " ".join(["pose", *(name for name in given[:1] if not name.startswith("-"))])
    try:
        return run(given)
    except PoseError as error:
        return failed(where, str(error))
    except KeyboardInterrupt:
        return failed(where, "stopped", 130)
    except BrokenPipeError:  # the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:  # a fault of ours, not of a file
            raise
        reason = (error.strerror or str(error)).lower()
        return failed(where, f"{error.filename or 'disk'}: {reason}; check it and run this again")


def spelled_out(given: Sequence[str], options: Mapping[str, Action]) -> list[str]:
    """Write the value of options that may go without one where a path follows them."""
    written = []
    for text, following in zip_longest(given, given[1:]):
        action = options.get(text)
        words = action.choices if action and action.nargs == "?" else None
        left_out = words and following not in words and is_path(following or "")
        written.append(f"{text}={action.const}" if action and left_out else text)
    return written


def is_path(text: str) -> bool:
    """Say whether an argument names a file or folder, be it there or not."""
    return Path(text).exists() or bool(Path(text).suffix) or len(Path(text).parts) > 1


def run(given: Sequence[str]) -> int:
    """Find the subcommand and run it."""
    plugins = Plugins().load()
    commands = plugins.names("command")
    if given and not given[0].startswith("-") and given[0] not in commands:
        return failed("pose", f"unknown command {given[0]!r}; {suggest(given[0], commands)}", 2)
    parsed = parse(build_parser(plugins), given)
    return int(plugins.find("command", parsed.command).run(parsed, plugins))


def failed(where: str, what: str, status: int = 1) -> int:
    """Print one line where errors go; gives the exit status."""
    print(f"{where}: {' '.join(what.split())}", file=sys.stderr)
    return status


def parse(parser: ArgumentParser, given: Sequence[str]) -> Namespace:
    """Parse arguments; overrides (KEY=VALUE) may stand before, between and after options.

    argparse takes a list of positionals in one piece, and leaves those after an option over.
    """
    parsed, left = parser.parse_known_args(given)
    command = vars(parsed).pop("parser")  # no option of the subcommand
    if left and not (hasattr(parsed, "overrides") and all("=" in text for text in left)):
        refuse_unknown(command, left)
    if left:
        parsed.overrides = [*parsed.overrides, *left]
    return parsed


def refuse_unknown(parser: ArgumentParser, left: Sequence[str]) -> NoReturn:
    """Refuse what a subcommand does not know, with the nearest option it does."""
    options = [text.partition("=")[0] for text in left if text.startswith("-")]
    if not options:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    known = [name for name in parser._option_string_actions if name.startswith("--")]
    parser.error(f"unknown option {options[0]!r}; {suggest(options[0], known)}")


def build_parser(plugins: Plugins) -> ArgumentParser:
    """Build the parser from the commands that plugins provide."""
    parser = Parser(
        prog="pose", description=DESCRIPTION, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"pose {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in plugins.names("command"):
        command = plugins.find("command", name)
        sub = subparsers.add_parser(
            name, help=command.help, description=command.help[0].upper() + command.help[1:] + ".",
            epilog=command.epilog, formatter_class=RawDescriptionHelpFormatter,
        )  # fmt: skip
        command.add_arguments(sub)
        sub.set_defaults(parser=sub)  # for what it does not know
    return parser


if __name__ == "__main__":
    sys.exit(main())
