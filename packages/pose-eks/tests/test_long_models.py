"""Pupils, poses, asynchronous and calibrated cameras some frames at a time, against one pass."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_eks import EksError, Ensemble, MultiCameraOptions
from pose_eks.cameras.projection import project_all
from pose_eks.cameras.rig import Rig
from pose_eks.models import long_calibrated, long_points, shelf, sights
from pose_eks.models.asynchronous import smooth_asynchronous
from pose_eks.models.calibrated import smooth_calibrated
from pose_eks.models.long_calibrated import smooth_long_calibrated
from pose_eks.models.long_poses import smooth_long_pose, smooth_long_pupil
from pose_eks.models.long_sights import LongView
from pose_eks.models.long_views import smooth_long_asynchronous
from pose_eks.models.pose_pca import smooth_pose
from pose_eks.models.pupil import SIDES, smooth_pupil
from pose_eks.models.shelf import Shelf
from pose_eks.options import CalibratedOptions, PosePcaOptions, PupilOptions

Lay = Callable[..., Shelf]
Compare = Callable[..., None]
Change = dict[str, Any]
LIKELIHOODS = pytest.mark.parametrize("likelihood", ["gaussian", "student"])


@pytest.fixture(autouse=True, params=["all", "few"])
def learned_from(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn from all frames, or from some of them."""
    monkeypatch.setattr(shelf, "ROWS", 70)
    monkeypatch.setattr(long_calibrated, "ROWS", 70)
    monkeypatch.setattr(long_points, "GIVEN", 60)
    if request.param == "few":
        monkeypatch.setattr(sights, "MOST", 160)
        monkeypatch.setattr(sights, "STRETCH", 40)


def members_of(truth: np.ndarray, seed: int, members: int = 3) -> Ensemble:
    """Draw members about the truth (frames, keypoints, 2), with mistakes of all, and gaps."""
    rng = np.random.default_rng(seed)
    truth = truth + 25 * (rng.random((*truth.shape[:2], 1)) < 0.02)
    points = truth + rng.normal(size=(members, *truth.shape))
    points[rng.random(points.shape[:3]) < 0.1] = np.nan
    points[:, 200:215, 1] = np.nan
    return Ensemble(points, rng.uniform(0.5, 1.0, points.shape[:3]))


def walk(rng: np.random.Generator, frames: int, *shape: int) -> np.ndarray:
    return np.cumsum(rng.normal(size=(frames, *shape)), axis=0)


@LIKELIHOODS
def test_a_pupil_in_chunks_is_that_in_one_pass(
    tmp_path: Path, shelf_of: Lay, assert_same: Compare, likelihood: Any
) -> None:
    rng = np.random.default_rng(0)
    diameter, center = 30 + 0.3 * walk(rng, 400), 60 + 0.3 * walk(rng, 400, 2)
    truth = center[:, None] + diameter[:, None, None] * np.array(list(SIDES.values()))
    pupil, names = members_of(truth, 1), list(SIDES)
    pupil.keypoints[:, :, 3] = np.nan  # a side that nobody sees
    options = PupilOptions(likelihood=likelihood)
    times = np.cumsum(rng.uniform(0.5, 1.5, 400))
    expected = smooth_pupil(pupil, names, options, times)
    laid = shelf_of(tmp_path / "shelf", pupil, options)
    found = smooth_long_pupil(laid, names, tmp_path, options, times, size=90)
    assert_same(found, expected)
    assert found.fit.shared == pytest.approx(expected.fit.shared)
    for name, values in expected.signals.items():
        parts = np.concatenate([one.signals[name] for one in found.chunks()])
        np.testing.assert_allclose(parts, values, rtol=0, atol=1e-6)


@LIKELIHOODS
def test_poses_in_chunks_are_those_in_one_pass(
    tmp_path: Path, shelf_of: Lay, assert_same: Compare, likelihood: Any
) -> None:
    rng = np.random.default_rng(0)
    truth = 100 + (walk(rng, 300, 4) @ rng.normal(size=(4, 10))).reshape(300, 5, 2)
    pose = members_of(truth, 1)
    options = PosePcaOptions(likelihood=likelihood, latent=4)
    expected = smooth_pose(pose, options)
    found = smooth_long_pose(
        shelf_of(tmp_path / "shelf", pose, options), tmp_path, options, size=90
    )
    assert_same(found, expected)
    residual = np.concatenate([one.diagnostics["pose_residual"] for one in found.chunks()])
    np.testing.assert_allclose(residual, expected.diagnostics["pose_residual"], rtol=0, atol=1e-6)


