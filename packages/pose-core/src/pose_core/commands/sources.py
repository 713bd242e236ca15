"""What `pose diagnose`, `pose select` and `pose report` are told: runs, tables and thresholds."""

import os
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.errors import ConfigError, PoseError

if TYPE_CHECKING:
    from pose_core.diagnostics.notices import Say


def add_sources(parser: ArgumentParser) -> None:
    """Declare the runs, further tables, the project and thresholds."""
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", type=Path, help="folders of finished runs, or of sweeps"
    )
    parser.add_argument(
        "--predictions", metavar="FOLDER", nargs="+", type=Path, default=[], action="extend",
        help="further tables: folders with VIDEO/MEMBER.csv and smoothed/VIDEO.csv",
    )  # fmt: skip
    parser.add_argument("--project", type=Path, help="where the project is now, if it moved")
    parser.add_argument(
        "--threshold", metavar="MEASURE=VALUE", action="append", default=[],
        help="from where on a measure is violated; repeat",
    )  # fmt: skip


def finished(given: Sequence[Path], say: "Say") -> tuple[list[Path], list[Path]]:
    """List the finished runs that were named, and folders of tables of whole sweeps.

    What is no run is said and left out.

    Raises:
        PoseError: if there is none at all.
    """
    from pose_core.run_folder import TRACKS, find_runs

    runs: list[Path] = []
    errors: list[PoseError] = []
    for path in given:
        try:
            runs += find_runs(path)
        except PoseError as error:
            errors.append(error)
    if not runs:
        raise errors[0]
    for one in errors:
        say(f"{one}; it is left out")
    sweeps = [path / TRACKS for path in given if path not in runs]
    return runs, [path for path in sweeps if path.is_dir()]


def left_out(given: Sequence[Path], runs: Sequence[Path], shown: Collection[str]) -> list[str]:
    """Say once more, in one line or none, what of the paths given is not shown.

    Args:
        given: as a person named them.
        runs: finished ones, as `finished` finds them.
        shown: names of the runs that are shown, as `unique_names` gives them.
    """
    from pose_core.diagnostics.naming import unique_names

    lost = [path for path in given if not holds(path, runs)]
    lost += [folder for name, folder in unique_names(runs).items() if name not in shown]
    return [f"left out: {', '.join(map(str, lost))}; why is said above"] if lost else []


def holds(path: Path, runs: Sequence[Path]) -> bool:
    """Say whether a path is one of the runs, or a folder of some."""
    return any(path in (run, *run.parents) for run in runs)


def repeated(arguments: Namespace, runs: Sequence[Path]) -> str:
    """Write what was given of runs, tables, project and thresholds, for another command.

    Args:
        arguments: of this one.
        runs: finished ones; what was given and holds none is left out.
    """
    words = [path for path in arguments.runs if holds(path, runs)]
    words += ["--predictions", *arguments.predictions] if arguments.predictions else []
    words += ["--project", arguments.project] if arguments.project else []
    words += [word for one in arguments.threshold for word in ("--threshold", one)]
    return shlex.join(map(str, words))


def common_folder(paths: Sequence[Path]) -> Path:
    """Give the path itself, or the folder that several share."""
    if len(paths) == 1:
        return paths[0]
    return Path(os.path.commonpath([path.resolve() for path in paths]))


def parse_threshold(text: str) -> tuple[str, float]:
    """Parse MEASURE=VALUE.

    Raises:
        ConfigError: if it is not that.
    """
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise ConfigError(
            f"--threshold: {text!r} is not MEASURE=VALUE; for example pixel_error=5"
        ) from None
