"""Understand the first rows of a CSV file, and say where the rows of numbers begin.

The first rows are read with limits, so that a file of one endless line, or of a million columns, is
refused before its cells fill the memory.
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Header, parse_header
from pose_io_dlc.sheets.sheet import is_image, row_number

LONGEST = 1 << 24
"""Bytes of a row, at most."""

MOST_COLUMNS = 100_000
"""Columns of a file, at most: eleven thousand keypoints with nine numbers each."""


@dataclass(frozen=True)
class Beginning:
    """What stands above the rows of numbers.

    Attributes:
        header: the header rows, understood.
        lines: how many lines stand above the rows of numbers, with names of the index.
        offset: the byte at which the rows of numbers begin.
        numbered: whether the first row is named by a whole number.
    """

    header: Header
    lines: int
    offset: int
    numbered: bool


def read_beginning(path: Path) -> Beginning:
    """Read what stands above the rows of numbers.

    Raises:
        FormatError: if that is not the header of a table of this family.
    """
    lines = first_lines(path)
    rows = split_lines(lines, path)
    header = parse_header(rows[:4], str(path))
    below = rows[header.rows :]
    above = header.rows + bool(below and names_the_index(below[0], header))
    first = [row[0] for row in rows[above:] if row]
    numbered = bool(first) and first[0].isdecimal() and header.index_width == 1
    return Beginning(header, above, sum(map(len, lines[:above])), numbered)


def names_the_index(row: Sequence[str], header: Header) -> bool:
    """Say whether a row is the names that pandas gives the levels of an index: `frame,,,,`."""
    names, cells = row[: header.index_width], row[header.index_width :]
    last = next((name.strip() for name in reversed(names) if name.strip()), "")
    return bool(last) and not any(cells) and not is_image(last) and row_number(last) is None


def first_lines(path: Path, count: int = 6) -> list[bytes]:
    """Read the first lines of a text file.

    Raises:
        FormatError: if the file is missing or empty, holds bytes that no text has, or lines that
            no table has.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            file.seek(0)
            lines = [file.readline(LONGEST) for _ in range(count)]
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    if not head.strip():
        raise FormatError(f"{path}: is empty; write or copy it again")
    if b"\0" in head:
        raise FormatError(f"{path}: is not text; is it really a CSV file?")
    for number, line in enumerate(lines, start=1):
        refuse_odd_line(line, f"{path}: row {number}")
    return [line for line in lines if line]


def refuse_odd_line(line: bytes, where: str) -> None:
    """Refuse a line that is too long, has too many cells, or does not end where lines end.

    Raises:
        FormatError: saying which.
    """
    if (cells := line.count(b",") + 1) > MOST_COLUMNS:
        raise FormatError(f"{where} has {cells} cells; at most {MOST_COLUMNS} are read")
    if len(line) >= LONGEST:
        raise FormatError(f"{where} has more than {LONGEST >> 20} MB; is it really a CSV file?")
    if b"\r" in line.rstrip(b"\r\n"):
        raise FormatError(f"{where} ends in a bare carriage return; save it with line feeds")


def split_lines(lines: Sequence[bytes], path: Path) -> list[list[str]]:
    """Split lines into cells.

    Raises:
        FormatError: if they are not UTF-8, or not CSV.
    """
    with refusing_bytes(path):
        texts = [line.decode("utf-8") for line in lines]
        texts[0] = texts[0].removeprefix("\ufeff")
        return list(csv.reader(texts))


@contextmanager
def refusing_bytes(path: Path) -> Iterator[None]:
    """Say in one line why bytes are no rows of cells.

    Raises:
        FormatError: in place of what Python says.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from error
    except csv.Error as error:
        raise FormatError(f"{path}: is not a CSV file: {error}") from error
