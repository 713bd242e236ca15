"""Triangulation against the truth, a generic optimiser and drawn noise."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from pose_eks import EksError
from pose_eks.cameras.projection import project_all
from pose_eks.cameras.rig import Rig
from pose_eks.cameras.triangulation import triangulate

Build = Callable[..., Rig]


def scene(rig: Rig, seed: int = 0, frames: int = 40) -> tuple[np.ndarray, np.ndarray]:
    points = np.random.default_rng(seed).uniform(-5, 5, size=(frames, 3, 3))
    return points, project_all(rig, points)[0]


@pytest.mark.parametrize("freedom", [None, 4.0])
@pytest.mark.parametrize("cameras", [2, 3, 6])
def test_exact_views_give_the_points_exactly(
    circle_rig: Build, cameras: int, freedom: float | None
) -> None:
    rig = circle_rig(cameras)
    points, pixels = scene(rig)
    found = triangulate(rig, pixels, freedom=freedom)
    np.testing.assert_allclose(found.points, points, atol=1e-9)
    np.testing.assert_allclose(found.residuals, 0, atol=1e-8)
    np.testing.assert_allclose(found.weights, 1)


def test_fisheye_views_give_the_points_exactly(circle_rig: Build) -> None:
    rig = circle_rig(3, (0.05, -0.01, 0.004, -0.002), fisheye=True)
    points, pixels = scene(rig)
    np.testing.assert_allclose(triangulate(rig, pixels).points, points, atol=1e-9)


@pytest.mark.parametrize("freedom", [None, 4.0])
def test_the_point_is_the_one_a_generic_optimiser_finds(
    circle_rig: Build, freedom: float | None
) -> None:
    rig, rng = circle_rig(4), np.random.default_rng(1)
    points, pixels = scene(rig, frames=3)
    variances = rng.uniform(0.5, 9, size=pixels.shape)
    pixels += rng.normal(size=pixels.shape) * np.sqrt(variances)
    found = triangulate(rig, pixels, variances, freedom)

    def cost(point: np.ndarray, frame: int, keypoint: int) -> np.ndarray:
        off = project_all(rig, point)[0] - pixels[frame, keypoint]
        scaled = off / np.sqrt(variances[frame, keypoint])
        if freedom is None:
            return scaled.ravel()
        return np.sqrt(np.log1p((scaled**2).sum(axis=-1) / freedom))

    for frame, keypoint in np.ndindex(3, 3):
        best = least_squares(
            cost,
            points[frame, keypoint],
            args=(frame, keypoint),
            xtol=1e-14,
            ftol=1e-14,
            gtol=1e-14,
        )
        np.testing.assert_allclose(found.points[frame, keypoint], best.x, atol=1e-5)


def test_covariances_are_those_of_drawn_noise(circle_rig: Build) -> None:
    rig, rng = circle_rig(3), np.random.default_rng(2)
    point = np.array([1.0, -2.0, 3.0])
    variances = np.array([[0.25, 1.0], [4.0, 0.5], [1.0, 9.0]])
    pixels = project_all(rig, point)[0]
    drawn = pixels + rng.normal(size=(20_000, 3, 2)) * np.sqrt(variances)
    found = triangulate(rig, drawn, np.broadcast_to(variances, drawn.shape))
    truth = np.cov(found.points.T)
    scale = np.sqrt(np.outer(np.diag(truth), np.diag(truth)))
    assert (np.abs(found.covariances.mean(axis=0) - truth) < 0.03 * scale).all()
    np.testing.assert_allclose(found.points.mean(axis=0), point, atol=5e-3)


def test_missing_views_are_left_out_and_one_alone_gives_no_point(circle_rig: Build) -> None:
    rig = circle_rig(3)
    points, pixels = scene(rig)
    pixels[0, 0, 1] = np.nan
    pixels[1, 1, 2, 0] = np.nan  # x alone is as good as both
    pixels[2, :, 1:] = np.nan
    pixels[3, 0] = np.nan
    found = triangulate(rig, pixels)
    lost = np.zeros((40, 3), bool)
    lost[2], lost[3, 0] = True, True
    np.testing.assert_allclose(found.points[~lost], points[~lost], atol=1e-9)
    assert np.isnan(found.points[lost]).all()
    assert np.isnan(found.covariances[lost]).all()
    np.testing.assert_array_equal(found.weights[0, 0], [1, 0, 1])
    np.testing.assert_array_equal(np.isnan(found.residuals[0, 0, :, 0]), [False, True, False])


def test_a_view_without_a_usable_variance_is_missing(circle_rig: Build) -> None:
    rig = circle_rig(3)
    points, pixels = scene(rig)
    variances = np.ones_like(pixels)
    variances[0, 0, 0], variances[0, 1, 1, 1], variances[0, 2, 2] = np.inf, np.nan, 0.0
    pixels[0, [0, 1, 2], [0, 1, 2]] += 100.0
    np.testing.assert_allclose(triangulate(rig, pixels, variances).points, points, atol=1e-9)


@pytest.mark.parametrize("cameras", [3, 5])
def test_one_view_that_is_far_off_is_outvoted(circle_rig: Build, cameras: int) -> None:
    rig, rng = circle_rig(cameras), np.random.default_rng(3)
    points, pixels = scene(rig, frames=200)
    pixels += rng.normal(scale=0.5, size=pixels.shape)
    wrong = rng.integers(cameras, size=(200, 3))
    away = rng.normal(size=(200, 3, 2))
    away *= rng.uniform(20, 300, size=(200, 3, 1)) / np.linalg.norm(away, axis=-1, keepdims=True)
    frames, keypoints = np.indices((200, 3))
    pixels[frames, keypoints, wrong] += away
    variances = np.full(pixels.shape, 0.25)
    plain, robust = (triangulate(rig, pixels, variances, freedom) for freedom in (None, 4.0))
    errors = [np.linalg.norm(found.points - points, axis=-1) for found in (plain, robust)]
    assert np.median(errors[0]) > 20 * np.median(errors[1])
    assert np.quantile(errors[1], 0.9) < 0.25
    trusted = robust.weights[frames, keypoints, wrong]
    assert np.median(trusted) < 0.01


def test_a_view_from_behind_does_not_keep_the_others_from_their_point(circle_rig: Build) -> None:
    rig = circle_rig(3)
    turned = replace(
        rig.cameras[2],
        rotation=np.diag([1.0, -1.0, -1.0]) @ rig.cameras[2].rotation,
        translation=np.diag([1.0, -1.0, -1.0]) @ rig.cameras[2].translation,
    )
    points, pixels = scene(rig)
    found = triangulate(Rig((*rig.cameras[:2], turned)), pixels, freedom=4.0)
    np.testing.assert_allclose(found.points, points, atol=1e-6)
    assert (found.weights[..., 2] == 0).all()


def test_the_unit_and_the_frame_of_the_world_turn_the_result(circle_rig: Build) -> None:
    rig, rng = circle_rig(3), np.random.default_rng(4)
    _, pixels = scene(rig)
    pixels += rng.normal(scale=2.0, size=pixels.shape)
    turn, shift, scale = (
        Rotation.random(random_state=1).as_matrix(),
        np.array([5.0, 1e4, -7.0]),
        1e3,
    )
    moved = Rig(
        tuple(
            replace(
                camera,
                rotation=camera.rotation @ turn.T,
                translation=scale * camera.translation - camera.rotation @ turn.T @ shift,
            )
            for camera in rig.cameras
        )
    )
    for freedom in (None, 4.0):
        found, other = (triangulate(each, pixels, freedom=freedom) for each in (rig, moved))
        expected = scale * found.points @ turn.T + shift
        np.testing.assert_allclose(other.points, expected, atol=1e-5)
        np.testing.assert_allclose(other.residuals, found.residuals, atol=1e-5)
        np.testing.assert_allclose(
            other.covariances, scale**2 * turn @ found.covariances @ turn.T, rtol=1e-5, atol=1e-3
        )


def test_the_order_of_cameras_does_not_matter(circle_rig: Build) -> None:
    rig = circle_rig(4)
    _, pixels = scene(rig)
    pixels += np.random.default_rng(5).normal(scale=2.0, size=pixels.shape)
    other = triangulate(rig.choose(rig.names[::-1]), pixels[..., ::-1, :], freedom=4.0)
    found = triangulate(rig, pixels, freedom=4.0)
    np.testing.assert_allclose(other.points, found.points, atol=1e-9)


def test_no_points_at_all_are_fine(circle_rig: Build) -> None:
    found = triangulate(circle_rig(3), np.empty((0, 2, 3, 2)), freedom=4.0)
    assert found.points.shape == (0, 2, 3)


def test_shapes_that_do_not_fit_are_refused(circle_rig: Build) -> None:
    with pytest.raises(EksError, match=r"pixels: shape \(5, 2, 2\) is not \(..., 3 cameras, 2\)"):
        triangulate(circle_rig(3), np.zeros((5, 2, 2)))
    with pytest.raises(EksError, match=r"variances: shape \(3, 2\) is not that of pixels"):
        triangulate(circle_rig(3), np.zeros((5, 3, 2)), np.ones((3, 2)))
