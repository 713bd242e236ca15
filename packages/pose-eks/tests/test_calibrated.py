"""The calibrated model: positions in space, against the truth and a generic optimiser."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from pose_eks import EksError
from pose_eks.cameras.calibration import read_calibration
from pose_eks.cameras.projection import project_all
from pose_eks.cameras.rig import Rig
from pose_eks.ensemble import Ensemble
from pose_eks.models.calibrated import models_of, smooth_calibrated
from pose_eks.models.limb_lengths import mixed
from pose_eks.models.sights import View
from pose_eks.options import CalibratedOptions
from pose_eks.smoothed import SmoothedViews

Build = Callable[..., Rig]
NAMES = ("hip", "knee", "foot")
LIMBS = (("hip", "knee"), ("knee", "foot"))
EDGES = np.array([(0, 1), (1, 2)])
LENGTHS = np.array([2.0, 1.5])


def leg(rng: np.random.Generator, frames: int) -> np.ndarray:
    """A leg that swings about a wandering hip: (frames, 3 keypoints, 3)."""
    time = np.arange(frames)[:, None]
    hip = 2 * np.sin(time / 40 + rng.uniform(0, 6, 3)) * [1, 1, 0.3]
    points = [hip]
    for length in LENGTHS:
        angle = 0.8 * np.sin(time[:, 0] / 9 + rng.uniform(0, 6)) + 0.3
        u = np.stack([np.sin(angle), 0.3 * np.cos(time[:, 0] / 25), -np.cos(angle)], axis=1)
        points.append(points[-1] + length * u / np.linalg.norm(u, axis=1, keepdims=True))
    return np.stack(points, axis=1)


def filmed(
    rig: Rig, seed: int = 0, frames: int = 300, members: int = 4, wrong: float = 0.0
) -> tuple[np.ndarray, dict[str, Ensemble]]:
    """The leg, and members that share half of their errors; some views are confidently wrong."""
    rng = np.random.default_rng(seed)
    truth = leg(rng, frames)
    views = {}
    for number, camera in enumerate(rig.cameras):
        pixels = project_all(rig, truth)[0][:, :, number]
        common = pixels + rng.normal(scale=0.7, size=pixels.shape)
        away = rng.normal(size=pixels.shape)
        away *= 40 / np.linalg.norm(away, axis=-1, keepdims=True)
        common += away * (rng.random(pixels.shape[:2]) < wrong)[..., None]
        shape = (members, *pixels.shape)
        confidence = rng.uniform(0.9, 1.0, size=shape[:-1])
        views[camera.name] = Ensemble(common + rng.normal(scale=0.7, size=shape), confidence)
    return truth, views


def distance(found: SmoothedViews, truth: np.ndarray) -> np.ndarray:
    return np.linalg.norm(found.positions - truth, axis=-1)


def test_positions_and_reprojections_are_near_the_truth_and_inside_their_intervals(
    circle_rig: Build,
) -> None:
    rig = circle_rig(3)
    truth, views = filmed(rig, frames=600)
    found = smooth_calibrated(rig, views)
    assert np.sqrt((distance(found, truth) ** 2).mean()) < 0.05  # a pixel is a twentieth
    off = found.positions - truth
    squares = np.einsum("tki,tkij,tkj->tk", off, np.linalg.inv(found.covariance), off)
    assert 0.90 < (squares < 7.81).mean() < 0.98
    for number, name in enumerate(rig.names):
        view, pixels = found.views[name], project_all(rig, truth)[0][:, :, number]
        error = view.keypoints - pixels
        assert (error**2).mean() < 0.5 * (((view.center - pixels) ** 2).mean())
        assert 0.90 < (np.abs(error) < 1.96 * np.sqrt(view.posterior_variance)).mean() < 0.99
        inside = np.abs(view.center - view.keypoints) < 1.96 * np.sqrt(view.predictive_variance)
        assert inside.mean() > 0.90


def test_a_view_that_is_confidently_wrong_is_outvoted(circle_rig: Build) -> None:
    rig = circle_rig(3)
    truth, views = filmed(rig, wrong=0.05)
    plain, robust = (
        smooth_calibrated(rig, views, CalibratedOptions(likelihood=likelihood))
        for likelihood in ("gaussian", "student")
    )
    assert (distance(robust, truth) ** 2).mean() < 0.3 * (distance(plain, truth) ** 2).mean()
    view = robust.views["cam1"]
    far = np.linalg.norm(view.center - view.keypoints, axis=-1) > 20
    assert far.sum() > 20
    assert np.median(view.weight[far]) < 0.1 < np.median(view.weight[~far])


def as_seen(views: Mapping[str, Ensemble]) -> list[View]:
    frames = next(iter(views.values())).keypoints.shape[1]
    return [View(view.summarize(), np.arange(frames)) for view in views.values()]


def map_residuals(
    rig: Rig, views: Mapping[str, Ensemble], options: CalibratedOptions
) -> Callable[[np.ndarray], np.ndarray]:
    """Equations 26 to 28 for all keypoints of a walk, written down anew."""
    seen = as_seen(views)
    models = models_of(rig, seen, np.arange(len(seen[0].places)), options)

    def residuals(q: np.ndarray) -> np.ndarray:
        parts = []
        for k, (_, model) in models.items():
            motion = model.chain.motion
            parts.append((q[0, k] - motion.mean) / np.sqrt(np.diag(motion.covariance)))
            steps = np.sqrt(options.s * np.diag(motion.shape))
            parts.append((np.diff(q[:, k], axis=0) / steps).ravel())
            pixels = project_all(rig, q[:, k])[0]
            for number, view in enumerate(seen):
                noise = np.sqrt(view.consensus.spread[:, k] + options.b)
                parts.append(((pixels[:, number] - view.consensus.center[:, k]) / noise).ravel())
            rows = model.chain.observed.shape[1] - 2 * len(seen)
            if rows:  # of the scene, in frames of fewer than two cameras
                off = (q[:, k] - model.chain.observed[:, -3:]) / np.sqrt(model.chain.spread[:, -3:])
                parts.append(off.ravel())
        every = np.concatenate(parts)
        return every[np.isfinite(every)]

    return residuals


def test_the_path_and_its_covariances_are_those_of_the_dense_maximum_a_posteriori(
    circle_rig: Build,
) -> None:
    rig = circle_rig(3, (-0.5, 0.3, 0.01, -0.02, 0.1))
    truth, views = filmed(rig, frames=12)
    views["cam1"].keypoints[:, 3:5, 1] = np.nan
    views["cam0"].keypoints[:, 4, 1] = np.nan
    options = CalibratedOptions(dynamics="walk", likelihood="gaussian", s=0.3, b=0.4)
    found = smooth_calibrated(rig, views, options)
    residuals = map_residuals(rig, views, options)
    best = least_squares(
        lambda flat: residuals(flat.reshape(truth.shape)), truth.ravel(), xtol=1e-15, gtol=1e-12
    )
    np.testing.assert_allclose(found.positions, best.x.reshape(truth.shape), atol=1e-6)
    covariance = np.linalg.inv(best.jac.T @ best.jac).reshape(*truth.shape, *truth.shape)
    for t, k in np.ndindex(truth.shape[:2]):
        np.testing.assert_allclose(
            found.covariance[t, k], covariance[t, k, :, t, k], rtol=1e-3, atol=1e-7
        )


def test_limbs_give_the_dense_maximum_of_all_keypoints_together(circle_rig: Build) -> None:
    rig = circle_rig(2)
    truth, views = filmed(rig, frames=10)
    views["cam1"].keypoints[:, 4:8, 2] = np.nan  # the limb alone says how deep the foot is
    options = CalibratedOptions(dynamics="walk", likelihood="gaussian", s=0.3, b=0.4)
    limbed = replace(
        options, limbs=LIMBS, limb_lengths=tuple(LENGTHS * [0.9, 1.1]), limb_tolerance=0.02
    )
    found = smooth_calibrated(rig, views, limbed, names=NAMES)
    residuals = map_residuals(rig, views, options)

    def cost(flat: np.ndarray) -> np.ndarray:
        q = flat.reshape(truth.shape)
        lengths = np.linalg.norm(q[:, EDGES[:, 0]] - q[:, EDGES[:, 1]], axis=-1)
        wanted = np.array(limbed.limb_lengths)
        return np.append(residuals(q), ((lengths - wanted) / (0.02 * wanted)).ravel())

    best = least_squares(cost, truth.ravel(), xtol=1e-15, gtol=1e-12)
    width = np.sqrt(np.einsum("tkii->tk", found.covariance))[..., None]
    off = (found.positions - best.x.reshape(truth.shape)) / width
    assert np.abs(off).max() < 0.02
    exact = np.linalg.inv(best.jac.T @ best.jac).reshape(*truth.shape, *truth.shape)
    for t, k in np.ndindex(truth.shape[:2]):  # wider in every direction, and not by much
        gap = np.linalg.eigvalsh(found.covariance[t, k] - exact[t, k, :, t, k])
        assert gap.min() > -0.02 * np.trace(exact[t, k, :, t, k])


def test_limbs_bring_positions_nearer_the_truth(circle_rig: Build) -> None:
    rig = circle_rig(2)
    truth, views = filmed(rig)
    for first in range(0, 300, 50):
        views["cam0"].keypoints[:, first : first + 15, 2] = np.nan
    free, limbed = (
        smooth_calibrated(rig, views, CalibratedOptions(limbs=limbs), names=NAMES)
        for limbs in ((), LIMBS)
    )
    assert (distance(limbed, truth) ** 2).mean() < 0.7 * (distance(free, truth) ** 2).mean()
    foot = limbed.positions[:, 2] - limbed.positions[:, 1]
    assert np.std(np.linalg.norm(foot, axis=-1)) < 0.05
    off = limbed.positions - truth
    squares = np.einsum("tki,tkij,tkj->tk", off, np.linalg.inv(limbed.covariance), off)
    assert 0.90 < (squares < 7.81).mean() < 0.99
    assert all(np.isfinite(view.keypoints).all() for view in limbed.views.values())
    assert limbed.views["cam0"].fit.converged.all()


def test_missing_frames_keypoints_and_cameras_are_filled_with_wide_posteriors(
    circle_rig: Build,
) -> None:
    rig = circle_rig(4)
    truth, views = filmed(rig)
    for view in views.values():
        view.keypoints[:, 100:140, 0] = np.nan  # nobody sees it
    for name in ("cam0", "cam1", "cam2"):
        views[name].keypoints[:, 200:220, 1] = np.nan  # one camera sees it
    views["cam2"].keypoints[:] = np.nan  # dead
    views["cam1"].keypoints[:, :, 2] = np.nan  # does not have this keypoint
    found = smooth_calibrated(rig, views)
    assert distance(found, truth)[140:200].max() < 0.5
    width = np.sqrt(np.einsum("tkii->tk", found.covariance))
    assert width[120, 0] > 3 * np.median(width[:, 0])
    assert width[210, 1] > 2 * np.median(width[:, 1])
    for number, view in enumerate(found.views.values()):
        for values in (view.keypoints, view.posterior_variance, view.predictive_variance):
            assert np.isfinite(values).all()
        assert (view.predictive_variance > view.posterior_variance).all()
        pixels = project_all(rig, truth)[0][:, :, number]
        assert np.abs(view.keypoints - pixels)[140:200].max() < 10
    assert np.isnan(found.views["cam2"].center).all()


def test_a_keypoint_that_nobody_sees_is_nan_and_one_of_a_single_camera_is_wide(
    circle_rig: Build,
) -> None:
    rig = circle_rig(2)
    truth, views = filmed(rig)
    for view in views.values():
        view.keypoints[:, :, 0] = np.nan
    views["cam0"].keypoints[:, :, 2] = np.nan
    found = smooth_calibrated(rig, views)
    assert np.isnan(found.positions[:, 0]).all()
    assert np.isnan(found.views["cam0"].keypoints[:, 0]).all()
    assert np.isfinite(found.positions[:, 1:]).all()
    seen = project_all(rig, truth)[0][:, 2, 1]
    assert np.median(np.abs(found.views["cam1"].keypoints[:, 2] - seen)) < 1
    width = np.sqrt(np.einsum("tkii->tk", found.covariance))
    assert (width[:, 2] > 3 * width[:, 1]).all()


def test_half_a_recording_seen_by_one_camera_stays_in_the_scene(circle_rig: Build) -> None:
    rig = circle_rig(2)
    truth, views = filmed(rig)
    views["cam0"].keypoints[:, :150, 2] = np.nan
    found = smooth_calibrated(rig, views)
    assert distance(found, truth)[:150, 2].max() < 8
    assert distance(found, truth)[160:].max() < 0.3
    pixels = project_all(rig, truth)[0][:, 2, 1]
    assert np.median(np.abs(found.views["cam1"].keypoints[:, 2] - pixels)) < 1


def test_one_member_is_enough(circle_rig: Build) -> None:
    rig = circle_rig(3)
    truth, views = filmed(rig, members=1)
    found = smooth_calibrated(rig, views)
    assert np.sqrt((distance(found, truth) ** 2).mean()) < 0.06


def test_the_unit_and_the_frame_of_the_world_leave_the_pixels_alone(circle_rig: Build) -> None:
    rig = circle_rig(3)
    _, views = filmed(rig, frames=150)
    found = smooth_calibrated(rig, views, CalibratedOptions(limbs=LIMBS), names=NAMES)
    turn, shift = Rotation.random(random_state=0).as_matrix(), np.array([300.0, -5.0, 70.0])
    for scale, rotation, offset in ((1000.0, np.eye(3), 0 * shift), (1.0, turn, shift)):
        cameras = [
            replace(
                camera,
                rotation=camera.rotation @ rotation.T,
                translation=scale * camera.translation - camera.rotation @ rotation.T @ offset,
            )
            for camera in rig.cameras
        ]
        options = CalibratedOptions(limbs=LIMBS)
        other = smooth_calibrated(Rig(tuple(cameras)), views, options, names=NAMES)
        expected = scale * found.positions @ rotation.T + offset
        np.testing.assert_allclose(other.positions, expected, atol=1e-3 * scale)
        for name, view in found.views.items():
            np.testing.assert_allclose(other.views[name].keypoints, view.keypoints, atol=0.01)
            np.testing.assert_allclose(other.views[name].fit.s, view.fit.s, rtol=0.01)


def test_the_order_of_cameras_does_not_matter(circle_rig: Build) -> None:
    rig = circle_rig(3)
    _, views = filmed(rig, frames=150)
    found = smooth_calibrated(rig, views)
    other = smooth_calibrated(rig, dict(reversed(views.items())))
    np.testing.assert_allclose(other.positions, found.positions, atol=1e-3)
    for name, view in found.views.items():
        np.testing.assert_allclose(other.views[name].center, view.center)


def test_what_cannot_be_is_refused(circle_rig: Build) -> None:
    rig = circle_rig(2)
    _, views = filmed(rig, frames=20)
    with pytest.raises(EksError, match=r"camera 'top': not in the calibration; it has cam0, cam1"):
        smooth_calibrated(rig, {**views, "top": views["cam0"]})
    with pytest.raises(EksError, match=r"limbs: no keypoint is called 'toe'; there are hip, knee"):
        smooth_calibrated(rig, views, CalibratedOptions(limbs=(("hip", "toe"),)), names=NAMES)
    with pytest.raises(EksError, match=r"limb_lengths: 1 for 2 limbs; give one each"):
        CalibratedOptions(limbs=LIMBS, limb_lengths=(1.0,))
    views["cam0"].keypoints[:, ::2] = np.nan
    views["cam1"].keypoints[:, 1::2] = np.nan
    with pytest.raises(EksError, match=r"views: no keypoint is seen by two cameras in one frame"):
        smooth_calibrated(rig, views)


def test_mixing_finds_where_a_linear_map_stands_still() -> None:
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    matrix = turn * np.linspace(-0.9, 0.9, 12) @ turn.T
    offset = rng.normal(size=12)
    found, settled = mixed(lambda x: matrix @ x + offset, np.zeros(12), np.full(12, 1e-4))
    assert settled
    np.testing.assert_allclose(found, np.linalg.solve(np.eye(12) - matrix, offset), atol=1e-6)


@pytest.mark.data
def test_flies_are_placed_in_space() -> None:
    if not os.environ.get("POSE_DATA_DIR"):
        pytest.skip("needs real recordings; set POSE_DATA_DIR")
    from pose_eks.files.members import read_members

    folder = Path(os.environ["POSE_DATA_DIR"]) / "eks" / "fly"
    rig, views, labels = read_calibration(folder / "calibration.toml"), {}, ()
    for name in rig.names:
        members = read_members(sorted(folder.glob(f"*{name}*.csv")))
        views[name] = Ensemble(members.keypoints[:, :200], members.confidence[:, :200])
        labels = members.labels
    found = smooth_calibrated(rig, views, names=labels)
    for view in found.views.values():
        assert np.isfinite(view.keypoints).all()
        assert np.median(np.abs(view.keypoints - view.center)) < 1
    assert found.views["Cam-A"].fit.converged.mean() > 0.8  # some floors sink to nothing


def test_mixing_of_a_map_that_never_stands_still_ends_and_says_so() -> None:
    rng = np.random.default_rng(0)
    found, settled = mixed(lambda x: rng.normal(size=x.shape), np.zeros(30), np.ones(30))
    assert not settled
    assert np.isfinite(found).all()
