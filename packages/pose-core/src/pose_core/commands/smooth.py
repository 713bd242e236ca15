"""`pose smooth`: the predictions of several networks for one video to one smoothed table."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_core.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins

EPILOG = """\
examples:
  pose smooth run-*/predictions/video.csv --output smoothed.csv
  pose smooth a.csv b.csv --output s.h5 --smoother eks_singlecam --set s=10
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose smooth` takes."""
    parser.add_argument("members", metavar="PREDICTIONS", nargs="+", type=Path, help="one table per network")
    parser.add_argument("--output", "-o", type=Path, required=True, help="table to write, .csv or .h5")
    parser.add_argument("--smoother", default="eks_singlecam", help="name of the smoother [eks_singlecam]")
    parser.add_argument(
        "--set", metavar="OPTION=VALUE", action="append", default=[], help="an option of the smoother; repeat"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output if it is there")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Read the members, smooth, write."""
    from pose_core.files import read_predictions, write_predictions
    from pose_core.smoothing import smooth

    plugins.find("smoother", arguments.smoother, "--smoother")
    if arguments.output.exists() and not arguments.overwrite:
        raise FormatError(f"{arguments.output}: exists; give --overwrite to replace it, or another --output")
    options = dict(parse_option(text) for text in arguments.set)
    members = [read_predictions(path, plugins) for path in arguments.members]
    smoothed = smooth(members, arguments.smoother, options, plugins)
    write_predictions(arguments.output, smoothed, plugins)
    print(f"{len(members)} members, {len(smoothed)} frames, smoothed by {arguments.smoother}: {arguments.output}")
    return 0


def parse_option(text: str) -> tuple[str, Any]:
    """Parse OPTION=VALUE, the value as YAML has it.

    Raises:
        ConfigError: if there is no "=".
    """
    import yaml

    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set: {text!r} is not OPTION=VALUE")
    return name, yaml.safe_load(value)
