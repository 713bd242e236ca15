"""Read a table as far as it can be read, and note every row and cell that cannot."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from pose_io_dlc.commands.checks.problems import Problem, of_error
from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Header, header_levels, parse_header
from pose_io_dlc.sheets.csv_faults import cells_of, is_number
from pose_io_dlc.sheets.csv_header import first_lines
from pose_io_dlc.sheets.files import read_sheet
from pose_io_dlc.sheets.sheet import Sheet, is_image, names_of_rows, row_number

Row = tuple[int, list[str]]
"""A line of the file, and its cells."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A table as far as it could be read.

    Attributes:
        path: the file.
        sheet: its rows; what was no number is NaN.
        lines: where each row stands in a CSV; empty for other files.
        raw: the cells that name each row, as they are in a CSV; empty for other files.
    """

    path: Path
    sheet: Sheet
    lines: tuple[int, ...] = ()
    raw: tuple[tuple[str, ...], ...] = ()

    def line(self, row: int) -> int | None:
        """Say where a row stands in a CSV."""
        return self.lines[row] if self.lines else None

    @property
    def is_of_images(self) -> bool:
        """Whether the rows are named, and not numbered frames of a video."""
        return not isinstance(self.sheet.index, np.ndarray)


def read_anyway(path: Path) -> tuple[Rows | None, list[Problem]]:
    """Read a table as far as possible, and list what cannot be read. Never raises."""
    problem = None
    try:
        sheet = read_sheet(path)
        if isinstance(sheet.index, np.ndarray) or path.suffix.lower() != ".csv":
            return Rows(path, sheet), []
    except FormatError as error:
        problem = of_error(error, path)
        if path.suffix.lower() != ".csv" or not path.is_file():
            return None, [problem]
    rows, problems = scan(path)
    if problem and not problems:
        problems = [problem]
    return rows, problems


def scan(path: Path) -> tuple[Rows | None, list[Problem]]:
    """Go through a CSV cell by cell."""
    try:
        first_lines(path)
        cells = cells_of(path)
        head = list(islice(cells, 4))
        levels = header_levels(head, str(path))
        problems = list(faults_of_header(levels, path))
        header = None if problems else parse_header(head, str(path))
        rows = list(enumerate([*head[len(levels) :], *cells], start=len(levels) + 1))
    except FormatError as error:
        return None, [of_error(error, path)]
    if header is None:
        width = len(levels["scorer"])
        return None, problems + [
            fault for row in rows for fault in faults_of_width(row, width, path)
        ]
    return collect(rows, header, path)


def faults_of_header(levels: dict[str, list[str]], path: Path) -> Iterator[Problem]:
    """Find all that is wrong with header rows."""
    width = len(levels["scorer"])
    for number, (name, cells) in enumerate(levels.items(), start=1):
        if len(cells) != width:
            what = f"{name} has {len(cells)} cells where row 1 has {width}"
            yield Problem(str(path), what, "mend the header rows", row=number, kind="header")
    columns: list[tuple[str, ...]] = list(zip(*levels.values(), strict=False))
    first = 3 if len(columns) > 3 and not any(map(any, (c for c in columns[1:3]))) else 1
    columns = columns[first:]
    for at, column in enumerate(columns, start=first + 1):
        words = column[0] and not any(column[1:])  # a column of words, as Lightning Pose's `set`
        for name, cell in zip(levels, column, strict=True):
            if not cell and not words:
                yield Problem(
                    str(path), f"column {at} has no {name}", "mend the header", kind="header"
                )
    numbers = [column for column in columns if all(column)]
    scorers = list(dict.fromkeys(column[0] for column in numbers))
    if len(scorers) > 1:
        what = f"has {len(scorers)} scorers: {', '.join(map(repr, scorers))}"
        remedy = "keep the columns of one, or rename the others"
        yield Problem(str(path), what, remedy, kind="header")
    for label, count in Counter(column[1:] for column in numbers).items():
        if count > 1 and len(scorers) < 2:
            what = f"column {label[-1]!r} of keypoint {label[-2]!r} is given {count} times"
            yield Problem(str(path), what, "remove all but one", kind="header")
    if not numbers:
        yield Problem(str(path), "has no columns of keypoints", kind="header")


def faults_of_width(row: Row, width: int, path: Path) -> Iterator[Problem]:
    """Find a row with more or fewer cells than the header."""
    line, cells = row
    if cells and len(cells) != width:
        what = f"has {len(cells)} cells where the header has {width}"
        yield Problem(str(path), what, "mend or remove it", row=line, kind="cells")


def faults_of_row(row: Row, header: Header, path: Path) -> Iterator[Problem]:
    """Find all that is wrong with one row of the right width."""
    line, cells = row
    numbers = [
        at for at in range(header.index_width, header.width) if at not in header.text.values()
    ]
    for at, column in zip(numbers, header.columns.columns, strict=True):
        if not is_number(cells[at]):
            what = f"{cells[at][:40]!r} is not a number ({column.keypoint}, {column.coord})"
            remedy = "write a number, or leave the cell empty"
            yield Problem(str(path), what, remedy, row=line, kind="number")
    if not any(map(str.strip, cells[: header.index_width])) and any(
        cells[at].strip() for at in numbers
    ):
        yield Problem(
            str(path),
            "has numbers but names no frame",
            "name it, or remove it",
            row=line,
            kind="name",
        )


def collect(rows: Sequence[Row], header: Header, path: Path) -> tuple[Rows, list[Problem]]:
    """Make a table of the rows that have a name and the right width."""
    problems: list[Problem] = []
    kept: list[Row] = []
    for row in rows:
        wide = list(faults_of_width(row, header.width, path))
        problems += wide or (faults_of_row(row, header, path) if row[1] else [])
        if row[1] and not wide and not is_no_frame(row, header, first=row is rows[0]):
            kept.append(row)
    names = [tuple(cells[: header.index_width]) for _, cells in kept]
    index = names_of_rows(names)
    values = np.array([numbers_of(cells, header) for _, cells in kept], dtype=float)
    values = values.reshape(len(kept), len(header.columns.columns))
    text = {name: tuple(cells[at].strip() for _, cells in kept) for name, at in header.text.items()}
    sheet = Sheet(header.columns, index, values, header.index_width, text)
    return Rows(path, sheet, tuple(line for line, _ in kept), tuple(names)), problems


def is_no_frame(row: Row, header: Header, first: bool) -> bool:
    """Say whether a row names no frame: an empty one, or pandas' names of the index."""
    names = [cell.strip() for cell in row[1][: header.index_width] if cell.strip()]
    if not names:
        return True
    name = "/".join(names)
    empty = not any(map(str.strip, row[1][header.index_width :]))
    return first and empty and not is_image(name) and row_number(name) is None


def numbers_of(cells: Sequence[str], header: Header) -> list[float]:
    """Read the numbers of a row; NaN for what is none."""
    taken = [
        cell for at, cell in enumerate(cells)
        if at >= header.index_width and at not in header.text.values()
    ]  # fmt: skip
    return [float_or_nan(cell) for cell in taken]


def float_or_nan(cell: str) -> float:
    """Read a number; NaN for what is none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")
