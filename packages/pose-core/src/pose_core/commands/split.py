"""`pose split`: splits for training on ever more frames of some subjects, and testing on others."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.errors import ConfigError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins

HELP = "draw nested splits of some subjects or videos"
EPILOG = """\
examples:
  pose split my-project -o splits                              # by video, a third of them inside
  pose split my-project -o splits --groups horses.csv --in-domain 10 --shuffles 3
  pose train my-project -m split="$(echo splits/*.csv | tr ' ' ,)"
  pose diagnose outputs/SWEEP --groups horses.csv --reference Nose,Eye     # curves.csv

Writes one file per shuffle and fraction. Those of a shuffle are nested: each trains on all frames
of the smaller ones, and all validate on the same. The rest of the groups inside is the test in the
domain, all frames of the other groups the test out of it (Horse-10).
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose split` takes."""
    parser.add_argument("project", metavar="PROJECT", type=Path, help="folder of a project")
    parser.add_argument("--output", "-o", type=Path, required=True, help="folder of the splits")
    parser.add_argument("--groups", metavar="FILE", type=Path, help="CSV of frame, group")
    parser.add_argument("--group-by", metavar="COLUMN", help="of that file, if it has several")
    parser.add_argument(
        "--in-domain", metavar="GROUPS",
        help="groups to train on, by name with commas, or how many to draw [a third]",
    )  # fmt: skip
    parser.add_argument(
        "--fractions", type=float, nargs="+", metavar="F", default=[0.05, 0.1, 0.2, 0.5, 0.9],
        help="of their frames to train on [0.05 0.1 0.2 0.5 0.9]",
    )  # fmt: skip
    parser.add_argument(
        "--validation", type=float, default=0.05, help="fraction to validate on [0.05]"
    )
    parser.add_argument("--shuffles", type=int, default=1, help="how often to draw all anew [1]")
    parser.add_argument("--seed", type=int, default=0, help="of the first one [0]")
    parser.add_argument("--format", help="name of the project's format [told from its files]")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Draw and write the splits of each shuffle."""
    import numpy as np

    from pose_core.diagnostics.fractions import choose_groups, nested_splits
    from pose_core.diagnostics.groups import group_of, read_groups
    from pose_core.files import open_project
    from pose_core.splits import write_split

    if arguments.shuffles < 1:
        raise ConfigError(f"--shuffles: {arguments.shuffles} is below 1; give at least 1")
    project = open_project(arguments.project, plugins, arguments.format)
    labeled = np.flatnonzero((project.labels.visibility > 0).any(1))
    frames = [project.labels.frames[row] for row in labeled]
    given = read_groups(arguments.groups, arguments.group_by) if arguments.groups else None
    groups = group_of(frames, given)
    instants = project.instants[labeled] if project.cameras else None
    arguments.output.mkdir(parents=True, exist_ok=True)
    for seed in range(arguments.seed, arguments.seed + arguments.shuffles):
        inside = choose_groups(groups, arguments.in_domain, seed, instants)
        drawn = arguments.fractions, arguments.validation, seed, instants
        print(f"shuffle {seed}: trains on {', '.join(inside)}")
        for fraction, split in nested_splits(groups, inside, *drawn).items():
            path = arguments.output / f"shuffle{seed}-{round(100 * fraction):02d}.csv"
            write_split(path, split, frames)
            counts = f"{len(split.train)} to train on, {len(split.validation)} to validate on"
            print(f"{path}: {counts}, {len(split.test)} to test on")
    files = f"$(echo {arguments.output}/*.csv | tr ' ' ,)"
    print(f'next: pose train {arguments.project} -m split="{files}"')
    return 0
