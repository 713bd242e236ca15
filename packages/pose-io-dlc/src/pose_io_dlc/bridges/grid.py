"""Points as SLEAP and movement keep them: a grid of individuals by keypoints, NaN where none is.

Our tables are ragged: the parts under `single` are no animal's. On a grid each individual has room
for every keypoint; what was ragged is found again by a note in the file, or by what is never there.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import SINGLE
from pose_io_dlc.tables import OCCLUDED, LabelTable, PredictionTable

Table = LabelTable | PredictionTable
"""What is written to, and read from, the files of others."""

NOTE = "pose_io_dlc"
"""Where a file of others keeps what it has no place for."""


@dataclass(frozen=True)
class Grid:
    """The axes of a grid, and the keypoints of a table on it.

    Attributes:
        individuals: along its first axis; ("",) where the table has no such level.
        names: keypoint names, along its second.
        points: (individual, name) of the keypoints that the table has.
    """

    individuals: tuple[str, ...]
    names: tuple[str, ...]
    points: tuple[tuple[str, str], ...]

    @property
    def is_ragged(self) -> bool:
        """Whether there is room for points that the table does not have."""
        return len(self.points) < len(self.individuals) * len(self.names)

    @property
    def of_points(self) -> tuple[str, ...]:
        """Say whose each keypoint is; nothing where there is no such level."""
        return () if self.individuals == ("",) else tuple(one for one, _ in self.points)

    def spread(self, column: np.ndarray) -> np.ndarray:
        """Put (frames, keypoints, ...) on the grid: (frames, individuals, names, ...)."""
        size = (len(column), len(self.individuals), len(self.names), *column.shape[2:])
        whole = np.full(size, np.nan if column.dtype.kind == "f" else 0, column.dtype)
        rows, columns = self.places()
        whole[:, rows, columns] = column
        return whole

    def gather(self, whole: np.ndarray) -> np.ndarray:
        """Take (frames, keypoints, ...) from the grid; undoes `spread`."""
        rows, columns = self.places()
        return whole[:, rows, columns]

    def places(self) -> tuple[list[int], list[int]]:
        """Give the row and the column of each keypoint on the grid."""
        row = {one: at for at, one in enumerate(self.individuals)}
        column = {name: at for at, name in enumerate(self.names)}
        return [row[one] for one, _ in self.points], [column[name] for _, name in self.points]


@dataclass(frozen=True)
class Note:
    """What SLEAP and movement have no place for.

    Attributes:
        scorer: who labeled or predicted.
        single: keypoints that are no animal's.
    """

    scorer: str = ""
    single: tuple[str, ...] = ()

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def note_of(table: Table) -> Note:
    """Note what a grid loses."""
    return Note(table.scorer, tuple(name for one, name in table.points if one == SINGLE))


def read_note(text: object) -> Note:
    """Read a note; an empty one if it is missing, or not one of ours."""
    try:
        found = json.loads(text) if isinstance(text, str | bytes) else {}
        return Note(str(found.get("scorer", "")), tuple(map(str, found.get("single", ()))))
    except (ValueError, AttributeError, TypeError):
        return Note()


def grid_of(table: Table) -> Grid:
    """Make the grid on which a table fits."""
    individuals = tuple(dict.fromkeys(one for one, _ in table.points))
    return Grid(individuals or ("",), tuple(dict.fromkeys(table.names)), table.points)


def grid_found(
    individuals: Sequence[str], names: Sequence[str], known: np.ndarray, note: Note, where: str
) -> Grid:
    """Tell which keypoints a grid is of.

    Args:
        individuals: along its first axis.
        names: along its second.
        known: bool (individuals, names), whether a point is ever there.
        note: says which keypoints are no animal's; without it, those are that only `single` has.
        where: the file, for errors.

    Raises:
        FormatError: if a name comes twice.
    """
    for kind, given in (("individual", individuals), ("keypoint", names)):
        if twice := [name for at, name in enumerate(given) if name in given[:at]]:
            raise FormatError(f"{where}: {kind} {twice[0]!r} comes twice; rename one")
    single = set(note.single) or only_single(individuals, names, known)
    points = [
        (one, name)
        for one in individuals
        for name in names
        if SINGLE not in individuals or (name in single) == (one == SINGLE)
    ]
    return Grid(tuple(individuals), tuple(names), tuple(points))


def only_single(individuals: Sequence[str], names: Sequence[str], known: np.ndarray) -> set[str]:
    """List the keypoints that are there for `single` and for nobody else."""
    if SINGLE not in individuals:
        return set()
    at = list(individuals).index(SINGLE)
    own = known[at] & ~np.delete(known, at, axis=0).any(axis=0)
    return {name for name, is_own in zip(names, own.tolist(), strict=True) if is_own}


def lost(table: Table, tool: str, hidden: bool) -> list[str]:
    """Say what a tool's files have no room for, one line each.

    Args:
        table: what is written.
        tool: whose file.
        hidden: whether it has room for points labeled as hidden.
    """
    lines = []
    if isinstance(table, PredictionTable):
        if table.extra:
            lines.append(f"{tool} has no room for {', '.join(table.extra)}; not written")
        return lines
    occluded = table.visibility == OCCLUDED
    if not hidden and (count := int(occluded.sum())):
        lines.append(f"{tool} cannot say that a point is hidden; {count} are written as seen")
    elif count := int((occluded & np.isnan(table.keypoints).any(-1)).sum()):
        lines.append(f"{count} hidden points without a position are written as missing")
    return lines
