"""Repair of points in doubt. Truth: a scene whose poses are drawn, and dense Gaussian formulas."""

from dataclasses import replace

import numpy as np
import pytest

from pose_core.errors import ConfigError, FormatError
from pose_core.labels import Labels
from pose_core.metrics import pixel_error
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_core.testing.samples import sample_labels, sample_skeleton, see
from pose_losses.gaussian import FEWEST, Gaussian, fit_labels
from pose_losses.repair import GATE, Repair, fit_repair, repair

POINTS_OF_BODY = 7
BODY = Skeleton(tuple(f"p{n}" for n in range(POINTS_OF_BODY)))


def poses(frames: int, seed: int) -> np.ndarray:
    """Draw poses of three dimensions: (frames, 7, 2)."""
    axes = np.random.default_rng(0).normal(size=(3, 2 * POINTS_OF_BODY))
    scores = np.random.default_rng(seed).normal(scale=(30, 15, 8), size=(frames, 3))
    return (150 + scores @ axes).reshape(frames, POINTS_OF_BODY, 2)


def labeled(frames: int = 60, seed: int = 1) -> Labels:
    rng = np.random.default_rng(seed + 100)
    drawn = poses(frames, seed)
    noisy = drawn + rng.normal(scale=0.5, size=drawn.shape)
    return Labels.of([f"v/img{n}.png" for n in range(frames)], noisy, BODY)


def predicted(truth: np.ndarray, seed: int, skeleton: Skeleton = BODY) -> Predictions:
    """Give what a network might say: a fifth of the points hidden, 12 px off and not confident."""
    rng = np.random.default_rng(seed)
    hidden = rng.random(truth.shape[:2]) < 0.2
    noise = rng.normal(size=truth.shape) * np.where(hidden, 12.0, 0.7)[..., None]
    confidence = np.where(
        hidden, rng.uniform(0, 0.6, hidden.shape), rng.uniform(0.5, 1, hidden.shape)
    )
    return Predictions(truth + noise, confidence, skeleton)


def fitted(validation: int = 25) -> Repair:
    judged = labeled(validation, seed=2)
    return fit_repair(labeled(), judged, predicted(judged.keypoints, seed=3))


def test_hidden_points_come_nearer_and_confident_ones_stay_bit_for_bit() -> None:
    truth = poses(200, seed=4)
    given, one = predicted(truth, seed=5), fitted()
    found = repair(given, one).predictions
    hidden = given.confidence < one.gate
    hidden &= (~hidden).sum(1, keepdims=True) >= 3  # fewer do not tell the pose
    before, after = (pixel_error(p.keypoints, truth) for p in (given, found))
    assert after[hidden].mean() < 0.5 * before[hidden].mean()
    sure = given.confidence >= one.gate
    np.testing.assert_array_equal(found.keypoints[sure], given.keypoints[sure])
    np.testing.assert_array_equal(found.confidence[sure], given.confidence[sure])
    assert not found.extra["repaired"][sure].any() and found.extra["repaired"][hidden].all()
    assert (found.confidence[hidden] < given.confidence[hidden]).all()


def test_the_variance_says_how_far_repaired_points_are_from_the_truth() -> None:
    truth = poses(400, seed=6)
    found = repair(predicted(truth, seed=7), fitted())
    squared = (pixel_error(found.predictions.keypoints, truth) ** 2)[np.isfinite(found.variance)]
    expected = found.variance[np.isfinite(found.variance)]
    assert 0.4 < squared.mean() / expected.mean() < 2  # what is not quite trusted says less


def test_conditioning_is_the_dense_formula() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    gaussian = Gaussian(rng.normal(size=6), root @ root.T)
    known, error = np.array([0, 2, 5]), np.array([0.3, 2.0, 0.1])
    row, precision = np.full(6, np.nan), np.zeros(6)
    row[known], precision[known] = rng.normal(size=3), 1 / error
    means, variances = gaussian.given(row[None], precision[None])
    across = gaussian.covariance[:, known]
    gain = across @ np.linalg.inv(across[known] + np.diag(error))
    np.testing.assert_allclose(
        means[0], gaussian.mean + gain @ (row[known] - gaussian.mean[known]), rtol=1e-9
    )
    left = np.diag(gaussian.covariance - gain @ across.T)
    np.testing.assert_allclose(variances[0], left, rtol=1e-9)


