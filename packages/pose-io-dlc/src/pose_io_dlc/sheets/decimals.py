"""Write rows of numbers as text, fast: every digit of a chunk is looked up and placed at once.

A cell is a record of fixed width: sign, digits before the point by fours, point, digits after it,
separator. Digits come from tables of ready text; what a number does not need is a zero byte, and
the zero bytes are taken out at the end. Python meets a chunk of rows, never a number.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from pose_io_dlc.sheets.shortest import DECIMALS, LARGEST, SMALLEST, shortest_decimals

SMALL = 1e-3
"""Numbers closer to zero are written with six digits and an exponent, as 1.23457e-05."""

LARGE = 1e8
"""Numbers this far from zero have too many digits for a cell; their chunk is written slowly."""

MOST = 8
"""Digits after the point, at most."""

INDEX = np.dtype([("top", "u4"), ("middle", "u4"), ("low", "u4"), ("comma", "u1")])
"""A frame number of up to twelve digits."""


def rows_as_text(
    index: np.ndarray | list[bytes],
    values: np.ndarray,
    decimals: int | None,
    ends: Sequence[bytes] = (),
) -> bytes:
    """Write rows as lines of cells between commas; NaN is an empty cell.

    Args:
        index: first cell of each row: numbers, or ready text.
        values: (rows, columns).
        decimals: digits after the point, 1 to 8, rounded; numbers below `SMALL` have six digits
            and an exponent. None: the shortest text that reads back as the same number.
        ends: last cells of each row, as ready text; by default there are none.

    Raises:
        ValueError: for other decimals.
    """
    if decimals is not None and not 1 <= decimals <= MOST:
        raise ValueError(f"decimals: {decimals} is not between 1 and {MOST}")
    if not len(values):
        return b""
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    if values.shape[1] == 0 or (decimals is not None and (np.abs(values) >= LARGE).any()):
        return slowly(index, values, decimals, ends)
    cell, head, tail = cell_of(decimals or DECIMALS), index_cells(index), end_cells(ends)
    first, last = head.shape[1], head.shape[1] + values.shape[1] * cell.itemsize
    rows = np.zeros((len(values), last + tail.shape[1]), dtype=np.uint8)
    rows[:, :first], rows[:, last:] = head, tail
    cells = rows[:, first:last].view(cell)
    with np.errstate(invalid="ignore"):
        fill_shortest(cells, values) if decimals is None else fill(cells, values, decimals)
    cells["end"] = ord(",")
    if not ends:
        cells["end"][:, -1] = ord("\n")
    return rows.tobytes().translate(None, b"\0")


def slowly(
    index: np.ndarray | list[bytes],
    values: np.ndarray,
    decimals: int | None,
    ends: Sequence[bytes],
) -> bytes:
    """Write rows by Python's own formatting of numbers."""
    rows = [["" if v != v else f"{v:.{decimals}f}" for v in row] for row in values.tolist()]
    for row, end in zip(rows, ends, strict=False):  # there may be none
        row.append(end.decode())
    names = (
        [str(n) for n in index.tolist()]
        if isinstance(index, np.ndarray)
        else map(bytes.decode, index)
    )
    lines = [",".join([name, *row]) for name, row in zip(names, rows, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def fill(cells: np.ndarray, values: np.ndarray, decimals: int) -> None:
    """Place the text of every number, rounded, in its cell."""
    size = np.abs(values)
    missing = np.isnan(size)
    scaled = np.rint(np.where(missing, 0, size).astype(np.float64) * 10**decimals).astype(np.int64)
    whole = scaled // 10**decimals
    place(cells, values < 0, whole, scaled - whole * 10**decimals, decimals)
    texts = cells.view(np.uint8).reshape(*cells.shape, -1)
    texts[missing, :-1] = 0
    small = (size < SMALL) & (size > 1e-99)
    if small.any():
        texts[small, 1:-1] = 0  # the sign stays
        texts[small, 1:12] = with_exponent(size[small].astype(np.float64))


def fill_shortest(cells: np.ndarray, values: np.ndarray) -> None:
    """Place the shortest exact text of every number in its cell."""
    size = np.abs(values)
    plain = (size >= SMALLEST) & (size < LARGEST)
    place(cells, np.signbit(values), *shortest_decimals(np.where(plain, size, 0)), DECIMALS)
    texts = cells.view(np.uint8).reshape(*cells.shape, -1)[..., :-1]
    after = texts[..., -DECIMALS:]
    digits = np.where(after == ord("0"), 0, np.arange(1, DECIMALS + 1, dtype=np.uint8))
    kept = np.maximum(digits.max(axis=-1, keepdims=True), 1)
    after[np.arange(DECIMALS) >= kept] = 0
    texts[np.isnan(size)] = 0
    if (other := ~plain & (size != 0) & ~np.isnan(size)).any():
        written = np.array([str(number) for number in values[other]], f"S{texts.shape[-1]}")
        texts[other] = written.view(np.uint8).reshape(len(written), -1)


def place(
    cells: np.ndarray,
    negative: np.ndarray,
    whole: np.ndarray,
    fraction: np.ndarray,
    decimals: int,
) -> None:
    """Place sign, whole part, point and all digits after it, given as a whole number."""
    top = whole // 10_000
    cells["sign"] = np.where(negative, ord("-"), 0)
    cells["top"] = np.where(top > 0, unpadded()[top], 0) if top.any() else 0
    cells["low"] = unpadded()[whole - top * 10_000 + np.where(top > 0, 10_000, 0)]
    cells["point"] = ord(".")
    for name, digits, below in groups(decimals):
        cells[name] = padded(digits)[fraction // 10**below % 10**digits]


def with_exponent(size: np.ndarray) -> np.ndarray:
    """Write small numbers as 1.23457e-05: uint8 (numbers, 11)."""
    exponent = np.floor(np.log10(size)).astype(np.int64)
    digits = np.rint(size / 10.0 ** (exponent - 5)).astype(np.int64)
    over = digits >= 1_000_000  # rounding made a seventh digit
    digits, exponent = np.where(over, 100_000, digits), exponent + over
    text = np.empty((len(size), 11), dtype=np.uint8)
    for place in range(6):
        text[:, place + (place > 0)] = digits // 10 ** (5 - place) % 10 + ord("0")
    text[:, 1], text[:, 7], text[:, 8] = ord("."), ord("e"), ord("-")
    text[:, 9], text[:, 10] = -exponent // 10 + ord("0"), -exponent % 10 + ord("0")
    return text


def index_cells(index: np.ndarray | list[bytes]) -> np.ndarray:
    """Give the first cells of the rows, with their comma: uint8 (rows, width)."""
    if not isinstance(index, np.ndarray):
        texts = np.array([name + b"," for name in index])
        return texts.view(np.uint8).reshape(len(index), -1)
    cells = np.zeros(len(index), dtype=INDEX)
    high, low = index // 10_000, index % 10_000
    top, middle = high // 10_000, high % 10_000
    cells["top"] = np.where(top > 0, unpadded()[top], 0)
    cells["middle"] = np.where(high > 0, unpadded()[middle + np.where(top > 0, 10_000, 0)], 0)
    cells["low"] = unpadded()[low + np.where(high > 0, 10_000, 0)]
    cells["comma"] = ord(",")
    return cells.view(np.uint8).reshape(len(index), -1)


def end_cells(ends: Sequence[bytes]) -> np.ndarray:
    """Give the last cells of the rows, with the end of the line: uint8 (rows, width)."""
    if not ends:
        return np.zeros((1, 0), dtype=np.uint8)
    texts = np.array([end + b"\n" for end in ends])
    return texts.view(np.uint8).reshape(len(ends), -1)


@cache
def cell_of(decimals: int) -> np.dtype:
    """Give the record of a cell, wide enough for a number with an exponent."""
    fields = [("sign", "u1"), ("top", "u4"), ("low", "u4"), ("point", "u1")]
    fields += [(name, f"u{digits}") for name, digits, _ in groups(decimals)]
    width = sum(int(kind[1:]) for _, kind in fields)
    if width < 12:
        fields.append(("pad", f"V{12 - width}"))
    return np.dtype([*fields, ("end", "u1")])


@cache
def groups(decimals: int) -> tuple[tuple[str, int, int], ...]:
    """Split digits after the point into fours, twos and ones: (name, digits, digits below)."""
    found, left = [], decimals
    while left:
        digits = 4 if left >= 4 else 2 if left >= 2 else 1
        left -= digits
        found.append((f"after{left}", digits, left))
    return tuple(found)


@cache
def padded(digits: int) -> np.ndarray:
    """Give the text of all numbers of so many digits, each as one integer of so many bytes."""
    text = "".join(f"{number:0{digits}d}" for number in range(10**digits))
    return np.frombuffer(text.encode(), dtype=f"u{digits}")


@cache
def unpadded() -> np.ndarray:
    """Give the text of 0 to 9999 without leading zeros; from 10,000 on, with them."""
    bare = b"".join(str(number).encode().rjust(4, b"\0") for number in range(10_000))
    return np.concatenate([np.frombuffer(bare, dtype="u4"), padded(4)])
