"""The files of a training run, and what can be read of them without torch."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from pose_core.errors import FormatError, reason
from pose_core.skeleton import Skeleton
from pose_core.wording import count_of

CONFIG, SKELETON, WEIGHTS = "config.yaml", "skeleton.json", "model.safetensors"
"""What a model is made of."""
SPLIT, STATUS, METRICS, CHECKPOINT = "split.csv", "status.json", "metrics.csv", "last.ckpt"
"""What else its training leaves; the status says that it is finished."""
PREDICTIONS, EVALUATION = "predictions.csv", "evaluation.csv"
"""What its evaluation on the labeled frames leaves."""
TRACKS = "predictions"
"""Folder of the tables of videos."""
LOG = "log.txt"
"""What a member of a sweep said, if it began at all."""


def find_runs(path: Path) -> list[Path]:
    """List the finished runs that a path stands for: itself, or all below it, by their names.

    Raises:
        FormatError: if there is none.
    """
    if is_run(path):
        return [path]
    if runs := runs_below(path):
        return runs
    refuse_without_runs(path)
    read_config(path)
    raise FormatError(f"{path}: its training is not finished; train it to the end first")


def refuse_without_runs(path: Path) -> None:
    """Refuse a folder that is no run, finished or not, and holds none that is finished.

    Raises:
        FormatError: saying what to give.
    """
    if path.is_dir() and not any((path / name).exists() for name in (CONFIG, WEIGHTS)):
        begun = unfinished_below(path)
        what = f"holds no finished run, and {count_of(len(begun), 'begun one')}" if begun else ""
        raise FormatError(
            f"{path}: {what or 'holds no run'}; give a run or a folder of runs (a sweep)"
        )


def is_run(folder: Path) -> bool:
    """Say whether a folder is a finished run."""
    return (folder / STATUS).is_file() and (folder / WEIGHTS).is_file()


def runs_below(folder: Path) -> list[Path]:
    """List the folders of finished runs below a folder, in the order of their names."""
    found = (run for run, files in sorted(folders_below(folder)) if {STATUS, CONFIG} <= files)
    return [run for run in found if run != folder]


def unfinished_below(folder: Path) -> list[Path]:
    """List the folders of runs below a folder that were begun and are not finished."""
    begun = {LOG, CHECKPOINT}
    found = (run for run, files in folders_below(folder) if begun & files and STATUS not in files)
    return sorted(run for run in found if run != folder)


def folders_below(folder: Path) -> Iterator[tuple[Path, frozenset[str]]]:
    """Give a folder and those below it, with the names of their files; hidden ones are left out."""
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(path), frozenset(files)


def read_config(folder: Path) -> dict[str, Any]:
    """Read the configuration of a run.

    Raises:
        FormatError: if the folder is not one.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise FormatError(f"{folder}: {what}; give the folder of a training run")
    config = read(folder / CONFIG, yaml.safe_load)
    sections = [config.get(name) for name in ("model", "data")] if isinstance(config, dict) else []
    if not sections or not all(isinstance(section, dict) for section in sections):
        raise FormatError(f"{folder / CONFIG}: lacks 'model' or 'data'; train the model again")
    found: dict[str, Any] = config
    return found


def check_complete(folder: Path) -> None:
    """Refuse a folder that is no trained model, before anything heavy is loaded.

    Raises:
        FormatError: naming the file that is not there.
    """
    read_config(folder)
    for name in (SKELETON, WEIGHTS):
        present(folder / name)


def read_skeleton(path: Path) -> Skeleton:
    """Read the skeleton of a run.

    Raises:
        FormatError: if the file is not there or damaged.
    """
    held = read(path, json.loads)
    try:
        return Skeleton.from_dict(held)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: damaged ({error!r}); restore it, or train again") from error


def read(path: Path, parse: Callable[[str], Any]) -> Any:
    """Parse a file of a run, with one line for what is wrong.

    Raises:
        FormatError: if it is not there or cannot be parsed.
    """
    try:
        return parse(present(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise FormatError(
            f"{path}: cannot be read ({reason(error)}); restore it, or train again"
        ) from error


def present(path: Path) -> Path:
    """Give the path if there is a file.

    Raises:
        FormatError: if not.
    """
    if not path.is_file():
        raise FormatError(
            f"{path.parent}: is no complete model, it has no {path.name}; train or copy it whole"
        )
    return path


def project_of(folder: Path) -> Path:
    """Give the project that a run was trained on.

    Raises:
        FormatError: if it is not where it was.
    """
    given = read_config(folder).get("project")
    if not given or not Path(given).exists():
        raise FormatError(
            f"{folder}: was trained on {str(given)!r}, which is not there; "
            "give --project=PATH to say where it is now"
        )
    return Path(given)
