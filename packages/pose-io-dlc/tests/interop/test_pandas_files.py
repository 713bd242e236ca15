"""Files that we and plain pandas write, under one release of pandas and read under another.

`nox -s interop` writes them with `python test_pandas_files.py FOLDER`, once for each release, and
then reads all of them with each: by us, and by pandas as everyone's scripts do.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pose_io_dlc import read_sheet, write_sheet
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.sheet import Sheet

FILES = os.environ.get("POSE_INTEROP_FILES", "")
WRITTEN = sorted(Path(FILES).glob("*/*.*")) if FILES else []
if not FILES and __name__ != "__main__":
    pytest.skip("`nox -s interop` makes the files", allow_module_level=True)


@dataclass(frozen=True)
class Case:
    """A table, and how DeepLabCut would have pandas write it."""

    names: tuple[str, ...]
    coords: tuple[str, ...] = ("x", "y", "likelihood")
    animals: tuple[str, ...] = ()
    rows: tuple[str, ...] | None = None
    layout: str = "table"
    key: str = "df_with_missing"
    width: int = 1

    def columns(self) -> Columns:
        points = [(one, name) for one in self.animals or ("",) for name in self.names]
        points += [("single", "food")] if self.animals else []
        columns = [Column(*point, coord) for point in points for coord in self.coords]
        return Columns("DLC net of 2", tuple(columns), bool(self.animals))

    def sheet(self) -> Sheet:
        columns = self.columns()
        values = np.random.default_rng(8).normal(size=(5, len(columns.columns))) * 100
        values[2, :2] = np.nan
        rows = np.arange(5) if self.rows is None else self.rows
        return Sheet(columns, rows, values, self.width)

    def frame(self) -> pd.DataFrame:
        sheet = self.sheet()
        levels = ["scorer", "individuals", "bodyparts", "coords"]
        labels = [(sheet.columns.scorer, *column) for column in sheet.columns.columns]
        if not self.animals:
            levels.remove("individuals")
            labels = [(scorer, *rest) for scorer, _, *rest in labels]
        index = pd.Index(sheet.index)
        if self.width == 3:
            index = pd.MultiIndex.from_tuples([tuple(row.split("/")) for row in sheet.index])
        columns = pd.MultiIndex.from_tuples(labels, names=levels)
        return pd.DataFrame(sheet.values, index=index, columns=columns)


IMAGES = tuple(f"labeled-data/0012/img{number:03d}.png" for number in range(5))
PARTS = ("tail", "nose", "ear left")
CASES = {
    "labels": Case(PARTS, ("x", "y"), rows=IMAGES, layout="fixed", width=3),
    "old-labels": Case(PARTS, ("x", "y"), rows=IMAGES),
    "labels-of-animals": Case(PARTS, ("x", "y"), ("mia", "bo"), IMAGES, "fixed", width=3),
    "predictions": Case(PARTS),
    "fixed-predictions": Case(PARTS, layout="fixed"),
    "animals": Case(PARTS, animals=("mia", "bo")),
    "tracks": Case(PARTS, animals=("mia", "bo"), key="tracks"),
    "wide": Case(tuple(f"part {number}" for number in range(600)), layout="fixed"),
}


def write_all(folder: Path) -> None:
    """Write each table twice, as CSV and H5: by us, and by pandas."""
    folder = folder / pd.__version__
    folder.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        frame = case.frame()
        frame.to_hdf(folder / f"pandas.{name}.h5", key=case.key, format=case.layout, mode="w")
        frame.to_csv(folder / f"pandas.{name}.csv")
        for suffix in (".h5", ".csv"):
            write_sheet(folder / f"ours.{name}{suffix}", case.sheet())


def case_of(file: Path) -> Case:
    return CASES[file.name.split(".")[1]]


def name_of(file: Path) -> str:
    return f"{file.parent.name}-{file.name}"


def read_with_pandas(file: Path, case: Case) -> pd.DataFrame:
    if file.suffix == ".h5":
        return pd.read_hdf(file)
    levels = 4 if case.animals else 3
    return pd.read_csv(file, header=list(range(levels)), index_col=list(range(case.width)))


def test_each_release_wrote_every_table_twice_in_both_formats():
    assert len({file.parent for file in WRITTEN}) == 2
    assert len(WRITTEN) == 2 * 4 * len(CASES)


@pytest.mark.parametrize("file", WRITTEN, ids=name_of)
def test_we_read_it(file):
    sheet, expected = read_sheet(file), case_of(file).sheet()
    assert sheet.columns == expected.columns
    assert list(sheet.index) == list(expected.index)
    assert sheet.index_width == expected.index_width
    assert sheet.warnings == ()
    np.testing.assert_array_equal(sheet.values, expected.values)


def pandas_can_read(file: Path) -> bool:
    """Say no, under pandas 2, for a `table` of plain pandas 3: it lacks `pandas_version`."""
    newer = file.parent.name.startswith("3.") and pd.__version__.startswith("2.")
    is_table = file.suffix == ".h5" and case_of(file).layout == "table"
    return not (newer and is_table and file.name.startswith("pandas."))


@pytest.mark.parametrize("file", [*filter(pandas_can_read, WRITTEN)], ids=name_of)
def test_pandas_reads_it(file):
    case = case_of(file)
    frame, expected = read_with_pandas(file, case), case.frame()
    assert frame.columns.names == expected.columns.names
    assert frame.columns.tolist() == expected.columns.tolist()
    if file.suffix == ".h5":
        assert frame.index.tolist() == expected.index.tolist()
        np.testing.assert_array_equal(frame.to_numpy(), expected.to_numpy())
    else:  # pandas makes 12 of 0012, and before 3.1 rounds the last bits
        assert [str(row).replace("'0012'", "12") for row in expected.index] == [
            str(row) for row in frame.index
        ]
        np.testing.assert_allclose(frame.to_numpy(), expected.to_numpy(), rtol=1e-13)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
