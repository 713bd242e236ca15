"""Ensembles to one prediction."""

import types
import warnings

import numpy as np
import pytest

from pose_core.errors import ConfigError, FormatError, PluginError
from pose_core.hookspecs import Smoother, hookimpl
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions
from pose_core.skeleton import Skeleton
from pose_core.smoothing import ensemble_mean, ensemble_median, smooth


def member(value: float, frames: int = 4, names: tuple[str, ...] = ("nose", "tail")) -> Predictions:
    shape = (frames, len(names))
    keypoints = np.full((*shape, 2), float(value)) + np.arange(len(names))[:, None]
    return Predictions(keypoints, np.full(shape, value / 10), Skeleton(names))


def plugins_with(smooth: object) -> Plugins:
    module = types.ModuleType("made_up")
    module.pose_smoothers = hookimpl(lambda: [Smoother(name="made_up", smooth=smooth)])
    return Plugins().add(module)


def test_mean_and_median_are_those_of_numpy() -> None:
    ensemble = Ensemble.of([member(1), member(2), member(9)])
    np.testing.assert_allclose(ensemble_mean(ensemble).keypoints[:, 0], 4)
    np.testing.assert_allclose(ensemble_median(ensemble).keypoints[:, 0], 2)
    np.testing.assert_allclose(ensemble_mean(ensemble).confidence, 0.4)
    np.testing.assert_allclose(ensemble_median(ensemble).confidence, 0.4)
    assert ensemble_mean(ensemble).scorer == "ensemble_mean"


@pytest.mark.parametrize("pool", [ensemble_mean, ensemble_median])
def test_what_a_member_misses_the_others_give_and_what_all_miss_stays_nan(pool: object) -> None:
    ensemble = Ensemble.of([member(1), member(3)])
    ensemble.keypoints[0, 2, 1, 0] = np.nan  # x alone: then y is not taken either
    ensemble.keypoints[:, 3] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pool(ensemble)
    np.testing.assert_allclose(found.keypoints[2, 1], [4, 4])
    assert np.isnan(found.keypoints[3]).all()
    assert np.isfinite(found.keypoints[:3]).all()


def test_a_smoother_gets_the_ensemble_in_the_first_members_order() -> None:
    plugins = plugins_with(lambda ensemble, options: ensemble_mean(ensemble))
    found = smooth([member(1), member(3, names=("tail", "nose"))], "made_up", {}, plugins)
    assert found.skeleton.names == ("nose", "tail")
    np.testing.assert_allclose(found.keypoints[0], [[2.5, 2.5], [2.5, 2.5]])


def test_an_unknown_smoother_is_refused_with_the_nearest() -> None:
    plugins = plugins_with(lambda ensemble, options: ensemble_mean(ensemble))
    with pytest.raises(ConfigError, match="unknown smoother 'mad_up'; did you mean 'made_up'"):
        smooth([member(1)], "mad_up", {}, plugins)


def test_an_unknown_option_is_refused_before_the_work() -> None:
    plugins = plugins_with(lambda ensemble, options: pytest.fail("ran"))
    with pytest.raises(ConfigError, match=r"smoother\.made_up: unknown option 'q'"):
        smooth([member(1)], "made_up", {"q": 1}, plugins)


def test_members_of_other_frames_are_refused() -> None:
    plugins = plugins_with(lambda ensemble, options: ensemble_mean(ensemble))
    with pytest.raises(FormatError, match="member 2 has other frames than member 1"):
        smooth([member(1), member(2, frames=5)], "made_up", {}, plugins)


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda ensemble, options: None, "gives NoneType; it must give Predictions"),
        (lambda ensemble, options: member(1, frames=3), r"gives keypoints \(3, 2, 2\)"),
    ],
)
def test_a_smoother_that_gives_something_else_is_named(gives: object, message: str) -> None:
    with pytest.raises(PluginError, match=rf"smoother\.made_up: {message}"):
        smooth([member(1)], "made_up", {}, plugins_with(gives))
