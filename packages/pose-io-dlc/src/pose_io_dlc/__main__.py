"""The `pose-io-dlc` command: what a project or file holds, what is wrong with it, CSV to H5."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give the exit status."""
    from pose_io_dlc.errors import FormatError

    given = parser().parse_args(arguments)
    try:
        status: int = given.run(given)
    except FormatError as error:
        print(f"pose-io-dlc: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our lines has seen enough
        sys.stderr.close()
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    top = argparse.ArgumentParser(
        prog="pose-io-dlc",
        description="Read, check and convert DeepLabCut and Lightning Pose files.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for run, text in (
        (info, "say what a project or file holds"),
        (check, "list what is wrong with it"),
    ):
        command = commands.add_parser(run.__name__, help=text, description=text)
        command.add_argument(
            "path", type=Path, help="project folder, or file of labels or predictions"
        )
        command.set_defaults(run=run)
    text = "write a table as another kind of file"
    command = commands.add_parser("convert", help=text, description=text)
    command.add_argument("source", type=Path, metavar="IN", help="a .csv or .h5 file")
    command.add_argument(
        "target", type=Path, metavar="OUT", help="a .csv or .h5 file, replaced if there"
    )
    command.set_defaults(run=convert)
    return top


def info(given: argparse.Namespace) -> int:
    """Print what a project or file holds."""
    from pose_io_dlc.commands.info import describe

    for line in describe(given.path):
        print(line)
    return 0


def check(given: argparse.Namespace) -> int:
    """Print what is wrong with a project or file."""
    from pose_io_dlc.commands.check import find_problems

    problems = find_problems(given.path)
    for problem in problems:
        print(problem)
    errors = sum(problem.is_error for problem in problems)
    print(f"{given.path}: {errors} errors, {len(problems) - errors} warnings")
    return 1 if errors else 0


def convert(given: argparse.Namespace) -> int:
    """Write a table as another kind of file, every number as it is."""
    from pose_io_dlc.sheets.files import read_sheet, write_sheet

    sheet = read_sheet(given.source)
    write_sheet(given.target, sheet)
    for warning in sheet.warnings:
        print(f"warning: {warning}")
    print(f"{given.target}: {len(sheet)} rows, {len(sheet.columns.columns)} columns")
    return 0


if __name__ == "__main__":
    sys.exit(main())
