"""One problem: where, what, what to do about it, and how bad it is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pose_io_dlc.errors import FormatError

Level = Literal["error", "warning", "note"]
"""An error keeps a file or project from being used as it is meant; a warning loses or changes
something on the way; a note is only worth knowing."""


@dataclass(frozen=True)
class Problem:
    """What is wrong, in the parts of one line.

    Attributes:
        file: the file or folder.
        what: what is wrong, with the value.
        remedy: what to do about it.
        level: how bad it is.
        row: line of a CSV file, from 1.
        kind: one word for all problems of this kind, for scripts.
        fixable: whether `--fix` puts it right.
    """

    file: str
    what: str
    remedy: str = ""
    level: Level = "error"
    row: int | None = None
    kind: str = "unreadable"
    fixable: bool = False

    def __str__(self) -> str:
        row = "" if self.row is None else f"row {self.row}: "
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.level}: {self.file}: {row}{self.what}{remedy}"

    def as_json(self) -> dict[str, Any]:
        """Give the parts as plain data."""
        return asdict(self)


def of_error(error: FormatError, file: Path | str, kind: str = "unreadable") -> Problem:
    """Make a problem of what a reader refused, its file and remedy told apart.

    Where only a library is missing, nothing is known to be wrong: that is a warning.
    """
    where, what = str(file), str(error)
    if what.startswith(f"{where}: "):
        what = what.removeprefix(f"{where}: ")
    elif ": " in what and "/" in what.partition(": ")[0]:
        where, _, what = what.partition(": ")
    what, _, remedy = what.partition("; ")
    if isinstance(error.__cause__, ImportError):
        return Problem(where, f"not looked at: {what}", remedy, "warning", kind="library")
    return Problem(where, what, remedy, kind=kind)


def of_warning(warning: str, file: Path | str, kind: str = "odd") -> Problem:
    """Make a problem of what a reader only warned of."""
    return replace(of_error(FormatError(warning), file, kind), level="warning")


def attempted(look: Callable[[], Iterable[Problem]], file: Path | str) -> Iterator[Problem]:
    """Give what is found; what cannot be read is an error."""
    try:
        yield from look()
    except FormatError as error:
        yield of_error(error, file)


def shortened(problems: Sequence[Problem], most: int) -> Iterator[str]:
    """Give a line per problem, at most some of one kind in one file, then how many more."""
    groups: dict[tuple[str, str, Level], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.file, problem.kind, problem.level), []).append(problem)
    for (file, kind, level), group in groups.items():
        yield from map(str, group[:most])
        if more := len(group) - most if len(group) > most else 0:
            yield f"{level}: {file}: {more:,} more of this kind ({kind}); --all lists them"
