"""Tables of text: columns aligned, numbers at the right."""

import re
from collections.abc import Sequence

NUMBER = re.compile(r"[-+]?[\d,]*\.?\d*|nan")
"""Cells that stand at the right: a number, a dash, or nothing."""


def aligned(rows: Sequence[Sequence[object]], indent: str = "  ") -> list[str]:
    """Lay out rows of cells, the first of which is the head: words at the left, numbers right."""
    if not rows:
        return []
    columns = [aligned_column([str(cell) for cell in column]) for column in zip(*rows, strict=True)]
    return [indent + "  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]


def aligned_column(cells: Sequence[str]) -> list[str]:
    """Give all cells of a column one width."""
    width = max(map(len, cells))
    numbers = all(map(NUMBER.fullmatch, cells[1:]))
    return [cell.rjust(width) if numbers else cell.ljust(width) for cell in cells]


def counted(count: int, thing: str, things: str | None = None) -> str:
    """Say how many: `1 frame`, `100,000 frames`."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def few(names: Sequence[object], most: int = 5) -> str:
    """List some names, and how many more there are."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
