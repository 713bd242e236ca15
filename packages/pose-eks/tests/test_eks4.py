"""`compat="eks4"` against files of the known implementation (benchmarks/make_eks4_golden.py).

That one computes in single precision, hence the tolerances.
"""

from pathlib import Path

import numpy as np
import pytest

from pose_eks import EksError
from pose_eks.cameras.rig import Camera, Rig
from pose_eks.compat import eks4
from pose_eks.compat.eks4_calibrated import project
from pose_eks.models.inflation import factors
from pose_eks.smoothed import Smoothed

GOLDEN = Path(__file__).parent / "golden"
Arrays = dict[str, np.ndarray]


def golden(name: str) -> Arrays:
    with np.load(GOLDEN / f"eks4_{name}.npz") as arrays:
        return dict(arrays)


def by_view(values: np.ndarray) -> Arrays:
    return {f"cam{number}": view for number, view in enumerate(values)}


def assert_like(
    found: Smoothed, known: Arrays, setting: str, view: int = 0, pixels: float = 1e-3
) -> None:
    near = np.abs(found.keypoints - known[f"{setting}_keypoints"][view])
    assert near.max() < pixels
    assert np.median(near) < 1e-4
    np.testing.assert_allclose(
        found.posterior_variance, known[f"{setting}_variance"][view], rtol=0.01, atol=2e-3
    )
    np.testing.assert_allclose(found.spread, known[f"{setting}_spread"][view], rtol=1e-4)


@pytest.mark.parametrize(
    ("setting", "options"),
    [("default", {}), ("plain", {"center": "mean", "divide_by_confidence": False})],
)
def test_one_camera_is_smoothed_as_known(setting: str, options: dict[str, object]) -> None:
    known = golden("singlecam")
    found = eks4.singlecam(known["keypoints"][0], known["confidence"][0], known["s"], **options)
    assert_like(found, known, setting, pixels=1e-4)


def test_a_member_alone_is_smoothed_as_known() -> None:
    known = golden("lone_member")
    found = eks4.singlecam(known["keypoints"][0], known["confidence"][0], known["s"])
    assert_like(found, known, "default", pixels=1e-4)


@pytest.mark.parametrize("case", ["two_views", "three_views"])
@pytest.mark.parametrize(
    ("setting", "options"),
    [
        ("api", {"quantile_keep": 50.0, "inflate": False}),
        ("command", {}),
        (
            "plain",
            {
                "quantile_keep": 80.0,
                "inflate": False,
                "center": "mean",
                "divide_by_confidence": False,
            },
        ),
    ],
)
def test_several_cameras_are_smoothed_as_known(
    case: str, setting: str, options: dict[str, object]
) -> None:
    known = golden(case)
    given = by_view(known["keypoints"]), by_view(known["confidence"])
    found = eks4.multicam(*given, known["s"], **options)
    for number, view in enumerate(found.views.values()):
        assert_like(view, known, setting, number)


def test_mirrored_views_are_smoothed_as_known() -> None:
    known = golden("mirrored")
    given = by_view(known["keypoints"]), by_view(known["confidence"])
    found = eks4.multicam(*given, known["s"], quantile_keep=50.0)
    for number, view in enumerate(found.views.values()):
        assert_like(view, known, "inflated", number)


def rig_of(known: Arrays) -> Rig:
    cameras = zip(known["distortions"], known["rotations"], strict=True)
    return Rig(
        tuple(
            Camera(f"cam{number}", known["matrix"], bend, turn, known["shift"])
            for number, (bend, turn) in enumerate(cameras)
        )
    )


@pytest.mark.parametrize(("setting", "inflate"), [("default", False), ("inflated", True)])
def test_calibrated_cameras_are_smoothed_as_known(setting: str, inflate: bool) -> None:
    known = golden("calibrated")
    given = by_view(known["keypoints"]), by_view(known["confidence"])
    found = eks4.calibrated(*given, rig_of(known), known["s"], inflate=inflate)
    for number, view in enumerate(found.views.values()):
        assert_like(view, known, setting, number, pixels=1e-2)  # single precision tells here
    np.testing.assert_allclose(found.positions, known[f"{setting}_points"], atol=5e-3)