def test_a_constraint_is_a_measurement_of_a_linear_function() -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(4, 4))
    gaussian = Gaussian(rng.normal(size=4), root @ root.T)
    by_row = gaussian.constrained(np.eye(4)[[1, 3]], np.array([2.0, -1.0]), 0.5)
    row, precision = np.array([[np.nan, 2.0, np.nan, -1.0]]), np.array([[0, 2.0, 0, 2.0]])
    means, variances = gaussian.given(row, precision)
    np.testing.assert_allclose(by_row.mean, means[0], rtol=1e-9)
    np.testing.assert_allclose(np.diag(by_row.covariance), variances[0], rtol=1e-9)


def test_missing_predictions_are_repaired_with_no_confidence() -> None:
    truth = poses(50, seed=8)
    keypoints = truth.copy()
    keypoints[:, 3] = np.nan
    keypoints[7] = np.nan  # a frame that did not decode says nothing
    confidence = np.where(np.isnan(keypoints[..., 0]), np.nan, 0.99)
    found = repair(Predictions(keypoints, confidence, BODY), fitted()).predictions
    others = np.arange(50) != 7
    assert pixel_error(found.keypoints, truth)[others, 3].max() < 3
    assert (found.confidence[others, 3] == 0).all()
    assert np.isnan(found.keypoints[7]).all() and not found.extra["repaired"][7].any()


def two_views(frames: int, seed: int) -> np.ndarray:
    """Draw four points that move apart from each other, seen from above and from the side."""
    rng = np.random.default_rng(seed)
    space = rng.normal(scale=(40, 40, 10), size=(frames, 1, 3)) + rng.normal(
        scale=10, size=(frames, 4, 3)
    )
    seen = np.concatenate([space[..., :2], space[..., [0, 2]]], axis=1)
    return 200 + seen + rng.normal(scale=0.5, size=seen.shape)


def test_a_point_hidden_in_one_mirrored_view_is_repaired_from_the_other() -> None:
    skeleton = sample_skeleton()
    truth = two_views(80, seed=1)
    lost, confidence = skeleton.index("nose_side"), np.ones(truth.shape[:2])
    keypoints = truth.copy()
    keypoints[:, lost] = np.nan
    confidence[:, lost] = np.nan
    errors = []
    for views in (skeleton, Skeleton(skeleton.names)):
        poses = fit_labels(Labels.of([str(n) for n in range(16)], two_views(16, seed=2), views))
        assert ("2 views of 4 points" in poses.about) == bool(views.views)
        given = Predictions(keypoints, confidence, views)
        found = repair(given, Repair(poses, gate=0.5, sure=0.25)).predictions
        assert found.extra["repaired"][:, lost].all()
        errors.append(abs(found.keypoints - truth)[:, lost].mean(0))
    assert errors[0][0] < 1  # x, which the view from above shows too
    assert errors[0][0] < 0.8 * errors[1][0]


def test_a_view_tells_nothing_where_the_whole_pose_tells_all() -> None:
    rng = np.random.default_rng(2)
    labels = sample_labels(60)
    truth = see(rng.uniform((50, 50, 0), (200, 130, 30), (80, 3)), rng.uniform(-3, 3, 80))
    confidence = np.ones(truth.shape[:2])
    confidence[:, 4] = 0.1
    errors = []
    for views in (labels.skeleton, Skeleton(labels.skeleton.names)):
        fitted = Repair(fit_labels(replace(labels, skeleton=views)), gate=0.5, sure=0.25)
        found = repair(Predictions(truth, confidence, views), fitted).predictions
        errors.append(pixel_error(found.keypoints, truth)[:, 4].mean())
    assert max(errors) < 1
    assert errors[0] < 1.2 * errors[1]


def test_a_gate_is_fitted_where_validation_frames_tell() -> None:
    one = fitted()
    assert 0.5 <= one.gate <= 0.7
    assert one.about.startswith("fitted on 25 validation frames, mean error")
    assert 6 < np.sqrt(one.doubtful) < 14  # some of those below it are not hidden
    assert np.sqrt(one.sure) == pytest.approx(0.7, rel=0.3)


def test_a_network_that_is_right_in_doubt_is_not_repaired() -> None:
    judged = labeled(60, seed=2)
    right = predicted(judged.keypoints, seed=3)
    one = fit_repair(labeled(), judged, replace(right, keypoints=judged.keypoints))
    assert one.gate == 0
    assert repair(replace(right, keypoints=judged.keypoints), one).count == 0


def test_few_validation_frames_leave_the_default_gate() -> None:
    one = fitted(validation=5)
    assert one.gate == GATE
    assert one.about.startswith("default: 5 validation frames with")


