from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pose_io_dlc import (
    BoneTable,
    FormatError,
    Table3D,
    read_points3d,
    read_predictions,
    read_sheet,
    read_skeleton,
    write_points3d,
    write_sheet,
    write_skeleton,
)

SPACE = "scorer,DLC_3D,DLC_3D,DLC_3D\nbodyparts,n,n,n\ncoords,x,y,z\n"
BONES = ",n_m,n_m,n_m\n,length,orientation,likelihood\n"
NET = "dlc-made/predictions/mouseDLC_Resnet50_soloNov21shuffle1_snapshot_best-10"


@pytest.fixture(scope="module", params=[".csv", ".h5"])
def suffix(request):
    if request.param == ".h5":
        pytest.importorskip("tables", reason="the extra [h5] is not installed")
    return request.param


def space(points, **more):
    return Table3D(("n", "m"), points, **more)


# points in space


def test_points_of_a_3d_project_are_read(save):
    table = read_points3d(save("mouse_DLC_3D.csv", SPACE + "0,,,\n1,1.5,2.5,-3.5\n2,1,,3\n"))
    np.testing.assert_array_equal(
        table.points[:, 0], [[np.nan] * 3, [1.5, 2.5, -3.5], [np.nan] * 3]
    )
    assert (table.names, table.scorer, table.video) == (("n",), "DLC_3D", "mouse")
    assert table.numbers.tolist() == [0, 1, 2]


def test_animals_in_space_stand_side_by_side(save):
    head = "scorer,a,a,a,a,a,a\nindividuals,m1,m1,m1,m2,m2,m2\nbodyparts,n,n,n,n,n,n\n"
    table = read_points3d(save("a.csv", head + "coords,x,y,z,x,y,z\n0,1,2,3,4,5,6\n"))
    assert (table.keypoints, table.animals) == ((("m1", "n"), ("m2", "n")), ("m1", "m2"))
    assert table.points.tolist() == [[[1, 2, 3], [4, 5, 6]]]


@settings(max_examples=15, deadline=None)
@given(
    points=arrays.arrays(float, (3, 2, 3), elements=st.floats(-1e6, 1e6)),
    known=arrays.arrays(bool, (3, 2, 1)),
    several=st.booleans(),
)
def test_points_written_by_us_are_read_by_us_unchanged(
    tmp_path_factory, suffix, points, known, several
):
    path = tmp_path_factory.mktemp("space") / f"a{suffix}"
    owners = ("one", "single") if several else ()
    table = space(
        np.where(known, points, np.nan),
        individuals=owners,
        extra={"error": points[..., 0]},
        numbers=np.array([0, 1, 5]),
    )
    write_points3d(path, table)
    back = read_points3d(path)
    assert (back.keypoints, back.scorer) == (table.keypoints, "DLC_3D")
    np.testing.assert_array_equal(back.points, table.points)
    np.testing.assert_array_equal(back.extra["error"], table.extra["error"])
    np.testing.assert_array_equal(back.numbers, table.numbers)
    assert "3 frames between its first and its last are left out" in back.warnings[0]
    assert len(back.without_gaps()) == 6
    assert np.isnan(back.without_gaps().extra["error"][2:5]).all()


def test_pandas_finds_the_levels_that_deeplabcut_writes(tmp_path):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    write_points3d(tmp_path / "a.h5", space(np.ones((2, 2, 3))))
    frame = pd.read_hdf(tmp_path / "a.h5", "df_with_missing")
    assert frame.columns.names == ["scorer", "bodyparts", "coords"]
    assert list(frame.columns.levels[2]) == ["x", "y", "z"]


def test_points_that_do_not_fit_are_refused():
    with pytest.raises(FormatError, match=r"\(1, 2\) frames and keypoints do not fit \(1, 2, 2\)"):
        space(np.ones((1, 2, 2)))
    with pytest.raises(FormatError, match="2 frames for 1 rows"):
        space(np.ones((1, 2, 3)), numbers=np.arange(2))


