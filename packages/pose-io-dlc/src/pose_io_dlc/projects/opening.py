"""Open a project of either kind: tell which it is, then open it so."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pose_io_dlc.errors import FormatError
from pose_io_dlc.projects.deeplabcut import is_deeplabcut, open_deeplabcut
from pose_io_dlc.projects.lightning_pose import is_lightning_pose, open_lightning_pose
from pose_io_dlc.projects.project import Project, is_there
from pose_io_dlc.sheets.files import is_table

KINDS: Mapping[str, Callable[[Path | str], Project]] = {
    "deeplabcut": open_deeplabcut,
    "lightning_pose": open_lightning_pose,
}
"""Kind of project to what opens it."""


def kinds_of(path: Path) -> list[str]:
    """Say what a folder or file can be. A file of no project counts as DeepLabCut's."""
    found = [
        kind
        for kind, is_one in (("deeplabcut", is_deeplabcut), ("lightning_pose", is_lightning_pose))
        if is_one(path)
    ]
    return found or (["deeplabcut"] if is_there(path) and is_table(path) else [])


def open_project(path: Path | str, kind: str | None = None) -> Project:
    """Open a folder of DeepLabCut or Lightning Pose, whichever it is.

    Args:
        path: the folder, its config, or a file of its labels.
        kind: "deeplabcut" or "lightning_pose", for a folder that can be both; None to tell.

    Raises:
        FormatError: if it is neither, or both.
    """
    path = Path(path)
    return KINDS[kind_to_open(path, kind)](path)


def kind_to_open(path: Path, kind: str | None) -> str:
    """Tell which kind of project a path is of, or check the one that is named.

    Raises:
        FormatError: if it is neither, or both.
    """
    if kind is not None and kind not in KINDS:
        raise FormatError(f"{path}: unknown kind {kind!r}; known: {', '.join(KINDS)}")
    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    found = kinds_of(path) if kind is None else [kind]
    if not found:
        raise FormatError(f"{path}: is no project of DeepLabCut or Lightning Pose")
    if len(found) > 1:
        raise FormatError(
            f"{path}: is a project of {' and '.join(found)}; open it as one of them, "
            f"kind={found[0]!r} or kind={found[1]!r}"
        )
    return found[0]
