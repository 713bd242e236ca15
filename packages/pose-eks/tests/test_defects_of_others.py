"""Defects of a known implementation, each reproduced there, none of which may come back here.

The order is that of a list of twenty; those of its command are in test_defects_of_commands. What
the known implementation is reproduced for, its results for a given s, is in test_eks4.
"""

import cProfile
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from pose_eks import Ensemble, MultiCameraOptions, SingleCameraOptions, smooth, smooth_views
from pose_eks.cameras.projection import project, project_all
from pose_eks.cameras.rig import Camera, Rig
from pose_eks.ensemble import fill
from pose_eks.models.asynchronous import smooth_asynchronous
from pose_eks.models.calibrated import smooth_calibrated
from pose_eks.models.inflation import distances
from pose_eks.models.pupil import SIDES, smooth_pupil
from pose_eks.options import CalibratedOptions, PupilOptions

PUPIL = ("pupil_top_r", "pupil_bottom_r", "pupil_right_r", "pupil_left_r")
GAUSSIAN = MultiCameraOptions(likelihood="gaussian")


def walks(rng: np.random.Generator, frames: int, *shape: int) -> np.ndarray:
    return 100 + np.cumsum(rng.normal(size=(frames, *shape)), axis=0)


def seen(rng: np.random.Generator, truth: np.ndarray, members: int = 3) -> Ensemble:
    shape = (members, *truth.shape)
    shared = rng.normal(scale=0.5, size=truth.shape)
    keypoints = truth + shared + rng.normal(size=shape)
    return Ensemble(keypoints, rng.uniform(0.8, 1.0, shape[:-1]))


def pupil_seen(frames: int = 200) -> tuple[np.ndarray, Ensemble]:
    """Draw the four points of a pupil of 30 px, (frames, 4, 2), and their ensemble."""
    rng = np.random.default_rng(0)
    directions = np.array([SIDES[side] for side in ("top", "bottom", "right", "left")])
    diameter = 30 + np.cumsum(rng.normal(scale=0.1, size=(frames, 1, 1)), axis=0)
    center = 60 + np.cumsum(rng.normal(scale=0.1, size=(frames, 1, 2)), axis=0)
    truth = center + diameter * directions
    return truth, seen(rng, truth)


def views_seen(count: int = 2, frames: int = 150, keypoints: int = 2) -> dict[str, Ensemble]:
    """Draw linear projections of walks in space."""
    rng = np.random.default_rng(0)
    space = walks(rng, frames, keypoints, 3)
    return {f"view{n}": seen(rng, space @ rng.normal(size=(3, 2))) for n in range(count)}


def without(ensemble: Ensemble, frame: int, keypoint: int) -> Ensemble:
    keypoints = ensemble.keypoints.copy()
    keypoints[:, frame, keypoint] = np.nan
    return Ensemble(keypoints, ensemble.confidence)


# 1-3: the pupil


def test_points_of_a_pupil_come_out_under_their_own_names() -> None:
    truth, ensemble = pupil_seen()
    for order in ([0, 1, 2, 3], [3, 0, 2, 1]):
        shuffled = Ensemble(ensemble.keypoints[:, :, order], ensemble.confidence[..., order])
        found = smooth_pupil(shuffled, [PUPIL[n] for n in order])
        assert np.abs(found.keypoints - truth[:, order]).max() < 3.0  # the points are 21 px apart


def test_variances_of_a_pupil_are_those_of_the_point_they_stand_by() -> None:
    _, ensemble = pupil_seen()
    found = smooth_pupil(ensemble, PUPIL, PupilOptions(likelihood="gaussian"))
    center = np.stack([found.signals["center_x_var"], found.signals["center_y_var"]], axis=-1)
    top, bottom, right, left = np.moveaxis(found.posterior_variance, 1, 0)
    for upright in (top, bottom):
        np.testing.assert_allclose(upright[:, 0], center[:, 0])
    for level in (right, left):
        np.testing.assert_allclose(level[:, 1], center[:, 1])
    both = (top[:, 1] + bottom[:, 1]) / 2 - center[:, 1]  # cov(d, y) has either sign
    np.testing.assert_allclose(both, found.signals["diameter_var"] / 4)


@pytest.mark.parametrize("tau", [20.0, 20_000.0])
def test_one_given_time_of_a_pupil_is_kept_and_the_other_fitted(tau: float) -> None:
    _, ensemble = pupil_seen()
    found = smooth_pupil(ensemble, PUPIL, PupilOptions(tau_diameter=tau))
    assert found.fit.shared["tau diameter"] == pytest.approx(tau)
    other = smooth_pupil(ensemble, PUPIL, PupilOptions(tau_center=tau))
    assert other.fit.shared["tau center"] == pytest.approx(tau)
    assert other.fit.shared["tau diameter"] != pytest.approx(tau)


