"""Projection against OpenCV, finite differences and itself backwards."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pose_eks.cameras.projection import project, project_all, undistort
from pose_eks.cameras.rig import Camera, Rig

LENSES = {
    0: [],
    1: [-0.2],
    4: [-0.25, 0.08, 0.002, -0.003],
    5: [-0.25, 0.08, 0.002, -0.003, 0.01],
    8: [0.3, -0.05, 0.001, -0.002, 0.01, 0.45, -0.02, 0.02],
    12: [0.3, -0.05, 0.001, -0.002, 0.01, 0.45, -0.02, 0.02, 0.003, -0.004, 0.005, 0.002],
    14: [
        0.3,
        -0.05,
        0.001,
        -0.002,
        0.01,
        0.45,
        -0.02,
        0.02,
        0.003,
        -0.004,
        0.005,
        0.002,
        0.05,
        -0.08,
    ],
}
FISHEYE = [0.05, -0.01, 0.004, -0.002]


def random_camera(seed: int, distortions: list[float], fisheye: bool = False) -> Camera:
    rng = np.random.default_rng(seed)
    fx, fy = rng.uniform(300, 3000, 2)
    return Camera(
        name="any",
        matrix=np.array(
            [[fx, 0, rng.uniform(200, 500)], [0, fy, rng.uniform(200, 500)], [0, 0, 1]]
        ),
        distortions=np.array(distortions) * rng.uniform(0.5, 1.5),
        rotation=Rotation.random(random_state=rng).as_matrix(),
        translation=rng.normal(size=3) + np.array([0, 0, 10]),
        fisheye=fisheye,
    )


def seen_points(camera: Camera, seed: int = 0, count: int = 60, wide: float = 0.6) -> np.ndarray:
    """Points before the camera, up to `wide` beside its axis for each unit of distance."""
    rng = np.random.default_rng(seed)
    depth = rng.uniform(2, 30, size=(count, 1))
    plane = rng.uniform(-wide, wide, size=(count, 2))
    plane[0] = 0.0  # the axis itself, where fisheye lenses divide 0 by 0
    within = np.concatenate([plane * depth, depth], axis=1)
    return (within - camera.translation) @ camera.rotation


def by_opencv(camera: Camera, points: np.ndarray) -> np.ndarray:
    cv2 = pytest.importorskip("cv2")
    pose = (cv2.Rodrigues(camera.rotation)[0], camera.translation)
    if camera.fisheye:
        lens = (camera.matrix, camera.distortions)
        return cv2.fisheye.projectPoints(points[:, None], *pose, *lens)[0][:, 0]
    lens = (camera.matrix, camera.distortions if camera.distortions.size > 1 else padded(camera))
    return cv2.projectPoints(points[:, None], *pose, *lens)[0][:, 0]


def padded(camera: Camera) -> np.ndarray:
    """Four coefficients at least, as OpenCV wants them."""
    return np.concatenate([camera.distortions, np.zeros(4 - camera.distortions.size)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", LENSES)
def test_projection_is_that_of_opencv(count: int, seed: int) -> None:
    camera = random_camera(seed, LENSES[count])
    points = seen_points(camera, seed)
    np.testing.assert_allclose(project(camera, points)[0], by_opencv(camera, points), atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_fisheye_projection_is_that_of_opencv(seed: int) -> None:
    camera = random_camera(seed, FISHEYE, fisheye=True)
    points = seen_points(camera, seed, wide=2.0)
    np.testing.assert_allclose(project(camera, points)[0], by_opencv(camera, points), atol=1e-8)


@pytest.mark.parametrize("count", [5, 8, 14])
def test_undistortion_is_that_of_opencv(count: int) -> None:
    cv2 = pytest.importorskip("cv2")
    camera = random_camera(1, LENSES[count])
    pixels = project(camera, seen_points(camera, wide=0.4))[0]
    ends = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
    expected = cv2.undistortPoints(
        pixels[:, None], camera.matrix, camera.distortions, criteria=ends
    )
    np.testing.assert_allclose(undistort(camera, pixels), expected[:, 0], atol=1e-8)


def test_fisheye_undistortion_is_that_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    camera = random_camera(1, FISHEYE, fisheye=True)
    pixels = project(camera, seen_points(camera, wide=1.0))[0]
    expected = cv2.fisheye.undistortPoints(pixels[:, None], camera.matrix, camera.distortions)
    np.testing.assert_allclose(undistort(camera, pixels), expected[:, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("count", "fisheye"), [*((count, False) for count in LENSES), (0, True), (4, True)]
)
def test_what_was_projected_is_undistorted_to_its_ray(count: int, fisheye: bool) -> None:
    camera = random_camera(4, FISHEYE[:count] if fisheye else LENSES[count], fisheye)
    points = seen_points(camera, wide=5.0 if fisheye else 0.6)
    within = points @ camera.rotation.T + camera.translation
    found = undistort(camera, project(camera, points)[0])
    np.testing.assert_allclose(found, within[:, :2] / within[:, 2:], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize(
    "camera",
    [
        *(random_camera(5, lens) for lens in LENSES.values()),
        random_camera(5, FISHEYE, fisheye=True),
        random_camera(5, [], fisheye=True),
    ],
)
def test_the_slope_is_what_differences_say(camera: Camera) -> None:
    points = seen_points(camera, 3)
    slopes = project(camera, points)[1]
    for axis in range(3):
        step = 1e-5 * np.eye(3)[axis]
        ahead, behind = (project(camera, points + sign * step)[0] for sign in (1, -1))
        np.testing.assert_allclose(slopes[..., axis], (ahead - behind) / 2e-5, rtol=1e-5, atol=1e-5)


def test_a_skewed_matrix_is_taken_at_its_word() -> None:
    camera = random_camera(0, LENSES[8])
    skewed = replace(camera, matrix=camera.matrix + 30 * np.outer([1, 0, 0], [0, 1, 0]))
    points = seen_points(camera)
    plain, pixels = project(camera, points)[0], project(skewed, points)[0]
    fy, cy = camera.matrix[1, 1:]
    expected = plain + np.stack([30 * (plain[:, 1] - cy) / fy, 0 * plain[:, 1]], axis=1)
    np.testing.assert_allclose(pixels, expected, atol=1e-10)
    np.testing.assert_allclose(undistort(skewed, pixels), undistort(camera, plain), atol=1e-11)


def test_points_behind_a_camera_and_missing_ones_are_nan_and_nothing_else_is() -> None:
    camera = random_camera(2, LENSES[5])
    points = seen_points(camera).reshape(4, 15, 3)
    points[1, 2] = np.nan
    points[3, 4] = (np.array([0, 0, -5.0]) - camera.translation) @ camera.rotation
    pixels, slopes = project(camera, points)
    expected = np.zeros((4, 15), bool)
    expected[[1, 3], [2, 4]] = True
    assert (np.isnan(pixels).all(axis=-1) == expected).all()
    assert (np.isnan(pixels).any(axis=-1) == expected).all()
    assert (np.isnan(slopes).any(axis=(-1, -2)) == expected).all()
    assert (np.isnan(undistort(camera, pixels)).any(axis=-1) == expected).all()


def test_pixels_past_the_edge_of_a_lens_are_nan() -> None:
    barrel = Camera("a", np.diag([100.0, 100.0, 1.0]), [-0.3], np.eye(3), np.zeros(3))
    # x (1 - 0.3 x²) is 0.7027 at most
    found = undistort(barrel, np.array([[70.0, 0.0], [70.5, 0.0], [1e6, 1e6]]))
    assert np.isfinite(found[0]).all()
    assert found[0, 0] < np.sqrt(1 / 0.9)
    assert np.isnan(found[1:]).all()


def test_a_rig_projects_into_each_of_its_cameras(circle_rig: Callable[..., Rig]) -> None:
    rig = circle_rig(4)
    points = np.random.default_rng(0).normal(size=(5, 2, 3))
    pixels, slopes = project_all(rig, points)
    assert pixels.shape == (5, 2, 4, 2)
    assert slopes.shape == (5, 2, 4, 2, 3)
    np.testing.assert_array_equal(pixels[:, :, 2], project(rig.cameras[2], points)[0])


def test_the_unit_and_the_frame_of_the_world_leave_pixels_as_they_are(
    circle_rig: Callable[..., Rig],
) -> None:
    rig, points = circle_rig(3), np.random.default_rng(0).normal(size=(50, 3))
    turn, shift = Rotation.random(random_state=1).as_matrix(), np.array([3.0, -200.0, 40.0])
    for scale, rotation, offset in ((1000.0, np.eye(3), 0 * shift), (1.0, turn, shift)):
        moved = Rig(tuple(in_world(camera, scale, rotation, offset) for camera in rig.cameras))
        pixels = project_all(moved, scale * points @ rotation.T + offset)[0]
        np.testing.assert_allclose(pixels, project_all(rig, points)[0], atol=1e-9)


def in_world(camera: Camera, scale: float, turn: np.ndarray, shift: np.ndarray) -> Camera:
    """The camera where points q of the world are called scale * turn @ q + shift."""
    rotation = camera.rotation @ turn.T
    return replace(
        camera, rotation=rotation, translation=scale * camera.translation - rotation @ shift
    )
