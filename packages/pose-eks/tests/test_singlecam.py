"""The one-camera smoother from arrays to arrays."""

import subprocess
import sys

import numpy as np
import pytest

from pose_eks import EksError, SingleCameraOptions, smooth


def tracked(
    seed: int = 0, members: int = 4, frames: int = 1200
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw an animal that walks in bouts, and members that share half of their errors.

    One frame in fourteen is occluded, for a dozen frames at a time: there members scatter.
    """
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.normal(scale=0.3, size=(frames, 3, 2)), axis=0)
    bouts = np.repeat(rng.random((frames // 60, 3, 1)) < 0.5, 60, axis=0)
    gait = np.cumsum(np.where(bouts, 2 * np.pi / 15, 0.0), axis=0)
    truth = 150 + drift + 12 * np.sin(gait + np.arange(3)[:, None])
    occluded = np.repeat(rng.random((frames // 12, 3)) < 0.07, 12, axis=0)
    shape = (members, frames, 3, 2)
    scatter = np.where(occluded, 8.0, 0.7)[..., None]
    common = rng.normal(size=shape[1:]) * np.where(occluded, 6.0, 0.7)[..., None]
    confidence = rng.uniform(0.85, 1.0, shape[:-1]) - 0.5 * occluded
    return truth, truth + common + scatter * rng.normal(size=shape), confidence


def error(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((found - truth) ** 2).sum(axis=-1).mean()))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("members", [2, 3, 5])
def test_smoothed_is_nearer_the_truth_than_mean_and_median(members: int, seed: int) -> None:
    truth, keypoints, confidence = tracked(seed, members)
    found = smooth(keypoints, confidence)
    for simple in (keypoints.mean(axis=0), np.median(keypoints, axis=0)):
        assert error(found.keypoints, truth) < 0.85 * error(simple, truth)


@pytest.mark.parametrize("members", [1, 4])
def test_the_truth_lies_inside_the_interval_as_often_as_it_says(members: int) -> None:
    truth, keypoints, confidence = tracked(members=members)
    found = smooth(keypoints, confidence)
    inside = np.abs(found.keypoints - truth) < 1.96 * np.sqrt(found.posterior_variance)
    assert 0.90 < inside.mean() < 0.99


def test_one_member_alone_is_smoothed() -> None:
    truth, keypoints, confidence = tracked(members=1)
    found = smooth(keypoints, confidence)
    assert error(found.keypoints, truth) < 0.85 * error(keypoints[0], truth)


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
def test_missing_frames_are_filled_with_a_wide_posterior(dynamics: str) -> None:
    _, keypoints, confidence = tracked()
    keypoints[:, 500:520, 1] = np.nan
    found = smooth(keypoints, confidence, SingleCameraOptions(dynamics=dynamics))
    assert np.isfinite(found.keypoints).all()
    assert np.isfinite(found.posterior_variance).all()
    assert np.isfinite(found.predictive_variance).all()
    gap, usual = found.posterior_variance[509, 1], np.median(found.posterior_variance, axis=(0, 1))
    assert (gap > 10 * usual).all()
    assert (found.confidence[500:520, 1] == 0).all()
    assert np.isnan(found.center[500:520, 1]).all()


@pytest.mark.parametrize("frames", [slice(0, 30), slice(1170, None)])
def test_missing_at_the_ends_is_filled(frames: slice) -> None:
    _, keypoints, confidence = tracked()
    keypoints[:, frames] = np.nan
    found = smooth(keypoints, confidence)
    assert np.isfinite(found.keypoints).all()
    outermost = found.posterior_variance[0 if frames.start == 0 else -1]
    assert (outermost > 10 * np.median(found.posterior_variance, axis=0)).all()


def test_a_keypoint_missing_everywhere_is_nan_and_leaves_the_others_alone() -> None:
    _, keypoints, confidence = tracked()
    whole = smooth(keypoints, confidence)
    keypoints[:, :, 1] = np.nan
    found = smooth(keypoints, confidence)
    assert np.isnan(found.keypoints[:, 1]).all()
    assert np.isnan(found.posterior_variance[:, 1]).all()
    assert np.isnan([found.fit.s[1], found.fit.b[1]]).all()
    assert (found.confidence[:, 1] == 0).all()
    np.testing.assert_allclose(found.keypoints[:, [0, 2]], whole.keypoints[:, [0, 2]], atol=1e-6)


@pytest.mark.parametrize("seen", [1, 2, 3, 5])
def test_a_keypoint_seen_a_few_times_is_finite(seen: int) -> None:
    _, keypoints, confidence = tracked()
    rows = np.linspace(100, 1000, seen).astype(int)
    hidden = np.delete(np.arange(1200), rows)
    keypoints[:, hidden, 0] = np.nan
    found = smooth(keypoints, confidence)
    assert np.isfinite(found.keypoints).all()
    assert np.isfinite(found.posterior_variance).all()
    assert (found.posterior_variance > 0).all()


def test_members_that_agree_wholly_on_a_still_point_keep_it() -> None:
    found = smooth(np.full((3, 50, 1, 2), 42.0))
    np.testing.assert_allclose(found.keypoints, 42.0)
    assert np.isfinite(found.posterior_variance).all()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_recordings_of_a_few_frames_work(frames: int) -> None:
    keypoints = np.random.default_rng(0).normal(100, 1, size=(3, frames, 2, 2))
    found = smooth(keypoints)
    assert np.isfinite(found.keypoints).all()
    assert np.abs(found.keypoints - 100).max() < 5


def test_shifting_scaling_and_turning_the_plane_turns_the_result() -> None:
    _, keypoints, confidence = tracked()
    found = smooth(keypoints, confidence)
    turned = 3.0 * keypoints[..., ::-1] * [1, -1] + [500, -20]
    other = smooth(turned, confidence)
    expected = 3.0 * found.keypoints[..., ::-1] * [1, -1] + [500, -20]
    np.testing.assert_allclose(other.keypoints, expected, atol=1e-3)
    np.testing.assert_allclose(
        other.posterior_variance, 9 * found.posterior_variance[..., ::-1], rtol=1e-3
    )
    np.testing.assert_allclose(other.fit.s, 9 * found.fit.s, rtol=1e-3)


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
def test_frames_left_out_are_as_frames_missing(dynamics: str) -> None:
    _, keypoints, confidence = tracked()
    kept = np.flatnonzero(np.random.default_rng(1).random(1200) < 0.7)
    kept = np.union1d(kept, [0, 1199])
    options = SingleCameraOptions(dynamics=dynamics, s=1.0, b=0.5)
    shortened = smooth(keypoints[:, kept], confidence[:, kept], options, times=kept)
    holes = np.full_like(keypoints, np.nan)
    holes[:, kept] = keypoints[:, kept]
    full = smooth(holes, confidence, options)
    # the first frame's prior depends on the data through their variance alone
    np.testing.assert_allclose(shortened.keypoints, full.keypoints[kept], atol=1e-6)


def test_more_process_noise_follows_the_centre_more_closely() -> None:
    _, keypoints, confidence = tracked()
    distances = [
        error(found.keypoints, found.center)
        for found in (
            smooth(keypoints, confidence, SingleCameraOptions(s=s, b=1.0)) for s in (0.01, 1, 100)
        )
    ]
    assert distances == sorted(distances, reverse=True)


def test_variances_are_named_once_and_predictive_is_posterior_and_noise() -> None:
    _, keypoints, confidence = tracked()
    found = smooth(keypoints, confidence)
    noise = found.spread + found.fit.b[:, None]
    np.testing.assert_allclose(found.predictive_variance, found.posterior_variance + noise)
    columns = found.columns()
    assert list(columns)[:4] == ["x_ens_mean", "y_ens_mean", "x_ens_var", "y_ens_var"]
    np.testing.assert_array_equal(columns["y_posterior_var"], found.posterior_variance[..., 1])


def test_the_input_is_left_as_it_was() -> None:
    _, keypoints, confidence = tracked(frames=120)
    before = keypoints.copy(), confidence.copy()
    smooth(keypoints, confidence)
    np.testing.assert_array_equal(keypoints, before[0])
    np.testing.assert_array_equal(confidence, before[1])


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.arange(7), r"times: \(7,\) for 120 frames; give one per frame"),
        (np.r_[0:60, 59:119], r"times: 59.0 of frame 60 is not after the one before"),
        (np.full(120, np.nan), "times: nan of frame 0 is not a time"),
    ],
)
def test_times_that_do_not_increase_are_refused(times: np.ndarray, message: str) -> None:
    _, keypoints, _ = tracked(frames=120)
    with pytest.raises(EksError, match=message):
        smooth(keypoints, times=times)


def test_an_ensemble_without_any_prediction_is_nan() -> None:
    found = smooth(np.full((2, 10, 3, 2), np.nan))
    assert np.isnan(found.keypoints).all()
    assert (found.confidence == 0).all()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"s": 0.0}, "s: 0.0 is not a finite number above 0"),
        ({"s": np.nan}, "s: nan is not a finite number"),
        ({"b": -1.0}, "b: -1.0 is not a finite number of 0 or more"),
        ({"center": "midian"}, "center: unknown value 'midian'; known: median, mean"),
        ({"dynamics": "ar9"}, "dynamics: unknown value 'ar9'; known: walk, velocity"),
        ({"passes": 0}, "passes: 0 is less than 1"),
    ],
)
def test_options_that_cannot_be_are_refused(option: dict[str, object], message: str) -> None:
    with pytest.raises(EksError, match=message):
        SingleCameraOptions(**option)


def test_the_package_stands_alone() -> None:
    code = (
        "import sys, pose_eks; from pose_eks import smooth; import numpy as np;"
        "smooth(np.zeros((1, 3, 1, 2)));"
        "print([m for m in ('torch', 'pose_core', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, pose_eks; print([m for m in ('numba', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    import pose_eks

    assert all(getattr(pose_eks, name) for name in pose_eks.__all__)
    with pytest.raises(AttributeError, match="no attribute 'smoth'"):
        _ = pose_eks.smoth