# 4, 8, 9: calibrated cameras


def filmed(rig: Rig, scale: float = 1.0) -> dict[str, Ensemble]:
    rng = np.random.default_rng(0)
    truth = np.cumsum(rng.normal(scale=0.1, size=(120, 1, 3)), axis=0)
    pixels = project_all(rig, scale * truth)[0]
    return {c.name: seen(rng, pixels[:, :, n]) for n, c in enumerate(rig.cameras)}


def test_scatter_in_the_first_camera_does_not_widen_the_others(
    circle_rig: Callable[..., Rig],
) -> None:
    rig = circle_rig()
    views = filmed(rig)
    rng = np.random.default_rng(1)
    first = views["cam0"].keypoints
    views["cam0"] = Ensemble(first + rng.normal(scale=30.0, size=first.shape))
    found = smooth_calibrated(rig, views, CalibratedOptions(likelihood="gaussian")).views
    scattered = np.median(found["cam0"].spread)
    for name in ("cam1", "cam2"):
        assert np.median(found[name].posterior_variance) < 0.01 * scattered


def test_the_unit_of_the_world_changes_no_pixel(circle_rig: Callable[..., Rig]) -> None:
    def in_unit(scale: float) -> np.ndarray:
        rig = circle_rig()
        far = [c.translation * scale for c in rig.cameras]
        moved = [
            Camera(c.name, c.matrix, c.distortions, c.rotation, t)
            for c, t in zip(rig.cameras, far, strict=True)
        ]
        found = smooth_calibrated(Rig(tuple(moved)), filmed(rig))
        return np.stack([view.keypoints for view in found.views.values()])

    np.testing.assert_allclose(in_unit(1e-3), in_unit(1.0), atol=1e-4)


def test_the_last_coefficients_of_a_lens_divide() -> None:
    bend = np.array([0.1, 0.0, 0.0, 0.0, 0.0, 0.3, 0.2, 0.1])
    camera = Camera("a", np.eye(3), bend, np.eye(3), np.zeros(3))
    x, r2 = 0.5, 0.25
    expected = x * (1 + 0.1 * r2) / (1 + 0.3 * r2 + 0.2 * r2**2 + 0.1 * r2**3)
    assert project(camera, np.array([x, 0.0, 1.0]))[0][0] == pytest.approx(expected)


def test_a_fisheye_lens_is_one() -> None:
    camera = Camera("a", np.eye(3), np.zeros(4), np.eye(3), np.zeros(3), fisheye=True)
    assert project(camera, np.array([1.0, 0.0, 1.0]))[0][0] == pytest.approx(np.pi / 4)


# 5: a missing frame


def test_a_frame_that_nobody_sees_leaves_the_keypoint_finite() -> None:
    rng = np.random.default_rng(0)
    one = without(seen(rng, walks(rng, 150, 2, 2)), 70, 1)
    found = [smooth(one.keypoints, one.confidence)]
    two = views_seen()
    two["view0"] = without(two["view0"], 70, 1)
    found += smooth_views(two).views.values()
    two["view1"] = without(two["view1"], 70, 1)
    found += smooth_views(two).views.values()
    found.append(smooth_pupil(without(pupil_seen()[1], 70, 1), PUPIL))
    for each in found:
        assert np.isfinite(each.keypoints).all()
        assert np.isfinite(each.posterior_variance).all()


# 6, 7: the fit


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
def test_the_noise_found_is_the_likeliest_of_the_model_that_is_run(dynamics: str) -> None:
    rng = np.random.default_rng(0)
    one = seen(rng, walks(rng, 400, 1, 2))
    best = smooth(one.keypoints, one.confidence, SingleCameraOptions(dynamics=dynamics)).fit
    for factor in (0.9, 1.1):
        options = SingleCameraOptions(dynamics=dynamics, s=factor * best.s[0], b=best.b[0])
        other = smooth(one.keypoints, one.confidence, options).fit
        assert other.log_likelihood[0] < best.log_likelihood[0]


def test_a_keypoint_is_fitted_alike_in_any_company() -> None:
    rng = np.random.default_rng(0)
    many = seen(rng, walks(rng, 400, 9, 2) * 100)
    alone = smooth(many.keypoints[:, :, :1], many.confidence[..., :1])
    together = smooth(many.keypoints, many.confidence)
    assert together.fit.s[0] == pytest.approx(alone.fit.s[0], rel=1e-3)
    np.testing.assert_allclose(together.keypoints[:, 0], alone.keypoints[:, 0], atol=1e-4)


