"""Put right what is safe: into new files, the former ones kept beside them as `.bak`."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose_io_dlc.atomic import atomic
from pose_io_dlc.commands.checks.files import is_labels, lacks_version
from pose_io_dlc.commands.checks.folders import folders_in
from pose_io_dlc.commands.checks.mending import mended
from pose_io_dlc.commands.checks.rows import Rows, read_anyway
from pose_io_dlc.commands.checks.twins import agreement_of, names_of
from pose_io_dlc.commands.describing import root_of
from pose_io_dlc.errors import FormatError
from pose_io_dlc.kinds import kind_of
from pose_io_dlc.labels import FOLDER, below_project
from pose_io_dlc.projects.deeplabcut import CONFIG
from pose_io_dlc.sheets.files import H5, write_sheet
from pose_io_dlc.sheets.h5_writing import PANDAS_VERSION
from pose_io_dlc.sheets.sheet import Sheet

TABLES = (".csv", ".h5")


@dataclass(frozen=True, eq=False)
class Fix:
    """What is to be done to one file.

    Attributes:
        path: the file.
        what: what is done, one part of a line each; nothing where the file stays.
        sheet: what the file is to hold; None where only an attribute is added.
        left: what only a person can decide.
    """

    path: Path
    what: tuple[str, ...] = ()
    sheet: Sheet | None = None
    left: tuple[str, ...] = ()

    def lines(self, dry: bool) -> Iterator[str]:
        """Say what was, or would be, done."""
        if self.what:
            verb, kept = ("would change", "would be") if dry else ("changed", "is")
            what = "; ".join(self.what)
            yield f"{verb}: {self.path}: {what}; the former file {kept} kept as .bak"
        yield from (f"left: {self.path}: {text}" for text in self.left)

    def apply(self, written: list[Path]) -> None:
        """Keep the former file beside, then write the new one; note in `written` what was.

        Raises:
            FormatError: if it cannot be written; the former file is whole then.
        """
        if not self.what:
            return
        backup = keep(self.path)
        written.append(backup)
        try:
            if self.sheet is None:
                add_version(self.path)
            else:
                write_sheet(self.path, self.sheet)
        except FormatError:
            written.remove(backup)
            backup.unlink()
            raise
        written.append(self.path)


def keep(path: Path) -> Path:
    """Copy a file to `<name>.bak`, or `.bak1`, `.bak2`, ... where that is there already."""
    number = 0
    while True:
        backup = path.with_name(f"{path.name}.bak{number or ''}")
        if not backup.exists():
            with atomic(backup) as temporary:
                shutil.copyfile(path, temporary)
            return backup
        number += 1


def add_version(path: Path) -> None:
    """Add to an H5 `table` of pandas 3 what pandas 2 looks for; all else stays byte by byte."""
    import h5py

    from pose_io_dlc.sheets.h5_reading import find_table

    with atomic(path) as temporary:
        shutil.copyfile(path, temporary)
        with h5py.File(temporary, "r+") as file:
            kind = h5py.string_dtype("utf-8", len(PANDAS_VERSION))
            find_table(file, path).attrs.create("pandas_version", PANDAS_VERSION, dtype=kind)


def fixes_for(path: Path) -> Iterator[Fix]:
    """Plan what can be put right in a project, a folder or a file."""
    for stem in stems_in(path):
        csv, h5 = stem.with_name(f"{stem.name}.csv"), stem.with_name(f"{stem.name}.h5")
        yield from fixes_of([file for file in (csv, h5) if file.is_file()])


def stems_in(path: Path) -> list[Path]:
    """List the tables of a project, folder or file, without their suffix."""
    if path.is_file() and path.suffix.lower() in (".yaml", ".yml"):
        path = path.parent
    if path.is_file():
        files = [path]
    elif (path / CONFIG).is_file():
        files = [file for folder in folders_in(path) for file in folder.glob("CollectedData_*")]
        files += (path / "videos").glob("*")
    else:
        files = list(path.iterdir())
    known = [file for file in files if file.suffix in TABLES and kind_of_table(file)]
    return sorted({file.with_suffix("") for file in known})


def kind_of_table(path: Path) -> bool:
    """Say whether a file is of this family, or was meant to be; a config is none."""
    named = path.name.startswith("CollectedData")
    return named or kind_of(path) in ("labels", "predictions", "tracks", "points3d")


def fixes_of(files: list[Path]) -> Iterator[Fix]:
    """Plan for a CSV and its H5, or for one alone."""
    found = {file: read_anyway(file) for file in files}
    whole = {file: rows for file, (rows, problems) in found.items() if rows and not problems}
    plans = {file: plan_of(rows) for file, rows in whole.items()}
    if len(files) == 2 and len(whole) == 2:
        agreed(plans, whole, *files)
    for file in files:
        if file in plans:
            yield plans[file]
        elif found[file][1][0].kind == "library":
            yield Fix(file, left=(found[file][1][0].what,))
        elif not whole:
            yield Fix(file, left=(f"cannot be read: {found[file][1][0].what}",))
        else:
            ((other, plan),) = plans.items()
            sheet = plan.sheet or whole[other].sheet
            yield Fix(file, (f"written anew from {other.name}, as it cannot be read",), sheet)


def plan_of(rows: Rows) -> Fix:
    """Plan for one file that can be read."""
    sheet, what = rows.sheet, list[str]()
    inside = rows.path.absolute().parent.parent.name == FOLDER
    if is_labels(kind_of(rows.path), rows):
        sheet, what = mended(rows, root_of(rows.path), inside)
    if what:
        return Fix(rows.path, tuple(what), sheet)
    if rows.path.suffix.lower() in H5 and lacks_version(rows.path):
        return Fix(rows.path, (f"pandas_version {PANDAS_VERSION} added",))
    return Fix(rows.path)


def agreed(plans: dict[Path, Fix], whole: dict[Path, Rows], csv: Path, h5: Path) -> None:
    """Let the plans for a CSV and its H5 end in the same numbers, where it is clear which."""
    first, second = (plans[file].sheet or whole[file].sheet for file in (csv, h5))
    lost = [text for text in second.warnings if "was lost" in text]
    ours, theirs = set(names_of(first)), set(names_of(second))
    same_columns = set(first.columns.columns) == set(second.columns.columns)
    if not same_columns or first.columns.scorer != second.columns.scorer:
        plans[csv] = left(plans[csv], f"differs from {h5.name} in its columns")
        return
    agreement, _ = agreement_of(first, second)
    if ours != theirs and not (lost and theirs <= ours and agreement != "different"):
        plans[csv] = left(plans[csv], f"differs from {h5.name} in its frames")
    elif ours != theirs:
        plans[h5] = Fix(h5, (f"lost frames taken from {csv.name}",), first)
    elif agreement == "different":
        plans[csv] = left(plans[csv], f"differs from {h5.name} in its numbers")
    elif agreement == "csv is rounded" and kind_of(csv) == "labels":
        exact = replace(second, text=words_of(first, second))
        plans[csv] = Fix(csv, (*plans[csv].what, f"all digits taken from {h5.name}"), exact)
    elif agreement == "h5 is rounded":
        plans[h5] = Fix(h5, (*plans[h5].what, f"all digits taken from {csv.name}"), first)


def words_of(csv: Sheet, h5: Sheet) -> dict[str, tuple[str, ...]]:
    """Give the columns of words of a CSV, which no H5 has, in the order of the H5's rows."""
    rows = names_of(csv)
    order = np.array([rows[below_project(str(name))] for name in h5.index], dtype=np.intp)
    return csv.select(order).text


def left(plan: Fix, why: str) -> Fix:
    """Add to a plan what only a person can decide."""
    text = f"{why}; keep the right one, and convert it to the other"
    return Fix(plan.path, plan.what, plan.sheet, (*plan.left, text))
