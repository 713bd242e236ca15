"""All commands as parts of one: `pose-analysis` by itself, or `pose analyze`."""

import argparse
from types import ModuleType

from pose_analysis.commands import correlation, decode, filter, pupil, trials

COMMANDS: tuple[ModuleType, ...] = (filter, pupil, correlation, trials, decode)


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add every command to the one that they are parts of."""
    parts = parser.add_subparsers(title="analyses", required=True, metavar="ANALYSIS")
    for module in COMMANDS:
        part = parts.add_parser(
            module.NAME,
            help=module.HELP,
            description=f"{module.HELP[0].upper()}{module.HELP[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        part.epilog = module.EPILOG.format(prog=part.prog)
        module.add_arguments(part)
        part.set_defaults(run_analysis=module.run, prog=part.prog)
