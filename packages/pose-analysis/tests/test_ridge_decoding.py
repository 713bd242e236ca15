"""Ridge regression against scikit-learn; decoding of what is known to be told."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import r2_score as their_r2

from pose_analysis.decoding import decode, lagged, r2_scores
from pose_analysis.errors import AnalysisError
from pose_analysis.folds import folds_of, splits
from pose_analysis.options import DecodingOptions
from pose_analysis.predictors import Signals, Spikes, line_up_series, line_up_trials
from pose_analysis.ridge import fit_ridge, left_out_errors

PENALTIES = (1e-5, 1e-2, 1.0, 30.0)


def task(rows, features, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    predictors = rng.normal(size=(rows, features)) + 7
    return predictors, predictors @ rng.normal(size=features) + rng.normal(scale=noise, size=rows)


@pytest.mark.parametrize(("rows", "features"), [(200, 8), (30, 80), (20, 19), (20, 20), (9, 1)])
def test_every_penalty_gives_what_scikit_learn_gives(rows, features):
    predictors, target = task(rows, features)
    found = fit_ridge(predictors, target, PENALTIES)
    for k, penalty in enumerate(PENALTIES):
        theirs = Ridge(alpha=penalty, solver="svd").fit(predictors, target)
        np.testing.assert_allclose(found.weights[k], theirs.coef_, atol=1e-7)
        np.testing.assert_allclose(found.predict(predictors)[k], theirs.predict(predictors))


def test_copies_of_a_feature_share_its_weight():
    predictors, target = task(60, 3)
    found = fit_ridge(np.column_stack([predictors, predictors[:, :1]]), target, [1.0])
    assert found.weights[0, 0] == pytest.approx(found.weights[0, 3])


@pytest.mark.parametrize(("rows", "features"), [(40, 6), (25, 60)])
def test_leaving_one_out_is_what_leaving_one_out_gives(rows, features):
    predictors, target = task(rows, features)
    found = left_out_errors(predictors, target, PENALTIES)
    for k, penalty in enumerate(PENALTIES):
        errors = []
        for row in range(rows):
            others = np.arange(rows) != row
            model = Ridge(alpha=penalty, solver="svd").fit(predictors[others], target[others])
            errors.append(model.predict(predictors[row : row + 1])[0] - target[row])
        assert found[k] == pytest.approx(np.mean(np.square(errors)), rel=1e-6)


def test_the_penalty_of_leaving_one_out_is_that_of_ridge_cv():
    for seed in range(5):
        predictors, target = task(50, 30, noise=8.0, seed=seed)
        penalties = np.geomspace(0.01, 1000, 11)
        ours = penalties[left_out_errors(predictors, target, penalties).argmin()]
        assert ours == RidgeCV(penalties).fit(predictors, target).alpha_


def test_r2_is_scikit_learns():
    target, predicted = np.random.default_rng(0).normal(size=(2, 50, 3))
    theirs = their_r2(target, predicted, multioutput="raw_values")
    np.testing.assert_allclose(r2_scores(target, predicted), theirs)
    assert np.isnan(r2_scores(np.ones((5, 1)), np.ones((5, 1)))).all()


def test_targets_fitted_together_are_those_fitted_apart():
    predictors, _ = task(40, 6)
    targets = np.random.default_rng(1).normal(size=(40, 3))
    together = fit_ridge(predictors, targets, PENALTIES)
    errors = left_out_errors(predictors, targets, PENALTIES)
    for k, target in enumerate(targets.T):
        apart = fit_ridge(predictors, target, PENALTIES)
        np.testing.assert_allclose(together.weights[..., k], apart.weights, atol=1e-12)
        np.testing.assert_allclose(together.predict(predictors)[..., k], apart.predict(predictors))
        np.testing.assert_allclose(errors[:, k], left_out_errors(predictors, target, PENALTIES))


def test_moved_targets_are_scored_as_if_they_were_decoded_by_themselves():
    rng = np.random.default_rng(0)
    predictors, target = rng.normal(size=(12, 9, 4)), rng.normal(size=(12, 9))
    found = decode(predictors, target, DecodingOptions(shifts=11))
    alone = [
        decode(predictors, np.roll(target, by, axis=0), DecodingOptions(shifts=0)).r2
        for by in range(1, 12)
    ]
    np.testing.assert_allclose(np.sort(found.shifted), np.sort(alone), atol=1e-9)


def test_lags_reach_back_in_time():
    series = np.arange(6.0)[:, None] * [1, 10]
    found = lagged(series, 3)
    np.testing.assert_array_equal(found[0], [2, 20, 1, 10, 0, 0])
    assert found.shape == (4, 6)
    with pytest.raises(AnalysisError, match="lags: 7 bins are more than the 6"):
        lagged(series, 7)


def test_nested_folds_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    predictors = rng.normal(size=(20, 12, 5))
    target = predictors @ rng.normal(size=5) + 2 * rng.normal(size=(20, 12))
    options = DecodingOptions(penalties=PENALTIES, folds=4, inner_folds=3, shifts=0)
    found = decode(predictors, target, options)
    for number in range(4):
        rest, tested = found.fold != number, found.fold == number
        model = Ridge(alpha=found.penalties[number])
        model.fit(predictors[rest].reshape(-1, 5), target[rest].ravel())
        expected = model.predict(predictors[tested].reshape(-1, 5))
        np.testing.assert_allclose(found.predicted[tested].ravel(), expected, atol=1e-8)
    assert found.r2 == pytest.approx(their_r2(target.ravel(), found.predicted.ravel()))
    inner = folds_of(int((found.fold != 0).sum()), 3, "interleaved", np.random.default_rng([0, 2]))
    rest = np.flatnonzero(found.fold != 0)
    scores = np.zeros(len(PENALTIES))
    for k, penalty in enumerate(PENALTIES):
        for part in range(3):
            fit, val = rest[inner != part], rest[inner == part]
            model = Ridge(alpha=penalty).fit(predictors[fit].reshape(-1, 5), target[fit].ravel())
            guess = model.predict(predictors[val].reshape(-1, 5))
            scores[k] += their_r2(target[val].ravel(), guess)
    assert found.penalties[0] == PENALTIES[scores.argmax()]


@pytest.mark.parametrize("choice", ["folds", "one"])
def test_a_linear_target_is_decoded_and_a_moved_one_is_not(choice):
    rng = np.random.default_rng(0)
    predictors = rng.normal(size=(30, 20, 8))
    target = predictors @ rng.normal(size=8) + 0.5 * rng.normal(size=(30, 20))
    found = decode(predictors, target, DecodingOptions(lags=1, choice=choice, shifts=9))
    assert found.r2 > 0.9
    assert found.shifted.shape == (9,)
    assert found.shifted.max() < 0.1
    assert found.chance == pytest.approx(0.1)


def test_a_series_is_cut_into_blocks_whose_neighbours_are_not_fitted_to():
    rng = np.random.default_rng(0)
    spikes = rng.poisson(1.0, size=(400, 3)).astype(float)
    series = lagged(spikes, 4)
    target = series @ rng.normal(size=12)
    found = decode(series, target, DecodingOptions(lags=4, shifts=3))
    assert (np.diff(found.fold) >= 0).all()
    assert found.r2 > 0.99
    (fitted, tested), *_ = splits(found.fold, margin=3)
    assert fitted.sum() + tested.sum() == len(target) - 3


def test_more_features_than_bins_are_no_matter():
    rng = np.random.default_rng(0)
    predictors = rng.normal(size=(10, 6, 300))
    target = predictors[..., :3].sum(axis=-1)
    found = decode(predictors, target, DecodingOptions(shifts=0))
    assert np.isfinite(found.predicted).all()


def test_bins_with_something_missing_are_left_out():
    rng = np.random.default_rng(0)
    predictors = rng.normal(size=(15, 10, 4))
    target = predictors @ rng.normal(size=4) + 0.1 * rng.normal(size=(15, 10))
    target[2, 3], predictors[5, 6, 1] = np.nan, np.nan
    found = decode(predictors, target, DecodingOptions(shifts=2))
    assert np.isnan(found.predicted[[2, 5], [3, 6]]).all()
    assert np.isfinite(found.predicted).sum() == 148
    assert found.r2 > 0.9


@pytest.mark.parametrize("units", [10, 11, 13])
@pytest.mark.parametrize("split", ["blocks", "interleaved"])
def test_folds_differ_in_size_by_one_at_most(units, split):
    sizes = np.bincount(folds_of(units, 5, split))
    assert sizes.sum() == units
    assert np.ptp(sizes) <= 1


@pytest.mark.parametrize(
    ("predictors", "target", "message"),
    [
        (np.zeros((9, 4, 2)), np.zeros((9, 5)), "are not .trials, bins, features."),
        (np.eye(4)[:, :, None], np.eye(4), "folds: 4 trials or bins cannot be cut into 5"),
        (np.ones((20, 4, 2)), np.ones((20, 4)), "the target does not vary in the 48 bins"),
        (np.ones((20, 4, 2)), np.full((20, 4), np.nan), "does not vary in the 0 bins"),
    ],
)
def test_what_cannot_be_decoded_is_refused(predictors, target, message):
    with pytest.raises(AnalysisError, match=message):
        decode(predictors, target)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "folds: 1 is below 2"),
        ({"lags": 0}, "lags: 0 is below 1"),
        ({"penalties": (0.0,)}, r"penalties: \(0.0,\) are not finite numbers above 0"),
    ],
)
def test_decoding_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(AnalysisError, match=message):
        DecodingOptions(**options)


@pytest.mark.parametrize(
    ("predictors", "target", "message"),
    [
        (np.zeros((0, 2)), np.zeros(0), r"predictors \(0, 2\) and target \(0,\)"),
        (np.full((3, 2), np.nan), np.zeros(3), "a value is missing or infinite"),
    ],
)
def test_rows_no_model_can_be_fitted_to_are_refused(predictors, target, message):
    with pytest.raises(AnalysisError, match=message):
        fit_ridge(predictors, target, [1.0])


def test_bins_of_predictors_are_in_line_with_those_of_trials():
    times = np.arange(3000) / 60
    wheel = Signals(times, np.column_stack([times, -times]))
    events = np.array([0.1, 10.0, 20.0, 49.5])
    lined = line_up_trials((times, times.copy()), wheel, events, (-0.2, 1.0), 50, lags=10)
    assert lined.predictors.shape == (2, 60, 20)
    for lag in range(10):
        expected = lined.target - lag * 0.02
        np.testing.assert_allclose(lined.predictors[..., 2 * lag], expected, atol=0.011)


def test_bins_of_spikes_are_in_line_with_those_of_a_series():
    rng = np.random.default_rng(0)
    times = np.arange(1200) / 60
    spikes = Spikes(rng.uniform(0, 20, 4000), rng.integers(0, 5, 4000))
    lined = line_up_series((times, times.copy()), spikes, 50, lags=10)
    assert lined.predictors.shape == (len(lined.target), 50)
    np.testing.assert_allclose(lined.target, lined.times, atol=0.011)
    bins = len(lined.target) + 9
    assert lined.predictors[:, :5].sum() == pytest.approx(4000 * (bins - 9) / bins, rel=0.02)


def test_clocks_that_share_no_time_are_told():
    times = np.arange(600) / 60
    later = Signals(times + 100, times[:, None])
    with pytest.raises(AnalysisError, match="overlap by 0 bins; are both on one clock"):
        line_up_series((times, times), later, 50, 10)
    with pytest.raises(AnalysisError, match="hold the windows of none of 2; are both on one clock"):
        line_up_trials((times, times), later, np.array([3.0, 5.0]), (-0.2, 1.0), 50, 10)
