"""Find the row of a CSV file that cannot be read, slowly, once it is known that there is one."""

import csv
from collections.abc import Iterator
from pathlib import Path

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Header
from pose_io_dlc.sheets.csv_header import refusing_bytes

# fmt: off
EMPTY = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
     "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
)
# fmt: on
"""What pandas takes for no number."""


def first_fault(path: Path, header: Header) -> FormatError | None:
    """Find the first row with too many or few cells, or with a cell that is no number."""
    for number, row in enumerate(cells_of(path), start=1):
        if number <= header.rows or not row:
            continue
        if len(row) != header.width:
            return FormatError(
                f"{path}: row {number} has {len(row)} cells where the header has {header.width}; "
                "mend or remove it"
            )
        if fault := fault_in(row, header):
            return FormatError(f"{path}: row {number}{fault}")
    return None


def fault_in(row: list[str], header: Header) -> str:
    """Say what is wrong with a row of the right length; nothing if nothing is."""
    words = {*range(header.index_width), *header.text.values()}
    columns = iter(header.columns.columns)
    if not any(cell.strip() for cell in row[: header.index_width]) and has_numbers(row, words):
        return " has numbers but names no frame"
    for at, cell in enumerate(row):
        if at not in words:
            column = next(columns)
            if not is_number(cell):
                return f": {cell[:40]!r} is not a number ({column.keypoint}, {column.coord})"
    return ""


def has_numbers(row: list[str], words: set[int]) -> bool:
    """Say whether a row has anything in the cells of numbers."""
    return any(at not in words and cell.strip() not in EMPTY for at, cell in enumerate(row))


def cells_of(path: Path) -> Iterator[list[str]]:
    """Split a file into rows of cells, slowly and strictly.

    Raises:
        FormatError: if it is not UTF-8.
    """
    with refusing_bytes(path), path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def is_number(cell: str) -> bool:
    """Say whether a cell holds a number, or nothing."""
    if cell.strip() in EMPTY:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
