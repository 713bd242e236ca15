"""Find everything that is wrong with a project or a file, not only the first thing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_io_dlc.commands.info import read_table
from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER
from pose_io_dlc.projects.opening import open_project
from pose_io_dlc.sheets.files import read_sheet
from pose_io_dlc.sheets.sheet import Sheet


@dataclass(frozen=True)
class Problem:
    """One line about what is wrong; an error keeps the project or file from being used."""

    text: str
    is_error: bool

    def __str__(self) -> str:
        return f"{'error' if self.is_error else 'warning'}: {self.text}"


def find_problems(path: Path | str) -> list[Problem]:
    """List what is wrong with a project folder, its config, or a file of labels or predictions."""
    path = Path(path)
    if path.is_file() and path.suffix.lower() not in (".yaml", ".yml"):
        return [*attempted(lambda: warned(read_table(path).warnings))]
    return list(dict.fromkeys([*attempted(lambda: of_project(path)), *of_files(path)]))


def attempted(look: Callable[[], Iterator[Problem]]) -> Iterator[Problem]:
    """Give what is found; what cannot be read is an error."""
    try:
        yield from look()
    except FormatError as error:
        yield Problem(str(error), is_error=True)


def warned(warnings: tuple[str, ...]) -> Iterator[Problem]:
    """Make problems of warnings."""
    return (Problem(warning, is_error=False) for warning in warnings)


def of_project(path: Path) -> Iterator[Problem]:
    """Look at a project as a whole: its config, its images, its videos."""
    project = open_project(path)
    yield from warned(project.warnings)
    for frame in project.missing_images():
        yield Problem(f"{project.root / frame}: labeled image is missing", is_error=True)
    if not project.videos:
        yield Problem(f"{project.root}: has no videos", is_error=False)


def of_files(path: Path) -> Iterator[Problem]:
    """Look at every file of labels by itself, and at each CSV against its H5."""
    root = path if path.is_dir() else path.parent
    for file in sorted(
        [*root.glob(f"{FOLDER}/*/CollectedData_*"), *root.glob("CollectedData*.csv")]
    ):
        if file.suffix not in (".csv", ".h5"):
            continue
        yield from attempted(lambda file=file: warned(read_table(file).warnings))  # type: ignore[misc]
        if file.suffix == ".csv" and (twin := file.with_suffix(".h5")).is_file():
            yield from attempted(lambda file=file, twin=twin: differing(file, twin))  # type: ignore[misc]


def differing(csv: Path, h5: Path) -> Iterator[Problem]:
    """Compare the two files of one folder's labels."""
    first, second = read_sheet(csv), read_sheet(h5)
    if difference := difference_of(first, second):
        yield Problem(f"{csv}: differs from {h5.name} in {difference}", is_error=True)


def difference_of(first: Sheet, second: Sheet) -> str:
    """Say in what two tables differ; nothing if they agree to 1e-6."""
    if set(first.columns.columns) != set(second.columns.columns):
        odd = set(first.columns.columns) ^ set(second.columns.columns)
        return f"its columns ({', '.join(sorted({column.keypoint for column in odd}))})"
    rows = [list(map(str, sheet.index)) for sheet in (first, second)]
    if set(rows[0]) != set(rows[1]):
        odd_rows = sorted(set(rows[0]) ^ set(rows[1]))
        return f"{len(odd_rows)} frames, the first is {odd_rows[0]!r}"
    order = [rows[1].index(row) for row in rows[0]]
    places = [second.columns.columns.index(column) for column in first.columns.columns]
    same = np.isclose(first.values, second.values[order][:, places], 0, 1e-6, equal_nan=True)
    if same.all():
        return ""
    row, column = np.argwhere(~same)[0]
    label = first.columns.columns[column]
    first_of_all = f"{label.coord} of {label.keypoint!r} in {rows[0][row]!r}"
    return f"{int((~same).sum())} numbers, the first is {first_of_all}"
