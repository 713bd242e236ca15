"""What is written: tables, and a summary; each whole or not at all."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pose_analysis.errors import AnalysisError
from pose_io_dlc import FormatError
from pose_io_dlc.atomic import atomic


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary name that becomes `path` when all went well.

    Raises:
        AnalysisError: if it cannot be written.
    """
    try:
        with atomic(path) as temporary:
            yield temporary
    except FormatError as error:
        raise AnalysisError(str(error)) from error


def check_files(paths: Sequence[Path], inputs: Sequence[Path], overwrite: bool) -> None:
    """Refuse files that could not be written at the end, before the work begins.

    Folders that are not there yet are made then.

    Raises:
        AnalysisError: if one is among the inputs, below what is no folder to write in, or is there
            and is to stay.
    """
    read = {one.resolve() for one in inputs}
    for path in paths:
        if path.resolve() in read:
            raise AnalysisError(f"{path}: is among the inputs; choose another --output")
        if not can_hold(path.parent):
            folder = str(path.parent)
            raise AnalysisError(f"{path}: folder {folder!r} cannot be written to; choose another")
        if path.is_dir():
            raise AnalysisError(f"{path}: is a folder; name a file")
        if path.exists() and not overwrite:
            raise AnalysisError(f"{path}: is there already; choose another, or add --overwrite")


def can_hold(folder: Path) -> bool:
    """Say whether files can be written in a folder, which may have to be made."""
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, and those it lies in.

    Raises:
        AnalysisError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise AnalysisError(f"{folder}: cannot be made: {reason}") from error


def write_columns(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns (rows,) under their names; an empty cell is NaN.

    Raises:
        AnalysisError: if it cannot be written.
    """
    import pandas as pd

    with whole(path) as temporary:
        pd.DataFrame(dict(columns)).to_csv(temporary, index=False, float_format="%.9g")


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Write a summary as JSON; numbers that JSON does not know become null.

    Raises:
        AnalysisError: if it cannot be written.
    """
    text = json.dumps(plain(summary), indent=1, allow_nan=False) + "\n"
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def plain(value: Any) -> Any:
    """Give a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value
