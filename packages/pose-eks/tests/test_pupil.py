"""Four points around a pupil."""

import numpy as np
import pytest

from pose_eks import EksError, Ensemble
from pose_eks.models.pupil import SIDES, sides_of, smooth_pupil
from pose_eks.options import PupilOptions

NAMES = ("pupil_top_r", "pupil_right_r", "pupil_bottom_r", "pupil_left_r")
FRAMES = 1200


def autoregression(rng: np.random.Generator, tau: float, size: float) -> np.ndarray:
    """Draw a stationary AR(1) with standard deviation `size`."""
    a = np.exp(-1 / tau)
    values = size * rng.normal(size=FRAMES)
    for t in range(1, FRAMES):
        values[t] = a * values[t - 1] + np.sqrt(1 - a * a) * values[t]
    return values


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw diameter (frames,), points (frames, 4, 2) and five members' predictions of them."""
    rng = np.random.default_rng(seed)
    diameter = 30 + autoregression(rng, 80.0, 5.0)
    center = np.stack([60 + autoregression(rng, 15.0, 3.0), 50 + autoregression(rng, 15.0, 2.0)], 1)
    sides = np.array([SIDES[side] for side in sides_of(NAMES)])
    points = center[:, None] + diameter[:, None, None] * sides
    return diameter, points, points + rng.normal(size=(5, FRAMES, 4, 2))


def test_the_diameter_is_found_and_its_interval_holds_it() -> None:
    diameter, points, members = scene()
    found = smooth_pupil(Ensemble(members), NAMES, PupilOptions(likelihood="gaussian"))
    off = found.signals["diameter"] - diameter
    top, right, bottom, left = np.median(members, axis=0).transpose(1, 0, 2)
    measured = (bottom[:, 1] - top[:, 1] + right[:, 0] - left[:, 0]) / 2
    assert np.sqrt((off**2).mean()) < 0.92 * np.sqrt(((measured - diameter) ** 2).mean())
    inside = np.abs(off) < 1.96 * np.sqrt(found.signals["diameter_var"])
    assert 0.9 < inside.mean() <= 1
    assert np.sqrt(((found.keypoints - points) ** 2).sum(-1).mean()) < 0.6


def test_every_point_keeps_its_name() -> None:
    _, points, members = scene(1)
    order = [2, 0, 3, 1]
    names = [NAMES[k] for k in order]
    found = smooth_pupil(Ensemble(members[:, :, order]), names)
    np.testing.assert_allclose(found.keypoints, points[:, order], atol=3.0)


def test_points_fit_one_diameter_and_one_center() -> None:
    _, _, members = scene(2)
    found = smooth_pupil(Ensemble(members), NAMES)
    top, right, bottom, left = found.keypoints.transpose(1, 0, 2)
    np.testing.assert_allclose(bottom[:, 1] - top[:, 1], right[:, 0] - left[:, 0])
    np.testing.assert_allclose(bottom[:, 1] - top[:, 1], found.signals["diameter"])
    np.testing.assert_allclose(top[:, 0], found.signals["center_x"])
    np.testing.assert_allclose(right[:, 1], found.signals["center_y"])


def test_time_constants_and_variances_are_recovered() -> None:
    _, _, members = scene(3)
    found = smooth_pupil(Ensemble(members), NAMES, PupilOptions(likelihood="gaussian")).fit
    assert 30 < found.shared["tau diameter"] < 200
    assert 9 < found.shared["tau center"] < 24
    assert found.shared["variance diameter"] == pytest.approx(25, rel=0.6)
    assert found.converged.all()
    given = PupilOptions(likelihood="gaussian", tau_diameter=70.0, tau_center=20.0)
    kept = smooth_pupil(Ensemble(members), NAMES, given).fit
    assert kept.shared["tau diameter"] == pytest.approx(70.0)
    assert kept.shared["tau center"] == pytest.approx(20.0)


def test_a_point_that_is_never_seen_is_told_by_the_others() -> None:
    _, _, members = scene(4)
    members[:, :, 3] = np.nan  # left
    members[:, 200:210] = np.nan
    found = smooth_pupil(Ensemble(members), NAMES)
    assert np.isfinite(found.keypoints[:, :3]).all()
    assert np.isfinite(found.signals["diameter"]).all()
    assert found.signals["diameter_var"][205] > 2 * np.median(found.signals["diameter_var"])


def test_the_diameter_does_not_shrink_where_nothing_is_seen() -> None:
    diameter, _, members = scene(5)
    members[:, 300:] = np.nan
    found = smooth_pupil(Ensemble(members), NAMES)
    assert found.signals["diameter"][-1] == pytest.approx(diameter[:300].mean(), abs=3.0)


def test_a_point_that_is_sure_and_wrong_is_outvoted() -> None:
    _, points, members = scene(6)
    members[:, 100:104, 0] += 15.0
    off = {}
    for likelihood in ("gaussian", "student"):
        found = smooth_pupil(Ensemble(members), NAMES, PupilOptions(likelihood=likelihood))  # type: ignore[arg-type]
        off[likelihood] = np.abs(found.keypoints[100:104] - points[100:104]).max()
    assert off["student"] < 2.0 < off["gaussian"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b", "c", "d"), "the names a, b, c, d do not tell one point each of top"),
        (("top", "top_2", "left", "right"), "do not tell one point each"),
        (("bottom", "right", "top", "left"), "top and bottom are named the other way round: y is"),
    ],
)
def test_points_that_are_no_pupil_are_refused(names: tuple[str, ...], message: str) -> None:
    _, _, members = scene()
    with pytest.raises(EksError, match=message):
        smooth_pupil(Ensemble(members), names)


def test_too_few_frames_are_refused() -> None:
    _, _, members = scene()
    members[:, 5:, 0] = np.nan
    members[:, 5:, 2:] = np.nan
    with pytest.raises(EksError, match="5 frames show diameter and centre; 10 are needed"):
        smooth_pupil(Ensemble(members), NAMES)


def test_names_in_other_spellings_tell_the_sides() -> None:
    assert sides_of(("PupilTop", "pupil.bottom", "left-pupil", "r right")) == [
        "top",
        "bottom",
        "left",
        "right",
    ]
