import pickle

import numpy as np
import pandas as pd
import pytest

h5py = pytest.importorskip("h5py", reason="the extra [h5] is not installed")
pytest.importorskip("tables", reason="the extra [h5] is not installed")

from pose_io_dlc.errors import FormatError  # noqa: E402
from pose_io_dlc.sheets.columns import Column, Columns  # noqa: E402
from pose_io_dlc.sheets.files import write_rows  # noqa: E402
from pose_io_dlc.sheets.h5_reading import read_h5  # noqa: E402

COLUMNS = Columns(
    "my scorer", tuple(Column("", name, c) for name in "ba" for c in ("x", "y", "likelihood"))
)
VALUES = np.random.default_rng(0).normal(size=(5, 6))
PATHS = [f"labeled-data/0012/img{number}.png" for number in range(5)]


def frame_like(columns, values, index):
    labels = [
        (columns.scorer, *c) if columns.has_individuals else (columns.scorer, *c[1:])
        for c in columns.columns
    ]
    names = (
        ["scorer", "individuals", "bodyparts", "coords"]
        if columns.has_individuals
        else ["scorer", "bodyparts", "coords"]
    )
    return pd.DataFrame(values, index=index, columns=pd.MultiIndex.from_tuples(labels, names=names))


def test_chunks_become_one_table_that_pandas_reads(tmp_path):
    path = tmp_path / "a.h5"
    write_rows(path, COLUMNS, [(np.arange(2), VALUES[:2]), (np.arange(2, 5), VALUES[2:])])
    pd.testing.assert_frame_equal(
        pd.read_hdf(path, "df_with_missing"), frame_like(COLUMNS, VALUES, np.arange(5))
    )


def test_pandas_2_finds_the_version_it_looks_for(tmp_path):
    write_rows(tmp_path / "a.h5", COLUMNS, [(np.arange(5), VALUES)])
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["df_with_missing"].attrs["pandas_version"] == b"0.15.2"
        assert file["df_with_missing"].attrs["pandas_type"] == b"frame_table"


@pytest.mark.parametrize("width", [1, 3])
def test_labels_written_by_us_are_read_by_us_unchanged(tmp_path, width):
    write_rows(tmp_path / "a.h5", COLUMNS, [(PATHS, VALUES)], index_width=width)
    back = read_h5(tmp_path / "a.h5")
    assert (back.columns, back.index, back.index_width) == (COLUMNS, tuple(PATHS), width)
    np.testing.assert_array_equal(back.values, VALUES)


@pytest.mark.parametrize("layout", ["fixed", "table"])
@pytest.mark.parametrize("individuals", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_pandas_writes_is_read(tmp_path, layout, individuals, dtype):
    columns = Columns(
        "s",
        tuple(
            Column(one if individuals else "", one + "n", c)
            for one in ("m1", "single")
            for c in "xy"
        ),
        individuals,
    )
    values = VALUES[:, :4].astype(dtype)
    values[0] = np.nan
    frame_like(columns, values, np.arange(3, 8)).to_hdf(
        tmp_path / "a.h5", key="tracks", format=layout
    )
    back = read_h5(tmp_path / "a.h5")
    assert back.columns == columns
    np.testing.assert_array_equal(back.index, np.arange(3, 8))
    np.testing.assert_array_equal(back.values, values)


@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_columns_of_several_dtypes_keep_their_order(tmp_path, layout):
    frame = frame_like(COLUMNS, VALUES, np.arange(5))
    for name in "ab":
        frame[("my scorer", name, "likelihood")] = frame[("my scorer", name, "likelihood")].astype(
            np.float32
        )
    frame.to_hdf(tmp_path / "a.h5", key="df_with_missing", format=layout)
    back = read_h5(tmp_path / "a.h5")
    assert back.columns == COLUMNS
    np.testing.assert_allclose(back.values, VALUES, rtol=1e-6)


def test_many_columns_are_written_fixed(tmp_path):
    columns = Columns(
        "s", tuple(Column("", f"k{number}", c) for number in range(400) for c in "xy")
    )
    values = np.arange(1600.0).reshape(2, 800)
    write_rows(
        tmp_path / "a.h5", columns, [(np.arange(1), values[:1]), (np.arange(1, 2), values[1:])]
    )
    np.testing.assert_array_equal(read_h5(tmp_path / "a.h5").values, values)


def test_no_rows_are_written_and_read(tmp_path):
    write_rows(tmp_path / "a.h5", COLUMNS, [(np.arange(0), VALUES[:0])])
    assert read_h5(tmp_path / "a.h5").columns == COLUMNS


class Malicious:
    def __reduce__(self):
        return (open, ("harm", "w"))


@pytest.mark.parametrize("where", ["non_index_axes", "values_block_0_kind"])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch, where):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "a.h5", COLUMNS, [(np.arange(5), VALUES)])
    with h5py.File("a.h5", "a") as file:
        group = file["df_with_missing"]
        holder = group if where in group.attrs else group["table"]
        holder.attrs[where] = np.bytes_(pickle.dumps(Malicious(), protocol=0))
    with pytest.raises(
        FormatError, match=r"holds a pickle that is not plain data .*not read, for safety"
    ):
        read_h5("a.h5")
    assert not (tmp_path / "harm").exists()


