"""Centre and spread of ensembles with anything missing."""

import numpy as np
import pytest

from pose_eks import EksError, summarize


def predictions(members: int = 5, frames: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    keypoints = rng.normal(100, 5, size=(members, frames, 3, 2))
    return keypoints, rng.uniform(0.2, 1.0, size=(members, frames, 3))


@pytest.mark.parametrize("members", [2, 3, 4, 5])
@pytest.mark.parametrize(("center", "truth"), [("median", np.median), ("mean", np.mean)])
def test_centre_and_spread_are_those_of_numpy(members: int, center: str, truth: object) -> None:
    keypoints, confidence = predictions(members)
    found = summarize(keypoints, confidence, center)
    sure = confidence.mean(axis=0)
    np.testing.assert_allclose(found.center, truth(keypoints, axis=0))
    np.testing.assert_allclose(found.spread, keypoints.var(axis=0) / sure[..., None])
    np.testing.assert_allclose(found.confidence, sure)


def test_the_variance_can_be_left_undivided() -> None:
    keypoints, confidence = predictions()
    found = summarize(keypoints, confidence, divide_by_confidence=False)
    np.testing.assert_allclose(found.spread, keypoints.var(axis=0))


def test_the_order_of_members_does_not_matter() -> None:
    keypoints, confidence = predictions()
    keypoints[1, 3:9] = np.nan
    one, other = summarize(keypoints, confidence), summarize(keypoints[::-1], confidence[::-1])
    np.testing.assert_allclose(one.center, other.center)
    np.testing.assert_allclose(one.spread, other.spread)


def test_a_single_missing_prediction_leaves_the_others() -> None:
    keypoints, confidence = predictions()
    keypoints[2, 7, 1, 0] = np.nan  # x alone: a point without x is no point
    others = np.delete(keypoints, 2, axis=0)[:, 7, 1]
    found = summarize(keypoints, confidence)
    np.testing.assert_allclose(found.center[7, 1], others.mean(axis=0))
    weight = np.delete(confidence, 2, axis=0)[:, 7, 1].sum() / 5  # a missing one counts as 0
    assert found.confidence[7, 1] == pytest.approx(weight)
    variance = others.var(axis=0, ddof=1) * 4 / 5  # what five would show
    np.testing.assert_allclose(found.spread[7, 1], variance / weight)
    assert found.members[7, 1] == 4


def test_a_missing_frame_has_no_centre_and_confidence_zero() -> None:
    keypoints, confidence = predictions()
    keypoints[:, 4] = np.nan
    found = summarize(keypoints, confidence)
    assert np.isnan(found.center[4]).all()
    assert np.isnan(found.spread[4]).all()
    np.testing.assert_array_equal(found.confidence[4], 0)
    assert np.isfinite(np.delete(found.center, 4, axis=0)).all()


def test_a_member_that_is_missing_throughout_changes_nothing() -> None:
    keypoints, confidence = predictions()
    empty = np.full_like(keypoints[:1], np.nan)
    found = summarize(
        np.concatenate([keypoints, empty]), np.concatenate([confidence, confidence[:1]])
    )
    alone = summarize(keypoints, confidence)
    np.testing.assert_allclose(found.center, alone.center)
    np.testing.assert_allclose(found.spread, alone.spread)
    np.testing.assert_allclose(found.confidence, alone.confidence)


def test_a_prediction_of_confidence_zero_is_missing() -> None:
    keypoints, confidence = predictions()
    confidence[0, 5, 2] = 0
    keypoints[0, 5, 2] = 0  # where trackers put what they do not see
    found = summarize(keypoints, confidence)
    np.testing.assert_allclose(found.center[5, 2], keypoints[1:, 5, 2].mean(axis=0))


@pytest.mark.parametrize("unknown", [None, np.nan, 0.0])
def test_unknown_confidence_divides_nothing_and_stays_unknown(unknown: float | None) -> None:
    keypoints, _ = predictions()
    confidence = None if unknown is None else np.full(keypoints.shape[:-1], unknown)
    found = summarize(keypoints, confidence)
    np.testing.assert_allclose(found.spread, keypoints.var(axis=0))
    assert np.isnan(found.confidence).all()


def test_one_member_has_its_spread_from_its_confidence() -> None:
    keypoints, confidence = predictions(members=1)
    found = summarize(keypoints, confidence)
    assert found.alone.all()
    np.testing.assert_array_equal(found.center, keypoints[0])
    np.testing.assert_allclose(found.spread, np.repeat(1 / confidence[0][..., None], 2, axis=-1))


def test_a_point_that_one_of_several_members_sees_gets_the_usual_spread_not_none() -> None:
    keypoints, confidence = predictions()
    keypoints[1:, 6, 0] = np.nan
    found = summarize(keypoints, confidence, divide_by_confidence=False)
    usual = np.delete(keypoints[:, :, 0], 6, axis=1).var(axis=0).mean(axis=0)
    np.testing.assert_allclose(found.spread[6, 0], usual)
    assert not found.alone.any()


def test_a_keypoint_that_one_member_alone_knows_is_alone_among_others() -> None:
    keypoints, confidence = predictions()
    keypoints[1:, :, 2] = np.nan
    found = summarize(keypoints, confidence)
    assert found.alone.tolist() == [False, False, True]
    np.testing.assert_allclose(found.spread[:, 2, 0], 1 / confidence[0, :, 2])


@pytest.mark.parametrize(
    ("shape", "confidence", "message"),
    [
        ((4, 3, 2), None, r"keypoints: shape \(4, 3, 2\) is not \(members, frames"),
        ((0, 4, 3, 2), None, r"keypoints: shape \(0, 4, 3, 2\) is not"),
        ((1, 4, 3, 3), None, r"keypoints: shape \(1, 4, 3, 3\) is not"),
        ((1, 4, 3, 2), np.ones((4, 3)), r"confidence: shape \(4, 3\) does not fit"),
        ((1, 4, 3, 2), -np.ones((1, 4, 3)), r"confidence: -1 to -1 is not between 0 and 1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    shape: tuple[int, ...], confidence: np.ndarray | None, message: str
) -> None:
    with pytest.raises(EksError, match=message):
        summarize(np.ones(shape), confidence)
