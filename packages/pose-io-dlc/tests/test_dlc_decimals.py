import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pose_io_dlc import FormatError, PredictionTable, write_predictions
from pose_io_dlc.sheets.decimals import rows_as_text


def cells(values, decimals, index=None):
    values = np.atleast_2d(np.asarray(values))
    index = np.arange(len(values)) if index is None else index
    lines = rows_as_text(index, values, decimals).decode().splitlines()
    return [line.split(",")[1:] for line in lines]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000000"),
        (-0.0, "0.000000"),
        (1.5, "1.500000"),
        (-2.25, "-2.250000"),
        (9999.9999996, "10000.000000"),
        (10002.000001, "10002.000001"),
        (99999999.4, "99999999.400000"),
        (1e8, "100000000.000000"),
        (0.001, "0.001000"),
        (0.00099999999, "1.00000e-03"),
        (-1.234567e-5, "-1.23457e-05"),
        (9.999999e-98, "1.00000e-97"),
        (1e-300, "0.000000"),
        (np.nan, ""),
        (np.inf, "inf"),
    ],
)
def test_a_number_is_written_so(value, text):
    assert cells([value], 6) == [[text]]


@given(
    values=arrays.arrays(float, (4, 3), elements=st.floats(-2e4, 2e4)),
    decimals=st.integers(1, 8),
)
def test_numbers_are_rounded_as_python_rounds(values, decimals):
    unit = 10.0**-decimals
    for row, texts in zip(values, cells(values, decimals), strict=True):
        for value, text in zip(row, texts, strict=True):
            small = 1e-99 < abs(value) < 1e-3
            error = abs(float(text) - value)
            assert error <= (5.1e-6 * abs(value) if small else 0.5 * unit * (1 + 1e-6) + 1e-11)
            assert small or len(text.partition(".")[2]) == decimals


@given(arrays.arrays(float, (3, 2), elements=st.floats(allow_infinity=False)))
def test_the_shortest_text_reads_back_as_the_same_number(values):
    back = np.array([[float(t or "nan") for t in row] for row in cells(values, None)])
    np.testing.assert_array_equal(back, values)


def test_the_shortest_text_of_float32_is_short():
    assert cells(np.array([[0.1, np.nan]], dtype=np.float32), None) == [["0.1", ""]]


@pytest.mark.parametrize(
    "number", [0, 9, 9999, 10_000, 10_001, 12_345_678, 100_000_000, 999_999_999_999]
)
def test_frame_numbers_are_written_in_full(number):
    assert rows_as_text(np.array([number]), np.ones((1, 1)), 1) == f"{number},1.0\n".encode()


def test_paths_of_several_lengths_come_first():
    text = rows_as_text([b"a/b.png", "ä".encode()], np.array([[1.0], [2.0]]), 2)
    assert text.decode() == "a/b.png,1.00\nä,2.00\n"


def test_no_rows_are_no_text():
    assert rows_as_text(np.arange(0), np.ones((0, 3)), 4) == b""


@pytest.mark.parametrize("decimals", [0, 9, -1])
def test_other_decimals_are_refused(decimals):
    with pytest.raises(ValueError, match=f"{decimals} is not between 1 and 8"):
        rows_as_text(np.arange(1), np.ones((1, 1)), decimals)


def test_decimals_that_cannot_be_are_refused_before_a_file_is_begun(tmp_path):
    table = PredictionTable(("n",), np.ones((1, 1, 2)), np.ones((1, 1)))
    with pytest.raises(FormatError, match=r"a\.csv: decimals is 12; give 1 to 8, or None for all"):
        write_predictions(tmp_path / "a.csv", table, decimals=12)
    assert list(tmp_path.iterdir()) == []


@given(
    arrays.arrays(
        st.sampled_from([np.float64, np.float32]),
        (4, 3),
        elements=st.floats(-1e7, 1e7, width=32).map(lambda x: x / 3)
        | st.floats(-2, 2)
        | st.decimals(-1e4, 1e4, places=3).map(float),
        fill=st.nothing(),
    )
)
def test_the_shortest_text_is_that_of_python_and_numpy(values):
    for row, texts in zip(values, cells(values, None), strict=True):
        for value, text in zip(row, texts, strict=True):
            long = abs(value) >= 0.01  # as where numpy would write an exponent, we do not
            assert text == (np.format_float_positional(value, trim="0") if long else str(value))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_million_digits_read_back(dtype):
    rng = np.random.default_rng(0)
    values = (rng.uniform(-1, 1, (2000, 50)) * 10.0 ** rng.integers(-3, 9, (2000, 50))).astype(
        dtype
    )
    values[::7] = np.round(values[::7], 3)
    back = np.array([[float(text) for text in row] for row in cells(values, None)])
    np.testing.assert_array_equal(back.astype(dtype), values)
