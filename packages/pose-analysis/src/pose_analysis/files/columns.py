"""Plain tables: signals in columns under one row of names, and times in a column."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pose_analysis.errors import AnalysisError

if TYPE_CHECKING:
    import pandas as pd

COUNTED = ("frame", "time")
"""Columns of a table of signals that say which frame it is, and when; they are no signals."""


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """Read a CSV with one row of names, and numbers below.

    Returns:
        Column to its values (rows,), NaN where a cell is empty.

    Raises:
        AnalysisError: if it cannot be read, has no rows, a name twice, or a cell that is no number.
    """
    table = read_csv(path, header=0)
    if not len(table):
        raise AnalysisError(f"{path}: has no rows below its names")
    if all(is_number(name) for name in table.columns):
        raise AnalysisError(f"{path}: its first row is numbers; name the columns there")
    return {str(name): numbers(table[name], path) for name in table.columns}


def read_csv(path: Path, header: int | None) -> "pd.DataFrame":
    """Read a CSV as it is.

    Raises:
        AnalysisError: if it cannot be read.
    """
    import pandas as pd

    try:
        return pd.read_csv(path, header=header, encoding="utf-8-sig", skipinitialspace=True)
    except OSError as error:
        raise AnalysisError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:  # pandas' own errors, and those of decoding, are of this kind
        reason = " ".join(str(error).split())[:120]
        raise AnalysisError(f"{path}: is not a table ({reason})") from error


def is_number(name: Any) -> bool:
    """Say whether a cell is a number; pandas names a second column `1` as `1.1`, which is one."""
    try:
        float(name)
    except ValueError:
        return False
    return True


def numbers(column: "pd.Series[Any]", path: Path) -> np.ndarray:
    """Give a column as numbers, NaN where a cell is empty.

    Raises:
        AnalysisError: if a cell is something else.
    """
    import pandas as pd

    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    odd = np.flatnonzero(np.isnan(found) & column.notna().to_numpy())
    if len(odd):
        cell = column.iloc[int(odd[0])]
        raise AnalysisError(
            f"{path}: column {column.name!r}: row {odd[0] + 1} has {cell!r}, not a number"
        )
    if np.isinf(found).any():
        raise AnalysisError(f"{path}: column {column.name!r}: has an infinite value")
    return found


def read_times(path: Path, column: str | None = None) -> np.ndarray:
    """Read times in seconds, of frames or of events.

    Args:
        path: .npy, or a CSV: of one column with a name or without, or of several.
        column: of several, which; None for the one called `time` or `times`, or the only one.

    Raises:
        AnalysisError: if it cannot be read, or has no such column, or no times.
    """
    times = read_array(path) if path.suffix.lower() == ".npy" else read_list(path, column)
    if not len(times):
        raise AnalysisError(f"{path}: holds no times; give one per row")
    return times


def read_list(path: Path, column: str | None) -> np.ndarray:
    """Read times from a CSV, as `read_times` does.

    Raises:
        AnalysisError: if it cannot be read, or has no such column.
    """
    if not len(bare := read_csv(path, header=None)):
        raise AnalysisError(f"{path}: holds no times; give one per row")
    if bare.shape[1] == 1 and is_number(bare.iloc[0, 0]):
        return numbers(bare[0], path)
    columns = read_csv(path, header=0)
    names = [str(name) for name in columns.columns]
    named = [one for one in ("time", "times") if one in names] or names
    name = column or named[0]
    if name not in names or (column is None and len(named) > 1):
        listed = ", ".join(names)
        which = f"no column {column!r}" if column else "no column 'time'"
        raise AnalysisError(f"{path}: has {which} among {listed}; give --column")
    return numbers(columns[name], path)


def read_array(path: Path) -> np.ndarray:
    """Read times from a file of numpy.

    Raises:
        AnalysisError: if it is not a list of numbers.
    """
    try:
        times = np.load(path, allow_pickle=False)
    except OSError as error:
        raise AnalysisError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise AnalysisError(f"{path}: is not a list of times") from error
    if not isinstance(times, np.ndarray) or times.dtype.kind not in "fiu" or times.ndim != 1:
        raise AnalysisError(f"{path}: is not a list of times; give one number per row")
    return times.astype(float)


def read_spikes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read events of several units, a row each: columns `time` and `unit`.

    Returns:
        Times (events,) in seconds, and units (events,).

    Raises:
        AnalysisError: if it cannot be read, or a column is missing or has empty cells.
    """
    columns: Mapping[str, np.ndarray] = read_columns(path)
    for name in ("time", "unit"):
        if name not in columns:
            raise AnalysisError(f"{path}: has no column {name!r}; a row per event has both")
        if np.isnan(columns[name]).any():
            raise AnalysisError(f"{path}: column {name!r} has empty cells; leave such rows out")
    return columns["time"], columns["unit"]
