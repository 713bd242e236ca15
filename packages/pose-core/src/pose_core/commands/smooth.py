"""`pose smooth`: the predictions of several networks for a video to one smoothed table."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_core.commands.smoothing import DEFAULT, OF_VIEWS, How, Video
from pose_core.errors import ConfigError, FormatError
from pose_core.wording import count_of

if TYPE_CHECKING:
    from pose_core.plugins import Plugins

HELP = "merge and smooth predictions of several models"
EPILOG = f"""\
examples:
  pose smooth run-*/predictions/video.csv --output smoothed.csv
  pose smooth sweep/predictions/video          # the tables in a folder
  pose smooth sweep/predictions                # a folder of such folders, each a video
  pose smooth sweep                            # the same: what the runs of a sweep predicted
  pose smooth a.csv b.csv --output s.h5 --smoother eks_singlecam --set s=10

A folder of tables is smoothed to smoothed/VIDEO.csv beside it; a folder of such folders to
smoothed/ in it. A video that fails is named, and the others go on; those that are smoothed already
are passed over. Views that the keypoints' names tell apart (nose_top, nose_bot), and videos of the
cameras of one project, are smoothed together by {OF_VIEWS}; a smoother that is named, such as
--smoother {DEFAULT}, smooths each keypoint and camera by itself.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose smooth` takes."""
    parser.add_argument(
        "members", metavar="PREDICTIONS", nargs="+", type=Path,
        help="one table of the same video per network, or folders of them; or a folder of folders",
    )  # fmt: skip
    parser.add_argument(
        "--output", "-o", type=Path,
        help="table to write, .csv or .h5; of several videos their folder [smoothed, see below]",
    )  # fmt: skip
    parser.add_argument(
        "--smoother", help=f"name of the smoother [{OF_VIEWS} where there are views, or {DEFAULT}]"
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
    given = [tables_of(path) for path in arguments.members]
    plugins.find("smoother", arguments.smoother or DEFAULT, "--smoother")
    options = dict(parse_option(text) for text in arguments.set)
    how = How(arguments.smoother, options, overwrite=arguments.overwrite)
    if len(given) == 1 and (videos := find_videos(given[0], plugins)):
        return run_folder(given[0], videos, arguments.output, how, plugins)
    return run_tables(given, arguments.output, how, plugins)


def tables_of(path: Path) -> Path:
    """Give where the tables lie that a path stands for: of a run or a sweep, its predictions.

    Raises:
        FormatError: if it is not there, or a run or sweep that has predicted no video.
    """
    from pose_core.files import existing
    from pose_core.run_folder import TRACKS

    if not holds_runs(existing(path)):
        return path
    if (path / TRACKS).is_dir():
        return path / TRACKS
    raise FormatError(f"{path}: has no predictions of videos yet; run pose predict {path} VIDEO")


def holds_runs(folder: Path) -> bool:
    """Say whether a folder is a run, or a sweep: one of its own folders is a run."""
    from pose_core.run_folder import is_run

    return is_run(folder) or any(is_run(path) for path in folder.glob("*/"))


def run_tables(given: Sequence[Path], output: Path | None, how: How, plugins: "Plugins") -> int:
    """Smooth the tables of one video; gives the exit status.

    Raises:
        PoseError: if a table cannot be used, or the output cannot be written.
    """
    from pose_core.commands.smoothing import read_members, smooth_to
    from pose_core.files import writer_of

    table = output or beside(given, plugins)
    if table.exists() and not how.overwrite:
        raise FormatError(
            f"{table}: is there already; give --overwrite to replace it, or another name"
        )
    writer_of(table, plugins)
    tables = find_tables(given, table, plugins)
    smooth_to(table, read_members(tables, plugins), how, plugins)
    print(f"next: pose draw {video_of(tables[0])} {table}")
    return 0


def video_of(table: Path) -> str:
    """Name the video that a table is of, or stand for it where that is not known."""
    from pose_core.partial import read_origin, record_of

    origin = read_origin(record_of(table))
    return origin.video if origin else "VIDEO"


def run_folder(
    folder: Path, videos: Sequence[Video], output: Path | None, how: How, plugins: "Plugins"
) -> int:
    """Smooth all videos of a folder; gives the exit status.

    Raises:
        PoseError: if the output is no folder that can be written.
    """
    from pose_core.commands.smoothing import smooth_videos
    from pose_core.diagnostics.tables_found import SMOOTHED
    from pose_core.files import writer_of

    place = output or folder / SMOOTHED
    if place.suffix in (".csv", ".h5") and not place.is_dir():
        count = count_of(len(videos), "video")
        raise ConfigError(f"--output: {place} is to hold the tables of {count}; name a folder")
    writer_of(place / videos[0].table, plugins)
    failed = smooth_videos(videos, place, how, plugins, say_error)
    if failed:
        say_error(f"{failed} of {len(videos)} videos could not be smoothed")
        return 1
    tables = f"{folder} {output}" if output else folder
    models = str(folder.parent) if holds_runs(folder.parent) else "MODEL..."
    print(f"next: pose diagnose {models} --predictions {tables}")
    return 0


def say_error(text: str) -> None:
    """Print one line where errors go."""
    print(f"pose smooth: {text}", file=sys.stderr)


def beside(given: Sequence[Path], plugins: "Plugins") -> Path:
    """Name the table that a folder of tables is smoothed to, of the same kind.

    Raises:
        ConfigError: if tables are named, or several folders.
    """
    from pose_core.diagnostics.tables_found import SMOOTHED

    if len(given) == 1 and given[0].is_dir():
        folder = given[0] if given[0].name not in ("", "..") else given[0].resolve()
        tables = find_tables(given, folder, plugins)
        return folder.parent / SMOOTHED / Video(folder.name, tuple(tables)).table
    inputs = count_of(len(given), "input needs", "inputs need")
    raise ConfigError(f"--output: {inputs} a table to be smoothed to; name one")


def find_videos(folder: Path, plugins: "Plugins") -> list[Video]:
    """List the videos of which a folder holds folders of tables; none if it holds tables itself."""
    from pose_core.commands.repairing import FOLDER as REPAIRED
    from pose_core.diagnostics.tables_found import SMOOTHED

    if not folder.is_dir() or tables_in(folder, plugins):
        return []
    inside = [path for path in sorted(folder.glob("*/")) if not path.name.startswith(".")]
    held = {
        path: tables_in(path, plugins) for path in inside if path.name not in (SMOOTHED, REPAIRED)
    }
    return [Video(path.name, tuple(tables)) for path, tables in held.items() if tables]


def find_tables(given: Sequence[Path], output: Path, plugins: "Plugins") -> list[Path]:
    """List the tables named, and those in the folders named; each once, and not the output.

    Raises:
        FormatError: if something is not there, or a folder holds no table.
    """
    from pose_core.files import existing

    tables: dict[Path, Path] = {}
    for path in given:
        inside = tables_in(path, plugins) if existing(path).is_dir() else [path]
        if not inside:
            raise FormatError(f"{path}: holds no tables of predictions; name them")
        tables |= {
            table.resolve(): table for table in inside if table.resolve() != output.resolve()
        }
    if not tables:
        raise FormatError(f"{given[0]}: is to be written, not read; name tables to smooth")
    return list(tables.values())


def tables_in(folder: Path, plugins: "Plugins") -> list[Path]:
    """List the tables of a folder by name; hidden ones are left out, and those about runs."""
    from pose_core.commands.comparison import COMPARISON
    from pose_core.commands.select import SELECTION
    from pose_core.diagnostics import tables_found
    from pose_core.files import formats
    from pose_core.run_folder import EVALUATION, METRICS, SPLIT

    suffixes = tuple(suffix for one in formats(plugins) for suffix in one.suffixes)
    other = {COMPARISON, SELECTION, EVALUATION, METRICS, SPLIT}
    return [one for one in tables_found.tables_in(folder, suffixes) if one.name not in other]


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
