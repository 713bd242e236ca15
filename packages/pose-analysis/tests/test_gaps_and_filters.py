"""Filters against scipy and pandas' plain loops, and what they make of gaps."""

import numpy as np
import pytest
from scipy.signal import medfilt, savgol_coeffs, savgol_filter

from pose_analysis.ensembles import center_of, filter_points, pooled
from pose_analysis.errors import AnalysisError
from pose_analysis.filters import median_filter, savitzky_golay
from pose_analysis.gaps import bridged, runs
from pose_analysis.options import MedianFilterOptions, SavitzkyGolayOptions

NAN = np.nan


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(("window", "order"), [(7, 3), (31, 3), (5, 0), (13, 6), (1, 0)])
def test_savitzky_golay_without_gaps_is_scipys(window, order):
    signals = noise(200, 3, 2)
    found = savitzky_golay(signals, SavitzkyGolayOptions(window, order=order))
    np.testing.assert_allclose(found, savgol_filter(signals, window, order, axis=0), atol=1e-12)


def test_savitzky_golay_inside_is_a_product_with_its_coefficients():
    signal = noise(60)
    found = savitzky_golay(signal, SavitzkyGolayOptions(9, order=2))
    inner = np.convolve(signal, savgol_coeffs(9, 2), "valid")
    np.testing.assert_allclose(found[4:-4], inner, atol=1e-12)


def test_a_polynomial_passes_through_savitzky_golay_ends_and_gaps_included():
    t = np.linspace(-1, 1, 50)
    signal = 3 - 2 * t
    gappy = np.where((t > 0) & (t < 0.4), NAN, signal)
    np.testing.assert_allclose(savitzky_golay(gappy), signal, atol=1e-12)


def test_a_gap_that_is_not_bridged_parts_a_signal_in_two():
    signal = noise(60)
    signal[25:31] = NAN
    found = savitzky_golay(signal, SavitzkyGolayOptions(7, max_gap=5))
    parts = savgol_filter(signal[:25], 7, 3), savgol_filter(signal[31:], 7, 3)
    np.testing.assert_allclose(found[:25], parts[0], atol=1e-12)
    assert np.isnan(found[25:31]).all()
    np.testing.assert_allclose(found[31:], parts[1], atol=1e-12)


