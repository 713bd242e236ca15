"""The smoother as pose-core sees it; skipped where pose-core is not installed."""

import numpy as np
import pytest

pytest.importorskip("pose_core")

from pose_core.errors import ConfigError
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
    options = {"dynamics": "walk", "center": "mean", "s": 1.0}


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
    assert {"x_posterior_var", "y_posterior_var", "x_ens_median", "y_ens_var"} <= set(found.extra)
    centre = np.median([one.keypoints for one in given], axis=0)
    np.testing.assert_allclose(found.extra["x_ens_median"], centre[..., 0])
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
