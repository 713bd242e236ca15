import numpy as np
import pytest

from pose_io_dlc import BoneTable, PredictionTable, kind_of, write_predictions, write_skeleton
from pose_io_dlc.kinds import KINDS

HEAD = "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,{}\n"
MULTI = "scorer,a,a,a\nindividuals,m,m,m\nbodyparts,n,n,n\ncoords,x,y,likelihood\n"
NET = "vDLC_resnet50_tJan1shuffle1_9"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("CollectedData_a.csv", "scorer,a,a\nbodyparts,n,n\ncoords,x,y\n1.png,1,2\n", "labels"),
        ("CollectedData.csv", HEAD.format("visible") + "1.png,,,\n", "labels"),
        ("x.csv", HEAD.format("likelihood") + "1.png,,,\n2.png,1,2,\n", "labels"),
        ("x.csv", HEAD.format("likelihood") + "1.png,,,\n2.png,1,2,.5\n", "predictions"),
        ("x.csv", HEAD.format("likelihood") + "0,,,\n1,1,2,.5\n", "predictions"),
        ("x.csv", HEAD.format("likelihood"), "predictions"),
        (f"{NET}_el.csv", MULTI + "0,1,2,.5\n", "tracks"),
        (f"{NET}_el_filtered.csv", MULTI + "0,1,2,.5\n", "tracks"),
        (f"{NET}.csv", MULTI + "0,1,2,.5\n", "predictions"),
        ("x_DLC_3D.csv", HEAD.format("z") + "0,1,2,3\n", "points3d"),
        ("x.csv", ",b,b,b\n,length,orientation,likelihood\n0,1,2,3\n", "skeleton"),
        ("x.csv", "time,speed\n0,1\n", "unknown"),
        ("x.csv", "", "unknown"),
        ("x.csv", "scorer,a\n", "unknown"),
        ("x.csv", "scorer,\0a\n", "unknown"),
        ("x.h5", "no h5", "unknown"),
        ("x.txt", "text", "unknown"),
        ("x_full.pickle", "text", "unknown"),
    ],
)
def test_a_file_is_told_by_its_first_rows(save, name, text, kind):
    assert kind_of(save(name, text)) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"{NET}_meta.pickle", "meta"),
        (f"{NET}_full.pickle", "full"),
        (f"{NET}_assemblies.pickle", "assemblies"),
        (f"{NET}_el.pickle", "tracklets"),
        ("Documentation_data-t_95shuffle1.pickle", "unknown"),
    ],
)
def test_a_pickle_is_told_by_its_name(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"\x80\x05N.")
    assert kind_of(tmp_path / name) == kind


def test_h5_is_told_without_its_numbers(tmp_path):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    table = PredictionTable(("n",), np.ones((2, 1, 2)), np.ones((2, 1)))
    write_predictions(tmp_path / "a.h5", table)
    write_skeleton(tmp_path / "b.h5", BoneTable(("n_m",), *np.ones((3, 2, 1))))
    assert [kind_of(tmp_path / name) for name in ("a.h5", "b.h5")] == ["predictions", "skeleton"]


def test_nothing_and_folders_are_unknown(tmp_path):
    assert kind_of(tmp_path) == kind_of(tmp_path / "no.csv") == "unknown"


def test_a_line_without_end_is_not_read_whole(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(1 << 33)  # a sparse file; reading it whole would need 8 GB
    assert kind_of(path) == "unknown"


def test_every_kind_is_made_by_deeplabcut(data):
    found = {kind_of(path) for path in (data / "dlc-made" / "predictions").iterdir()}
    assert found == {"predictions", "tracks", "skeleton", "meta", "full"}
    assert found < set(KINDS)


@pytest.mark.parametrize(
    ("name", "frames", "likelihood", "kind"),
    [
        ("a", None, 1.0, "predictions"),
        ("a", ("labeled-data/v/1.png",), 1.0, "predictions"),
        ("a", ("labeled-data/v/1.png",), np.nan, "labels"),
        ("CollectedData_a", ("labeled-data/v/1.png",), 1.0, "labels"),
    ],
)
def test_parquet_is_told_by_its_schema(tmp_path, monkeypatch, name, frames, likelihood, kind):
    pytest.importorskip("pyarrow", reason="the extra [parquet] is not installed")
    table = PredictionTable(("n",), np.ones((1, 1, 2)), np.full((1, 1), likelihood), frames)
    write_predictions(tmp_path / f"{name}.parquet", table)
    if frames is None:  # no row of a video is needed
        monkeypatch.setattr("pose_io_dlc.kinds.read_sheet", None)
    assert kind_of(tmp_path / f"{name}.parquet") == kind


def test_columns_of_words_do_not_hide_the_likelihood(save):
    head = "scorer,a,a,a,set\nbodyparts,n,n,n,\ncoords,x,y,likelihood,\n"
    assert kind_of(save("a.csv", head + "labeled-data/v/1.png,1,2,0.5,train\n")) == "predictions"
    assert kind_of(save("b.csv", head + "labeled-data/v/1.png,1,2,,train\n")) == "labels"
