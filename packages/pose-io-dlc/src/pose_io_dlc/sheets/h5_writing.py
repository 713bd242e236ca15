"""Write the H5 of DeepLabCut: what its own `pandas.read_hdf` gives back as it wrote it.

Videos become a `table`, appended in chunks; labels, whose rows have three levels, `fixed`, as only
that can hold them. pandas 3 leaves out an attribute of tables without which pandas 2, on which
DeepLabCut stands, cannot read them: it is added.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pose_io_dlc.atomic import atomic, unwritable
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Columns
from pose_io_dlc.sheets.sheet import Append, Index, Words

KEY = "df_with_missing"
PANDAS_VERSION = "0.15.2"
"""What every pandas up to 2 writes, and looks for."""

MANY = 512
"""Columns above which a `table`, whose header is limited, gives way to `fixed`."""


@contextmanager
def appending_h5(path: Path, columns: Columns, index_width: int) -> Iterator[Append]:
    """Write an H5 file, whose rows are appended by what this gives.

    Args:
        path: the file.
        columns: of the numbers.
        index_width: levels of the rows, 1 or 3.

    Raises:
        FormatError: if it cannot be written, or PyTables is not installed.
    """
    refuse_without_tables(path)
    with atomic(path) as name, refusing(path), pd.HDFStore(str(name), mode="w") as store:
        layout = Layout(store, columns, index_width)

        def append(index: Index, values: np.ndarray, words: Words = (), /) -> None:
            # words are left out: DeepLabCut's tables have no room for them
            with refusing(path):
                layout.append(frame_of(index, values, columns, index_width))

        yield append
        layout.finish()


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Say in one line why PyTables refuses.

    Raises:
        FormatError: in place of its errors.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error
    except (ValueError, RuntimeError) as error:
        if isinstance(error, FormatError):
            raise
        reason = str(error).strip().splitlines() or ["unknown"]
        raise FormatError(f"{path}: cannot be written: {reason[-1]}") from error


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


class Layout:
    """Where rows go: a `table`; or `fixed`, of arrays that grow, or all at once in the end.

    A `table` is what DeepLabCut writes for a video, but has a limit of columns. `fixed` grows where
    the rows are numbers; names of images, whose arrays cannot, are kept until the end.
    """

    def __init__(self, store: Any, columns: Columns, index_width: int) -> None:
        self.store = store
        self.is_wide = len(columns.columns) > MANY
        self.is_tuple = index_width == 3
        self.kept: list[pd.DataFrame] = []
        self.grown: dict[str, Any] = {}
        self.empty = frame_of(np.arange(0), np.empty((0, len(columns.columns))), columns, 1)
        self.has_rows = False

    def append(self, frame: pd.DataFrame) -> None:
        """Add rows."""
        self.has_rows |= not frame.empty
        is_numbered = frame.index.dtype.kind == "i"
        if frame.empty:
            return
        if self.is_tuple or (self.is_wide and not is_numbered):
            self.kept.append(frame)
        elif self.is_wide:
            self.grow(frame)
        else:
            longest = {} if is_numbered else {"min_itemsize": {"index": 512}}
            self.store.append(KEY, frame, format="table", **longest)

    def grow(self, frame: pd.DataFrame) -> None:
        """Add rows to the arrays of a `fixed` layout."""
        if not self.grown:
            self.store.put(KEY, frame, format="fixed", track_times=False)
            group = self.store.get_node(KEY)
            self.grown = {name: growing(group, name) for name in ("block0_values", "axis1")}
            return
        self.grown["block0_values"].append(frame.to_numpy())
        self.grown["axis1"].append(frame.index.to_numpy())

    def finish(self) -> None:
        """Write what was kept, and what pandas 2 looks for."""
        if self.kept or not self.has_rows:
            frame = pd.concat(self.kept) if self.kept else self.empty
            self.store.put(KEY, frame, format="fixed", track_times=False)
        self.store.get_node(KEY)._v_attrs["pandas_version"] = PANDAS_VERSION


def growing(group: Any, name: str) -> Any:
    """Make an array of a group one to which rows can be appended; pandas reads both."""
    old = group._f_get_child(name)
    values = old.read()
    new = group._v_file.create_earray(group, f"{name}_growing", obj=values)
    for attribute in old._v_attrs._f_list("user"):
        new._v_attrs[attribute] = old._v_attrs[attribute]
    old.remove()
    new.rename(name)
    return new


def frame_of(index: Index, values: np.ndarray, columns: Columns, index_width: int) -> pd.DataFrame:
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
