"""Choose by the suffix of a file: CSV, H5 or Parquet."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Columns
from pose_io_dlc.sheets.sheet import Append, Sheet, joined, regrouped
from pose_io_dlc.sheets.sheet import Rows as Rows

H5 = (".h5", ".hdf5", ".hdf")
PARQUET = (".parquet", ".pq")
SUFFIXES = (".csv", ".h5", ".parquet")
"""Of the files that are written."""


def is_table(path: Path) -> bool:
    """Say whether a file begins as a table of this family does. Never raises."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    if path.suffix.lower() == ".csv":
        return head.removeprefix(b"\xef\xbb\xbf").startswith(b"scorer,")
    if path.suffix.lower() in PARQUET:
        return head.startswith(b"PAR1")
    return path.suffix.lower() in H5 and head.startswith(b"\x89HDF\r\n")


def read_sheet(path: Path | str) -> Sheet:
    """Read a table as its file has it.

    Raises:
        FormatError: if it cannot be read, or its suffix is unknown.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv" and path.is_file():
        from pose_io_dlc.sheets.csv_small import read_small

        if (sheet := read_small(path)) is not None:
            return sheet
        from pose_io_dlc.sheets.csv_reading import read_csv

        return read_csv(path)
    return joined(open_pieces(path))


def read_pieces(path: Path | str, rows: int, ahead: bool = True) -> Iterator[Sheet]:
    """Read a table some rows at a time; at least one piece, the last may be short.

    Where `ahead` is False no thread reads on meanwhile.

    Raises:
        FormatError: if it cannot be read, or its suffix is unknown.
    """
    return regrouped(open_pieces(Path(path), ahead), rows)


def open_pieces(path: Path, ahead: bool = True) -> Iterator[Sheet]:
    """Read a table in pieces of a size that suits its kind.

    Raises:
        FormatError: if it cannot be read, or its suffix is unknown.
    """
    if not path.is_file():
        raise FormatError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    if not path.stat().st_size:
        raise FormatError(f"{path}: is empty; write or copy it again")
    if path.suffix.lower() == ".csv":
        from pose_io_dlc.sheets.csv_small import read_small

        if (sheet := read_small(path)) is not None:
            return iter([sheet])
        from pose_io_dlc.sheets.csv_blocks import BLOCK
        from pose_io_dlc.sheets.csv_reading import read_csv_pieces

        return read_csv_pieces(path, BLOCK if ahead else BLOCK // 2, ahead)
    if path.suffix.lower() in H5:
        from pose_io_dlc.sheets.h5_reading import read_h5_pieces

        return read_h5_pieces(path)
    if path.suffix.lower() in PARQUET:
        from pose_io_dlc.sheets.parquet_reading import read_parquet_pieces

        return read_parquet_pieces(path)
    raise unknown_suffix(path)


def appending(
    path: Path | str,
    columns: Columns,
    decimals: int | None = None,
    index_width: int = 1,
    text: Sequence[str] = (),
) -> AbstractContextManager[Append]:
    """Open a table to which rows are appended; at its path once it is closed without an error.

    Args:
        path: the file; its suffix chooses.
        columns: of the numbers.
        decimals: digits after the point in a CSV; None for the shortest exact numbers.
        index_width: cells of the index, 1 or 3.
        text: names of columns of words, for files that `can_hold_words`; others leave them out.

    Raises:
        FormatError: if it cannot be written, or its suffix is unknown.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        from pose_io_dlc.sheets.csv_writing import appending_csv

        return appending_csv(path, columns, decimals, index_width, text)
    if path.suffix.lower() in H5:
        from pose_io_dlc.sheets.h5_writing import appending_h5

        return appending_h5(path, columns, index_width)
    if path.suffix.lower() in PARQUET:
        from pose_io_dlc.sheets.parquet_writing import appending_parquet

        return appending_parquet(path, columns, index_width, text)
    raise unknown_suffix(path)


def write_rows(
    path: Path | str,
    columns: Columns,
    chunks: Iterable[Rows],
    decimals: int | None = None,
    index_width: int = 1,
) -> None:
    """Write a table whose rows come in chunks.

    Raises:
        FormatError: if it cannot be written, or its suffix is unknown.
    """
    with appending(path, columns, decimals, index_width) as append:
        for index, values in chunks:
            append(index, values)


def write_sheet(path: Path | str, sheet: Sheet, decimals: int | None = None) -> None:
    """Write a table as it is, numbers exact unless told otherwise; words where there is room.

    Raises:
        FormatError: if it cannot be written, or its suffix is unknown.
    """
    about = (sheet.columns, decimals, sheet.index_width, tuple(sheet.text))
    with appending(path, *about) as append:
        append(*sheet.rows())


def can_hold_words(path: Path) -> bool:
    """Say whether a file, by its suffix, has room for columns of words."""
    return path.suffix.lower() not in H5


def words_in(path: Path) -> tuple[str, ...]:
    """Name the columns of words of a table; reads no further than its first rows.

    Raises:
        FormatError: if it cannot be read, or its suffix is unknown.
    """
    return tuple(next(open_pieces(path)).text)


def unknown_suffix(path: Path) -> FormatError:
    """Say which suffixes there are."""
    return FormatError(f"{path}: unknown suffix {path.suffix!r}; known: {', '.join(SUFFIXES)}")
