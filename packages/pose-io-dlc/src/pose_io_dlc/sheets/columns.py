"""What the columns of a table mean: scorer, individual, keypoint and coordinate.

DeepLabCut and Lightning Pose head their tables with three rows (scorer, bodyparts, coords), or with
four (individuals after scorer). The first cells of each row stand over the index: one column of
paths or frame numbers, or three of folder, video and image. DeepLabCut's skeleton files have two
rows, of bones and of what is measured of each, under an empty cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pose_io_dlc.errors import FormatError

SINGLE = "single"
"""The individual under which DeepLabCut files the parts that belong to no animal."""


MEASURES = ("length", "orientation", "likelihood")
"""What a skeleton file says of each bone."""


class Column(NamedTuple):
    """One column of numbers; `individual` is "" where the file has no such level.

    In a skeleton file `keypoint` is a bone, and `coord` one of MEASURES.
    """

    individual: str
    keypoint: str
    coord: str


@dataclass(frozen=True)
class Columns:
    """All columns of a table, in file order.

    Attributes:
        scorer: who labeled or predicted; "" in a skeleton file, which does not say.
        columns: the columns of numbers.
        has_individuals: whether there is a level of individuals, even of one.
    """

    scorer: str
    columns: tuple[Column, ...]
    has_individuals: bool = False

    @property
    def is_skeleton(self) -> bool:
        """Whether they are of bones, not of keypoints."""
        return not self.scorer and set(MEASURES[:2]) <= set(self.coords())

    def points(self) -> tuple[tuple[str, str], ...]:
        """List (individual, keypoint) once each, in file order."""
        return tuple(dict.fromkeys((c.individual, c.keypoint) for c in self.columns))

    def coords(self) -> tuple[str, ...]:
        """List the coordinates once each, in file order."""
        return tuple(dict.fromkeys(column.coord for column in self.columns))

    def positions(self, coord: str) -> list[int | None]:
        """Give for each of `points` where its coordinate stands; None where it has none."""
        place = {column: number for number, column in enumerate(self.columns)}
        return [place.get(Column(*point, coord)) for point in self.points()]

    def require(self, coords: Sequence[str], where: str) -> None:
        """Refuse columns in which a keypoint lacks a coordinate that others have.

        Raises:
            FormatError: naming the keypoint.
        """
        for coord in coords:
            for point, position in zip(self.points(), self.positions(coord), strict=True):
                if position is None:
                    raise FormatError(
                        f"{where}: keypoint {point[1]!r} has no column {coord!r}; mend the header"
                    )


@dataclass(frozen=True)
class Header:
    """The header rows of a CSV file, understood.

    Attributes:
        columns: of the numbers.
        rows: how many rows the header has.
        index_width: how many cells of each row name the frame, 1 or 3.
        text: positions of columns that hold words, such as Lightning Pose's `set`, by name.
    """

    columns: Columns
    rows: int
    index_width: int
    text: dict[str, int]

    @property
    def width(self) -> int:
        """Cells in each row."""
        return self.index_width + len(self.columns.columns) + len(self.text)


def parse_header(rows: Sequence[Sequence[str]], where: str) -> Header:
    """Understand the first rows of a CSV file.

    Args:
        rows: its first four rows, or all there are.
        where: the file, for errors.

    Raises:
        FormatError: if they are not a header of DeepLabCut or Lightning Pose.
    """
    if names_bones(rows):
        return bone_header(rows, where)
    levels = header_levels(rows, where)
    width = len(levels["scorer"])
    for number, (name, cells) in enumerate(levels.items(), start=1):
        if len(cells) != width:
            raise FormatError(
                f"{where}: row {number} ({name}) has {len(cells)} cells where row 1 has {width}; "
                "mend the header rows"
            )
    three = width > 3 and not any(cell for cells in levels.values() for cell in cells[1:3])
    index_width = 3 if three else 1
    text = {
        levels["scorer"][position]: position
        for position in range(index_width, width)
        if levels["scorer"][position] and not levels["bodyparts"][position]
        and not levels["coords"][position]
    }  # fmt: skip
    columns = columns_of(
        levels, [p for p in range(index_width, width) if p not in text.values()], where
    )
    return Header(columns, len(levels), index_width, text)


def names_bones(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the first rows are the header of a skeleton file."""
    return len(rows) > 1 and rows[0][:1] != ["scorer"] and set(MEASURES[:2]) <= set(rows[1])


