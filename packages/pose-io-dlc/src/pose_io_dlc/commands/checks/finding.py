"""Find everything that is wrong with a project, a folder or a file, not only the first thing."""

from collections.abc import Iterable
from pathlib import Path

from pose_io_dlc.commands.checks.files import of_file, of_files
from pose_io_dlc.commands.checks.folders import of_deeplabcut, of_lightning_pose
from pose_io_dlc.commands.checks.problems import Problem
from pose_io_dlc.errors import FormatError
from pose_io_dlc.projects.deeplabcut import CONFIG, is_deeplabcut
from pose_io_dlc.projects.lightning_pose import is_lightning_pose

YAML = (".yaml", ".yml")


def find_problems(path: Path | str) -> list[Problem]:
    """List what is wrong with a project, a folder of files, or a file; each problem once.

    Raises:
        FormatError: if there is nothing to look at.
    """
    path = Path(path)
    if path.is_file() and path.suffix.lower() not in YAML:
        return unique(of_file(path))
    if path.is_dir() and (path / CONFIG).is_file() and not is_lightning_pose(path):
        return unique(of_deeplabcut(path / CONFIG))
    if path.is_file() and (is_deeplabcut(path) or path.name == CONFIG):
        return unique(of_deeplabcut(path))
    if is_lightning_pose(path):
        return unique(of_lightning_pose(path))
    return unique(of_folder(path))


def unique(problems: Iterable[Problem]) -> list[Problem]:
    """Keep each problem once, in order."""
    return list(dict.fromkeys(problems))


def of_folder(path: Path) -> list[Problem]:
    """Look at all files of a folder that is no project.

    Raises:
        FormatError: if it has none.
    """
    from pose_io_dlc.commands.checks.files import TABLES

    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    known = [file for file in files if file.suffix.lower() in (*TABLES, ".pickle")]
    if not known:
        raise FormatError(
            f"{path}: is no project of DeepLabCut or Lightning Pose, and holds no file of theirs; "
            "give a project, or a folder of labels or predictions"
        )
    return list(of_files(known))
