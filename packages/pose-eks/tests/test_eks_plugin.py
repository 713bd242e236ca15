"""The smoother as pose-core sees it; skipped where pose-core is not installed."""

import numpy as np
import pytest

pytest.importorskip("pose_core")

from pose_core.errors import ConfigError, FormatError
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_core.smoothing import smooth
from pose_core.testing.smoothers import SmootherConformance


class TestOneCamera(SmootherConformance):
    plugin = "pose_eks.plugin"
    name = "eks_singlecam"


class TestOneCameraAsInThePaper(SmootherConformance):
    plugin = "pose_eks.plugin"
    name = "eks_singlecam"
    options = {"dynamics": "walk", "center": "median", "s": 1.0}


def members(count: int = 3) -> list[Predictions]:
    rng = np.random.default_rng(0)
    skeleton = Skeleton(("nose", "tail"))
    return [
        Predictions(rng.normal(100, 2, (50, 2, 2)), np.full((50, 2), 0.9), skeleton)
        for _ in range(count)
    ]


def test_variances_and_the_ensembles_centre_come_as_extra_columns() -> None:
    given = members()
    found = smooth(given, "eks_singlecam", {}, Plugins().add("pose_eks.plugin"))
    assert found.scorer == "eks_singlecam"
    assert {"x_posterior_var", "y_posterior_var", "x_ens_mean", "y_ens_var"} <= set(found.extra)
    centre = np.mean([one.keypoints for one in given], axis=0)
    np.testing.assert_allclose(found.extra["x_ens_mean"], centre[..., 0])
    assert (found.extra["x_posterior_var"] > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"centre": "mean"}, r"smoother\.eks_singlecam: unknown option 'centre'; did you mean"),
        ({"s": -1.0}, r"smoother\.eks_singlecam: s: -1.0 is not a finite number above 0"),
        ({"dynamics": "wlak"}, r"smoother\.eks_singlecam\.dynamics: 'wlak' is not one of"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        smooth(members(), "eks_singlecam", options, Plugins().add("pose_eks.plugin"))


def in_views() -> list[Predictions]:
    """Draw two points in two mirrored views, and a third that is in no view."""
    rng = np.random.default_rng(1)
    space = np.cumsum(rng.normal(size=(150, 2, 3)), axis=0)
    seen = 100 + np.einsum("cad,tkd->tcka", rng.normal(size=(2, 2, 3)), space)
    flat = np.concatenate([seen.reshape(150, 4, 2), np.full((150, 1, 2), 50.0)], axis=1)
    names = ("paw_top", "nose_top", "paw_bot", "nose_bot", "door")
    views = {"top": ("paw_top", "nose_top"), "bot": ("paw_bot", "nose_bot")}
    skeleton = Skeleton(names, views=views)
    found = flat + rng.normal(size=(3, *flat.shape))
    found[:, 40:60, 0] = np.nan  # the paw is hidden from the top
    return [Predictions(one, np.full((150, 5), 0.9), skeleton) for one in found]


def test_mirrored_views_fill_one_another_in() -> None:
    plugins = Plugins().add("pose_eks.plugin")
    given = in_views()
    together = smooth(given, "eks_mirrored", {"likelihood": "gaussian"}, plugins)
    alone = smooth(given, "eks_singlecam", {}, plugins)
    assert np.isfinite(together.keypoints).all()
    hidden = [found.extra["x_posterior_var"][45:55, 0].mean() for found in (together, alone)]
    assert hidden[0] < 0.5 * hidden[1]


def test_views_that_a_skeleton_does_not_have_are_refused() -> None:
    with pytest.raises(FormatError, match=r"smoother\.eks_mirrored: views: all keypoints are of"):
        smooth(members(), "eks_mirrored", {}, Plugins().add("pose_eks.plugin"))


def test_the_other_models_are_there_by_name() -> None:
    plugins = Plugins().add("pose_eks.plugin")
    skeleton = Skeleton(("top", "right", "bottom", "left"))
    sides = np.array([[0, -0.5], [0.5, 0], [0, 0.5], [-0.5, 0]])
    rng = np.random.default_rng(2)
    points = 60 + (30 + rng.normal(size=(100, 1, 1))) * sides
    given = [
        Predictions(points + rng.normal(size=points.shape), np.full((100, 4), 0.9), skeleton)
        for _ in range(3)
    ]
    for name in ("eks_pupil", "eks_pose_pca"):
        found = smooth(given, name, {"likelihood": "gaussian"}, plugins)
        assert np.abs(found.keypoints - points).mean() < 1.0
        assert found.scorer == name