def test_the_slope_of_a_known_projection_is_its_derivative() -> None:
    bend = np.array([-0.2, 0.05, 0.01, -0.02, 0.01, 0.02, 0.03, 0.04, 0.01, 0.02, 0.03, 0.04])
    known = golden("calibrated")
    camera = Camera("a", known["matrix"], bend, known["rotations"][1], known["shift"])
    points = np.random.default_rng(0).normal(scale=20.0, size=(5, 3))
    _, slope = project(camera, points)
    for axis, step in enumerate(1e-4 * np.eye(3)):
        moved = (project(camera, points + step)[0] - project(camera, points - step)[0]) / 2e-4
        np.testing.assert_allclose(slope[..., axis], moved, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("setting", ["loose", "clipped"])
def test_a_pupil_is_smoothed_as_known_under_its_right_names(setting: str) -> None:
    known = golden("pupil")
    found = eks4.pupil(known["keypoints"][0], known["confidence"][0], tuple(known[f"{setting}_s"]))
    written = known[f"{setting}_keypoints"][0]
    swapped = found.keypoints[:, [0, 2, 1, 3]]  # right and bottom under each other's names
    np.testing.assert_allclose(swapped, written, atol=1e-4)
    rows = found.posterior_variance.reshape(len(written), 8)
    shifted = np.stack([rows[:, [point, point + 1]] for point in range(4)], axis=1)
    np.testing.assert_allclose(shifted, known[f"{setting}_variance"][0], atol=1e-4)


@pytest.mark.parametrize(("setting", "inflate"), [("default", False), ("inflated", True)])
def test_paws_are_smoothed_as_known(setting: str, inflate: bool) -> None:
    known = golden("paw")
    first, step = known["right_clock"]
    right_times = first + step * np.arange(known["right"].shape[1])
    found = eks4.paw(
        known["left"], known["right"], known["left_times"], right_times, known["s"], inflate=inflate
    )
    for number, view in enumerate(found.views.values()):
        assert_like(view, known, setting, number)
    inside = (known["left_times"] >= first) & (known["left_times"] <= right_times[-1])
    np.testing.assert_array_equal(found.times, np.flatnonzero(inside))


@pytest.mark.parametrize("latent", [1, 2, 4])
def test_any_number_of_axes_works(latent: int) -> None:
    known = golden("three_views")
    given = by_view(known["keypoints"]), by_view(known["confidence"])
    found = eks4.multicam(*given, known["s"], latent=latent, inflate=False)
    assert found.positions.shape == (*known["keypoints"].shape[2:4], latent)
    assert all(np.isfinite(view.keypoints).all() for view in found.views.values())


def test_factors_give_the_covariance_that_they_were_drawn_with() -> None:
    rng = np.random.default_rng(0)
    loading = rng.normal(size=(6, 2))
    own = rng.uniform(0.2, 0.5, 6)
    drawn = rng.normal(size=(20_000, 2)) @ loading.T + rng.normal(size=(20_000, 6)) * np.sqrt(own)
    found, mean = factors(drawn + 5.0, 2)
    np.testing.assert_allclose(mean, 5.0, atol=0.1)
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose((found @ found.T)[off], (loading @ loading.T)[off], atol=0.1)


def test_a_frame_that_nobody_sees_loses_its_keypoint_as_known() -> None:
    known = golden("singlecam")
    keypoints = known["keypoints"][0].copy()
    keypoints[:, 5, 1] = np.nan
    found = eks4.singlecam(keypoints, known["confidence"][0], known["s"])
    assert np.isnan(found.keypoints[:, 1]).all()
    np.testing.assert_allclose(
        found.keypoints[:, 0], known["default_keypoints"][0][:, 0], atol=1e-4
    )


def test_what_cannot_be_is_refused_in_one_line() -> None:
    known = golden("two_views")
    views, sure = by_view(known["keypoints"]), by_view(known["confidence"])
    lost = {name: view.copy() for name, view in views.items()}
    lost["cam1"][:, 4, 2] = np.nan
    with pytest.raises(EksError, match="view 'cam1': no member sees keypoint 2 in frame 4"):
        eks4.multicam(lost, sure, 1.0)
    with pytest.raises(EksError, match="views: 1 of them"):
        eks4.multicam({"cam0": views["cam0"]}, sure, 1.0)
    with pytest.raises(EksError, match="latent: 5 axes of 4 coordinates"):
        eks4.multicam(views, sure, 1.0, latent=5)
    with pytest.raises(EksError, match="s: 2 values for 3 keypoints"):
        eks4.multicam(views, sure, np.array([1.0, 2.0]))
    with pytest.raises(EksError, match="s: nan is not finite and above 0"):
        eks4.singlecam(views["cam0"], sure["cam0"], np.nan)
    with pytest.raises(EksError, match="leaves 1 frames for 3 axes"):
        eks4.multicam(views, sure, 1.0, quantile_keep=0.0)
    with pytest.raises(EksError, match="not two numbers between 0 and 1"):
        eks4.pupil(views["cam0"], sure["cam0"], (0.5, 1.0))
    with pytest.raises(EksError, match="keypoints: 3 of them, 0 values missing"):
        eks4.pupil(views["cam0"], sure["cam0"], (0.5, 0.9))
    short = {**views, "cam1": views["cam1"][:, :-1]}
    with pytest.raises(EksError, match=r"view 'cam1': \(69, 3\) frames and keypoints, others"):
        eks4.multicam(short, {**sure, "cam1": sure["cam1"][:, :-1]}, 1.0)


def test_times_of_paws_that_cannot_be_are_refused() -> None:
    known = golden("paw")
    left, right, times = known["left"], known["right"], known["left_times"]
    clock = np.arange(right.shape[1]) / 150.0
    with pytest.raises(EksError, match="left: keypoints .* and times"):
        eks4.paw(left, right, times[:-1], clock, 1.0)
    with pytest.raises(EksError, match="right: times do not increase"):
        eks4.paw(left, right, times, 0 * clock, 1.0)
    with pytest.raises(EksError, match="right: shares no time with left"):
        eks4.paw(left, right, times, clock + 100.0, 1.0)
