import json
from dataclasses import replace

import numpy as np
import pytest

from pose_io_dlc import (
    FormatError,
    PredictionTable,
    PredictionWriter,
    read_chunks,
    read_numbers,
    read_predictions,
    read_sheet,
    write_predictions,
)
from pose_io_dlc.sheets import csv_blocks, csv_header, csv_numbers, csv_reading, csv_writing

HEAD = "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,likelihood\n"
TABLE = PredictionTable(
    ("n", "m"),
    np.random.default_rng(0).uniform(1, 640, (50, 2, 2)),
    np.random.default_rng(1).uniform(0, 1, (50, 2)),
)


@pytest.fixture
def small_blocks(monkeypatch):
    """Split files into blocks of a few rows, for three threads."""
    monkeypatch.setattr(csv_blocks, "BLOCK", 64)
    monkeypatch.setattr(csv_reading, "threads_for", lambda path: 3)
    monkeypatch.setattr(csv_reading.read_csv_pieces, "__defaults__", (64, True))


def rows(numbers, cell="1.5"):
    return HEAD + "".join(f"{number},{cell},2.25,0.5\n" for number in numbers)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_parsed_in_threads_are_the_rows_in_order(save):
    path = save("a.csv", HEAD + "".join(f"{n},{n}.5,{n}.25,0.5\n" for n in range(500)))
    table = read_predictions(path)
    np.testing.assert_array_equal(table.numbered, np.arange(500))
    np.testing.assert_array_equal(table.keypoints[:, 0, 0], np.arange(500) + 0.5)
    for ahead in (True, False):
        assert [len(chunk) for chunk in read_chunks(path, 120, ahead)] == [120] * 4 + [20]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("change", ["", "end", "windows", "quoted", "blank"])
def test_frame_numbers_are_those_of_the_rows_however_they_are_written(save, monkeypatch, change):
    monkeypatch.setattr(csv_numbers, "BLOCK", 64)
    text = rows([*range(5, 400), 1_234_567])
    if change == "end":
        text = text.rstrip("\n")
    if change == "windows":
        text = text.replace("\n", "\r\n")
    if change == "quoted":
        text = text.replace("\n300,", '\n"300",')
    if change == "blank":
        text = text.replace("\n300,", "\n\n300,")
    path = save("a.csv", text)
    found = np.concatenate(list(read_numbers(path)))
    np.testing.assert_array_equal(found, [*range(5, 400), 1_234_567])


def test_frame_numbers_of_other_files_come_from_their_rows(tmp_path):
    table = replace(TABLE, numbers=np.arange(7, 57))
    write_predictions(tmp_path / "a.h5", table)
    np.testing.assert_array_equal(
        np.concatenate(list(read_numbers(tmp_path / "a.h5"))), table.numbers
    )


def test_text_made_in_threads_is_written_in_order(tmp_path, monkeypatch):
    table = replace(TABLE, numbers=np.arange(7, 57))
    monkeypatch.setattr(csv_writing, "PIECE", 12)
    for threads in (1, 3):
        monkeypatch.setattr(csv_writing, "threads_here", lambda threads=threads: threads)
        write_predictions(tmp_path / f"{threads}.csv", table)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "3.csv").read_bytes()
    np.testing.assert_array_equal(read_predictions(tmp_path / "3.csv").numbered, table.numbers)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("150,1,2", "row 154 has 3 cells where the header has 4"),
        ("150,1,2,3,4", "row 154 has 5 cells where the header has 4"),
        ("150,one,2,3", r"row 154: 'one' is not a number \(n, x\)"),
        (",1,2,3", "row 154 has numbers but names no frame"),
        ('150,"one",2,3', r"row 154: 'one' is not a number \(n, x\)"),
        ("149,1,2,3", "frame 149 is given twice"),
    ],
)
def test_a_fault_is_named_by_its_row_whichever_block_it_is_in(save, row, message):
    text = rows(range(300)).replace("\n150,1.5,2.25,0.5\n", f"\n{row}\n")
    with pytest.raises(FormatError, match=message):
        read_predictions(save("a.csv", text))


@pytest.mark.usefixtures("small_blocks")
def test_a_quote_may_hide_line_ends_and_those_of_blocks(save):
    names = [
        f'"a/{number:03}\n""b"".png"' if number > 80 else f"{number}.png" for number in range(200)
    ]
    path = save("a.csv", rows(names))
    sheet = read_sheet(path)
    assert sheet.index == tuple(name.strip('"').replace('""', '"') for name in names)
    assert np.concatenate([chunk.keypoints for chunk in read_chunks(path, 7)]).shape == (200, 1, 2)


@pytest.mark.usefixtures("small_blocks")
def test_empty_cells_at_the_end_of_rows_are_no_short_rows(save):
    text = rows(range(100)).replace("0.5\n", "\n")
    assert np.isnan(read_predictions(save("a.csv", text)).confidence).all()


