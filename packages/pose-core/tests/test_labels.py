import numpy as np
import pytest

from pose_core.errors import FormatError
from pose_core.labels import MISSING, OCCLUDED, VISIBLE, Labels, video_of
from pose_core.skeleton import Skeleton

SKELETON = Skeleton(("nose", "tail"))


def labels(frames=4):
    keypoints = np.arange(frames * 4, dtype=float).reshape(frames, 2, 2)
    return Labels.of([f"labeled-data/m1/img{i}.png" for i in range(frames)], keypoints, SKELETON)


def test_complete_points_are_visible():
    assert (labels().visibility == VISIBLE).all()
    assert labels().visibility.dtype == np.uint8


@pytest.mark.parametrize("missing", [(np.nan, 3.0), (3.0, np.nan), (np.nan, np.nan), (np.inf, 1.0)])
def test_a_point_of_which_a_coordinate_is_missing_is_missing_whole(missing):
    made = Labels.of(["a.png"], np.array([[missing, (1.0, 2.0)]]), SKELETON)
    assert np.isnan(made.keypoints[0, 0]).all()
    assert made.visibility.tolist() == [[MISSING, VISIBLE]]


def test_making_labels_leaves_the_given_array_alone():
    given = np.array([[(np.nan, 3.0), (1.0, 2.0)]])
    Labels.of(["a.png"], given, SKELETON)
    assert given[0, 0, 1] == 3.0


def test_whole_numbers_are_taken_as_pixels():
    assert Labels.of(["a.png"], np.ones((1, 2, 2), dtype=int), SKELETON).keypoints.dtype == float


@pytest.mark.parametrize("rows", [[2, 0], np.array([2, 0]), (2, 0)])
def test_selected_frames_come_in_the_order_asked_for(rows):
    chosen = labels().select(rows)
    assert chosen.frames == ("labeled-data/m1/img2.png", "labeled-data/m1/img0.png")
    np.testing.assert_array_equal(chosen.keypoints, labels().keypoints[[2, 0]])
    assert len(chosen) == 2


def test_selecting_nothing_gives_no_frames():
    chosen = labels().select([])
    assert len(chosen) == 0
    assert chosen.keypoints.shape == (0, 2, 2)


def test_selecting_keeps_what_is_hidden():
    visibility = np.array([[VISIBLE, OCCLUDED], [MISSING, VISIBLE]], dtype=np.uint8)
    made = Labels(("a", "b"), np.zeros((2, 2, 2)), visibility, SKELETON)
    assert made.select([1, 0]).visibility.tolist() == [[MISSING, VISIBLE], [VISIBLE, OCCLUDED]]


@pytest.mark.parametrize(
    ("keypoints", "visibility"),
    [
        ((3, 2, 2), (4, 2)),
        ((4, 2, 2), (4, 3)),
        ((4, 3, 2), (4, 2)),
        ((4, 2, 3), (4, 2)),
        ((4, 4), (4, 2)),
    ],
)
def test_arrays_that_do_not_fit_are_refused_with_their_shapes(keypoints, visibility):
    with pytest.raises(FormatError, match=r"labels: 4 frames of 2 keypoints do not fit arrays of"):
        Labels(("a", "b", "c", "d"), np.zeros(keypoints), np.zeros(visibility), SKELETON)


@pytest.mark.parametrize(
    ("frame", "video"),
    [
        ("labeled-data/m4s1/img0027.png", "m4s1"),
        ("m4s1/img0027.png", "m4s1"),
        ("img0027.png", ""),
        ("labeled-data/a b.c/img1.png", "a b.c"),
    ],
)
def test_a_labeled_image_comes_from_the_video_its_folder_names(frame, video):
    assert video_of(frame) == video