def bone_header(rows: Sequence[Sequence[str]], where: str) -> Header:
    """Understand the two header rows of a skeleton file.

    Raises:
        FormatError: if they do not fit each other.
    """
    bones, measures = ([cell.strip() for cell in row[1:]] for row in rows[:2])
    if len(bones) != len(measures) or "" in bones:
        raise FormatError(f"{where}: row 1 must name a bone for each cell of row 2")
    columns = [Column("", *names) for names in zip(bones, measures, strict=True)]
    return Header(check_columns([""], columns, False, where), 2, 1, {})


def header_levels(rows: Sequence[Sequence[str]], where: str) -> dict[str, list[str]]:
    """Take the three or four header rows, stripped, by what their first cells say.

    Raises:
        FormatError: if the first cells say something else.
    """
    firsts = [row[0].strip() if row else "" for row in rows]
    expected = ["scorer", "bodyparts", "coords"]
    if firsts[1:2] == ["individuals"]:
        expected.insert(1, "individuals")
    for number, name in enumerate(expected, start=1):
        if number > len(firsts):
            raise FormatError(f"{where}: ends before row {number}, which must begin with {name!r}")
        if (found := firsts[number - 1]) != name:
            advice = "mend the header" if number > 1 else "is it of labels or predictions?"
            advice = "separate cells by ',', not ';'" if ";" in found else advice
            message = f"row {number} begins with {found[:40]!r}, not {name!r}; {advice}"
            raise FormatError(f"{where}: {message}")
    return {name: [cell.strip() for cell in rows[n]] for n, name in enumerate(expected)}


def columns_of(levels: dict[str, list[str]], positions: Sequence[int], where: str) -> Columns:
    """Read the columns of numbers from checked header rows.

    Raises:
        FormatError: if a cell is empty, or the columns do not make a table.
    """
    columns: list[Column] = []
    for position in positions:
        cells = {name: row[position] for name, row in levels.items()}
        if empty := [name for name, cell in cells.items() if not cell]:
            raise FormatError(f"{where}: column {position + 1} has no {empty[0]}; mend the header")
        columns.append(Column(cells.get("individuals", ""), cells["bodyparts"], cells["coords"]))
    scorers = list(dict.fromkeys(levels["scorer"][position] for position in positions))
    return check_columns(scorers, columns, "individuals" in levels, where)


def check_columns(
    scorers: Sequence[str], columns: Sequence[Column], has_individuals: bool, where: str
) -> Columns:
    """Make Columns of what a file says, whatever its kind.

    Raises:
        FormatError: for two scorers, a column given twice, or no columns at all.
    """
    if not columns:
        raise FormatError(f"{where}: has no columns of keypoints")
    if len(scorers) > 1:
        raise FormatError(
            f"{where}: has two scorers, {scorers[0]!r} and {scorers[1]!r}; "
            "keep the columns of one, or rename one"
        )
    seen: set[Column] = set()
    for column in columns:
        if column in seen:
            of = f" of {column.individual!r}" if column.individual else ""
            raise FormatError(
                f"{where}: column {column.coord!r} of keypoint {column.keypoint!r}{of} is given "
                "twice; remove one"
            )
        seen.add(column)
    return Columns(scorers[0], tuple(columns), has_individuals)


def header_rows(
    columns: Columns, index_width: int = 1, text: Sequence[str] = ()
) -> list[list[str]]:
    """Give the header rows as a CSV file has them; `parse_header` reads them back.

    Columns of words, named by `text`, come last.
    """
    pad = [""] * (index_width - 1)
    if columns.is_skeleton:
        return [
            ["", *pad, *[column.keypoint for column in columns.columns]],
            ["", *pad, *[column.coord for column in columns.columns]],
        ]
    rows = [["scorer", *pad, *[columns.scorer] * len(columns.columns)]]
    if columns.has_individuals:
        rows.append(["individuals", *pad, *[column.individual for column in columns.columns]])
    rows.append(["bodyparts", *pad, *[column.keypoint for column in columns.columns]])
    rows.append(["coords", *pad, *[column.coord for column in columns.columns]])
    first, *others = rows
    return [[*first, *text], *([*row, *[""] * len(text)] for row in others)]