@pytest.mark.parametrize("head", [SPACE, BONES])
def test_images_have_no_place_in_files_of_videos(save, head):
    read = read_points3d if head == SPACE else read_skeleton
    with pytest.raises(FormatError, match=r"row 1 is of the image '1\.png'; it needs a frame"):
        read(save("a.csv", head + "1.png,1,2,3\n"))


def test_a_point_without_depth_is_refused(save):
    text = "scorer,a,a,a,a,a\nbodyparts,n,n,n,m,m\ncoords,x,y,z,x,y\n0,1,2,3,4,5\n"
    with pytest.raises(FormatError, match="keypoint 'm' has no column 'z'"):
        read_points3d(save("a.csv", text))


# bones


def test_bones_are_read_from_two_header_rows(save):
    table = read_skeleton(save("a_skeleton.csv", BONES + "0,5,90,.5\n1,,,.25\n"))
    assert table.names == ("n_m",)
    np.testing.assert_array_equal(table.length, [[5], [np.nan]])
    np.testing.assert_array_equal(table.orientation, [[90], [np.nan]])
    np.testing.assert_array_equal(table.confidence, [[0.5], [0.25]])
    assert table.numbers.tolist() == [0, 1]


@settings(max_examples=15, deadline=None)
@given(values=arrays.arrays(float, (3, 4, 2), elements=st.floats(0, 360)))
def test_bones_written_by_us_are_read_by_us_unchanged(tmp_path_factory, suffix, values):
    path = tmp_path_factory.mktemp("bones") / f"a_skeleton{suffix}"
    table = BoneTable(("n_m", "m_o"), *values, numbers=np.arange(3, 7))
    write_skeleton(path, table)
    back = read_skeleton(path)
    assert back.names == table.names
    found = np.stack([back.length, back.orientation, back.confidence])
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(back.numbers, table.numbers)


def test_deeplabcuts_own_bones_are_those_of_its_keypoints(data, suffix):
    bones = read_skeleton(data / f"{NET}_skeleton{suffix}")
    table = read_predictions(data / f"{NET}{suffix}")
    assert bones.names == ("snout_leftear", "snout_tailbase")
    for bone, name in enumerate(bones.names):
        ends = [table.names.index(end) for end in name.split("_")]
        x, y = (table.keypoints[:, ends[1]] - table.keypoints[:, ends[0]]).T
        np.testing.assert_allclose(bones.length[:, bone], np.hypot(x, y))
        np.testing.assert_allclose(bones.confidence[:, bone], table.confidence[:, ends].min(1))
        angle = np.degrees(np.arctan2(y, x)) % 360
        np.testing.assert_allclose(angle, bones.orientation[:, bone], atol=1e-6)


def test_deeplabcuts_own_csv_comes_out_as_it_went_in(data, tmp_path):
    path = data / f"{NET}_skeleton.csv"
    write_sheet(tmp_path / "a.csv", read_sheet(path))
    assert (tmp_path / "a.csv").read_text() == path.read_text()


def test_csv_and_h5_of_the_same_bones_agree(data):
    pytest.importorskip("h5py", reason="the extra [h5] is not installed")
    csv, h5 = (read_sheet(data / f"{NET}_skeleton{suffix}") for suffix in (".csv", ".h5"))
    assert csv.columns == h5.columns
    np.testing.assert_allclose(csv.values, h5.values, rtol=1e-12)


def test_bones_that_do_not_fit_are_refused():
    table = BoneTable(("n_m",), *np.ones((3, 2, 1)))
    with pytest.raises(FormatError, match=r"\(2, 1\) frames and bones do not fit"):
        replace(table, length=np.ones((2, 2)))
    with pytest.raises(FormatError, match="3 frames for 2 rows"):
        replace(table, numbers=np.arange(3))


def test_a_bone_without_length_is_refused(save):
    text = ",n,n,n,m,m\n,length,orientation,likelihood,orientation,likelihood\n0,1,2,3,4,5\n"
    with pytest.raises(FormatError, match="keypoint 'm' has no column 'length'"):
        read_skeleton(save("a.csv", text))
