"""Small CSV files, which are read without pandas, against the reader of all others."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pose_io_dlc.sheets.csv_reading import read_csv
from pose_io_dlc.sheets.csv_small import read_small
from pose_io_dlc.sheets.files import read_sheet

HEADER = "scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"


@pytest.mark.parametrize(
    "rows",
    [
        "0,1.5,2,0.9\n1,,,\n2,1e-5,-3.25,1\n",
        "0,,,\n1,1,2,3\n",  # a first row without numbers
        "5,0.1,0.2,0.30000000000000004\r\n9,1,2,3\r\n",
        "0,1,2,3",  # no line end
        "0, 1 ,2,3\n\n1,4,5,6\n\n",
        "0,inf,nan,3\n",
        "",
    ],
)
def test_plain_files_are_what_the_other_reader_gives(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((HEADER + rows).encode())
    expected = read_csv(path)
    found = read_sheet(path)
    np.testing.assert_array_equal(found.values, expected.values)
    assert list(found.index) == list(expected.index)
    assert found.columns == expected.columns
    assert read_small(path) is not None or not rows


@pytest.mark.parametrize(
    "rows",
    [
        "img1.png,1,2,3\n",
        '0,"1",2,3\n',
        "0,1,2\n",
        "0,1,2,3,4\n",
        "0,1,2,x\n",
        "0,1_0,2,3\n",
        "a,1,2,3\n",
        "0,1,2,3\n1.5,1,2,3\n",
        "0,NA,2,3\n",
    ],
)
def test_all_else_is_left_to_the_other_reader(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + rows)
    assert read_small(path) is None


def test_predictions_are_read_and_written_without_pandas(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "0,1,2,0.5\n")
    code = (
        "import sys; from pose_io_dlc import read_predictions, write_predictions;"
        f"write_predictions({str(tmp_path / 'b.csv')!r}, read_predictions({str(path)!r}));"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
