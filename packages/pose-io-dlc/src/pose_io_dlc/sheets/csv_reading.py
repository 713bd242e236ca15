"""Read the CSV of DeepLabCut and Lightning Pose; pandas never guesses the header.

pandas takes a first data row without numbers for the names of the index, and drops the frame; it
reads the folder `0012` as the number 12. So it is only given the rows below the header, with the
index as text.
"""

import csv
import io
from collections.abc import Iterator
from functools import partial
from itertools import compress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Header
from pose_io_dlc.sheets.csv_blocks import blocks_of, in_order, read_block, threads_for
from pose_io_dlc.sheets.csv_faults import first_fault
from pose_io_dlc.sheets.csv_header import Beginning, read_beginning
from pose_io_dlc.sheets.sheet import Sheet, joined, names_of_rows

PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
EXACT: dict[str, Any] = {} if PANDAS >= (3, 1) else {"float_precision": "round_trip"}
"""How pandas is told to read the nearest number; from 3.1 on it always does."""

QUOTED_ROWS = 4096
"""Rows parsed at a time where quotes may hide line ends, so that blocks cannot be told."""


def read_csv(path: Path | str) -> Sheet:
    """Read a CSV file of labels or predictions.

    Raises:
        FormatError: if it cannot be read, with the row and the value.
    """
    return joined(read_csv_pieces(path))


def read_csv_pieces(path: Path | str) -> Iterator[Sheet]:
    """Read a CSV file some thousand rows at a time, in constant memory; at least one piece.

    Raises:
        FormatError: if it cannot be read, with the row and the value.
    """
    path = Path(path)
    beginning = read_beginning(path)
    header = beginning.header
    yield sheet_of(parse_rows(b"", header, False), header)
    try:
        yield from pieces_of(path, beginning)
    except (ValueError, OSError) as error:
        if isinstance(error, FormatError):
            raise
        reason = " ".join(str(error).split())
        raise first_fault(path, header) or FormatError(f"{path}: {reason}") from error


def pieces_of(path: Path, beginning: Beginning) -> Iterator[Sheet]:
    """Read block by block, and from the first quote on, which may hide a line end, in one go.

    Raises:
        ValueError: if a row cannot be read.
    """
    blocks = blocks_of(path, beginning.offset)
    work = partial(parse_block, path, beginning)
    for start, piece in in_order(work, blocks, threads_for(path)):
        if piece is None:
            yield from parse_quoted(path, start, beginning.header)
            return
        yield piece


def parse_block(
    path: Path, beginning: Beginning, place: tuple[int, int]
) -> tuple[int, Sheet | None]:
    """Parse whole lines; None where they have quotes.

    Raises:
        ValueError: if a row cannot be read.
    """
    block = read_block(path, place)
    if b'"' in block:
        return place[0], None
    header = beginning.header
    commas = commas_of_first(block, header)
    frame = parse_rows(block, header, beginning.numbered)
    # pandas fills up a row that is too short, whose last cell is then empty
    if frame[header.width - 1].isna().any() and block.count(b",") != len(frame) * commas:
        raise ValueError("has rows of several lengths")
    return place[0], sheet_of(frame, header)


def commas_of_first(block: bytes, header: Header) -> int:
    """Count the commas of the first row, which pandas takes for the length of all.

    Raises:
        ValueError: if it has more cells than the header, which pandas would cut.
    """
    line = next((line for line in io.BytesIO(block) if line.strip()), b"")
    refuse_longer(line.decode().split(","), header)
    return line.count(b",")


def refuse_longer(row: list[str], header: Header) -> None:
    """Refuse a row that goes on beyond the header.

    Raises:
        ValueError: if it does; an empty cell is no matter.
    """
    if any(cell.strip() for cell in row[header.width :]):
        raise ValueError(f"has a row of {len(row)} cells")


def parse_rows(block: bytes, header: Header, numbered: bool) -> pd.DataFrame:
    """Parse rows; all columns become numbers where the frames have numbers, which is fastest.

    Raises:
        ValueError: if a row cannot be read.
    """
    options = {"low_memory": False}  # the block is small already
    if numbered and not header.text:
        try:
            frame = parse(io.BytesIO(block), header, np.float64, **options)
            if (frame[0] % 1 == 0).all():
                return frame
        except ValueError:  # an empty file, or a fault that is met again below
            pass
    try:
        return parse(io.BytesIO(block), header, kinds_of(header), **options)
    except pd.errors.EmptyDataError:  # empty lines
        return pd.DataFrame({at: [] for at in range(header.width)}, dtype=str)


def parse_quoted(path: Path, start: int, header: Header) -> Iterator[Sheet]:
    """Parse all rows from some byte on, of which cells may hold line ends.

    Raises:
        ValueError: if a row cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as text:
        text.seek(start)
        refuse_longer(next(csv.reader(text), []), header)
    is_checked = False
    with path.open("rb") as file:
        file.seek(start)
        for frame in parse(file, header, kinds_of(header), chunksize=QUOTED_ROWS):
            if not is_checked and frame[header.width - 1].isna().any():
                if fault := first_fault(path, header):
                    raise fault
                is_checked = True
            yield sheet_of(frame.reset_index(drop=True), header)


def parse(source: IO[bytes], header: Header, kinds: Any, **options: Any) -> Any:
    """Let pandas parse rows whose columns are known; every number is the nearest there is."""
    names = list(range(header.width))
    return pd.read_csv(
        source, header=None, names=names, index_col=False, dtype=kinds, **EXACT, **options
    )


def kinds_of(header: Header) -> dict[int, type]:
    """Say which columns are text, the index and words, and which are numbers."""
    kinds: dict[int, type] = dict.fromkeys(range(header.width), np.float64)
    words = [*header.text.values(), *range(header.index_width)]
    return kinds | dict.fromkeys(words, str)


def sheet_of(frame: pd.DataFrame, header: Header) -> Sheet:
    """Take numbers, names and words of parsed rows; rows without anything are no frames.

    Raises:
        ValueError: if a row has numbers but no name.
    """
    if frame[0].dtype == np.float64:
        numbers = np.ascontiguousarray(frame.to_numpy()[:, 1:])
        return Sheet(header.columns, frame[0].to_numpy(np.int64), numbers)
    words = {*range(header.index_width), *header.text.values()}
    values = frame[[at for at in range(header.width) if at not in words]].to_numpy(float)
    text = {name: tuple(map(clean, frame[at].tolist())) for name, at in header.text.items()}
    names = [list(map(clean, frame[at].tolist())) for at in range(header.index_width)]
    rows = list(zip(*names, strict=True))
    kept = np.array([any(row) for row in rows], dtype=bool)
    if not np.isnan(values[~kept]).all():
        raise ValueError("has numbers but names no frame")
    index = names_of_rows([row for row in rows if any(row)])
    text = {name: tuple(compress(words, kept)) for name, words in text.items()}
    return Sheet(header.columns, index, values[kept], header.index_width, text)


def clean(cell: object) -> str:
    """Give the text of a cell; none where it is empty."""
    return cell.strip() if isinstance(cell, str) else ""
