import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import Column, Columns, header_rows, parse_header
from pose_io_dlc.sheets.csv_reading import read_csv
from pose_io_dlc.sheets.files import write_rows

HEAD = "scorer,ann,ann\nbodyparts,nose,nose\ncoords,x,y\n"
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs"]),
    min_size=1,
    max_size=8,
).filter(lambda word: word.strip() == word)
POINTS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4, unique=True)


def test_a_first_row_that_is_empty_stays_a_frame(save):
    sheet = read_csv(
        save("a.csv", HEAD + "labeled-data/v/img0.png,,\nlabeled-data/v/img1.png,1,2\n")
    )
    assert sheet.index == ("labeled-data/v/img0.png", "labeled-data/v/img1.png")
    np.testing.assert_array_equal(sheet.values, [[np.nan, np.nan], [1, 2]])


def test_a_first_row_that_is_empty_stays_a_frame_of_three_cells(save):
    head = "scorer,,,ann,ann\nbodyparts,,,nose,nose\ncoords,,,x,y\n"
    sheet = read_csv(
        save("a.csv", head + "labeled-data,v,img0.png,,\nlabeled-data,v,img1.png,1,2\n")
    )
    assert sheet.index == ("labeled-data/v/img0.png", "labeled-data/v/img1.png")


def test_a_first_frame_number_without_points_stays_a_frame(save):
    sheet = read_csv(save("a.csv", HEAD + "0,,\n1,1,2\n"))
    np.testing.assert_array_equal(sheet.index, [0, 1])


@pytest.mark.parametrize("names", ["frame", "image", "img_path"])
def test_names_of_the_index_under_the_header_are_no_frame(save, names):
    assert len(read_csv(save("a.csv", HEAD + f"{names},,\n0,1,2\n"))) == 1


def test_a_folder_named_by_a_number_stays_text(save):
    head = "scorer,,,ann,ann\nbodyparts,,,nose,nose\ncoords,,,x,y\n"
    sheet = read_csv(save("a.csv", head + "labeled-data,0012,img1.png,1,2\n"))
    assert sheet.index == ("labeled-data/0012/img1.png",)
    assert sheet.index_width == 3


def test_backslashes_become_slashes(save):
    sheet = read_csv(save("a.csv", HEAD + "labeled-data\\v\\img1.png,1,2\n"))
    assert sheet.index == ("labeled-data/v/img1.png",)


def test_four_header_rows_name_individuals(save):
    head = "scorer,a,a,a,a\nindividuals,m1,m1,single,single\nbodyparts,nose,nose,food,food\n"
    text = head + "coords,x,y,x,y\n0,1,2,3,4\n"
    columns = read_csv(save("a.csv", text)).columns
    assert columns.points() == (("m1", "nose"), ("single", "food"))


def test_a_scorer_may_have_spaces_and_commas(save):
    text = 'scorer,"Ann, of B","Ann, of B"\nbodyparts,nose,nose\ncoords,x,y\n0,1,2\n'
    assert read_csv(save("a.csv", text)).columns.scorer == "Ann, of B"


def test_a_column_of_words_is_kept_apart(save):
    text = "scorer,a,a,set\nbodyparts,nose,nose,\ncoords,x,y,\nlabeled-data/1.png,1,2,train\n"
    sheet = read_csv(save("a.csv", text))
    assert sheet.text == {"set": ("train",)}
    assert sheet.values.tolist() == [[1, 2]]


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(save):
    sheet = read_csv(save("a.csv", "\ufeff" + (HEAD + "0,1,2\n").replace("\n", "\r\n")))
    assert sheet.values.tolist() == [[1, 2]]