@pytest.mark.usefixtures("small_blocks")
def test_empty_lines_and_windows_line_ends_between_blocks_are_no_rows(save):
    path = save("a.csv", rows(range(100)).replace("\n50,", "\n\n\n\n50,").replace("\n", "\r\n"))
    np.testing.assert_array_equal(read_predictions(path).numbered, np.arange(100))


@pytest.mark.parametrize("suffix", [".csv", ".h5", ".parquet"])
def test_nothing_is_at_the_path_until_the_writer_is_closed(tmp_path, suffix):
    pytest.importorskip({".h5": "tables", ".parquet": "pyarrow"}.get(suffix, "pandas"))
    path = tmp_path / f"a{suffix}"
    with PredictionWriter(path, TABLE.names) as writer:
        for start in range(0, 50, 10):
            part = slice(start, start + 10)
            writer.write(TABLE.keypoints[part], TABLE.confidence[part])
        assert not path.exists()
    np.testing.assert_array_equal(read_predictions(path).numbered, np.arange(50))
    former = path.read_bytes()
    with (  # noqa: PT012
        pytest.raises(OSError, match="the video broke off"),
        PredictionWriter(path, TABLE.names) as writer,
    ):
        writer.write(TABLE.keypoints, TABLE.confidence)
        raise OSError("the video broke off")
    assert path.read_bytes() == former
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"keypoints": np.ones((50, 3, 2))}, r"\(50, 2\) frames and keypoints do not fit"),
        ({"extra": {"v": np.ones((50, 2))}}, r"extra is \['v'\], not \[\]"),
        ({"numbers": np.arange(3)}, "3 frames for 50 rows"),
        ({"frames": ["a.png"] * 50}, "has images and frames of a video; write two files"),
        ({"keypoints": np.ones((50, 2, 2)) / 3}, "float64 numbers after float32 ones"),
    ],
)
def test_a_writer_refuses_what_does_not_fit(tmp_path, given, message):
    first = TABLE.keypoints.astype(np.float32)
    good = {"keypoints": first, "confidence": TABLE.confidence.astype(np.float32)}
    with (  # noqa: PT012
        pytest.raises(FormatError, match=message),
        PredictionWriter(tmp_path / "a.csv", TABLE.names) as writer,
    ):
        writer.write(**good)
        writer.write(**{**good, **given})


def test_a_writer_refuses_a_keypoint_named_twice(tmp_path):
    with pytest.raises(FormatError, match="keypoint 'n' is given twice"):
        PredictionWriter(tmp_path / "a.csv", ["n", "n"])


def test_wide_tables_grow_in_a_file_that_pandas_reads(tmp_path):
    pd, _ = pytest.importorskip("pandas"), pytest.importorskip("tables")
    path, names = tmp_path / "a.h5", [f"k{number}" for number in range(200)]
    points = np.random.default_rng(0).uniform(0, 640, (30, 200, 2))
    with PredictionWriter(path, names) as writer:
        for start in (0, 10, 20):
            part = slice(start, start + 10)
            writer.write(points[part], points[part, :, 0], numbers=np.arange(start, start + 10) * 3)
            writer._flush()
    frame = pd.read_hdf(path, "df_with_missing")
    assert frame.shape == (30, 600)
    assert frame.columns.names == ["scorer", "bodyparts", "coords"]
    np.testing.assert_array_equal(frame.index, np.arange(30) * 3)
    np.testing.assert_array_equal(frame.to_numpy()[:, ::3], points[..., 0])
    np.testing.assert_array_equal(read_predictions(path).keypoints, points)


def test_chunks_whose_frames_do_not_rise_are_refused(save):
    path = save("a.csv", rows([0, 5, 3, 4]))
    assert read_predictions(path).numbered.tolist() == [0, 5, 3, 4]
    with pytest.raises(FormatError, match="frame 3 comes after frame 5; sort it"):
        list(read_chunks(path, 2))
    with pytest.raises(FormatError, match="cannot be read 0 rows at a time"):
        list(read_chunks(path, 0))


def test_a_million_columns_are_refused_before_they_are_split(save):
    with pytest.raises(FormatError, match="row 1 has 1000001 cells; at most 100000 are read"):
        read_sheet(save("a.csv", "scorer" + ",a" * 10**6 + "\n"))


@pytest.mark.parametrize(
    "text", ["scorer" + "a" * 2000, HEAD + "0,1,2,3\n" + "1" * 2000, rows([]) + "," * 2000]
)
def test_a_line_without_an_end_is_refused(save, monkeypatch, text):
    monkeypatch.setattr(csv_header, "LONGEST", 1000)
    monkeypatch.setattr(csv_blocks, "LONGEST", 1000)
    with pytest.raises(FormatError, match="has (a row of )?more than 0 MB; is it really a CSV"):
        read_sheet(save("a.csv", text))


