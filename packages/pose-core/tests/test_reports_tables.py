"""Tables: aligned for people, exact for spreadsheets."""

import csv
from pathlib import Path

import pytest

from pose_core.errors import PoseError
from pose_core.reports.tables import Table, shown_as, table_csv, table_text, write_csv

ERRORS = Table.of(
    ("method", "mean (px)", "frames"),
    [["one network", 12.5, 3], ["smoothed", 1.25, 100], ["none", float("nan"), None]],
)


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    assert table_text(ERRORS).splitlines() == [
        "method       mean (px)  frames",
        "-----------  ---------  ------",
        "one network      12.50       3",
        "smoothed          1.25     100",
        "none                 -       -",
    ]


def test_the_title_stands_above() -> None:
    assert table_text(Table.of(("a",), [["b"]], title="Errors")).startswith("Errors\na\n-\nb")


def test_the_best_number_bears_a_star() -> None:
    best = Table.of(("m", "low"), [["a", 2.0], ["b", 1.001], ["c", 1.004]], best="low")
    assert [line.endswith("*") for line in table_text(best).splitlines()[2:]] == [False, True, True]


def test_the_best_may_be_the_highest() -> None:
    assert Table.of(("pck",), [[0.5], [0.9]], best="high").best_rows(0) == {1}


def test_missing_numbers_are_never_the_best() -> None:
    table = Table.of(("e",), [[float("nan")], [3.0], [None]], best="low")
    assert table.best_rows(0) == {1}


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "-"), (float("nan"), "-"), (1.005, "1.00"), (3, "3"), ("x", "x"), (-0.5, "-0.50")],
)
def test_a_cell_is_written_for_people(cell: object, text: str) -> None:
    assert shown_as(cell) == text


def test_wide_letters_keep_the_columns_straight() -> None:
    lines = table_text(Table.of(("name", "n"), [["鼠", 1], ["mouse", 2]])).splitlines()
    assert lines[2] == "鼠     1"
    assert lines[3] == "mouse  2"


def test_a_table_without_rows_is_its_heading() -> None:
    assert table_text(Table.of(("a", "bc"), [])) == "a  bc\n-  --"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"row \('x',\) under columns"):
        Table.of(("a", "b"), [["x"]])


def test_csv_keeps_numbers_in_full_and_missing_cells_empty() -> None:
    rows = list(csv.reader(table_csv(Table.of(("a, b", "c"), [[0.1 + 0.2, None]])).splitlines()))
    assert rows == [["a, b", "c"], [repr(0.1 + 0.2), ""]]


def test_a_csv_file_is_written_whole(tmp_path: Path) -> None:
    write_csv(tmp_path / "errors.csv", ERRORS)
    assert (tmp_path / "errors.csv").read_text() == table_csv(ERRORS)
    assert [path.name for path in tmp_path.iterdir()] == ["errors.csv"]


def test_a_csv_file_in_no_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(PoseError, match=r"none/errors.csv: cannot be written"):
        write_csv(tmp_path / "none" / "errors.csv", ERRORS)
