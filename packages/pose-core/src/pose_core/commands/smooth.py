"""`pose smooth`: the predictions of several networks for one video to one smoothed table."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_core.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins
    from pose_core.predictions import Predictions

EPILOG = """\
examples:
  pose smooth run-*/predictions/video.csv --output smoothed.csv
  pose smooth ensemble/ --output smoothed.csv          # all tables in a folder
  pose smooth a.csv b.csv --output s.h5 --smoother eks_singlecam --set s=10
"""

SUFFIXES = (".csv", ".h5")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose smooth` takes."""
    parser.add_argument(
        "members", metavar="PREDICTIONS", nargs="+", type=Path,
        help="one table of the same video per network, or folders of them",
    )  # fmt: skip
    parser.add_argument(
        "--output", "-o", type=Path, required=True, help="table to write, .csv or .h5"
    )
    parser.add_argument(
        "--smoother", default="eks_singlecam", help="name of the smoother [eks_singlecam]"
    )
    parser.add_argument(
        "--set",
        metavar="OPTION=VALUE",
        action="append",
        default=[],
        help="an option of the smoother; repeat",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the output if it is there"
    )


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Read the members, smooth, write."""
    from pose_core.files import read_predictions, write_predictions, writer_of
    from pose_core.smoothing import smooth

    plugins.find("smoother", arguments.smoother, "--smoother")
    options = dict(parse_option(text) for text in arguments.set)
    if arguments.output.exists() and not arguments.overwrite:
        raise FormatError(
            f"{arguments.output}: is there already; give --overwrite to replace it, or another name"
        )
    writer_of(arguments.output, plugins)
    tables = find_tables(arguments.members, arguments.output)
    members = [read_predictions(path, plugins) for path in tables]
    for line in dict.fromkeys(line for member in members for line in member.warnings):
        print(f"warning: {line}")
    check_alike(tables, members)
    smoothed = smooth(members, arguments.smoother, options, plugins)
    write_predictions(arguments.output, smoothed, plugins)
    for line in smoothed.notes:
        print(line)
    count = f"{len(members)} member{'s' if len(members) > 1 else ''}, {len(smoothed)} frames"
    print(f"{count}, smoothed by {arguments.smoother}: {arguments.output}")
    return 0


def find_tables(given: Sequence[Path], output: Path) -> list[Path]:
    """List the tables named, and those in the folders named; each once, and not the output.

    Raises:
        FormatError: if something is not there, or a folder holds no table.
    """
    from pose_core.files import existing

    tables: dict[Path, Path] = {}
    for path in given:
        inside = tables_in(path) if existing(path).is_dir() else [path]
        tables |= {
            table.resolve(): table for table in inside if table.resolve() != output.resolve()
        }
    if not tables:
        raise FormatError(f"{given[0]}: is to be written, not read; name tables to smooth")
    return list(tables.values())


def tables_in(folder: Path) -> list[Path]:
    """List the tables of a folder by name; hidden ones are left out.

    Raises:
        FormatError: if there is none.
    """
    files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    found = sorted(path for path in files if path.is_file() and not path.name.startswith("."))
    if not found:
        raise FormatError(f"{folder}: holds no {' or '.join(SUFFIXES)} tables; name them")
    return found


def check_alike(tables: Sequence[Path], members: Sequence["Predictions"]) -> None:
    """Refuse tables that do not fit together, by their names.

    Raises:
        FormatError: naming the two files, and what differs.
    """
    first = members[0]
    for path, member in zip(tables, members, strict=True):
        if odd := sorted(set(member.skeleton.names) ^ set(first.skeleton.names)):
            raise FormatError(
                f"{path}: has other keypoints than {tables[0]}, only one of them has {odd[0]!r}; "
                "give tables of one skeleton"
            )
        if len(member) != len(first) or member.frames != first.frames:
            rows = f"{len(member)} rows, not the {len(first)}"
            what = rows if len(member) != len(first) else "other images than those"
            raise FormatError(
                f"{path}: has {what} of {tables[0]}; predict the same video with every model"
            )


def parse_option(text: str) -> tuple[str, Any]:
    """Parse OPTION=VALUE, the value as YAML has it.

    Raises:
        ConfigError: if there is no "=", or the value cannot be parsed.
    """
    import yaml

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"--set: {text!r} is not OPTION=VALUE; for example --set s=10")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set: {value!r} of {name!r} is no value; quote it") from error