def test_bare_carriage_returns_are_refused(save):
    with pytest.raises(FormatError, match="row 1 ends in a bare carriage return; save it with"):
        read_sheet(save("a.csv", rows(range(3)).replace("\n", "\r")))


@pytest.fixture
def parquet(tmp_path):
    """Write a Parquet file of columns, with metadata."""
    pa = pytest.importorskip("pyarrow", reason="the extra [parquet] is not installed")
    pq = pytest.importorskip("pyarrow.parquet")

    def write(columns, about=None):
        metadata = None if about is None else {b"pose_io_dlc": about}
        table = pa.table(columns).replace_schema_metadata(metadata)
        pq.write_table(table, tmp_path / "a.parquet")
        return tmp_path / "a.parquet"

    return write


NUMBERS = {"frame": [0, 1], "n/x": [1.0, 2.0], "n/y": [1.0, 2.0], "n/likelihood": [0.5, None]}


def test_a_parquet_file_that_lost_its_metadata_is_read(parquet):
    table = read_predictions(parquet(NUMBERS))
    assert (table.names, table.scorer) == (("n",), "pose")
    np.testing.assert_array_equal(table.confidence, [[0.5], [np.nan]])


def test_any_tool_finds_the_columns_by_name(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    write_predictions(tmp_path / "a.parquet", TABLE)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names[:4] == ["frame", "n/x", "n/y", "n/likelihood"]
    np.testing.assert_array_equal(table["m/y"].to_numpy(), TABLE.keypoints[:, 1, 1])
    assert json.loads(table.schema.metadata[b"pose_io_dlc"])["scorer"] == "pose"


@pytest.mark.parametrize(
    ("changes", "about", "message"),
    [
        ({"frame": ["a", "b"]}, None, "column 'frame' holds string, not whole numbers"),
        ({"frame": [0, None]}, None, "1 rows have no 'frame'"),
        ({"n/x": ["a", "b"]}, None, "column 'n/x' holds string, not numbers"),
        ({"x": [1.0, 2.0]}, None, "column 'x' is not named keypoint/coordinate"),
        ({}, b"{", "its metadata 'pose_io_dlc' is damaged"),
        ({}, b'{"scorer": 3}', "its metadata 'pose_io_dlc' says"),
        ({}, b'{"index_width": 1e9}', "its metadata 'pose_io_dlc' says"),
    ],
)
def test_other_parquet_files_get_one_line(parquet, changes, about, message):
    with pytest.raises(FormatError, match=message):
        read_sheet(parquet({**NUMBERS, **changes}, about))


def test_a_parquet_file_without_names_of_rows_is_refused(parquet):
    with pytest.raises(FormatError, match="has no column 'frame' or 'image' that names its rows"):
        read_sheet(parquet({"n/x": [1.0]}))


@pytest.mark.parametrize("cut", [4, 200, -20])
def test_a_damaged_parquet_file_gets_one_line(parquet, tmp_path, cut):
    whole = parquet(NUMBERS).read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[:cut])
    with pytest.raises(
        FormatError, match=r"b\.parquet: is damaged or not a Parquet file"
    ) as caught:
        read_sheet(tmp_path / "b.parquet")
    assert "\n" not in str(caught.value)


def test_a_parquet_file_that_claims_a_trillion_rows_is_refused(parquet):
    path = parquet(NUMBERS)
    body = path.read_bytes()
    length = int.from_bytes(body[-8:-4], "little")
    footer = body[-8 - length : -8]
    assert footer.count(b"\x16\x04") >= 1  # the count of rows: field 3, as a varint of 2 * 2
    claimed = footer.replace(b"\x16\x04", b"\x16" + varint(2 * 10**12))
    tail = len(claimed).to_bytes(4, "little") + b"PAR1"
    path.write_bytes(body[: -8 - length] + claimed + tail)
    with pytest.raises(
        FormatError, match="rows in a file of .* bytes; it is damaged|is damaged or"
    ):
        read_sheet(path)


def varint(number):
    """Write a number as Thrift does."""
    text = bytearray()
    while number > 127:
        text.append(number & 127 | 128)
        number >>= 7
    return bytes([*text, number])


@pytest.mark.parametrize(
    ("suffix", "module", "extra"), [(".parquet", "pyarrow", "parquet"), (".h5", "tables", "h5")]
)
def test_a_missing_extra_is_named(tmp_path, monkeypatch, suffix, module, extra):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(FormatError, match=rf'pip install "pose-io-dlc\[{extra}\]"'):
        write_predictions(tmp_path / f"a{suffix}", TABLE)
    assert list(tmp_path.iterdir()) == []
