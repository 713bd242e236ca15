"""Read the CSV of DeepLabCut and Lightning Pose; pandas never guesses the header.

pandas takes a first data row without numbers for the names of the index, and drops the frame; it
reads the folder `0012` as the number 12. So it is only given the rows below the header, with the
index as text.
"""

import csv
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Header, parse_header
from pose_io_dlc.sheets.sheet import Sheet, is_image, names_of_rows, row_number

PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
EXACT: dict[str, Any] = {} if PANDAS >= (3, 1) else {"float_precision": "round_trip"}
"""How pandas is told to read the nearest number; from 3.1 on it always does."""

EMPTY = frozenset(
    [
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "None",
        "n/a",
        "nan",
        "null",
    ]
)
"""What pandas takes for no number."""


def read_csv(path: Path | str) -> Sheet:
    """Read a CSV file of labels or predictions.

    Raises:
        FormatError: if it cannot be read, with the row and the value.
    """
    path = Path(path)
    refuse_other_files(path)
    header = parse_header(list(islice(cells_of(path), 4)), str(path))
    frame = read_numbers(path, header)
    text = {name: tuple(map(clean, frame[at].tolist())) for name, at in header.text.items()}
    values = frame.drop(columns=[*range(header.index_width), *header.text.values()])
    index = index_of(frame, header)
    sheet = Sheet(header.columns, index, values.to_numpy(float), header.index_width, text)
    return without_odd_rows(sheet, path, header.rows)


def refuse_other_files(path: Path) -> None:
    """Refuse what is no text.

    Raises:
        FormatError: if the file is missing or empty, or holds bytes that no text has.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    if not head.strip():
        raise FormatError(f"{path}: is empty")
    if b"\0" in head:
        raise FormatError(f"{path}: is not text; is it really a CSV file?")


def cells_of(path: Path) -> Iterator[list[str]]:
    """Split a file into rows of cells, slowly and strictly.

    Raises:
        FormatError: if it is not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file)
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from error
    except csv.Error as error:
        raise FormatError(f"{path}: is not a CSV file: {error}") from error


def read_numbers(path: Path, header: Header) -> pd.DataFrame:
    """Read the rows below the header: index and words as text, the rest as numbers.

    The index becomes a column of whole numbers where all its cells are.

    Raises:
        FormatError: naming the first row that cannot be read.
    """
    for index in (np.int64, str) if header.index_width == 1 else (str,):
        try:
            frame = parse(path, header, index)
            break
        except pd.errors.EmptyDataError:
            return pd.DataFrame({at: [] for at in range(header.width)})
        except (ValueError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
            if index is str:
                raise first_fault(path, header) or FormatError(f"{path}: {error}") from error
    # pandas fills up a row that is too short, whose last cell is then empty
    doubtful = frame[header.width - 1].isna().any() and not is_even(path, header, len(frame))
    if doubtful and (fault := first_fault(path, header)):
        raise fault
    return frame


def is_even(path: Path, header: Header, rows: int) -> bool:
    """Say whether as many commas are in the file as its rows need; False where quotes hide some."""
    with path.open("rb") as file:
        for _ in range(header.rows):
            file.readline()
        blocks = iter(lambda: file.read(1 << 20), b"")
        counts = [(block.count(b","), block.count(b'"')) for block in blocks]
    commas, quotes = map(sum, zip(*counts, strict=True))
    return not quotes and commas == rows * (header.width - 1)


def parse(path: Path, header: Header, index: type) -> pd.DataFrame:
    """Let pandas parse rows whose columns are known; every number is the nearest there is."""
    kinds: dict[int, type] = dict.fromkeys(range(header.width), np.float64)
    kinds |= dict.fromkeys(header.text.values(), str)
    kinds |= dict.fromkeys(range(header.index_width), index)
    columns = list(range(header.width))
    with path.open("rb") as file:
        for _ in range(header.rows):
            file.readline()
        with warnings.catch_warnings():  # rows longer than the header: pandas would cut them
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                file, header=None, names=columns, index_col=False, dtype=kinds, **EXACT
            )


def first_fault(path: Path, header: Header) -> FormatError | None:
    """Find the first row with too many or few cells, or with a cell that is no number."""
    words = {*range(header.index_width), *header.text.values()}
    for number, row in enumerate(cells_of(path), start=1):
        if number <= header.rows or not row:
            continue
        if len(row) != header.width:
            return FormatError(
                f"{path}: row {number} has {len(row)} cells where the header has {header.width}; "
                "mend or remove it"
            )
        for at, cell in enumerate(row):
            if at not in words and not is_number(cell):
                column = header.columns.columns[at - header.index_width]
                return FormatError(
                    f"{path}: row {number}: {cell[:40]!r} is not a number "
                    f"({column.keypoint}, {column.coord})"
                )
    return None


def is_number(cell: str) -> bool:
    """Say whether a cell holds a number, or nothing."""
    if cell.strip() in EMPTY:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def clean(cell: object) -> str:
    """Give the text of a cell; none where it is empty."""
    return cell.strip() if isinstance(cell, str) else ""


def index_of(frame: pd.DataFrame, header: Header) -> tuple[str, ...] | np.ndarray:
    """Name the rows: one path each, with forward slashes, or frame numbers."""
    if frame[0].dtype == np.int64:
        return frame[0].to_numpy()
    parts = [list(map(clean, frame[at].tolist())) for at in range(header.index_width)]
    return names_of_rows(list(zip(*parts, strict=True)))


def without_odd_rows(sheet: Sheet, path: Path, header_rows: int) -> Sheet:
    """Drop rows that are no frames: names of the index under the header, and empty ones.

    Raises:
        FormatError: if a row has numbers but no name.
    """
    if isinstance(sheet.index, np.ndarray) or not len(sheet):
        return sheet
    first = sheet.index[0]
    keep = np.array([bool(name) for name in sheet.index])
    for row in np.flatnonzero(~keep):
        if not np.isnan(sheet.values[row]).all():
            raise FormatError(f"{path}: row {row + header_rows + 1} has numbers but names no frame")
    if not is_image(first) and row_number(first) is None and np.isnan(sheet.values[0]).all():
        keep[0] = False  # the names that pandas gives the levels of an index
    return sheet if keep.all() else sheet.select(np.flatnonzero(keep))
