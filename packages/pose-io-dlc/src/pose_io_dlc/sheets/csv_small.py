"""Read a small, plain CSV without pandas, whose import takes longer than the file.

Plain is a file as trackers write it: rows that begin with a frame number, cells that are numbers or
empty, no quotes. Whatever is otherwise is left to `csv_reading`, which knows all cases and says
what is wrong.
"""

from pathlib import Path

import numpy as np

from pose_io_dlc.sheets.csv_header import read_beginning
from pose_io_dlc.sheets.sheet import Sheet

SMALL = 2_000_000
"""Bytes of the largest file that is read here."""


def read_small(path: Path) -> Sheet | None:
    """Read a small, plain file; None where it is not.

    Raises:
        FormatError: if it does not begin as a table of this family.
    """
    if not path.is_file() or path.stat().st_size > SMALL:
        return None
    beginning = read_beginning(path)
    header = beginning.header
    data = path.read_bytes()[beginning.offset :]
    if not beginning.numbered or header.text or header.index_width != 1 or b'"' in data:
        return None
    rows = [line.split(b",") for line in data.splitlines() if line]
    if b"_" in data or any(len(row) != header.width for row in rows):
        return None
    try:
        index = np.array([int(row[0]) for row in rows], dtype=np.int64)
        values = [[float(cell) if cell else np.nan for cell in row[1:]] for row in rows]
    except (ValueError, OverflowError):
        return None
    return Sheet(header.columns, index, np.array(values, dtype=np.float64))
