"""compat="eks4" in the options of the models."""

import numpy as np
import pytest

from pose_eks import (
    EksError,
    Ensemble,
    MultiCameraOptions,
    SingleCameraOptions,
    smooth,
    smooth_views,
)
from pose_eks.compat import eks4
from pose_eks.models.asynchronous import smooth_asynchronous
from pose_eks.models.pupil import smooth_pupil
from pose_eks.options import PupilOptions

RNG = np.random.default_rng(0)
WALK = np.cumsum(RNG.normal(size=(120, 4, 2)), axis=0) + 100
MEMBERS = WALK + RNG.normal(size=(4, *WALK.shape))
SURE = RNG.uniform(0.5, 1, MEMBERS.shape[:-1])


def test_one_camera_is_what_the_known_implementation_gives() -> None:
    found = smooth(MEMBERS, SURE, SingleCameraOptions(compat="eks4", s=2.0))
    np.testing.assert_array_equal(found.keypoints, eks4.singlecam(MEMBERS, SURE, 2.0).keypoints)


@pytest.mark.parametrize("inflate", [False, True])
def test_several_cameras_are_what_the_known_implementation_gives(inflate: bool) -> None:
    views = {
        "a": Ensemble(MEMBERS[:, :, :2], SURE[..., :2]),
        "b": Ensemble(MEMBERS[:, :, 2:], SURE[..., 2:]),
    }
    options = MultiCameraOptions(compat="eks4", s=2.0, quantile=0.95, inflate=inflate)
    found = smooth_views(views, options, names=("x", "y"))
    plain = {name: view.keypoints for name, view in views.items()}
    sure = {name: view.confidence for name, view in views.items()}
    expected = eks4.multicam(plain, sure, 2.0, ("x", "y"), 3, 95.0, inflate)  # type: ignore[arg-type]
    for name in views:
        np.testing.assert_array_equal(found.views[name].keypoints, expected.views[name].keypoints)


def test_a_pupils_points_keep_their_order() -> None:
    sides = np.array([[0, -0.5], [0.5, 0], [0, 0.5], [-0.5, 0]])
    points = 60 + (30 + RNG.normal(size=(80, 1, 1))) * sides
    members = points + RNG.normal(size=(4, *points.shape))
    names = ("top", "right", "bottom", "left")
    options = PupilOptions(compat="eks4", tau_diameter=100.0, tau_center=20.0)
    found = smooth_pupil(Ensemble(members), names, options)
    assert np.abs(found.keypoints - points).mean() < 1.0


def test_a_view_that_disagrees_is_doubted() -> None:
    rng = np.random.default_rng(3)
    space = np.cumsum(rng.normal(size=(300, 1, 3)), axis=0)
    truth = np.einsum("cad,tkd->ctka", rng.normal(size=(3, 2, 3)), space)
    found = truth[:, None] + rng.normal(size=(3, 4, 300, 1, 2))
    found[0, :, 100:104] += 60.0
    views = {str(c): Ensemble(one) for c, one in enumerate(found)}
    off = []
    for inflate in (False, True):
        options = MultiCameraOptions(likelihood="gaussian", dynamics="walk", inflate=inflate)
        smoothed = smooth_views(views, options).views["0"].keypoints
        off.append(np.abs(smoothed[100:104] - truth[0, 100:104]).max())
    assert off[1] < 0.5 * off[0]


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(EksError, match="compat: 'eks4' needs a given s; it is not fitted there"):
        SingleCameraOptions(compat="eks4")
    with pytest.raises(EksError, match="needs a given tau_center"):
        PupilOptions(compat="eks4", tau_diameter=3.0)
    with pytest.raises(EksError, match="compat: unknown value 'eks3'; known: eks4"):
        SingleCameraOptions(compat="eks3", s=1.0)  # type: ignore[arg-type]
    with pytest.raises(EksError, match="not for asynchronous cameras"):
        smooth_asynchronous({}, {}, MultiCameraOptions(compat="eks4", s=1.0))