@LIKELIHOODS
def test_asynchronous_cameras_in_chunks_are_those_in_one_pass(
    tmp_path: Path, shelf_of: Lay, assert_same: Compare, likelihood: Any
) -> None:
    rng = np.random.default_rng(0)
    path = walk(rng, 500, 2, 3)
    frames = {"fast": np.arange(0, 500), "slow": np.arange(5, 480, 3)}
    times = {name: own + 0.1 * n for n, (name, own) in enumerate(frames.items())}
    views = {
        name: members_of(100 + path[own] @ rng.normal(size=(3, 2)), n)
        for n, (name, own) in enumerate(frames.items())
    }
    options = MultiCameraOptions(likelihood=likelihood)
    asked = np.array([0.05, 99.05, 100.0, 499.5])
    expected = smooth_asynchronous(views, times, options, at=asked)
    own = np.arange(2)
    long = {
        name: LongView(shelf_of(tmp_path / name, one, options), own) for name, one in views.items()
    }
    found = smooth_long_asynchronous(long, times, tmp_path, options, at=asked, size=128)
    for name, one, further in zip(views, found.shelves, found.requested, strict=True):
        assert_same(one, expected.views[name])
        assert_same(further, expected.requested[name])


@pytest.mark.parametrize(
    "changed", [{}, {"likelihood": "gaussian"}, {"dynamics": "walk", "groups": (("a", "b"),)}]
)
def test_calibrated_cameras_in_chunks_are_those_in_one_pass(
    tmp_path: Path,
    shelf_of: Lay,
    assert_same: Compare,
    circle_rig: Callable[..., Rig],
    changed: Change,
) -> None:
    rig, rng = circle_rig(3), np.random.default_rng(0)
    space = np.clip(0.3 * walk(rng, 260, 4, 3), -8, 8)
    pixels = project_all(rig, space)[0]
    views = {name: members_of(pixels[:, :, n], n) for n, name in enumerate(rig.names)}
    for name in rig.names[1:]:
        views[name].keypoints[:, 100:130, 0] = np.nan  # seen by one camera alone
    views["cam2"].keypoints[:, :, 2] = np.nan  # a point that two cameras see
    for one in views.values():
        one.keypoints[:, :, 3] = np.nan  # and one that nobody sees
    options = CalibratedOptions(**changed)
    expected = smooth_calibrated(rig, views, options, names="abcd")
    long = {
        name: LongView(shelf_of(tmp_path / name, one, options), np.arange(4))
        for name, one in views.items()
    }
    found = smooth_long_calibrated(rig, long, tmp_path, options, names="abcd", size=90)
    # where a single camera sees a point, and where two contradict each other, rounds of robust
    # weights enlarge rounding
    limits = (1e-5, 1e-4) if options.likelihood == "student" else ()
    for one, name in zip(found.views, views, strict=True):
        assert_same(one, expected.views[name], *limits)
    parts = list(found.positions.chunks())
    np.testing.assert_allclose(
        np.concatenate([one[1] for one in parts]), expected.positions, rtol=0, atol=1e-6
    )
    row, column = np.triu_indices(3)
    upper = expected.covariance[..., row, column]
    np.testing.assert_allclose(np.concatenate([one[2] for one in parts]), upper, atol=1e-5)


def test_what_needs_all_frames_is_refused(
    tmp_path: Path, shelf_of: Lay, circle_rig: Callable[..., Rig]
) -> None:
    laid = shelf_of(tmp_path, members_of(np.zeros((300, 4, 2)), 0), PupilOptions())
    fixed = PupilOptions(compat="eks4", tau_diameter=9.0, tau_center=9.0)
    with pytest.raises(EksError, match="compat: needs all frames at once"):
        smooth_long_pupil(laid, list(SIDES), tmp_path, fixed)
    limbs = CalibratedOptions(limbs=(("a", "b"),))
    with pytest.raises(EksError, match="limbs, compat: need all frames at once"):
        smooth_long_calibrated(
            circle_rig(), {"cam0": LongView(laid, np.arange(4))}, tmp_path, limbs
        )
