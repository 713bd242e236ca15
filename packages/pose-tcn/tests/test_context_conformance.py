"""The head `context` against pose-core's contract of heads."""

from pose_core.testing import HeadConformance


class TestContext(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"


class TestContextReadAtTheCentre(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"
    options = {"read": "centre", "n": 1, "stride": 8}


class TestSpacedContext(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"
    options = {"offsets": [-8, -4, -2, 0, 2, 4, 8]}


class TestFusion(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"
    options = {"cell": "fusion", "n": 1}


class TestInterpolation(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"
    options = {"cell": "interpolation", "offsets": [-4, -2, 0, 2, 4], "stride": 8}
