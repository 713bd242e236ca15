"""Read the CSV of DeepLabCut and Lightning Pose; pandas never guesses the header.

pandas takes a first data row without numbers for the names of the index, and drops the frame; it
reads the folder `0012` as the number 12. So it is only given the rows below the header, with the
index as text.
"""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pose_io_dlc.columns import Header, parse_header
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheet import Sheet, is_image, names_of_rows, row_number

PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
EXACT: dict[str, Any] = {} if PANDAS >= (3, 1) else {"float_precision": "round_trip"}
"""How pandas is told to read the nearest number; from 3.1 on it always does."""

EMPTY = ("", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None")
"""What counts as no number."""


def read_csv(path: Path | str) -> Sheet:
    """Read a CSV file of labels or predictions.

    Raises:
        FormatError: if it cannot be read, with the row and the value.
    """
    path = Path(path)
    content = content_of(path)
    header, below = read_header(content, path)
    frame = read_numbers(content, header, below, path)
    text = {name: tuple(map(clean, frame[at].tolist())) for name, at in header.text.items()}
    values = frame.drop(columns=[*range(header.index_width), *header.text.values()])
    index = index_of(frame, header)
    sheet = Sheet(header.columns, index, values.to_numpy(float), header.index_width, text)
    return without_odd_rows(sheet, path, header.rows)


def content_of(path: Path) -> bytes:
    """Read a whole file, without a byte-order mark.

    Raises:
        FormatError: if there is none, or it is empty or not text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    if is_blank(content):
        raise FormatError(f"{path}: is empty")
    if b"\0" in content[:4096]:
        raise FormatError(f"{path}: is not text; is it really a CSV file?")
    return content.removeprefix(b"\xef\xbb\xbf")


def is_blank(content: bytes, below: int = 0) -> bool:
    """Say whether there is nothing but space from a position on, without copying the rest."""
    return re.compile(rb"\S").search(content, below) is None


def read_header(content: bytes, path: Path) -> tuple[Header, int]:
    """Understand the header rows; also give how many bytes they take."""
    header = parse_header(list(islice(cells_of(content[: 1 << 22], path), 4)), str(path))
    stream = io.BytesIO(content)
    for _ in range(header.rows):
        stream.readline()
    return header, stream.tell()


def cells_of(content: bytes, path: Path) -> Iterator[list[str]]:
    """Split text into rows of cells, slowly and strictly.

    Raises:
        FormatError: if it is not UTF-8.
    """
    try:
        yield from csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=""))
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from error
    except csv.Error as error:
        raise FormatError(f"{path}: is not a CSV file: {error}") from error


def read_numbers(content: bytes, header: Header, below: int, path: Path) -> pd.DataFrame:
    """Read the rows below the header: index and words as text, the rest as numbers.

    The index stays a column of whole numbers where the first row's is one and all others are.
    """
    if is_blank(content, below):
        return pd.DataFrame({at: [] for at in range(header.width)})
    first = content[below : content.find(b",", below)]
    try:
        if header.index_width == 1 and first.isdigit():
            frame = parse(content, header, below, np.int64)
        else:
            frame = parse(content, header, below, str)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        if fault := first_fault(content, header, path):
            raise fault from error
        frame = parse(content, header, below, str)
    commas = len(frame) * (header.width - 1)
    doubtful = b'"' in content or content.count(b",", below) != commas
    if doubtful and (fault := first_fault(content, header, path)):
        raise fault
    return frame


def parse(content: bytes, header: Header, below: int, index: type) -> pd.DataFrame:
    """Let pandas parse rows whose columns are known; every number is the nearest there is."""
    words = {*range(header.index_width), *header.text.values()}
    kinds: dict[int, type] = dict.fromkeys(range(header.width), np.float64)
    kinds |= dict.fromkeys(words, str) | dict.fromkeys(range(header.index_width), index)
    stream = io.BytesIO(content)
    stream.seek(below)
    return pd.read_csv(
        stream,
        header=None,
        names=list(range(header.width)),
        index_col=False,
        dtype=kinds,
        na_values={at: list(EMPTY) for at in kinds if at not in words},
        keep_default_na=False,
        low_memory=False,
        **EXACT,
    )


def first_fault(content: bytes, header: Header, path: Path) -> FormatError | None:
    """Find the first row with too many or few cells, or with a cell that is no number."""
    words = {*range(header.index_width), *header.text.values()}
    for number, row in enumerate(cells_of(content, path), start=1):
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
