from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pose_io_dlc import (
    FormatError,
    LabelTable,
    PredictionTable,
    read_labels,
    read_predictions,
    write_labels,
    write_predictions,
)
from pose_io_dlc.labels import below_project
from pose_io_dlc.tables import MISSING, OCCLUDED, VISIBLE

LABELS = "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,{}\n"
PREDICTIONS = "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,likelihood\n"


def test_visibility_is_that_of_the_file(save):
    rows = "1.png,1,2,2\n2.png,3,4,1\n3.png,5,6,0\n4.png,,,1\n5.png,,,\n6.png,7,8,\n"
    table = read_labels(save("a.csv", LABELS.format("visible") + rows))
    expected = [VISIBLE, OCCLUDED, MISSING, OCCLUDED, MISSING, VISIBLE]
    assert table.visibility[:, 0].tolist() == expected
    np.testing.assert_array_equal(np.isnan(table.keypoints[:, 0, 0]), [0, 0, 1, 1, 1, 0])


def test_an_unknown_visibility_is_refused(save):
    path = save("a.csv", LABELS.format("visible") + "1.png,1,2,3\n")
    with pytest.raises(
        FormatError, match=r"frame '1\.png': visible is 3 \(n\); it can be 0, 1 or 2"
    ):
        read_labels(path)


@pytest.mark.parametrize(("cells", "warnings"), [("", 0), ("0.5", 1)])
def test_stray_likelihood_columns_are_dropped(save, cells, warnings):
    table = read_labels(save("a.csv", LABELS.format("likelihood") + f"1.png,1,2,{cells}\n"))
    assert table.keypoints.tolist() == [[[1, 2]]]
    assert len(table.warnings) == warnings


def test_half_a_point_is_missing(save):
    table = read_labels(save("a.csv", LABELS.format("likelihood") + "1.png,1,,\n2.png,1,2,\n"))
    assert np.isnan(table.keypoints[0]).all()
    assert "1 labels have only x or only y" in table.warnings[0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "1.png,1,2,\n2.png,,,\n1.png,3,4,\n",
            r"frame '1\.png' is labeled twice, as frame 1 and 3, and they differ",
        ),
        ("0,1,2,\n", "frame 1 is '0', not an image; are these predictions"),
    ],
)
def test_rows_that_are_no_labels_are_refused(save, rows, message):
    with pytest.raises(FormatError, match=message):
        read_labels(save("a.csv", LABELS.format("likelihood") + rows))


def test_labels_need_both_coordinates(save):
    with pytest.raises(FormatError, match="has no 'y' column"):
        read_labels(save("a.csv", "scorer,a\nbodyparts,n\ncoords,x\n1.png,1\n"))


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("C:\\lab\\p\\labeled-data\\v\\i.png", "labeled-data/v/i.png"),
        ("/home/x/labeled-data/v/i.png", "labeled-data/v/i.png"),
        ("labeled-data/v/i.png", "labeled-data/v/i.png"),
        ("unlabeled-data/v/i.png", "unlabeled-data/v/i.png"),
        ("i.png", "i.png"),
    ],
)
def test_paths_of_any_machine_are_cut_to_the_project(path, below):
    assert below_project(path) == below


@pytest.mark.parametrize(
    ("row", "known"),
    [("-1,-1,-1", False), ("0,0,", False), ("0,0,0.1", True), ("-1,-1,0.5", True), (",,", False)],
)
def test_placeholders_of_no_detection_are_missing(save, row, known):
    table = read_predictions(save("a.csv", PREDICTIONS + f"0,{row}\n"))
    assert np.isfinite(table.keypoints).all() == known
    assert known or np.isnan(table.confidence).all()


def test_further_columns_are_kept(save):
    text = (
        "scorer,a,a,a,a\nbodyparts,n,n,n,n\ncoords,x,y,likelihood,x_posterior_var\n0,1,2,.5,1e-9\n"
    )
    table = read_predictions(save("a.csv", text))
    assert table.extra["x_posterior_var"].tolist() == [[1e-9]]


def test_gaps_in_the_frame_numbers_are_seen_and_filled(save):
    table = read_predictions(save("a.csv", PREDICTIONS + "1,1,2,.5\n3,3,4,.5\n"))
    assert table.numbers.tolist() == [1, 3]
    whole = table.without_gaps()
    np.testing.assert_array_equal(whole.keypoints[:, 0, 0], [np.nan, 1, np.nan, 3])
    assert whole.numbers is None


def test_an_absurd_frame_number_is_not_filled_up(save):
    table = read_predictions(save("a.csv", PREDICTIONS + "1000000000,1,2,.5\n"))
    with pytest.raises(FormatError, match="frame number 1000000000 in 1 rows"):
        table.without_gaps()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0,1,2,.5\n0,1,2,.5\n", "frame 0 is given twice; remove one row"),
        ("a.png,1,2,.5\na.png,1,2,.5\n", r"frame 'a\.png' is given twice"),
        ("0,1,2,.5\nx,1,2,.5\n", "row 1 of the frames is named '0'; it needs"),
        ("-3,1,2,.5\n", "frame number -3 is not one of a video"),
    ],
)
def test_rows_that_are_no_predictions_are_refused(save, rows, message):
    with pytest.raises(FormatError, match=message):
        read_predictions(save("a.csv", PREDICTIONS + rows))