def test_without_validation_points_in_doubt_they_may_be_anywhere_on_the_animal() -> None:
    judged = labeled(20, seed=2)
    sure = Predictions(judged.keypoints, np.ones((20, POINTS_OF_BODY)), BODY)
    one = fit_repair(labeled(), judged, sure)
    assert one.gate == GATE
    apart = labeled().keypoints
    difference = apart[:, :, None] - apart[:, None]
    assert one.doubtful == pytest.approx((difference**2).mean(), rel=1e-6)


def test_a_point_of_which_others_tell_nothing_stays() -> None:
    rng = np.random.default_rng(3)
    labels = labeled()
    alone = labels.keypoints.copy()
    alone[:, 2] = 100 + rng.normal(scale=20, size=(60, 2))
    one = Repair(fit_labels(replace(labels, keypoints=alone)), gate=0.5, sure=0.5)
    truth = poses(30, seed=9)
    found = repair(
        Predictions(truth, np.where(np.arange(7) == 2, 0.1, np.ones((30, 1))), BODY), one
    )
    assert found.count == 0


def test_keypoints_are_matched_by_name_and_unknown_ones_stay() -> None:
    truth = poses(40, seed=10)
    given = predicted(truth, seed=11)
    order = [3, 1, 0, 2, 6, 5, 4]
    wider = Predictions(
        np.concatenate([given.keypoints[:, order], np.zeros((40, 1, 2))], axis=1),
        np.concatenate([given.confidence[:, order], np.zeros((40, 1))], axis=1),
        Skeleton((*(BODY.names[n] for n in order), "other")),
    )
    found, same = repair(wider, fitted()).predictions, repair(given, fitted()).predictions
    np.testing.assert_allclose(found.keypoints[:, :7], same.keypoints[:, order])
    assert (found.keypoints[:, 7] == 0).all() and not found.extra["repaired"][:, 7].any()
    with pytest.raises(FormatError, match="no keypoint 'p0', which repair was fitted to; give"):
        repair(
            Predictions(truth[:, 1:], given.confidence[:, 1:], Skeleton(BODY.names[1:])), fitted()
        )


def test_labels_that_are_few_or_of_one_keypoint_are_refused() -> None:
    match = rf"^pose_repair: 0 of 7 keypoints have {FEWEST} labels or more.*label more frames"
    with pytest.raises(ConfigError, match=match):
        fit_labels(labeled(FEWEST - 1))
    one = Labels.of([f"v/{n}.png" for n in range(30)], np.ones((30, 1, 2)), Skeleton(("nose",)))
    with pytest.raises(ConfigError, match="1 of 1 keypoints"):
        fit_labels(one)


def test_labels_with_gaps_fit_nearly_as_well() -> None:
    labels = labeled()
    rng = np.random.default_rng(4)
    gaps = labels.keypoints.copy()
    gaps[rng.random(gaps.shape[:2]) < 0.15] = np.nan
    truth = poses(100, seed=12)
    given = predicted(truth, seed=13)
    errors = [
        pixel_error(repair(given, Repair(fit_labels(one), 0.55, 0.5)).predictions.keypoints, truth)
        for one in (labels, Labels.of(labels.frames, gaps, BODY))
    ]
    assert errors[1].mean() < 1.2 * errors[0].mean()


def test_nothing_given_is_altered() -> None:
    given = predicted(poses(20, seed=14), seed=15)
    before = given.keypoints.copy(), given.confidence.copy()
    repair(given, fitted())
    np.testing.assert_array_equal(given.keypoints, before[0])
    np.testing.assert_array_equal(given.confidence, before[1])


def test_all_points_come_nearer_where_a_confident_one_is_lost() -> None:
    truth = poses(200, seed=11)
    given = predicted(truth, seed=12)
    keypoints = given.keypoints.copy()
    rows = np.arange(0, 200, 4)
    keypoints[rows, 2] += 45.0
    given = replace(given, keypoints=keypoints, confidence=np.ones_like(given.confidence))
    before = pixel_error(given.keypoints, truth)
    doubtful = repair(given, fitted()).predictions
    np.testing.assert_array_equal(doubtful.keypoints, given.keypoints)
    found = repair(given, fitted(), "all")
    after = pixel_error(found.predictions.keypoints, truth)
    assert after[rows, 2].mean() < 0.1 * before[rows, 2].mean()
    assert np.delete(after, 2, axis=1).mean() < np.delete(before, 2, axis=1).mean()
    marked = found.predictions.extra["repaired"] == 1
    assert marked[rows, 2].mean() > 0.9
    assert marked[before < 2.5].mean() < 0.06
    lost = found.predictions.confidence[rows, 2][marked[rows, 2]]
    assert (lost < 1).all()