def test_pickled_objects_in_a_fixed_file_are_refused(tmp_path):
    frame = frame_like(COLUMNS, VALUES, np.arange(5))
    frame.to_hdf(tmp_path / "a.h5", key="df_with_missing", format="fixed")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        group = file["df_with_missing"]
        del group["axis1"]
        group.create_dataset("axis1", (1,), h5py.vlen_dtype(np.uint8)).attrs["kind"] = np.bytes_(
            "object"
        )
    with pytest.raises(FormatError, match="holds pickled object, which are not read"):
        read_h5(tmp_path / "a.h5")


def test_a_size_that_no_file_can_hold_is_refused_before_memory_is_asked_for(tmp_path):
    frame_like(COLUMNS, VALUES, np.arange(5)).to_hdf(
        tmp_path / "a.h5", key="df_with_missing", format="fixed"
    )
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["df_with_missing/block0_values"]
        file["df_with_missing"].create_dataset("block0_values", (1 << 40, 6), "f8", chunks=(64, 6))
    with pytest.raises(FormatError, match="claims 52777 GB in a file of"):
        read_h5(tmp_path / "a.h5")


@pytest.mark.filterwarnings("ignore:object name is not a valid")
def test_a_frame_that_deeplabcut_lost_is_named(tmp_path):
    rows = pd.MultiIndex.from_tuples(
        [tuple(path.split("/")) for path in PATHS], names=["labeled-data", "0012", "img9.png"]
    )
    frame_like(COLUMNS, VALUES, rows).to_hdf(
        tmp_path / "a.h5", key="df_with_missing", format="fixed"
    )
    assert (
        "'labeled-data/0012/img9.png', without labels, was lost"
        in read_h5(tmp_path / "a.h5").warnings[0]
    )


def test_what_a_failed_writer_left_is_called_empty(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("df_with_missing")
    with pytest.raises(FormatError, match="df_with_missing is empty"):
        read_h5(tmp_path / "a.h5")


def test_other_h5_files_get_one_line(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["node_names"], file["tracks2"] = np.arange(2), np.arange(3)
    with pytest.raises(
        FormatError, match="holds 'node_names', 'tracks2', not one of df_with_missing"
    ):
        read_h5(tmp_path / "a.h5")


@pytest.mark.parametrize("cut", [0, 100, 4000])
def test_damaged_files_get_one_line(tmp_path, cut):
    write_rows(tmp_path / "a.h5", COLUMNS, [(np.arange(5), VALUES)])
    (tmp_path / "b.h5").write_bytes((tmp_path / "a.h5").read_bytes()[:cut])
    with pytest.raises(FormatError, match=r"b\.h5: is damaged or not an H5 file") as caught:
        read_h5(tmp_path / "b.h5")
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_missing_is_one_line(tmp_path):
    with pytest.raises(FormatError, match="cannot be written: no such file or directory"):
        write_rows(tmp_path / "no" / "a.h5", COLUMNS, [(np.arange(5), VALUES)])