@pytest.mark.parametrize(
    ("coord", "message"),
    [
        ("visible", "no 'likelihood' column; is it a file of labels"),
        ("z", "in space .*; use read_points3d"),
    ],
)
def test_columns_that_are_no_predictions_are_refused(save, coord, message):
    with pytest.raises(FormatError, match=message):
        read_predictions(save("a.csv", LABELS.format(coord) + "0,1,2,0\n"))


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
@settings(max_examples=8, deadline=None)
@given(
    points=arrays.arrays(float, (3, 2, 2), elements=st.floats(0.5, 1e5)),
    known=arrays.arrays(bool, (3, 2)),
    hidden=arrays.arrays(bool, (3, 2)),
)
def test_labels_written_by_us_are_read_by_us_unchanged(
    tmp_path_factory, suffix, points, known, hidden
):
    path = tmp_path_factory.mktemp("labels") / f"a{suffix}"
    visibility = np.where(known, np.where(hidden, OCCLUDED, VISIBLE), MISSING).astype(np.uint8)
    points = np.where(known[..., None], points, np.nan)
    frames = tuple(f"labeled-data/0012/img{number}.png" for number in range(3))
    table = LabelTable(frames, ("n", "m"), points, visibility, "an n", ("m1", "single"))
    write_labels(path, table, visible=True)
    back = read_labels(path)
    assert (back.frames, back.points, back.scorer) == (frames, table.points, "an n")
    np.testing.assert_array_equal(back.keypoints, points)
    np.testing.assert_array_equal(back.visibility, visibility)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
@settings(max_examples=8, deadline=None)
@given(
    points=arrays.arrays(np.float32, (4, 2, 2), elements=st.floats(0.5, 1e5, width=32)),
    confidence=arrays.arrays(float, (4, 2), elements=st.floats(0, 1)),
    images=st.booleans(),
)
def test_predictions_written_exactly_are_read_unchanged(
    tmp_path_factory, suffix, points, confidence, images
):
    path = tmp_path_factory.mktemp("predictions") / f"a{suffix}"
    frames = tuple(f"/any/where/img{number}.png" for number in range(4)) if images else None
    table = PredictionTable(
        ("n", "m"), points, confidence, frames, scorer="s", extra={"v": confidence * 1e-8}
    )
    write_predictions(path, table, decimals=None)
    back = read_predictions(path).without_gaps()
    assert (back.frames, back.points, back.scorer) == (frames, table.points, "s")
    np.testing.assert_array_equal(back.keypoints, points)
    np.testing.assert_array_equal(back.confidence, confidence)
    np.testing.assert_array_equal(back.extra["v"], table.extra["v"])


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_arrays_on_a_disk_are_written_in_chunks(tmp_path, suffix):
    shape = (5000, 3, 2)
    points = np.memmap(tmp_path / "points", np.float32, "w+", shape=shape)
    points[:] = np.random.default_rng(0).uniform(0, 600, shape)
    table = PredictionTable(("a", "b", "c"), points, points[..., 0] / 600)
    write_predictions(tmp_path / f"a{suffix}", table, decimals=4)
    back = read_predictions(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(back.keypoints, points, atol=5.1e-5)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_a_video_of_no_frames_is_written_and_read(tmp_path, suffix):
    table = PredictionTable(("a",), np.ones((0, 1, 2)), np.ones((0, 1)))
    write_predictions(tmp_path / f"a{suffix}", table)
    assert read_predictions(tmp_path / f"a{suffix}").keypoints.shape == (0, 1, 2)


def test_an_unknown_suffix_is_refused(tmp_path):
    table = PredictionTable(("a",), np.ones((1, 1, 2)), np.ones((1, 1)))
    with pytest.raises(FormatError, match=r"unknown suffix '\.txt'; known: \.csv, \.h5"):
        write_predictions(tmp_path / "a.txt", table)


def test_arrays_that_do_not_fit_are_refused():
    table = PredictionTable(("a",), np.ones((1, 1, 2)), np.ones((1, 1)))
    with pytest.raises(FormatError, match=r"\(1, 1\) frames and keypoints do not fit"):
        replace(table, confidence=np.ones((2, 1)))
    with pytest.raises(FormatError, match="2 frames for 1 rows"):
        replace(table, frames=("a", "b"))
    with pytest.raises(FormatError, match="keypoint 'a' is given twice"):
        PredictionTable(("a", "a"), np.ones((1, 2, 2)), np.ones((1, 2)))
    with pytest.raises(FormatError, match="1 individuals for 2 keypoints"):
        PredictionTable(("a", "b"), np.ones((1, 2, 2)), np.ones((1, 2)), individuals=("m",))
