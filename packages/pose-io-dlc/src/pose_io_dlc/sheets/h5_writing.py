"""Write the H5 of DeepLabCut: what its own `pandas.read_hdf` gives back as it wrote it.

Videos become a `table`, appended in chunks; labels, whose rows have three levels, `fixed`, as only
that can hold them. pandas 3 leaves out an attribute of tables without which pandas 2, on which
DeepLabCut stands, cannot read them: it is added.
"""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pose_io_dlc.atomic import atomic
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Columns

KEY = "df_with_missing"
PANDAS_VERSION = "0.15.2"
"""What every pandas up to 2 writes, and looks for."""

MANY = 512
"""Columns above which a `table`, whose header is limited, gives way to `fixed`."""


def write_h5(
    path: Path,
    columns: Columns,
    chunks: Iterable[tuple[list[str] | np.ndarray, np.ndarray]],
    index_width: int = 1,
) -> None:
    """Write an H5 file.

    Args:
        path: the file.
        columns: of the numbers.
        chunks: names or numbers of some rows, and their numbers (rows, columns).
        index_width: levels of the rows, 1 or 3.

    Raises:
        FormatError: if it cannot be written, or PyTables is not installed.
    """
    refuse_without_tables(path)
    frames = (frame_of(index, values, columns, index_width) for index, values in chunks)
    with atomic(path) as temporary:
        try:
            with pd.HDFStore(str(temporary), mode="w") as store:
                write_frames(store, frames, columns, index_width)
        except (ValueError, RuntimeError) as error:
            if isinstance(error, FormatError):
                raise
            reason = str(error).strip().splitlines()
            raise FormatError(
                f"{path}: cannot be written: {(reason or ['unknown'])[-1]}"
            ) from error


def refuse_without_tables(path: Path) -> None:
    """Refuse to write where PyTables is missing.

    Raises:
        FormatError: saying how to install it.
    """
    try:
        import tables  # noqa: F401
    except ImportError as error:
        message = f'{path}: writing H5 needs PyTables; pip install "pose-io-dlc[h5]"'
        raise FormatError(message) from error


def write_frames(
    store: Any, frames: Iterable[pd.DataFrame], columns: Columns, index_width: int
) -> None:
    """Put all rows in the file, in chunks where the layout allows it."""
    frames = iter(frames)
    first = next(frames)
    if index_width == 3 or len(columns.columns) > MANY or first.empty:
        store.put(KEY, pd.concat([first, *frames]), format="fixed", track_times=False)
    else:
        for frame in chain([first], frames):
            longest = {} if frame.index.dtype.kind == "i" else {"min_itemsize": {"index": 512}}
            store.append(KEY, frame, format="table", **longest)
    store.get_node(KEY)._v_attrs["pandas_version"] = PANDAS_VERSION


def frame_of(
    index: list[str] | np.ndarray, values: np.ndarray, columns: Columns, index_width: int
) -> pd.DataFrame:
    """Make the table that pandas and DeepLabCut know."""
    labels: list[tuple[str, ...]] = [(columns.scorer, *column) for column in columns.columns]
    names: list[str | None] = ["scorer", "individuals", "bodyparts", "coords"]
    if not columns.has_individuals:
        labels = [(label[0], *label[2:]) for label in labels]
        names.remove("individuals")
    if columns.is_skeleton:
        labels, names = [label[1:] for label in labels], [None, None]
    rows: pd.Index
    if isinstance(index, np.ndarray):
        rows = pd.Index(index.astype(np.int64))
    elif index_width == 3:
        rows = pd.MultiIndex.from_tuples([tuple(name.split("/", 2)) for name in index])
    else:
        rows = pd.Index(index)
    return pd.DataFrame(values, index=rows, columns=pd.MultiIndex.from_tuples(labels, names=names))
