"""Paths that a person typed, and paths to type next."""

import shlex
from pathlib import Path

from pose_io_dlc.errors import FormatError


def refuse_missing(path: Path) -> None:
    """Refuse a path at which there is no file or folder.

    Raises:
        FormatError: naming it.
    """
    try:
        found = path.is_file() or path.is_dir()
    except (OSError, ValueError):  # a name that no system can have
        found = False
    if not found:
        raise FormatError(f"{path}: no such file or folder; check the path")


def quoted(path: Path | str) -> str:
    """Write a path so that a shell takes it for one word."""
    return shlex.quote(str(path))
