"""Every component of the package keeps the contract of its hook."""

from pose_core.testing import LossConformance, MetricConformance


class TestHeatmapKl(LossConformance):
    plugin, name = "pose_losses.plugin", "heatmap_kl"


class TestHeatmapJs(LossConformance):
    plugin, name = "pose_losses.plugin", "heatmap_js"


class TestTemporal(LossConformance):
    plugin, name = "pose_losses.plugin", "temporal"


class TestPcaSingleview(LossConformance):
    plugin, name = "pose_losses.plugin", "pca_singleview"


class TestPcaMultiview(LossConformance):
    plugin, name = "pose_losses.plugin", "pca_multiview"


class TestTemporalNorm(MetricConformance):
    plugin, name = "pose_losses.plugin", "temporal_norm"
