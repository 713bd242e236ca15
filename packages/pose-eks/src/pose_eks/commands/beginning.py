"""What the modes with one table for output do before the work: check, read, say what was found."""

import argparse

from pose_eks.commands.saying import found_table
from pose_eks.files.long import LongMembers
from pose_eks.files.members import Members, read_members
from pose_eks.files.outputs import check_made, check_output


def check(given: argparse.Namespace) -> None:
    """Refuse outputs that could not be written at the end, and pictures that could not be drawn.

    Raises:
        EksError: saying which, and why.
    """
    check_output(given.output, given.predictions, given.overwrite)
    check_plot(given)


def check_plot(given: argparse.Namespace) -> None:
    """Refuse pictures that could not be drawn.

    Raises:
        EksError: if matplotlib is not installed, or the folder cannot be made or filled.
    """
    if given.plot is not None:
        from pose_eks.plots import import_figure

        import_figure()
        check_made(given.plot)


def read_shown(given: argparse.Namespace, mode: str) -> Members:
    """Read one file per network, and show what they hold.

    Raises:
        EksError: if they cannot be read, or do not belong together.
    """
    members = read_members(given.predictions)
    print("\n".join(found_table({mode: members}, "mode")), flush=True)
    return members


def open_shown(given: argparse.Namespace, mode: str) -> LongMembers:
    """Read names and frame numbers of a long recording, and show what was found.

    Raises:
        EksError: if they cannot be read.
    """
    members = LongMembers.open(given.predictions)
    print("\n".join(found_table({mode: members}, "mode")), flush=True)
    return members
