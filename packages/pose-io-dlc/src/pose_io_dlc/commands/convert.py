"""`pose-io-dlc convert`: write a table as another kind of file, a project as the other tool's."""

import argparse
from pathlib import Path
from typing import Any

from pose_io_dlc.commands.paths import quoted, refuse_missing
from pose_io_dlc.errors import FormatError

MOST_DECIMALS = 8
"""More are no use: no camera resolves them, and without --decimals all digits are written."""

EXAMPLES = """examples:
  pose-io-dlc convert mouseDLC_resnet50.h5 mouse.csv            every number stays as it is
  pose-io-dlc convert mouse.csv mouse.h5 --overwrite            replace a file that is there
  pose-io-dlc convert mouse.h5 mouse.csv --decimals 3           a smaller file
  pose-io-dlc convert CollectedData_ann.csv CollectedData_ann.h5
  pose-io-dlc convert mouse.csv mouse.parquet                   fast to read again
  pose-io-dlc convert mouse.h5 mouse.slp                        SLEAP; .nc for movement
  pose-io-dlc convert reach-ann-2026-01-05 all.csv              all labels of a project in one file
  pose-io-dlc convert reach-ann-2026-01-05 reach-lp --to lightning-pose
  pose-io-dlc convert reach-lp reach-dlc --to deeplabcut --no-images

the suffix of OUT chooses: .csv .h5, with pip install "pose-io-dlc[parquet]" also .parquet, and with
"pose-io-dlc[convert]" .slp and .analysis.h5 (SLEAP) and .nc (movement). A file that is there is
only replaced with --overwrite, a folder never. Body parts keep their order.
"""


def add_to(subparsers: Any) -> argparse.ArgumentParser:
    """Describe the options of `convert`."""
    text = "write a file as another kind, or a project as the other tool's"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "convert", help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=EXAMPLES
    )
    parser.add_argument("source", type=Path, metavar="IN", help="a file, or a project")
    parser.add_argument("target", type=Path, metavar="OUT", help="a file, or a new folder")
    digits = parser.add_mutually_exclusive_group()
    digits.add_argument(
        "--decimals", type=int, metavar="N", help="digits after the point, for a CSV file"
    )
    digits.add_argument(
        "--exact", action="store_true", help="as many digits as each number needs (the default)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it is a file")
    parser.add_argument(
        "--to",
        choices=("deeplabcut", "lightning-pose"),
        help="the tool a project is written for; by default the other one",
    )
    parser.add_argument(
        "--no-images", action="store_true", help="of a project, leave out the labeled images"
    )
    parser.add_argument("--videos", action="store_true", help="of a project, copy the videos too")
    return parser


def run(given: argparse.Namespace) -> int:
    """Convert a file or a project, and say what was written.

    Raises:
        FormatError: if IN cannot be read, or OUT not be written.
    """
    refuse_options(given)
    refuse_missing(given.source)
    if is_project(given.source):
        lines = of_project(given)
    else:
        refuse_replacing(given)
        from pose_io_dlc.commands.converting import convert_file

        lines = convert_file(given.source, given.target, given.decimals)
    given.written.append(given.target)
    for line in lines:
        print(line)
    print(f"next: pose-io-dlc info {quoted(given.target)}")
    return 0


def of_project(given: argparse.Namespace) -> list[str]:
    """Convert a project: to one file of labels where OUT has a suffix, else to a new folder."""
    if given.target.suffix:
        refuse_replacing(given)
        from pose_io_dlc.commands.converting import convert_labels_of

        return convert_labels_of(given.source, given.target, given.decimals)
    from pose_io_dlc.commands.converting_projects import convert_project

    return convert_project(
        given.source, given.target, given.to, images=not given.no_images, videos=given.videos
    )


def is_project(source: Path) -> bool:
    """Say whether IN is a project and no table."""
    return source.is_dir() or source.suffix.lower() in (".yaml", ".yml")


def refuse_options(given: argparse.Namespace) -> None:
    """Refuse options that do not go with IN and OUT; exit with status 2."""
    if given.decimals is not None:
        if given.target.suffix.lower() != ".csv":
            given.parser.error(f"--decimals is for CSV; {given.target.name} is always exact")
        if not 1 <= given.decimals <= MOST_DECIMALS:
            given.parser.error(f"--decimals is {given.decimals}; give 1 to {MOST_DECIMALS}")
    of_projects = [
        name
        for name, value in (
            ("--to", given.to),
            ("--no-images", given.no_images),
            ("--videos", given.videos),
        )
        if value
    ]
    if of_projects and (
        given.target.suffix or (given.source.exists() and not is_project(given.source))
    ):
        given.parser.error(f"{of_projects[0]} is for a project written to a folder, not for files")


def refuse_replacing(given: argparse.Namespace) -> None:
    """Refuse to write over a file unless told to, and over IN always.

    Raises:
        FormatError: saying how to.
    """
    target = given.target
    if target.is_dir():
        raise FormatError(f"{target}: is a folder; give the name of a file, with its suffix")
    if target.exists() and target.samefile(given.source):
        raise FormatError(f"{target}: is the file to be read itself; give another name")
    if target.exists() and not given.overwrite:
        raise FormatError(
            f"{target}: is there already; give --overwrite to replace it, or another name"
        )
    if not target.absolute().parent.is_dir():
        raise FormatError(f"{target}: there is no folder {target.parent}; make it first")
