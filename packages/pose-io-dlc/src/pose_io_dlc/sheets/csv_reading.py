"""Read the CSV of DeepLabCut and Lightning Pose; pandas never guesses the header.

pandas takes a first data row without numbers for the names of the index, and drops the frame; it
reads the folder `0012` as the number 12. So it is only given the rows below the header, with the
index as text.
"""

import csv
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import compress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Header
from pose_io_dlc.sheets.csv_blocks import (
    BLOCK,
    Block,
    BlockFile,
    QuoteError,
    blocks_of,
    in_order,
    threads_for,
)
from pose_io_dlc.sheets.csv_faults import first_fault
from pose_io_dlc.sheets.csv_header import LONGEST, Beginning, read_beginning
from pose_io_dlc.sheets.sheet import Sheet, joined, names_of_rows

PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
EXACT: dict[str, Any] = {} if PANDAS >= (3, 1) else {"float_precision": "round_trip"}
"""How pandas is told to read the nearest number; from 3.1 on it always does."""

# Said of columns with words in later rows, which are then named by an error of our own.
warnings.filterwarnings("ignore", category=pd.errors.DtypeWarning, module=__name__)

QUOTED_ROWS = 4096
"""Rows parsed at a time where quotes may hide line ends, so that blocks cannot be told."""


def read_csv(path: Path | str) -> Sheet:
    """Read a CSV file of labels or predictions.

    Raises:
        FormatError: if it cannot be read, with the row and the value.
    """
    return joined(read_csv_pieces(path, 1 << 62))


def read_csv_pieces(path: Path | str, size: int = BLOCK, ahead: bool = True) -> Iterator[Sheet]:
    """Read a CSV file piece by piece, in constant memory; at least one, the first without rows.

    Args:
        path: the file.
        size: bytes of a piece, about; there are at least as many pieces as threads.
        ahead: whether threads read on meanwhile.

    Raises:
        FormatError: if it cannot be read, with the row and the value.
    """
    path = Path(path)
    beginning = read_beginning(path)
    header = beginning.header
    none = np.empty((0, len(header.columns.columns)))
    yield Sheet(header.columns, (), none, header.index_width, dict.fromkeys(header.text, ()))
    try:
        yield from pieces_of(path, beginning, size, threads_for(path) if ahead else 1)
    except (ValueError, OSError) as error:
        if isinstance(error, FormatError):
            raise
        reason = " ".join(str(error).split())
        raise first_fault(path, header) or FormatError(f"{path}: {reason}") from error


def pieces_of(path: Path, beginning: Beginning, size: int, threads: int) -> Iterator[Sheet]:
    """Read block by block, and from the first quote on, which may hide a line end, in one go.

    Raises:
        ValueError: if a row cannot be read.
    """
    size = min(size, path.stat().st_size // threads + 1)
    work = partial(parse_block, path, beginning)
    for start, piece in in_order(work, blocks_of(path, beginning.offset, size), threads):
        if piece is None:
            yield from parse_quoted(path, start, beginning.header)
            return
        yield piece


def parse_block(path: Path, beginning: Beginning, block: Block) -> tuple[int, Sheet | None]:
    """Parse whole lines; None where they have quotes. Gives also where they begin.

    Raises:
        ValueError: if a row cannot be read.
    """
    header = beginning.header
    with path.open("rb") as file:
        try:
            commas = commas_of_first(file, block, header)
            frame = parse_rows(file, block, beginning)
        except QuoteError:
            return block.start, None
        # pandas fills up a row that is too short, whose last cell is then empty
        if frame[header.width - 1].isna().any():
            found = sum(part.count(b",") for part in BlockFile(file, block))
            if found != len(frame) * commas:
                raise ValueError("has rows of several lengths")
    return block.start, sheet_of(frame, header)


def commas_of_first(file: IO[bytes], block: Block, header: Header) -> int:
    """Count the commas of the first row, which pandas takes for the length of all.

    Raises:
        ValueError: if it has more cells than the header, which pandas would cut.
        QuoteError: if it has quotes.
    """
    file.seek(block.start)
    line = next((line for line in iter(lambda: file.readline(LONGEST), b"") if line.strip()), b"")
    if b'"' in line:
        raise QuoteError
    refuse_longer(line.decode().split(","), header)
    return line.count(b",")


def refuse_longer(row: list[str], header: Header) -> None:
    """Refuse a row that goes on beyond the header.

    Raises:
        ValueError: if it does; an empty cell is no matter.
    """
    if any(cell.strip() for cell in row[header.width :]):
        raise ValueError(f"has a row of {len(row)} cells")


def parse_rows(file: IO[bytes], block: Block, beginning: Beginning) -> pd.DataFrame:
    """Parse rows; where frames have numbers, pandas may guess the kinds, which is fastest.

    Raises:
        ValueError: if a row cannot be read.
        QuoteError: if there are quotes.
    """
    header = beginning.header
    if beginning.numbered and not header.text:
        with suppress(ValueError, pd.errors.DtypeWarning):  # a fault is met again below
            frame = attempt(file, block, header, None)
            if frame[0].dtype == np.int64 and all(kind.kind in "if" for kind in frame.dtypes):
                return frame
    return attempt(file, block, header, kinds_of(header))


def attempt(file: IO[bytes], block: Block, header: Header, kinds: Any) -> pd.DataFrame:
    """Parse rows of columns of some kinds.

    Raises:
        ValueError: if a row cannot be read.
        QuoteError: if there are quotes.
    """
    source = BlockFile(file, block)
    try:
        frame: pd.DataFrame = parse(source, header, kinds)
    except pd.errors.EmptyDataError:  # empty lines
        frame = pd.DataFrame({at: [] for at in range(header.width)}, dtype=str)
    except ValueError as error:
        raise source.fault or error from error
    if source.fault:
        raise source.fault
    return frame


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


def parse(source: Any, header: Header, kinds: Any, **options: Any) -> Any:
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
    if frame[0].dtype == np.int64:
        return Sheet(header.columns, frame[0].to_numpy(), frame.to_numpy(np.float64)[:, 1:])
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
