"""Cameras that do not film at the same times."""

import os
from pathlib import Path

import numpy as np
import pytest

from pose_eks import EksError, Ensemble, MultiCameraOptions, smooth_views
from pose_eks.files.members import read_members
from pose_eks.models.asynchronous import at_times, smooth_asynchronous

QUICK = MultiCameraOptions(likelihood="gaussian", dynamics="walk")
RATES = {"fast": 150.0, "slow": 60.0}


def scene(
    seed: int = 0,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Ensemble]]:
    """Draw times, truth and ensembles of two cameras on clocks of their own, three seconds long."""
    rng = np.random.default_rng(seed)
    fine = np.arange(0, 3.2, 0.001)
    path = np.cumsum(rng.normal(scale=0.35, size=(len(fine), 1, 3)), axis=0)
    times, truth, views = {}, {}, {}
    for start, (name, rate) in enumerate(RATES.items()):
        times[name] = 0.0123 * start + np.arange(0, 3, 1 / rate)
        nearest = np.round(times[name] / 0.001).astype(int)
        truth[name] = 100 + path[nearest] @ rng.normal(size=(2, 3)).T
        found = truth[name] + rng.normal(scale=0.7, size=(4, *truth[name].shape))
        views[name] = Ensemble(found)
    return times, truth, views


def test_every_frame_of_every_camera_is_kept_on_its_own_clock() -> None:
    times, truth, views = scene()
    found = smooth_asynchronous(views, times, QUICK)
    for name, view in found.views.items():
        assert view.keypoints.shape == truth[name].shape
        raw = np.median(views[name].keypoints, axis=0) - truth[name]
        assert np.abs(view.keypoints - truth[name]).mean() < np.abs(raw).mean()
        inside = np.abs(view.keypoints - truth[name]) < 1.96 * np.sqrt(view.posterior_variance)
        assert inside.mean() > 0.88
    np.testing.assert_array_equal(found.times, np.unique(np.concatenate(list(times.values()))))


def test_cameras_that_film_together_are_the_synchronous_model() -> None:
    _, _, views = scene(1)
    together = {name: Ensemble(view.keypoints[:, :180]) for name, view in views.items()}
    times = {name: np.arange(180.0) for name in together}
    found = smooth_asynchronous(together, times, QUICK)
    expected = smooth_views(together, QUICK)
    for name in together:
        np.testing.assert_allclose(
            found.views[name].keypoints, expected.views[name].keypoints, atol=1e-6
        )


def test_a_camera_is_filled_in_from_the_other_ones_times() -> None:
    times, truth, views = scene(2)
    gone = views["slow"].keypoints.copy()
    gone[:, 60:72] = np.nan  # a fifth of a second
    found = smooth_asynchronous({**views, "slow": Ensemble(gone)}, times, QUICK)
    slow = found.views["slow"]
    assert np.isfinite(slow.keypoints).all()
    off = np.abs(slow.keypoints[60:72] - truth["slow"][60:72])
    assert (off < 4 * np.sqrt(slow.posterior_variance[60:72])).mean() > 0.9


def test_points_are_told_at_times_that_nobody_filmed() -> None:
    times, _, views = scene(3)
    at = np.array([0.5, 1.0, 1.0005, 2.9])
    found = smooth_asynchronous(views, times, QUICK, at=at)
    plain = smooth_asynchronous(views, times, QUICK)
    for name in views:
        requested = found.requested[name]
        assert requested.keypoints.shape == (4, 1, 2)
        assert np.isfinite(requested.keypoints).all()
        assert np.isnan(requested.center).all()
        np.testing.assert_allclose(
            found.views[name].keypoints, plain.views[name].keypoints, atol=1e-3
        )
        step = np.interp(1.0, times[name], plain.views[name].keypoints[:, 0, 0])
        assert requested.keypoints[1, 0, 0] == pytest.approx(step, abs=1.0)


def test_interpolation_never_bridges_a_gap() -> None:
    clock = np.array([0.0, 1, 2, 3, 4, 5, 6])
    values = np.array([0.0, 1, 2, np.nan, np.nan, 5, 6])[:, None]
    found = at_times(values, clock, np.array([0.5, 2.5, 5.5, 7.0]))[:, 0]
    np.testing.assert_array_equal(found, [0.5, np.nan, 5.5, np.nan])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {"fast": t["fast"]}, "times: none for 'slow'; there are times for fast"),
        (lambda t: {**t, "slow": t["slow"][:-1]}, r"times of 'slow': \(179,\) for 180 frames"),
        (
            lambda t: {**t, "slow": t["slow"][::-1]},
            "times of 'slow': .* is not after the one before",
        ),
        (lambda t: {**t, "slow": t["slow"] + 50}, "paw: its cameras do not overlap in time"),
        (
            lambda t: {**t, "slow": t["slow"] * np.nan},
            "times of 'slow': nan of frame 0 is not a time",
        ),
    ],
)
def test_times_that_cannot_be_are_refused(change: object, message: str) -> None:
    times, _, views = scene(4)
    with pytest.raises(EksError, match=message):
        smooth_asynchronous(views, change(times), QUICK, names=("paw",))  # type: ignore[operator]


def test_the_paws_of_a_real_mouse() -> None:
    if not os.environ.get("POSE_DATA_DIR"):
        pytest.skip("POSE_DATA_DIR is not set: no real recordings")
    folder = Path(os.environ["POSE_DATA_DIR"], "eks", "ibl-paw")
    views, times = {}, {}
    for name in ("left", "right"):
        members = read_members(sorted(folder.glob(f"*.{name}.rng=*.csv")))
        order = [0, 1] if name == "left" else [1, 0]  # one camera's left paw is the other's right
        views[name] = Ensemble(members.keypoints[:, :, order], members.confidence[:, :, order])
        (path,) = folder.glob(f"*timestamps.{name}.npy")
        times[name] = np.load(path)
    found = smooth_asynchronous(views, times, MultiCameraOptions(dynamics="walk"))
    for name, view in found.views.items():
        assert view.keypoints.shape == (len(times[name]), 2, 2)
        assert np.isfinite(view.keypoints).all()
        assert np.median(np.abs(view.keypoints - view.center)) < 2.0