# 10, 11: latents and confidences


@pytest.mark.parametrize("latent", [1, 2])
def test_any_number_of_latents_works(latent: int) -> None:
    found = smooth_views(views_seen(3), MultiCameraOptions(latent=latent))
    assert found.positions.shape == (150, 2, latent)
    assert all(np.isfinite(view.keypoints).all() for view in found.views.values())


def test_confidences_that_are_all_zero_are_taken_as_unknown() -> None:
    rng = np.random.default_rng(0)
    one = seen(rng, walks(rng, 150, 2, 2))
    nothing, unknown = smooth(one.keypoints, 0 * one.confidence), smooth(one.keypoints)
    np.testing.assert_array_equal(nothing.keypoints, unknown.keypoints)
    assert np.isfinite(nothing.keypoints).all()


# 12: cameras that are not synchronous


def test_every_frame_of_both_cameras_is_kept_and_none_is_mirrored() -> None:
    rng = np.random.default_rng(0)
    times = {"left": np.arange(100) / 60.0, "right": 0.05 + np.arange(200) / 150.0}
    space = walks(rng, 500, 2, 3)
    truth = {
        name: space[(300 * t).astype(int)] @ rng.normal(size=(3, 2)) for name, t in times.items()
    }
    views = {name: seen(rng, points) for name, points in truth.items()}
    found = smooth_asynchronous(views, times, GAUSSIAN)
    for name, points in truth.items():
        assert found.views[name].keypoints.shape == points.shape
        assert np.median(np.abs(found.views[name].keypoints - points)) < 1.0


# 14, 15: options


@pytest.mark.parametrize(
    "changed",
    [
        {"center": "median"},
        {"divide_by_confidence": False},
        {"likelihood": "gaussian"},
        {"degrees": 1.5},
        {"b": 3.0},
        {"a": 2.0},
        {"dynamics": "walk"},
        {"s": 2.0},
        {"latent": 2},
        {"quantile": 0.9},
    ],
)
def test_every_option_of_several_cameras_does_something(changed: dict[str, object]) -> None:
    views = views_seen(3)
    usual = smooth_views(views).views["view0"].keypoints
    other = smooth_views(views, MultiCameraOptions(**changed)).views["view0"].keypoints
    assert np.abs(other - usual).max() > 1e-6


# 17: one definition of variance


def test_predictive_variance_is_posterior_variance_and_noise_in_every_mode() -> None:
    rng = np.random.default_rng(0)
    one = seen(rng, walks(rng, 150, 2, 2))
    found = [
        smooth(one.keypoints, one.confidence),
        *smooth_views(views_seen(), GAUSSIAN).views.values(),
        smooth_pupil(pupil_seen()[1], PUPIL, PupilOptions(likelihood="gaussian")),
    ]
    for each in found:
        noise = each.spread + each.fit.b[:, None]
        np.testing.assert_allclose(each.predictive_variance - each.posterior_variance, noise)


# 18-20: cost


def test_a_second_call_compiles_nothing() -> None:
    rng = np.random.default_rng(0)
    one = seen(rng, walks(rng, 60, 2, 2))
    smooth(one.keypoints, one.confidence)
    before = list(getattr(fill, "loaded", ()))
    other = seen(rng, walks(rng, 90, 3, 2), members=4)
    smooth(other.keypoints, other.confidence)
    assert list(getattr(fill, "loaded", ())) == before


MEMORY = """
import resource
import numpy as np
from pose_eks import smooth

def peak(frames):
    rng = np.random.default_rng(0)
    keypoints = rng.normal(size=(3, frames, 10, 2))
    smooth(keypoints, np.full(keypoints.shape[:-1], 0.9))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

small, large = peak(2_000), peak(42_000)
print((large - small) * 1024 / 40_000 / 10)
"""


def test_memory_is_far_below_half_a_kilobyte_per_frame_and_keypoint() -> None:
    pytest.importorskip("resource", reason="memory is asked of Unix")
    said = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    assert float(said.stdout) < 400  # bytes, of which the ensemble itself is 72


def test_views_that_disagree_are_found_without_going_frame_by_frame() -> None:
    def calls(frames: int) -> int:
        rng = np.random.default_rng(0)
        observed, variance = rng.normal(size=(frames, 6)), rng.uniform(1, 2, (frames, 6))
        loading = rng.normal(size=(6, 3))
        with cProfile.Profile() as profile:
            distances(observed, variance, loading)
        return sum(one.callcount for one in profile.getstats())

    calls(10)  # what numpy looks up once
    assert calls(1000) == calls(10)
