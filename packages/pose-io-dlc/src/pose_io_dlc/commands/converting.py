"""Files to files. What other tools read and write is in `bridges`; all else is a table of ours."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from pose_io_dlc.bridges.formats import Bridge, bridge_of
from pose_io_dlc.commands.aligned import counted
from pose_io_dlc.errors import FormatError
from pose_io_dlc.kinds import kind_of
from pose_io_dlc.labels import read_labels, write_labels
from pose_io_dlc.predictions import read_predictions, write_predictions
from pose_io_dlc.projects.opening import open_project
from pose_io_dlc.sheets.files import (
    H5,
    PARQUET,
    appending,
    can_hold_words,
    read_pieces,
    unknown_suffix,
    words_in,
)
from pose_io_dlc.tables import OCCLUDED, LabelTable, PredictionTable

TABLES = (".csv", *H5, *PARQUET)
"""Suffixes of tables of ours, for which a table stays as it is, cell by cell."""

ROWS = 8192
"""Rows read and written at a time."""

Table = LabelTable | PredictionTable


def convert_file(source: Path, target: Path, decimals: int | None = None) -> list[str]:
    """Write a file as another kind, by its suffix; give lines about what was written.

    Args:
        source: what to read.
        target: what to write; a file there is replaced.
        decimals: digits after the point in a CSV; None for exact numbers.

    Raises:
        FormatError: if the source cannot be read, or the target not be written.
    """
    reader, writer = bridge_of(source), bridge_of(target)
    refuse_suffix(target, writer)
    if reader is None and writer is None:
        return convert_sheet(source, target, decimals)
    table = reader.read(source) if reader else read_table(source)
    words = () if reader or isinstance(table, LabelTable) else words_in(source)
    notes = [*table.warnings, *write_table(target, table, writer, decimals)]
    notes += words_lost(target, words)
    return [said(target, table), *(f"note: {note}" for note in notes)]


def convert_labels_of(project: Path, target: Path, decimals: int | None = None) -> list[str]:
    """Write all labels of a project to one file, rows named by one path, as Lightning Pose does.

    Raises:
        FormatError: if the project cannot be opened, or the file not be written.
    """
    writer = bridge_of(target)
    refuse_suffix(target, writer)
    opened = open_project(project)
    if writer:
        taken = {name: getattr(opened, name) for name in writer.takes}
        notes = writer.write(target, opened.labels, **taken)
    else:
        notes = write_table(target, opened.labels, None, decimals, index_width=1)
    notes = [*opened.warnings, *notes]
    return [said(target, opened.labels), *(f"note: {note}" for note in notes)]


def refuse_suffix(target: Path, writer: Bridge | None) -> None:
    """Refuse a target of no known kind, before anything is read.

    Raises:
        FormatError: naming the suffixes.
    """
    if writer is None and target.suffix.lower() not in TABLES:
        raise unknown_suffix(target)


def convert_sheet(source: Path, target: Path, decimals: int | None) -> list[str]:
    """Write a table of ours as another, nothing interpreted, some rows at a time."""
    pieces = read_pieces(source, ROWS)
    first = next(pieces)
    length, warnings = 0, [*first.warnings, *words_lost(target, first.text)]
    about = (first.columns, decimals, first.index_width, tuple(first.text))
    with appending(target, *about) as append:
        for piece in chain([first], pieces):
            append(*piece.rows())
            length += len(piece)
            warnings += piece.warnings
    width = len(first.columns.columns) + len(first.text) * can_hold_words(target)
    lines = [f"{target}: {counted(length, 'row')}, {counted(width, 'column')}"]
    return lines + [f"note: {warning}" for warning in dict.fromkeys(warnings)]


def words_lost(target: Path, words: Iterable[str]) -> Iterator[str]:
    """Say which columns of words, such as Lightning Pose's `set`, a file has no room for."""
    if (names := list(words)) and (bridge_of(target) or not can_hold_words(target)):
        yield f"{target}: columns of words are left out: {', '.join(map(repr, names))}"


def read_table(path: Path) -> Table:
    """Read labels or predictions, as the file itself says which it holds.

    Raises:
        FormatError: if it cannot be read.
    """
    return read_labels(path) if kind_of(path) == "labels" else read_predictions(path)


def write_table(
    target: Path,
    table: Table,
    writer: Bridge | None,
    decimals: int | None,
    index_width: int | None = None,
) -> list[str]:
    """Write labels or predictions; give what could not be kept, one line each."""
    if writer:
        return writer.write(target, table)
    if isinstance(table, PredictionTable):
        write_predictions(target, table, decimals)
        return []
    if index_width is None and (table.visibility == OCCLUDED).any():
        index_width = 1  # the layout that can say which points are hidden
    write_labels(target, rounded(table, decimals), index_width)
    return []


def rounded(table: LabelTable, decimals: int | None) -> LabelTable:
    """Round labels; a number of fewer digits is then written with no more."""
    if decimals is None:
        return table
    return replace(table, keypoints=np.round(table.keypoints, decimals))


def said(target: Path, table: Table) -> str:
    """Say what was written."""
    what = "labels" if isinstance(table, LabelTable) else "predictions"
    frames, points = counted(len(table), "frame"), counted(len(set(table.names)), "keypoint")
    if len(table.animals) > 1:
        points += f" of {len(table.animals)} animals"
    if isinstance(table, PredictionTable) and not len(table):
        raise FormatError(f"{target}: there are no frames to write")
    return f"{target}: {what}, {frames}, {points}"
