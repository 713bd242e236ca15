"""Maximum likelihood against a general optimiser and against known truth."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from pose_eks import SingleCameraOptions, smooth, summarize
from pose_eks.core.fitting import Task, fit
from pose_eks.models.singlecam import Setting, task_of


def drawn(
    frames: int, s: float = 0.5, b: float = 2.0, members: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Give truth and members of the walk model: shared noise b, own noise of variance 1."""
    rng = np.random.default_rng(seed)
    truth = 200 + np.cumsum(rng.normal(scale=np.sqrt(s), size=(frames, 3, 2)), axis=0)
    shared = truth + rng.normal(scale=np.sqrt(b), size=truth.shape)
    return truth, shared + rng.normal(size=(members, *truth.shape))


def task_for(members: np.ndarray, options: SingleCameraOptions) -> Task:
    consensus = summarize(members)
    return task_of(consensus, Setting.of(consensus, options, None, ()))


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
@pytest.mark.parametrize("members", [1, 4])
def test_the_optimum_is_that_of_a_general_optimiser(dynamics: str, members: int) -> None:
    _, keypoints = drawn(400, members=members)
    keypoints[:, 100:130, 1] = np.nan
    task = task_for(keypoints, SingleCameraOptions(dynamics=dynamics))
    found = fit(task, 1e-6, 100)
    assert found.converged.all()
    for group in range(3):

        def loss(logs: np.ndarray, group: int = group) -> float:
            every = np.tile(logs, (3, 1))
            return float(-task.evaluate(every)[0][group])

        tight = {"xatol": 1e-6, "fatol": 1e-9}
        best = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options=tight)
        assert found.log_likelihood[group] == pytest.approx(-best.fun, abs=1e-6)
        logs = np.log([found.s[group], found.b[group]])
        np.testing.assert_allclose(logs, best.x, atol=1e-4)


@pytest.mark.parametrize("frames", [5_000, 60_000])  # the longer one begins on a crop
def test_known_noise_is_found_again(frames: int) -> None:
    rng = np.random.default_rng(3)
    truth, _ = drawn(frames, s=0.5)
    v = rng.gamma(1.0, size=truth.shape)
    middle = truth + rng.normal(size=truth.shape) * np.sqrt(v + 2.0)
    keypoints = np.stack([middle - np.sqrt(v), middle + np.sqrt(v)])  # their variance is v
    found = smooth(keypoints, options=SingleCameraOptions(dynamics="walk")).fit
    assert found.converged.all()
    np.testing.assert_allclose(found.s, 0.5, rtol=12 / np.sqrt(frames))
    np.testing.assert_allclose(found.b, 2.0, rtol=12 / np.sqrt(frames))


def test_a_lone_members_noise_is_found_again() -> None:
    rng = np.random.default_rng(3)
    truth, _ = drawn(20_000, s=0.5)
    confidence = rng.uniform(0.1, 1.0, truth.shape[:2])
    member = truth + rng.normal(size=truth.shape) * np.sqrt(2.0 / confidence)[..., None]
    options = SingleCameraOptions(dynamics="walk")
    found = smooth(member[None], confidence[None], options).fit
    np.testing.assert_allclose(found.s, 0.5, rtol=0.1)
    np.testing.assert_allclose(found.b, 2.0, rtol=0.1)


@pytest.mark.parametrize("name", ["s", "b"])
def test_a_given_parameter_is_kept_and_the_other_fitted_to_it(name: str) -> None:
    _, keypoints = drawn(500)
    free = smooth(keypoints).fit
    twice = 2 * getattr(free, name)
    options = SingleCameraOptions(**{name: float(twice[0])})
    found = smooth(keypoints, options=options).fit
    np.testing.assert_allclose(getattr(found, name), twice[0], rtol=1e-12)
    other = {"s": "b", "b": "s"}[name]
    assert not np.isclose(getattr(found, other)[0], getattr(free, other)[0])
    assert (found.log_likelihood < free.log_likelihood).all()


def test_with_both_given_one_pass_is_enough() -> None:
    _, keypoints = drawn(50)
    found = smooth(keypoints, options=SingleCameraOptions(s=0.5, b=0.0)).fit
    assert found.passes.tolist() == [1, 1, 1]
    assert found.b.tolist() == [0.0, 0.0, 0.0]


def test_too_few_passes_are_said() -> None:
    _, keypoints = drawn(500)
    found = smooth(keypoints, options=SingleCameraOptions(passes=2)).fit
    assert not found.converged.any()
    assert found.passes.tolist() == [2, 2, 2]


def test_a_keypoint_is_fitted_the_same_whatever_the_others_are() -> None:
    _, keypoints = drawn(300)
    together, one = smooth(keypoints).fit, smooth(keypoints[:, :, 1:2]).fit
    np.testing.assert_allclose(together.s[1], one.s[0], rtol=1e-9)
    np.testing.assert_allclose(together.b[1], one.b[0], rtol=1e-9)


def test_a_fit_on_ranges_sees_nothing_else() -> None:
    _, keypoints = drawn(900)
    options = SingleCameraOptions(dynamics="walk")
    clean, ranges = task_for(keypoints, options), ((0, 200), (500, 900))
    spoilt = clean.lanes.observed.copy()
    spoilt[:, 200:500] *= -9
    lanes = clean.lanes._replace(observed=spoilt)
    found = fit(replace(clean, lanes=lanes, ranges=ranges), 1e-6, 100)
    truth = fit(replace(clean, ranges=ranges), 1e-6, 100)
    np.testing.assert_array_equal(found.s, truth.s)
    apart = [fit(replace(clean, lanes=clean.lanes.cut(slice(*one))), 1e-6, 100) for one in ranges]
    assert (np.minimum(apart[0].s, apart[1].s) < found.s).all()
    assert (np.maximum(apart[0].s, apart[1].s) > found.s).all()


def test_keypoints_of_a_group_share_what_fits_them_best() -> None:
    _, keypoints = drawn(400)
    task = task_for(keypoints, SingleCameraOptions(dynamics="walk"))
    apart = fit(task, 1e-6, 100)
    group = np.array([0, 0, 0, 0, 1, 1])
    shared = replace(task, group=group, given=task.given[:2], scale=task.scale[[0, 2]])
    found = fit(shared, 1e-6, 100)
    assert found.s[1] == pytest.approx(apart.s[2], rel=1e-3)
    assert apart.s[:2].min() < found.s[0] < apart.s[:2].max()
