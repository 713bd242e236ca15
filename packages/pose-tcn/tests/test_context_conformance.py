"""The head `context` against pose-core's contract of heads."""

from pose_core.testing import HeadConformance


class TestContext(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"


class TestNarrowContext(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"
    options = {"n": 1, "stride": 8, "combine": "confident"}


class TestSpacedContext(HeadConformance):
    plugin, name = "pose_tcn.plugin", "context"
    options = {"offsets": [-8, -4, -2, 0, 2, 4, 8]}
