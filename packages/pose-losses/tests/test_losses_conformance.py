"""Every component of the package keeps the contract of its hook, the losses in each form."""

from pose_core.testing import LossConformance, MetricConformance


class TestHeatmapKl(LossConformance):
    plugin, name = "pose_losses.plugin", "heatmap_kl"


class TestHeatmapJs(LossConformance):
    plugin, name = "pose_losses.plugin", "heatmap_js"


class TestTemporal(LossConformance):
    plugin, name = "pose_losses.plugin", "temporal"
    options = {"form": "improved", "epsilon": 1.0}


class TestTemporalPublished(LossConformance):
    plugin, name = "pose_losses.plugin", "temporal"
    options = {"form": "published", "epsilon": 1.0}


class TestTemporalHeatmapMse(LossConformance):
    plugin, name = "pose_losses.plugin", "temporal_heatmap_mse"
    options = {"epsilon": 1.0}


class TestTemporalHeatmapKl(LossConformance):
    plugin, name = "pose_losses.plugin", "temporal_heatmap_kl"
    options = {"epsilon": 1.0}


class TestUnimodal(LossConformance):
    plugin, name = "pose_losses.plugin", "unimodal"


class TestUnimodalMse(LossConformance):
    plugin, name = "pose_losses.plugin", "unimodal"
    options = {"divergence": "mse"}


class TestPcaSingleview(LossConformance):
    plugin, name = "pose_losses.plugin", "pca_singleview"
    options = {"form": "improved"}


class TestPcaSingleviewOfPoints(LossConformance):
    plugin, name = "pose_losses.plugin", "pca_singleview"
    options = {"form": "improved", "teach": "point"}


class TestPcaSingleviewPublished(LossConformance):
    plugin, name = "pose_losses.plugin", "pca_singleview"
    options = {"form": "published"}


class TestPcaMultiview(LossConformance):
    plugin, name = "pose_losses.plugin", "pca_multiview"
    options = {"form": "improved"}


class TestPcaMultiviewPublished(LossConformance):
    plugin, name = "pose_losses.plugin", "pca_multiview"
    options = {"form": "published"}


class TestTemporalNorm(MetricConformance):
    plugin, name = "pose_losses.plugin", "temporal_norm"


class TestPcaSingleviewError(MetricConformance):
    plugin, name = "pose_losses.plugin", "pca_singleview_error"


class TestPcaMultiviewError(MetricConformance):
    plugin, name = "pose_losses.plugin", "pca_multiview_error"
