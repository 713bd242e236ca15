"""`pose-io-dlc new`: make a DeepLabCut project from videos."""

import argparse
from pathlib import Path
from typing import Any

EXAMPLES = """examples:
  pose-io-dlc new reach --scorer ann --keypoints nose,leftear,rightear --videos mouse.mp4
  pose-io-dlc new pair --scorer ann --keypoints nose,tail --individuals m1,m2 --unique food \\
      --videos *.avi --into /data/projects
  pose-io-dlc new reach --scorer ann --keypoints nose,tail --bones nose-tail --link --videos a.mp4

makes the folder NAME-SCORER-DATE with config.yaml, the videos, and a folder for the images of each;
DeepLabCut opens it. Nothing that is there is changed.
"""


def add_to(subparsers: Any) -> argparse.ArgumentParser:
    """Describe the options of `new`."""
    text = "make a DeepLabCut project from videos"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "new", help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=EXAMPLES
    )
    parser.add_argument("name", metavar="NAME", help="of the task, as reach")
    parser.add_argument("--scorer", required=True, metavar="WHO", help="who will label")
    parser.add_argument(
        "--keypoints", required=True, type=names, metavar="A,B,...", help="body parts, in order"
    )
    parser.add_argument("--videos", required=True, nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument(
        "--individuals",
        type=names,
        default=[],
        metavar="A,B,...",
        help="several animals in a frame",
    )
    parser.add_argument(
        "--unique",
        type=names,
        default=[],
        metavar="A,B,...",
        help="parts of no animal, as a feeder",
    )
    parser.add_argument(
        "--bones", type=names, default=[], metavar="A-B,...", help="body parts to join by lines"
    )
    parser.add_argument(
        "--into",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="where to make it; here by default",
    )
    parser.add_argument(
        "--link", action="store_true", help="link the videos instead of copying them"
    )
    return parser


def names(text: str) -> list[str]:
    """Split names at commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def bones_of(given: argparse.Namespace) -> list[tuple[str, str]]:
    """Split bones at their hyphen, minding names that have some; or exit with status 2."""
    known = {*given.keypoints, *given.unique}
    bones = []
    for text in given.bones:
        ends = [
            (text[:at], text[at + 1 :])
            for at, letter in enumerate(text)
            if letter == "-" and {text[:at], text[at + 1 :]} <= known
        ]
        if len(ends) != 1:
            given.parser.error(f"--bones: {text!r} is not two keypoints joined by '-'")
        bones += ends
    return bones


def run(given: argparse.Namespace) -> int:
    """Make the project, and say where it is.

    Raises:
        FormatError: if names or videos do not do, or the folder is there already.
    """
    bones = bones_of(given)
    from pose_io_dlc.projects.create import create_project

    project = create_project(
        given.into,
        given.name,
        given.scorer,
        given.videos,
        given.keypoints,
        individuals=given.individuals,
        unique=given.unique,
        skeleton=bones,
        link=given.link,
    )
    given.written.append(project.root)
    print(f"{project.root}: made, with {len(project.videos)} of {len(given.videos)} videos")
    for warning in project.warnings:
        print(f"note: {warning}")
    print(f"next: extract and label frames in DeepLabCut, with {project.config}")
    return 0
