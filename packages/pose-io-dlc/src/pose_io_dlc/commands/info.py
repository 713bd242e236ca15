"""`pose-io-dlc info`: say what a file or a project holds."""

import argparse
from pathlib import Path
from typing import Any

EXAMPLES = """examples:
  pose-io-dlc info reach-ann-2026-01-05                 a DeepLabCut or Lightning Pose project
  pose-io-dlc info mouseDLC_resnet50.h5                 labels, predictions, tracks, pickles, ...
  pose-io-dlc info predictions                          a folder: a line for each of its files
  pose-io-dlc info mouse.csv --json | jq .frames        for scripts
"""


def add_to(subparsers: Any) -> argparse.ArgumentParser:
    """Describe the options of `info`."""
    text = "say what a project, a folder or a file holds"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "info", help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=EXAMPLES
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="project, folder or file")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def run(given: argparse.Namespace) -> int:
    """Print what a project, a folder or a file holds.

    Raises:
        FormatError: if it cannot be read.
    """
    from pose_io_dlc.commands.describing import facts_of

    facts = facts_of(given.path)
    if given.json:
        import json

        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return 0
    from pose_io_dlc.commands.showing import lines_of

    for line in lines_of(facts):
        print(line)
    return 0
