"""Choose by the suffix of a file: CSV or H5."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Columns
from pose_io_dlc.sheets.sheet import Sheet

H5 = (".h5", ".hdf5", ".hdf")
SUFFIXES = (".csv", ".h5")
"""Of the files that are written."""

Rows = tuple["list[str] | np.ndarray", np.ndarray]
"""Some rows: their names or frame numbers, and their numbers (rows, columns)."""


def is_table(path: Path) -> bool:
    """Say whether a file begins as a table of this family does. Never raises."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    if path.suffix.lower() == ".csv":
        return head.removeprefix(b"\xef\xbb\xbf").startswith(b"scorer,")
    return path.suffix.lower() in H5 and head.startswith(b"\x89HDF\r\n")


def read_sheet(path: Path | str) -> Sheet:
    """Read a table as its file has it.

    Raises:
        FormatError: if it cannot be read, or its suffix is unknown.
    """
    path = Path(path)
    if not path.is_file():
        raise FormatError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    if path.suffix.lower() == ".csv":
        from pose_io_dlc.sheets.csv_reading import read_csv

        return read_csv(path)
    if path.suffix.lower() in H5:
        from pose_io_dlc.sheets.h5_reading import read_h5

        return read_h5(path)
    raise unknown_suffix(path)


def write_rows(
    path: Path | str,
    columns: Columns,
    chunks: Iterable[Rows],
    decimals: int | None = None,
    index_width: int = 1,
) -> None:
    """Write a table whose rows come in chunks.

    Raises:
        FormatError: if it cannot be written, or its suffix is unknown.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        from pose_io_dlc.sheets.csv_writing import write_csv

        write_csv(path, columns, chunks, decimals, index_width)
    elif path.suffix.lower() in H5:
        from pose_io_dlc.sheets.h5_writing import write_h5

        write_h5(path, columns, chunks, index_width)
    else:
        raise unknown_suffix(path)


def write_sheet(path: Path | str, sheet: Sheet, decimals: int | None = None) -> None:
    """Write a table as it is, numbers exact unless told otherwise.

    Raises:
        FormatError: if it cannot be written, or its suffix is unknown.
    """
    index = sheet.index if isinstance(sheet.index, np.ndarray) else list(sheet.index)
    chunk = (index, sheet.values)
    write_rows(path, sheet.columns, [chunk], decimals, sheet.index_width)


def unknown_suffix(path: Path) -> FormatError:
    """Say which suffixes there are."""
    return FormatError(f"{path}: unknown suffix {path.suffix!r}; known: {', '.join(SUFFIXES)}")
