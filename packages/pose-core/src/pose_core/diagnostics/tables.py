"""What was measured as files: a table per source and subject, and lists of rows."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.errors import FormatError, reason
from pose_core.files import atomic, unwritable, write_text
from pose_core.splits import quoted

HEADER = ("measure", "keypoint", "unit")
SET = "set"
DECIMALS = 4
ROWS = 4096  # that are formatted at a time; the memory of a table's text does not grow with it


def table_path(folder: Path, subject: str, source: str) -> Path:
    """Name the table of one source and subject; what cannot be in a file's name becomes "-"."""
    names = [re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", name) for name in (subject, source)]
    return folder / names[0] / f"{names[1]}.csv"


def write_measured(folder: Path, measured: Measured) -> Path:
    """Write a table `SUBJECT/SOURCE.csv`: a row per frame, a column per measure and keypoint.

    Three rows of headings name measure, keypoint and unit. A row begins with the number of a
    video's frame or the path of a labeled image, which has its set as a last column. Numbers have
    four decimals; nothing stands where nothing can be said.

    Raises:
        PoseError: if it cannot be written.
    """
    path = table_path(folder, measured.subject, measured.source)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(heading(measured).encode())
        for lines in pieces(measured):
            file.write(lines)
    return path


def heading(measured: Measured) -> str:
    """Give the three rows above a table."""
    units = measured.units
    columns = [(n, k, units.get(n, "")) for n in measured.values for k in measured.keypoints]
    columns += [] if measured.frames is None else [(SET, SET, SET)]
    rows = zip(*columns, strict=True)
    lines = [",".join(map(quoted, (name, *row))) for name, row in zip(HEADER, rows, strict=True)]
    return "\n".join(lines) + "\n"


def pieces(measured: Measured) -> Iterator[bytes]:
    """Give the lines of a table, some at a time."""
    for first in range(0, len(measured), ROWS):
        part = [value[first : first + ROWS] for value in measured.values.values()]
        cells = lines_of(np.concatenate(part, axis=1))
        rows = range(first, first + len(cells))
        if measured.frames is None:
            starts, ends = [b"%d," % row for row in rows], [b"\n"] * len(cells)
        else:
            sets = measured.sets or ("",) * len(measured)
            starts = [f"{quoted(measured.frames[row])},".encode() for row in rows]
            ends = [f",{sets[row]}\n".encode() for row in rows]
        parts = zip(starts, cells, ends, strict=True)
        yield b"".join(piece for line in parts for piece in line)


def lines_of(values: np.ndarray) -> list[bytes]:
    """Write numbers (rows, columns) with commas between them, a text per row.

    All digits of a piece are found at once, as an array of bytes of which the needed ones are kept:
    ten times as fast as formatting one number after the other.
    """
    known = np.isfinite(values)
    scaled = np.rint(np.where(known, np.abs(values), 0.0) * 10**DECIMALS).astype(np.int64)
    width = max(len(str(scaled.max(initial=0))), DECIMALS + 1)
    text = np.empty((*values.shape, width + 3), np.uint8)
    kept = np.broadcast_to(known[..., None], text.shape).copy()
    text[..., 0], text[..., -1] = ord("-"), ord(",")
    kept[..., 0] &= (values < 0) & (scaled > 0)
    kept[..., -1] = True
    kept[:, -1:, -1] = False
    if width < 10:  # its digits fit a smaller number, which is divided faster
        scaled = scaled.astype(np.uint32)
    for place in range(width):
        scaled, digit = np.divmod(scaled, scaled.dtype.type(10))
        column = width + 1 - place - (place >= DECIMALS)
        text[..., column] = digit + ord("0")
        if place > DECIMALS:
            kept[..., column] &= (digit > 0) | (scaled > 0)
    text[..., width + 1 - DECIMALS] = ord(".")
    ends = np.cumsum(kept.sum((1, 2)))
    whole = text[kept].tobytes()
    return [whole[start:end] for start, end in pairwise([0, *ends.tolist()])]


def read_measured(path: Path) -> Measured:
    """Read a table that `write_measured` wrote; folder and file name its subject and source.

    Raises:
        FormatError: if it is not there, or is no such table.
    """
    import pandas as pd

    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            heads = [next(reader) for _ in HEADER]
        if [head[0] for head in heads] != list(HEADER):
            raise ValueError(f"does not begin with {', '.join(HEADER)}")
        of_images = heads[0][-1] == SET
        kinds = {0: str if of_images else int} | ({len(heads[0]) - 1: str} if of_images else {})
        held = pd.read_csv(
            path, skiprows=len(HEADER), header=None, names=range(len(heads[0])), dtype=kinds,
            keep_default_na=False, na_values=[""],
        )  # fmt: skip
        return measured_of(path, [head[1:] for head in heads], held, of_images)
    except (OSError, ValueError, StopIteration, IndexError) as error:
        raise FormatError(
            f"{path}: is no table of measures ({reason(error)}); run pose diagnose again"
        ) from error


def measured_of(path: Path, heads: Sequence[list[str]], held: Any, of_images: bool) -> Measured:
    """Make what was measured of a table's headings and rows."""
    names, points, units = (head[:-1] if of_images else head for head in heads)
    keypoints = tuple(dict.fromkeys(points))
    values = held.iloc[:, 1 : 1 + len(names)].to_numpy(float)
    measures = dict.fromkeys(names)
    shaped = values.reshape(len(held), len(measures), len(keypoints))
    sets = tuple(held.iloc[:, -1].fillna("")) if of_images else ()
    return Measured(
        source=path.stem,
        subject=path.parent.name,
        keypoints=keypoints,
        values={name: shaped[:, number] for number, name in enumerate(measures)},
        units=dict(zip(names, units, strict=True)),
        frames=tuple(held.iloc[:, 0]) if of_images else None,
        sets=sets if any(sets) else None,
    )


def write_rows(path: Path, kind: type, rows: Sequence[Any]) -> None:
    """Write dataclasses as the rows of a CSV, a column per field; nothing for what is no number.

    Args:
        path: the file.
        kind: the dataclass, which names the columns.
        rows: of that kind.

    Raises:
        PoseError: if it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(kind))
    writer.writerows([shown(cell) for cell in asdict(row).values()] for row in rows)
    write_text(path, text.getvalue())


def shown(cell: Any) -> Any:
    """Give a cell as it is written: floats with six digits that count."""
    if not isinstance(cell, float):
        return cell
    return f"{cell:.6g}" if np.isfinite(cell) else ""
