"""Tables of measures: what is written is read back, whatever the numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.tables import (
    ROWS,
    lines_of,
    read_measured,
    table_path,
    write_measured,
    write_rows,
)
from pose_core.errors import FormatError, PoseError

numbers = st.floats(-1e9, 1e9) | st.just(np.nan)


@settings(deadline=None)
@given(arrays(float, (3, 4), elements=numbers))
def test_numbers_are_written_as_python_writes_them(values: np.ndarray) -> None:
    for line, row in zip(lines_of(values), values, strict=True):
        for cell, value in zip(line.decode().split(","), row, strict=True):
            if np.isnan(value):
                assert cell == ""
                continue
            assert float(cell) == pytest.approx(value, abs=0.50001e-4, rel=1e-15)
            assert len(cell) == len(f"{float(cell):.4f}")


def test_known_numbers_look_as_expected() -> None:
    values = np.array([[0.0, -0.00001, 1.00005001, -12.5, 1234567.0, np.inf, 0.9999999]])
    assert lines_of(values) == [b"0.0000,0.0000,1.0001,-12.5000,1234567.0000,,1.0000"]


def measured(rows: int, images: bool) -> Measured:
    rng = np.random.default_rng(0)
    values = {name: rng.gamma(1.0, 5.0, (rows, 3)) for name in ("pixel_error", "confidence")}
    values["pixel_error"][rng.random((rows, 3)) < 0.1] = np.nan
    values["pixel_error"][0] = np.nan
    frames = tuple(f"labeled-data/a, b/{n}.png" for n in range(rows)) if images else None
    sets = tuple(("train", "test")[n % 2] for n in range(rows)) if images else None
    units = {"pixel_error": "px", "confidence": ""}
    return Measured("run", "video", ("nose", "left, ear", "tail"), values, units, frames, sets)


@pytest.mark.parametrize("images", [True, False])
def test_a_table_is_read_back(tmp_path: Path, images: bool) -> None:
    given = measured(ROWS + 5, images)
    found = read_measured(write_measured(tmp_path, given))
    assert (found.source, found.subject, found.keypoints) == ("run", "video", given.keypoints)
    assert (found.frames, found.sets, found.units) == (given.frames, given.sets, given.units)
    for name, values in given.values.items():
        np.testing.assert_allclose(found.values[name], values, atol=0.50001e-4)


def test_a_table_of_no_frames_is_read_back(tmp_path: Path) -> None:
    assert len(read_measured(write_measured(tmp_path, measured(1, True).select([])))) == 0


def test_names_that_no_file_can_have_are_changed(tmp_path: Path) -> None:
    assert table_path(tmp_path, "a/b", "..\\c:d") == tmp_path / "a-b" / "..-c-d.csv"


def test_a_file_that_is_no_table_of_measures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "video.csv"
    for text in (
        "",
        "scorer,a\nbodyparts,b\ncoords,x\n0,1\n",
        "measure,a\nkeypoint,b\nunit,c\n0,x",
    ):
        path.write_text(text)
        with pytest.raises(FormatError, match=r"video\.csv: is no table of measures"):
            read_measured(path)
    with pytest.raises(FormatError, match=r"gone\.csv: is no table of measures"):
        read_measured(tmp_path / "gone.csv")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "video").write_text("a file")
    with pytest.raises(PoseError, match=r"run\.csv: cannot be written"):
        write_measured(tmp_path, measured(2, False))


def test_rows_are_written_with_nothing_for_what_is_no_number(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Row:
        name: str
        count: int
        value: float

    write_rows(tmp_path / "rows.csv", Row, [Row("a, b", 3, 1 / 3), Row("", 0, float("nan"))])
    assert (tmp_path / "rows.csv").read_text() == 'name,count,value\n"a, b",3,0.333333\n,0,\n'
