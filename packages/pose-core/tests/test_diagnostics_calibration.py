"""Reliability and calibration, against closed forms and plain counting."""

import numpy as np
import pytest

from pose_core.diagnostics.calibration import (
    EDGE,
    Calibration,
    calibrate,
    calibration_error,
    cross_entropy,
    fit_calibration,
    logistic_regression,
    logit,
    reliability,
)
from pose_core.diagnostics.measured import Measured


def test_bins_hold_like_many_points_and_say_what_they_hold() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=1000)
    correct = rng.uniform(size=1000) < 0.7
    bins = reliability(confidence, correct, 10)
    assert sum(one.points for one in bins) == 1000
    assert {one.points for one in bins} <= {99, 100, 101}
    for one in bins:
        own = (confidence >= one.lowest) & (confidence <= one.highest)
        assert own.sum() == one.points
        assert one.confidence == pytest.approx(confidence[own].mean())
        assert one.correct == pytest.approx(correct[own].mean())


def test_points_of_equal_confidence_are_in_one_bin() -> None:
    confidence = np.repeat([0.2, 1.0], [10, 90])
    bins = reliability(confidence, confidence > 0.5)
    assert [(one.lowest, one.highest, one.points) for one in bins] == [(0.2, 0.2, 10), (1, 1, 90)]
    assert calibration_error(bins) == pytest.approx(0.1 * 0.2)


def test_the_calibration_error_of_two_values_by_hand() -> None:
    confidence = np.repeat([0.5, 0.9], [4, 10])
    correct = np.array([1, 0, 0, 0, *[1] * 6, *[0] * 4])
    expected = (4 * abs(0.5 - 0.25) + 10 * abs(0.9 - 0.6)) / 14
    assert calibration_error(reliability(confidence, correct)) == pytest.approx(expected)


def test_no_point_has_no_error() -> None:
    assert reliability(np.array([np.nan]), np.array([True])) == []
    assert np.isnan(calibration_error([]))


def test_a_regression_on_two_values_gives_back_their_shares() -> None:
    x = np.repeat([-1.0, 2.0], [50, 80])
    targets = np.concatenate([np.arange(50) < 10, np.arange(80) < 60]).astype(float)
    slope, offset = logistic_regression(x, targets)
    np.testing.assert_allclose(
        [offset - slope, offset + 2 * slope], [np.log(10 / 40), np.log(60 / 20)], rtol=1e-6
    )


def test_no_line_nearby_fits_better() -> None:
    rng = np.random.default_rng(1)
    x, targets = rng.normal(size=200), rng.uniform(size=200)
    slope, offset = logistic_regression(x, targets)
    least = cross_entropy(slope * x + offset, targets)
    for angle in np.linspace(0, 2 * np.pi, 24):
        other = (slope + 1e-3 * np.cos(angle)) * x + offset + 1e-3 * np.sin(angle)
        assert cross_entropy(other, targets) > least


def test_points_far_out_do_not_make_the_fit_run_away() -> None:
    x = np.array([-13.0] * 30 + [13.0] * 300)
    slope, offset = logistic_regression(x, np.where(x > 0, 0.99, 0.02))
    assert 1 / (1 + np.exp(-(13 * slope + offset))) == pytest.approx(0.99, abs=1e-6)


def test_confidences_that_are_too_sure_are_calibrated() -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(0.3, 0.99, size=20_000)
    correct = rng.uniform(size=truth.size) < truth
    too_sure = Calibration(3.0, 0.5)(truth)
    fitted = fit_calibration(too_sure[:10_000], correct[:10_000])
    assert fitted.slope == pytest.approx(1 / 3, rel=0.1)
    before, after = (
        calibration_error(reliability(given[10_000:], correct[10_000:]))
        for given in (too_sure, fitted(too_sure))
    )
    assert before > 0.1
    assert after < 0.02


def test_perfect_separation_stays_finite() -> None:
    confidence = np.repeat([0.1, 0.9], 20)
    fitted = fit_calibration(confidence, confidence > 0.5)
    right, wrong = fitted(np.array([0.9, 0.1]))
    assert right == pytest.approx(21 / 22)  # Platt's targets
    assert wrong == pytest.approx(1 / 22)


def test_a_confidence_that_says_the_opposite_says_nothing() -> None:
    confidence = np.repeat([0.1, 0.9], 50)
    fitted = fit_calibration(confidence, confidence < 0.5)
    assert fitted.slope == 0.0
    np.testing.assert_allclose(fitted(np.array([0.0, 0.5, 1.0])), 0.5)


def test_one_confidence_for_all_becomes_the_share_of_the_right_ones() -> None:
    fitted = fit_calibration(np.full(1000, 0.99), np.arange(1000) < 700)
    assert fitted(np.array([0.99]))[0] == pytest.approx(0.7, abs=1e-3)


def test_a_calibration_never_falls_and_leaves_nan() -> None:
    calibrated = Calibration(0.3, -1.0)(np.linspace(0, 1, 50))
    assert (np.diff(calibrated) > 0).all()
    assert np.isnan(Calibration(1.0, 0.0)(np.array([np.nan]))).all()
    assert logit(np.array([0.0]))[0] == pytest.approx(np.log(EDGE), rel=1e-3)


def test_the_identity_is_fitted_to_nothing() -> None:
    assert fit_calibration(np.zeros(0), np.zeros(0, bool)) == Calibration(1.0, 0.0)


def test_a_calibration_is_fitted_to_the_validation_frames_alone() -> None:
    rng = np.random.default_rng(3)
    sets = ("train",) * 100 + ("validation",) * 100 + ("test",) * 100
    share = np.array([1.0 if name == "train" else 0.6 for name in sets])
    error = np.where(rng.uniform(size=(300, 4)) < share[:, None], 1.0, 9.0)
    values = {"pixel_error": error, "confidence": np.full((300, 4), 0.99)}
    names, frames = tuple("abcd"), tuple(map(str, range(300)))
    given = Measured("run", "labels", names, values, dict.fromkeys(values, ""), frames, sets)
    rows, bins = calibrate(given, 5.0)
    found = {row.set: row for row in rows}
    assert found["validation"].fitted == found["test"].fitted == 400
    assert found["test"].error == pytest.approx(0.39, abs=0.05)
    assert found["test"].calibrated < 0.05
    assert found["train"].error == pytest.approx(0.01)
    assert sum(one.points for one in bins) == 1200
