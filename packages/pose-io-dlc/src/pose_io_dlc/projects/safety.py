"""Keep to the project: what its files name must lie in it, by name and by what links point to."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pose_io_dlc.errors import FormatError

LONGEST = 255
"""Bytes of a name, on every usual file system."""


def refuse_escapes(frames: Iterable[str], where: Path) -> None:
    """Refuse image paths that lead out of the project, or that no system can have.

    Raises:
        FormatError: naming the first.
    """
    for frame in frames:
        path = PurePosixPath(frame)
        if path.is_absolute() or ".." in path.parts or ":" in frame.partition("/")[0]:
            raise FormatError(f"{where}: image {frame!r} leads out of the project; move it there")
        if "\0" in frame or any(len(part.encode()) > LONGEST for part in path.parts):
            raise FormatError(f"{where}: image {frame[:60]!r} is no possible name; correct it")


def refuse_links(paths: Iterable[Path], root: Path) -> None:
    """Refuse files that links, their own or a folder's, put outside the project.

    Args:
        paths: below the root; they need not be there.
        root: folder of the project, which may be a link itself.

    Raises:
        FormatError: naming the first, and where it leads.
    """
    top = os.path.realpath(root)
    folders: dict[Path, str] = {}
    for path in paths:
        folder = folders.get(path.parent) or os.path.realpath(path.parent)
        folders[path.parent] = folder
        real = os.path.realpath(path) if path.is_symlink() else f"{folder}/{path.name}"
        if not f"{real}{os.sep}".startswith(f"{top.rstrip(os.sep)}{os.sep}"):
            raise FormatError(
                f"{path}: is a link out of the project, to {real}; put the file itself there"
            )