def test_empty_lines_and_rows_at_the_end_are_no_frames(save):
    assert len(read_csv(save("a.csv", HEAD + "a.png,1,2\n,,\n\n"))) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("PK\x03\x04\0\0", "is not text"),
        ("frame,x,y\n0,1,2\n", "row 1 begins with 'frame', not 'scorer'"),
        ("scorer;a;a\n", "row 1 begins with 'scorer;a;a', not 'scorer'; separate cells by ','"),
        ("scorer,a,a\n", "ends before row 2, which must begin with 'bodyparts'"),
        ("scorer,a,a\ncoords,x,y\n0,1,2\n", "row 2 begins with 'coords', not 'bodyparts'"),
        ("scorer,a,a\nbodyparts,n,n\n0,1,2\n", "row 3 begins with '0', not 'coords'"),
        ("scorer,a,a\nindividuals,m,m\ncoords,x,y\n", "row 3 begins with 'coords', not 'body"),
        ("scorer,a,a\nbodyparts,n\ncoords,x,y\n", r"row 2 \(bodyparts\) has 2 cells where"),
        ("scorer,a,b\nbodyparts,n,n\ncoords,x,y\n", "two scorers, 'a' and 'b'; keep"),
        ("scorer,a,a\nbodyparts,n,n\ncoords,x,x\n", "column 'x' of keypoint 'n' is given twice"),
        ("scorer,a,a\nbodyparts,n,\ncoords,x,y\n", "column 3 has no bodyparts"),
        ("scorer\nbodyparts\ncoords\n", "has no columns of keypoints"),
        (",b,b\n,length,orientation,likelihood\n0,1,2,3\n", "row 1 must name a bone for each cell"),
        (HEAD + "0,1,2\n1,1\n", "row 5 has 2 cells where the header has 3"),
        (HEAD + "0,1,2\n1,1,2,3\n", "row 5 has 4 cells where the header has 3"),
        (HEAD + "0,1,2\n1,1,2\n2,1", "row 6 has 2 cells where the header has 3"),
        (HEAD + "0,1,2\n1,one,2\n", r"row 5: 'one' is not a number \(nose, x\)"),
        (HEAD + "0,1,2\n1,1,\"2,5\"\n", r"row 5: '2,5' is not a number \(nose, y\)"),
        (HEAD + "0,1_000,2\n", "row 4: '1_000' is not a number"),
        (HEAD + "a.png,1,2\n,3,4\n", "row 5 has numbers but names no frame"),
    ],
)  # fmt: skip
def test_a_malformed_file_gets_one_line(save, text, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_csv(save("a.csv", text))
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf8_gets_one_line(tmp_path):
    (tmp_path / "a.csv").write_bytes(HEAD.encode() + "bär.png,1,2\n".encode("latin-1"))
    with pytest.raises(FormatError, match="is not UTF-8 text"):
        read_csv(tmp_path / "a.csv")


def test_a_missing_file_gets_one_line(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        read_csv(tmp_path / "a.csv")


def test_numbers_are_those_that_python_reads(save, tmp_path):
    texts = [repr(x) for x in np.random.default_rng(0).uniform(-1e3, 1e3, 400).tolist()]
    path = save(
        "a.csv",
        HEAD
        + "".join(
            f"{n},{a},{b}\n" for n, (a, b) in enumerate(zip(texts[::2], texts[1::2], strict=True))
        ),
    )
    assert read_csv(path).values.ravel().tolist() == [float(text) for text in texts]


def test_pandas_reads_what_we_write(tmp_path):
    columns = Columns("s", tuple(Column("", name, coord) for name in "ab" for coord in ("x", "y")))
    values = np.random.default_rng(0).normal(size=(5, 4))
    values[2, 1] = np.nan
    write_rows(
        tmp_path / "a.csv", columns, [(np.arange(3), values[:3]), (np.arange(3, 5), values[3:])]
    )
    frame = pd.read_csv(tmp_path / "a.csv", header=[0, 1, 2], index_col=0)
    np.testing.assert_allclose(frame.to_numpy(), values, rtol=1e-15)  # pandas 2 rounds the last bit
    assert frame.columns.names == ["scorer", "bodyparts", "coords"]
    np.testing.assert_allclose(frame["s"]["b"]["y"], values[:, 3], rtol=1e-15)


@settings(max_examples=60, deadline=None)
@given(
    points=POINTS,
    scorer=WORDS,
    values=arrays.arrays(float, (3, 8), elements=st.floats(allow_infinity=False, width=64)),
    width=st.sampled_from([1, 3]),
)
def test_a_file_written_by_us_is_read_by_us_unchanged(
    tmp_path_factory, points, scorer, values, width
):
    path = tmp_path_factory.mktemp("round") / "a.csv"
    columns = Columns(scorer, tuple(Column(*point, c) for point in points for c in "xy"), True)
    values = values[:, : len(columns.columns)]
    names = [f"labeled-data/{number:04d}/i,{number}.png" for number in range(len(values))]
    write_rows(path, columns, [(names, values)], None, width)
    back = read_csv(path)
    assert back.columns == columns
    assert back.index == tuple(names)
    np.testing.assert_array_equal(back.values, values)


@given(points=POINTS, width=st.sampled_from([1, 3]), individuals=st.booleans())
def test_header_rows_read_back(points, width, individuals):
    named = dict.fromkeys((one if individuals else "", name) for one, name in points)
    columns = Columns("s", tuple(Column(*point, c) for point in named for c in "xy"), individuals)
    header = parse_header([*header_rows(columns, width), ["0"]], "here")
    assert (header.columns, header.index_width) == (columns, width)


def test_a_path_that_does_not_fit_three_cells_is_refused_and_the_former_file_stays(save):
    path = save("a.csv", "former")
    with pytest.raises(FormatError, match=r"'img\.png' has no three parts"):
        write_rows(
            path, Columns("s", (Column("", "a", "x"),)), [(["img.png"], np.ones((1, 1)))], None, 3
        )
    assert path.read_text() == "former"
    assert [file.name for file in path.parent.iterdir()] == ["a.csv"]


def test_a_full_disk_is_one_line_and_leaves_the_former_file(save, monkeypatch):
    path = save("a.csv", "former")

    def chunks():
        yield np.arange(1), np.ones((1, 1))
        raise OSError(28, "No space left on device")

    with pytest.raises(FormatError, match=r"a\.csv: cannot be written: the disk is full"):
        write_rows(path, Columns("s", (Column("", "a", "x"),)), chunks())
    assert path.read_text() == "former"
    assert len(list(path.parent.iterdir())) == 1


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(FormatError, match="cannot be written: no such file or directory"):
        write_rows(tmp_path / "no" / "a.csv", Columns("s", (Column("", "a", "x"),)), [])
