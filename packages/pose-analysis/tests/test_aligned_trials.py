"""Signals in bins and around events; consistency by its closed forms."""

import numpy as np
import pytest

from pose_analysis.bins import binned, counted, edges_around, interpolated
from pose_analysis.errors import AnalysisError
from pose_analysis.signals import speed
from pose_analysis.trials import Trials, align, average, consistency, consistency_by_chance


def trials_of(values, rate=50.0):
    values = np.asarray(values, dtype=float)
    count = np.arange(len(values))
    return Trials(values, np.arange(values.shape[1]) / rate, count * 1.0, count, 0, 0)


def test_a_bin_has_the_mean_of_the_known_frames_in_it():
    times, values = np.arange(10) / 10, np.arange(10.0)
    values[3] = np.nan
    np.testing.assert_allclose(binned(values, times, np.array([0, 0.2, 0.5, 1])), [0.5, 3, 7])


def test_a_bin_without_a_frame_has_the_line_between_its_neighbours():
    times, values = np.arange(10) / 10, 5 * np.arange(10.0)
    edges = np.array([0.21, 0.25, 0.29])
    np.testing.assert_allclose(binned(values, times, edges), [11.5, 13.5])
    values[3] = np.nan
    assert np.isnan(binned(values, times, edges)).all()


def test_nothing_is_said_of_a_pause_of_the_camera():
    times = np.concatenate([np.arange(10) / 10, 5 + np.arange(10) / 10])
    found = interpolated(np.arange(20.0), times, np.array([0.45, 3.0, 5.05, -1, 9]))
    np.testing.assert_allclose(found, [4.5, np.nan, 10.5, np.nan, np.nan])


def test_a_frame_on_an_edge_is_of_the_bin_that_begins_there():
    times = np.arange(1000) / 50
    events = np.array([3.1, 7.3])
    found = binned(np.arange(1000.0), times, edges_around(events, (-0.2, 1.0), 50))
    np.testing.assert_allclose(found, [145 + np.arange(60), 355 + np.arange(60)])


def test_spikes_are_counted_per_unit():
    times, units = np.array([0.5, 0.1, 0.11, 0.2]), np.array([7, 7, 3, 7])
    found = counted(times, units, np.array([0, 0.2, 0.4, 0.6]))
    np.testing.assert_array_equal(found, [[1, 1], [0, 1], [0, 1]])


@pytest.mark.parametrize(
    ("window", "rate", "message"),
    [
        ((1.0, -0.2), 50, "window: 1 to -0.2 s at 50 bins/s holds no bin"),
        ((0, 0.015), 50, r"window: 0 to 0\.015 s is 0\.75 bins of 0\.02 s"),
    ],
)
def test_a_window_that_holds_no_whole_bins_is_refused(window, rate, message):
    with pytest.raises(AnalysisError, match=message):
        edges_around(np.zeros(1), window, rate)


def test_trials_begin_at_their_events():
    times = np.arange(6000) / 60
    events = np.array([20.0, 10.0, np.nan, 99.9, 0.1])
    trials = align(times.copy(), times, events, rate=20)
    assert trials.places.tolist() == [0, 1]
    assert trials.outside == 3
    for trial, event in zip(trials.values, trials.events, strict=True):
        np.testing.assert_allclose(trial - event, trials.times, atol=0.01)
    np.testing.assert_allclose(trials.times[[0, -1]], [-0.175, 0.975])


def test_an_event_while_the_signal_is_missing_is_left_out():
    times = np.arange(600) / 60
    values = np.where(times < 5, np.nan, times)
    trials = align(values, times, np.array([2.0, 7.0]))
    assert (len(trials), trials.unseen, trials.outside) == (1, 1, 0)


@pytest.mark.parametrize(
    ("values", "times", "events", "message"),
    [
        (np.ones(90), np.arange(90) / 60, [5.0], "none of 1 has its window .* on one clock"),
        (np.full(600, np.nan), np.arange(600) / 60, [5.0], "missing in the windows of all"),
        (np.ones(90), np.arange(80) / 60, [1.0], "times: 80 for 90 frames"),
        (np.ones(3), np.array([0, 2, 1]), [1.0], "times: do not rise"),
    ],
)
def test_signals_and_events_that_do_not_fit_are_refused(values, times, events, message):
    with pytest.raises(AnalysisError, match=message):
        align(values, times, np.array(events))


def test_the_average_passes_over_what_is_missing():
    values = np.random.default_rng(0).normal(size=(9, 30))
    values[3, 4] = values[:, 7] = values[1:, 8] = np.nan
    found = average(trials_of(values))
    known = np.setdiff1d(np.arange(30), [7, 8])
    np.testing.assert_allclose(found.mean[known], np.nanmean(values[:, known], axis=0))
    np.testing.assert_allclose(found.median[known], np.nanmedian(values[:, known], axis=0))
    assert found.error[4] == pytest.approx(np.nanstd(values[:, 4], ddof=1) / np.sqrt(8))
    assert found.trials[[4, 7, 8]].tolist() == [8, 0, 1]
    assert np.isnan([found.mean[7], found.median[7], found.error[7], found.error[8]]).all()


def test_identical_trials_are_infinitely_consistent():
    trace = np.sin(np.arange(60))
    assert consistency(trials_of([trace, trace + 3, trace - 1])) == np.inf


def test_consistency_is_the_variance_of_the_mean_over_that_of_what_differs():
    trace, own = np.sin(np.arange(60)), np.random.default_rng(0).normal(size=(40, 60))
    own -= own.mean(axis=1, keepdims=True)
    own -= own.mean(axis=0)  # the mean trace is the trace alone
    found = consistency(trials_of(trace - trace.mean() + own))
    assert found == pytest.approx(np.var(trace) / np.var(own))


def test_trials_without_anything_in_common_have_what_chance_gives():
    rng = np.random.default_rng(0)
    for smooth in (1, 12):
        window = np.ones(smooth)
        found = [
            consistency(trials_of([np.convolve(one, window, "valid") for one in many]))
            for many in rng.normal(size=(200, 10, 80))
        ]
        assert np.mean(found) == pytest.approx(
            consistency_by_chance(trials_of(np.zeros((10, 2)))), rel=0.15
        )


def test_levels_count_where_they_are_asked_to():
    trace = np.sin(np.arange(60))
    trials = trials_of([trace, trace + 3])
    assert consistency(trials, levels=True) == pytest.approx(np.var(trace) / 1.5**2)


def test_a_missing_bin_does_not_matter_much():
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(60)) + rng.normal(size=(40, 60))
    whole = consistency(trials_of(values))
    values[rng.random(values.shape) < 0.05] = np.nan
    assert consistency(trials_of(values)) == pytest.approx(whole, rel=0.15)


def test_one_trial_and_a_constant_signal_have_no_consistency():
    with pytest.raises(AnalysisError, match="consistency: 1 trial; it is told of two or more"):
        consistency(trials_of([[1, 2]]))
    with pytest.raises(AnalysisError, match="does not vary in any trial"):
        consistency(trials_of(np.full((4, 9), 0.1)))


def test_speed_is_in_pixels_per_second_on_any_clock():
    times = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.03, 50))
    points = np.column_stack([30 * times, 40 * times])
    points[20] = np.nan
    found = speed(points, times)
    assert np.isnan(found[[19, 21]]).all()
    np.testing.assert_allclose(found[~np.isnan(found)], 50)
    with pytest.raises(AnalysisError, match="speed: 1 frame"):
        speed(points[:1], times[:1])