def test_a_gap_is_bridged_by_a_line_before_filtering():
    signal = noise(60)
    whole = signal.copy()
    signal[25:31] = NAN
    whole[24:32] = np.linspace(whole[24], whole[31], 8)
    np.testing.assert_allclose(savitzky_golay(signal), savgol_filter(whole, 7, 3), atol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_a_stretch_shorter_than_the_window_has_the_longest_window_it_holds(length):
    signal = noise(length)
    window = length if length % 2 else length - 1
    expected = savgol_filter(signal, window, min(3, window - 1))
    np.testing.assert_allclose(savitzky_golay(signal), expected, atol=1e-12)


def test_the_median_inside_is_scipys():
    signal = noise(100)
    found = median_filter(signal, MedianFilterOptions(9))
    np.testing.assert_array_equal(found[4:-4], medfilt(signal, 9)[4:-4])


def test_the_median_is_of_the_known_frames_of_a_window_cut_short_at_the_ends():
    signal = noise(40, 2)
    signal[10:14, 0] = signal[30:, 1] = NAN
    found = median_filter(signal, MedianFilterOptions(5, max_gap=0))
    for frame, column in np.ndindex(signal.shape):
        own = signal[max(frame - 2, 0) : frame + 3, column]
        expected = NAN if np.isnan(signal[frame, column]) else np.nanmedian(own)
        np.testing.assert_equal(found[frame, column], expected)


@pytest.mark.parametrize("filtered", [savitzky_golay, median_filter])
def test_constant_signals_stay_and_missing_ones_stay_missing(filtered):
    signals = np.column_stack([np.full(40, 5.0), np.full(40, NAN)])
    found = filtered(signals)
    np.testing.assert_allclose(found[:, 0], 5.0, rtol=1e-12)
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize("filtered", [savitzky_golay, median_filter])
def test_what_is_given_is_not_altered(filtered):
    signals = noise(40, 2)
    signals[3:5] = NAN
    before = signals.copy()
    filtered(signals)
    np.testing.assert_array_equal(signals, before)


def test_gaps_are_bridged_inside_alone_and_up_to_a_length():
    signal = np.array([NAN, 0, NAN, 2, NAN, NAN, 5, NAN])
    np.testing.assert_array_equal(bridged(signal, 1), [NAN, 0, 1, 2, NAN, NAN, 5, NAN])
    np.testing.assert_array_equal(bridged(signal, None), [NAN, 0, 1, 2, 3, 4, 5, NAN])
    np.testing.assert_array_equal(bridged(signal, 0), signal)


def test_runs_reach_to_both_ends():
    mask = np.array([True, False, True, True])
    np.testing.assert_array_equal(runs(mask), [[0, 1], [2, 4]])
    assert runs(np.zeros(3, dtype=bool)).shape == (0, 2)


@pytest.mark.parametrize(("how", "plain"), [("median", np.nanmedian), ("mean", np.nanmean)])
@pytest.mark.parametrize("members", [1, 2, 3, 4, 5])
def test_the_centre_of_networks_passes_over_what_is_missing(how, plain, members):
    values = noise(members, 30, 2)
    values[np.random.default_rng(1).random(values.shape) < 0.3] = NAN
    values[:, 3] = NAN
    known = np.isfinite(values).any(axis=0)
    found = pooled(values, how)
    np.testing.assert_allclose(found[known], plain(values[:, known], axis=0), atol=1e-12)
    assert np.isnan(found[~known]).all()


def test_points_of_low_confidence_are_as_missing_and_unknown_ones_are_not():
    keypoints, confidence = noise(3, 10, 2, 2), np.full((3, 10, 2), 0.95)
    confidence[0, 4, 1], confidence[:, 6, 0], confidence[1, 8, 0] = 0.2, 0.2, NAN
    center = center_of(
        keypoints, confidence, MedianFilterOptions(min_confidence=0.9, center="mean")
    )
    np.testing.assert_allclose(center[4, 1], keypoints[1:, 4, 1].mean(axis=0))
    assert np.isnan(center[6, 0]).all()
    np.testing.assert_allclose(center[8, 0], keypoints[:, 8, 0].mean(axis=0))


def test_the_confidence_of_an_ensemble_is_the_mean_of_what_is_known():
    keypoints, confidence = noise(2, 9, 1, 2), np.full((2, 9, 1), 0.5)
    confidence[0, 0], confidence[:, 1] = 0.9, NAN
    found = filter_points(keypoints, confidence, MedianFilterOptions())
    np.testing.assert_allclose(found.confidence[0], 0.7)
    assert np.isnan(found.confidence[1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 8}, "window: 8 is not an odd number of frames above 0"),
        ({"window": 0}, "window: 0 is not an odd number"),
        ({"window": 5, "order": 5}, "order: 5 is not between 0 and the window of 5"),
        ({"min_confidence": 1.5}, r"min_confidence: 1\.5 is not between 0 and 1"),
        ({"max_gap": -1}, "max_gap: -1 is below 0"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(AnalysisError, match=message):
        SavitzkyGolayOptions(**options)


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        (np.zeros((0, 2)), r"shape \(0, 2\) holds no frame"),
        (np.array(1.0), r"shape \(\) holds no frame"),
        (np.array([0, np.inf]), "some values are infinite"),
    ],
)
def test_signals_that_cannot_be_are_refused(signals, message):
    with pytest.raises(AnalysisError, match=message):
        median_filter(signals)


def test_keypoints_and_confidence_of_other_shapes_are_refused():
    with pytest.raises(
        AnalysisError, match=r"keypoints: shape \(4, 2, 2\) and confidence \(4, 2\)"
    ):
        filter_points(np.zeros((4, 2, 2)), np.zeros((4, 2)), MedianFilterOptions())
