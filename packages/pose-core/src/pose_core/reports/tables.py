"""Tables for the terminal, for spreadsheets and for pages: data first, looks later."""

import csv
import io
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pose_core.files import write_text

Cell = str | int | float | None
NOTHING = "-"


@dataclass(frozen=True)
class Table:
    """Rows of cells under named columns.

    Attributes:
        columns: headings, with their units, such as "mean (px)".
        rows: cells, as many as columns; None and NaN where there is nothing to say.
        title: what it shows.
        digits: after the point, of floats.
        best: which number of a column is marked as the best, if any.

    Raises:
        ValueError: if a row has another number of cells than there are columns.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    digits: int = 2
    best: Literal["low", "high"] | None = None

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.title!r}: row {row} under columns {self.columns}")

    @classmethod
    def of(
        cls,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        title: str = "",
        digits: int = 2,
        best: Literal["low", "high"] | None = None,
    ) -> "Table":
        """Make a table of any sequences."""
        return cls(tuple(columns), tuple(tuple(row) for row in rows), title, digits, best)

    def is_number(self, column: int) -> bool:
        """Say whether a column holds numbers only, so that it is set to the right."""
        cells = [row[column] for row in self.rows if row[column] is not None]
        return bool(cells) and all(isinstance(cell, int | float) for cell in cells)

    def best_rows(self, column: int) -> set[int]:
        """Give the rows whose number, as it is shown, is the best of its column."""
        if self.best is None or not self.is_number(column) or len(self.rows) < 2:
            return set()
        sign = 1 if self.best == "low" else -1
        shown = {
            number: sign * round(float(row[column] or 0), self.digits)
            for number, row in enumerate(self.rows)
            if shown_as(row[column], self.digits) != NOTHING
        }
        return {n for n, value in shown.items() if value == min(shown.values())} if shown else set()


def shown_as(cell: Cell, digits: int = 2) -> str:
    """Write a cell for people: floats with so many digits, a dash for nothing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return NOTHING
    if isinstance(cell, float):
        return f"{cell:.{digits}f}" if math.isfinite(cell) else str(cell)
    return str(cell)


def width_of(text: str) -> int:
    """Give how many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)


def table_text(table: Table) -> str:
    """Lay a table out for a terminal: numbers to the right, text to the left, a rule below names.

    The best of a column bears a star where the table asks for it.
    """
    body = list(_marked(table))
    widths = [
        max(width_of(cell) for cell in column) for column in zip(table.columns, *body, strict=True)
    ]
    to_right = [table.is_number(column) for column in range(len(table.columns))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            " " * (w - width_of(cell)) + cell if right else cell + " " * (w - width_of(cell))
            for cell, w, right in zip(cells, widths, to_right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    heading = [table.title] if table.title else []
    return "\n".join([*heading, line(table.columns), rule, *map(line, body)])


def _marked(table: Table) -> Iterator[list[str]]:
    """Give the rows as text, with a star, or room for it, where best ones are marked."""
    best = [table.best_rows(column) for column in range(len(table.columns))]
    for number, row in enumerate(table.rows):
        yield [
            shown_as(cell, table.digits) + (("*" if number in rows else " ") if rows else "")
            for cell, rows in zip(row, best, strict=True)
        ]


def table_csv(table: Table) -> str:
    """Write a table as CSV, numbers in full, nothing where there is nothing to say."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow("" if shown_as(cell) == NOTHING else cell for cell in row)
    return text.getvalue()


def write_csv(path: Path, table: Table) -> None:
    """Write a table as a CSV file, whole or not at all."""
    write_text(path, table_csv(table))
