from dataclasses import replace

import numpy as np
import pytest

from pose_core.errors import FormatError
from pose_core.predictions import Ensemble, Predictions
from pose_core.skeleton import Skeleton

SKELETON = Skeleton(("nose", "tail", "paw"))


def predictions(seed=0, frames=5):
    rng = np.random.default_rng(seed)
    return Predictions(rng.uniform(size=(frames, 3, 2)), rng.uniform(size=(frames, 3)), SKELETON)


def test_predictions_are_as_long_as_their_frames():
    assert len(predictions()) == 5


@pytest.mark.parametrize(
    ("keypoints", "confidence"),
    [((5, 3, 2), (4, 3)), ((5, 2, 2), (5, 2)), ((5, 3, 3), (5, 3)), ((5, 3, 2), (5,))],
)
def test_arrays_that_do_not_fit_are_refused(keypoints, confidence):
    with pytest.raises(FormatError, match=r"predictions: .* do not fit"):
        Predictions(np.zeros(keypoints), np.zeros(confidence), SKELETON)


def test_an_extra_column_of_another_shape_is_refused():
    with pytest.raises(FormatError, match=r"predictions: .* do not fit .*\(4, 3\)"):
        replace(predictions(), extra={"variance": np.zeros((4, 3))})


def test_frame_names_of_another_number_are_refused():
    with pytest.raises(FormatError, match="2 frame names for 5 rows"):
        replace(predictions(), frames=("a.png", "b.png"))


def test_members_come_first():
    members = [predictions(0), predictions(1)]
    ensemble = Ensemble.of(members)
    assert ensemble.keypoints.shape == (2, 5, 3, 2)
    np.testing.assert_array_equal(ensemble.keypoints[1], members[1].keypoints)
    np.testing.assert_array_equal(ensemble.confidence[0], members[0].confidence)


def test_members_with_keypoints_in_another_order_are_aligned_by_name():
    first, second = predictions(0), predictions(1)
    order = [2, 0, 1]
    turned = Predictions(
        second.keypoints[:, order],
        second.confidence[:, order],
        Skeleton(tuple(SKELETON.names[i] for i in order)),
    )
    ensemble = Ensemble.of([first, turned])
    np.testing.assert_array_equal(ensemble.keypoints[1], second.keypoints)
    np.testing.assert_array_equal(ensemble.confidence[1], second.confidence)
    assert ensemble.skeleton is first.skeleton


def test_one_member_is_an_ensemble():
    assert Ensemble.of([predictions()]).keypoints.shape == (1, 5, 3, 2)


def test_no_member_is_refused():
    with pytest.raises(FormatError, match="ensemble: no members; give at least one"):
        Ensemble.of([])


def test_members_of_other_keypoints_are_refused_by_name():
    other = replace(predictions(1), skeleton=Skeleton(("nose", "tail", "ear")))
    with pytest.raises(FormatError, match="keypoint 'ear' is not in both member 1 and member 2"):
        Ensemble.of([predictions(0), other])


def test_members_of_another_length_are_refused_with_both_lengths():
    with pytest.raises(FormatError, match=r"member 3 has other frames than member 1 \(4 and 5\)"):
        Ensemble.of([predictions(0), predictions(1), predictions(2, frames=4)])


def test_members_of_other_images_are_refused():
    names = [tuple(f"{letter}{i}.png" for i in range(5)) for letter in "ab"]
    members = [replace(predictions(), frames=one) for one in names]
    with pytest.raises(FormatError, match="member 2 has other frames than member 1"):
        Ensemble.of(members)
