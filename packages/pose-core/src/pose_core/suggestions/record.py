"""`suggestions.csv`: every image that was suggested for a project, and why."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pose_core.errors import FormatError

NAME = "suggestions.csv"


class Row(NamedTuple):
    """An image that was suggested; an instant of several views has a row for each."""

    image: str  # path below the project
    video: str  # its file's name
    frame: str  # number in the video
    method: str
    score: str  # from 0 to 1, empty where nothing says
    reason: str


def read_rows(root: Path) -> list[Row]:
    """Read what was suggested for a project before; nothing where there is no such file.

    Raises:
        FormatError: if it is another kind of file.
    """
    path = root / NAME
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise FormatError(f"{path}: cannot be read ({error}); mend it, or move it away") from error
    if not lines or tuple(lines[0]) != Row._fields:
        raise FormatError(
            f"{path}: is no table of suggestions ({', '.join(Row._fields)}); move it away"
        )
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(Row._fields) or not line[2].isdecimal():
            raise FormatError(f"{path}: line {number} is no suggestion; mend or remove it")
    return [Row(*line) for line in lines[1:]]


def taken_before(rows: Sequence[Row]) -> dict[str, frozenset[int]]:
    """Give the numbers of the frames that were suggested, by the stem of their video.

    One whose image was removed, because it was not wanted, is not suggested again either.
    """
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(Path(row.video).stem, set()).add(int(row.frame))
    return {video: frozenset(numbers) for video, numbers in found.items()}


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write a table of suggestions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
