"""Errors against closed forms and brute force."""

import numpy as np
import pytest

from pose_core.errors import FormatError
from pose_core.labels import OCCLUDED, VISIBLE, Labels
from pose_core.metrics import (
    aligned,
    auroc,
    error_of,
    mean_error_of,
    normalised_error,
    pck,
    pixel_error,
    summary,
    where,
)
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton

PAIR = Skeleton(("nose", "tail"))


def test_the_error_is_the_hypotenuse() -> None:
    assert pixel_error(np.array([3.0, 4.0]), np.zeros(2)) == 5


def test_an_error_is_missing_where_either_point_is() -> None:
    points = np.array([[0.0, 0], [np.nan, 0], [1, 1]])
    truth = np.array([[0.0, 0], [0, 0], [np.nan, np.nan]])
    np.testing.assert_array_equal(pixel_error(points, truth), [0, np.nan, np.nan])


def test_the_normalised_error_does_not_change_with_the_scale() -> None:
    rng = np.random.default_rng(0)
    predicted, truth = rng.normal(size=(2, 5, 3, 2))
    small = normalised_error(predicted, truth, (0, 2))
    np.testing.assert_allclose(small, normalised_error(7 * predicted, 7 * truth, (0, 2)))
    length = np.hypot(*(truth[:, 0] - truth[:, 2]).T)
    np.testing.assert_allclose(small * length[:, None], pixel_error(predicted, truth))


def test_a_reference_of_no_length_gives_no_error() -> None:
    assert np.isnan(normalised_error(np.ones((1, 2, 2)), np.zeros((1, 2, 2)), (0, 1))).all()


def test_pck_counts_known_points_up_to_the_threshold() -> None:
    errors = np.array([[1.0, np.nan, 9], [2.0, np.nan, np.nan], [3.0, np.nan, 1]])
    np.testing.assert_allclose(pck(errors, 2), [2 / 3, np.nan, 1 / 2])


@pytest.mark.parametrize("seed", range(5))
def test_auroc_is_the_share_of_pairs_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, positive = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.4
    higher = scores[positive][:, None] - scores[~positive][None]
    assert auroc(scores, positive) == pytest.approx((np.sign(higher) / 2 + 0.5).mean())


def test_auroc_of_one_class_is_unknown() -> None:
    assert np.isnan(auroc(np.array([1.0, 2]), np.array([True, True])))


def test_auroc_leaves_missing_scores_out() -> None:
    scores, positive = np.array([0.1, np.nan, 0.9]), np.array([False, True, True])
    assert auroc(scores, positive) == 1


def test_a_summary_has_a_row_per_keypoint_and_one_for_all() -> None:
    errors = np.array([[1.0, np.nan], [2.0, np.nan], [6.0, np.nan], [np.nan, np.nan]])
    found = summary(errors, ("nose", "tail"))
    nose, tail, everything = found.rows()
    assert nose == ("nose", 3, 3.0, 2.0, pytest.approx(5.2))
    assert tail[1] == 0
    assert np.isnan(tail[2:]).all()
    assert everything == ("all", *nose[1:])


def test_a_summary_refuses_names_of_other_keypoints() -> None:
    with pytest.raises(FormatError, match=r"\(4, 2\) for 1 keypoints"):
        summary(np.zeros((4, 2)), ("nose",))


def test_errors_split_by_visibility() -> None:
    visibility = np.array([[VISIBLE, OCCLUDED]])
    np.testing.assert_array_equal(where(np.ones((1, 2)), visibility, OCCLUDED), [[np.nan, 1]])


def test_predictions_are_matched_to_labels_by_name() -> None:
    labels = Labels.of(["a/0.png"], np.array([[[0.0, 0], [10, 0]]]), PAIR)
    predicted = np.array([[[10.0, 0], [0, 3]]])
    swapped = Predictions(predicted, np.ones((1, 2)), Skeleton(("tail", "nose")))
    np.testing.assert_array_equal(error_of(swapped, labels), [[3, 0]])
    np.testing.assert_array_equal(mean_error_of(swapped, labels), [[1.5]])


def test_a_keypoint_that_was_not_predicted_is_named() -> None:
    predictions = Predictions(np.zeros((1, 1, 2)), np.ones((1, 1)), Skeleton(("nos",)))
    with pytest.raises(FormatError, match="no keypoint 'nose'; did you mean 'nos'"):
        aligned(predictions, PAIR)


def test_predictions_of_other_frames_are_refused() -> None:
    labels = Labels.of(["a/0.png"], np.zeros((1, 2, 2)), PAIR)
    predictions = Predictions(np.zeros((3, 2, 2)), np.ones((3, 2)), PAIR)
    with pytest.raises(FormatError, match="3 frames are not the 1 labeled ones"):
        error_of(predictions, labels)


def test_a_metric_without_labels_says_so() -> None:
    predictions = Predictions(np.zeros((3, 2, 2)), np.ones((3, 2)), PAIR)
    with pytest.raises(FormatError, match="needs labels"):
        error_of(predictions, None)
