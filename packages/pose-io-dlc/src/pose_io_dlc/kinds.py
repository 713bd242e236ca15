"""What a file is, told from its name and its first bytes, so that it can be read as that.

| kind | read by |
| --- | --- |
| `labels` | `read_labels` |
| `predictions`, `tracks` | `read_predictions`; tracks are predictions whose animals were followed |
| `points3d` | `read_points3d` |
| `skeleton` | `read_skeleton` |
| `meta` | `read_meta` |
| `full` | `read_full` |
| `assemblies`, `tracklets` | `read_pickle` |
| `unknown` | nothing here |
"""

import csv
import io
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from pose_io_dlc.file_names import TRACKERS, parse_file_name
from pose_io_dlc.sheets.columns import Columns, Header, parse_header
from pose_io_dlc.sheets.files import H5, PARQUET, read_sheet
from pose_io_dlc.sheets.sheet import is_image, row_number

Kind = Literal[
    "labels",
    "predictions",
    "tracks",
    "points3d",
    "skeleton",
    "meta",
    "full",
    "assemblies",
    "tracklets",
    "unknown",
]
"""What a file can be."""

KINDS: tuple[Kind, ...] = get_args(Kind)

HEAD, ROWS = 1 << 22, 200
"""Letters and rows of a CSV looked at to tell labels from predictions of images."""


def kind_of(path: Path | str) -> Kind:
    """Say what a file is. Never raises: what cannot be read, or told, is `unknown`.

    Reads a few rows of a CSV, the header of an H5 or Parquet file, the name of a pickle. A file
    that is of a kind may still be refused by its reader, which says why.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if not path.is_file():
            return "unknown"
        if suffix == ".csv":
            return kind_of_csv(path)
        if suffix in H5:
            return kind_of_h5(path)
        if suffix in PARQUET:
            return kind_of_parquet(path)
        return kind_of_pickle(path) if suffix in (".pickle", ".pkl") else "unknown"
    except (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError, csv.Error):
        return "unknown"


def kind_of_csv(path: Path) -> Kind:
    """Tell from the header rows and the first frames."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(HEAD)
    rows = list(islice(csv.reader(io.StringIO(head)), 4 + ROWS))
    rows = rows[:-1] if len(head) == HEAD else rows  # the last may be cut
    header = parse_header(rows[:4], str(path))
    return kind_of_columns(path, header.columns, likely_in(rows[header.rows :], header))


def likely_in(rows: list[list[str]], header: Header) -> bool | None:
    """Say whether rows are of images with likelihood; None where they are frames of a video."""
    if not (rows := [row for row in rows if row and row[0].strip()]):
        return "likelihood" in header.columns.coords()
    named = [row for row in rows if any(map(str.strip, row[1:]))] or rows
    if named and row_number(named[0][0]) is not None and not any(map(is_image, named[0][:3])):
        return None
    cells = range(header.index_width, header.width)
    numbers = [at for at in cells if at not in header.text.values()]
    columns = zip(numbers, header.columns.columns, strict=True)
    likely = [at for at, column in columns if column.coord == "likelihood"]
    return any(is_number(row[at]) for row in rows for at in likely if at < len(row))


def is_number(cell: str) -> bool:
    """Say whether a cell holds a finite number."""
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def kind_of_h5(path: Path) -> Kind:
    """Tell from the names of the columns, and for images from whether there is likelihood."""
    try:
        import h5py
    except ImportError:  # the reader will say how to install it
        return "labels" if path.stem.startswith("CollectedData") else "predictions"
    with h5py.File(path, "r") as file:
        columns, are_images = h5_header(file, path)
    return kind_of_table(path, columns, are_images)


def kind_of_parquet(path: Path) -> Kind:
    """Tell from the schema, and for images from whether there is likelihood."""
    from pose_io_dlc.sheets.parquet_reading import read_layout

    layout = read_layout(path)
    return kind_of_table(path, layout.columns, layout.are_images)


def kind_of_table(path: Path, columns: Columns, are_images: bool) -> Kind:
    """Tell from columns; rows are read only where images may have likelihood, which are few."""
    if not are_images:
        return kind_of_columns(path, columns, None)
    if "likelihood" not in columns.coords():
        return kind_of_columns(path, columns, False)
    likely = bool(np.isfinite(read_sheet(path).column("likelihood")).any())
    return kind_of_columns(path, columns, likely)


def h5_header(file: Any, path: Path) -> tuple[Columns, bool]:
    """Give the columns of an H5 file, and whether its rows are named by text, as images are.

    Raises:
        FormatError: if it holds no table of this family.
    """
    from pose_io_dlc.sheets import h5_reading as h5

    group = h5.find_table(file, path)
    if "table" in group:
        labels = [h5.as_texts(one) for one in h5.plain(group.attrs["non_index_axes"], path)[0][1]]
        kind = group["table"].dtype["index"].kind
    else:
        labels = h5.read_axis(group, "axis0", path)
        kind = group["axis1"].dtype.kind if "axis1" in group else "S"
    return h5.columns_of(labels, path), kind not in "iuf"


def kind_of_columns(path: Path, columns: Columns, likely: bool | None) -> Kind:
    """Tell from columns, and from whether images have likelihood (None: frames of a video)."""
    if columns.is_skeleton:
        return "skeleton"
    if "z" in columns.coords():
        return "points3d"
    if likely is False or (likely and path.stem.startswith("CollectedData")):
        return "labels"
    if parse_file_name(path, columns.scorer).tracker and columns.has_individuals:
        return "tracks"
    return "predictions"


def kind_of_pickle(path: Path) -> Kind:
    """Tell from the name, as DeepLabCut does; nothing is unpickled."""
    with path.open("rb") as file:
        if not file.read(2).startswith(b"\x80"):
            return "unknown"
    last = path.stem.rpartition("_")[2]
    if last in TRACKERS:
        return "tracklets"
    return last if last in ("meta", "full", "assemblies") else "unknown"  # type: ignore[return-value]
