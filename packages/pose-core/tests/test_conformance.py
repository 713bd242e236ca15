"""Core's own components keep the contract that it asks of others."""

import pytest

from pose_core.plugins import Plugins
from pose_core.testing import (
    BackboneConformance,
    CommandConformance,
    DecoderConformance,
    HeadConformance,
    LossConformance,
    MetricConformance,
    NetworkConformance,
    VideoReaderConformance,
)
from pose_core.testing.suite import Conformance

CORE = "pose_core.plugin"


class TestPyav(VideoReaderConformance):
    plugin, name = CORE, "pyav"


class TestPyavOnMatroska(VideoReaderConformance):
    plugin, name = CORE, "pyav"
    suffix = ".mkv"


class TestPyavOnMotionJpeg(VideoReaderConformance):
    plugin, name = CORE, "pyav"
    suffix = ".avi"


class TestDaliOnMotionJpeg(VideoReaderConformance):
    plugin, name = CORE, "dali"
    suffix = ".avi"


class TestDaliOnVp9(VideoReaderConformance):
    plugin, name = CORE, "dali"
    suffix = ".webm"


class TestDaliOnWhatItHandsOn(VideoReaderConformance):
    plugin, name = CORE, "dali"


@pytest.mark.gpu
class TestDaliOnGpu(VideoReaderConformance):
    plugin, name = CORE, "dali"
    device = "cuda"


class TestTimmResnet(BackboneConformance):
    plugin, name = CORE, "timm"
    options = {"model": "resnet18"}


class TestTimmMobilenet(BackboneConformance):
    plugin, name = CORE, "timm"
    options = {"model": "mobilenetv3_small_050"}


class TestTimmTransformer(BackboneConformance):
    plugin, name = CORE, "timm"
    options = {"model": "vit_tiny_patch16_224"}


class TestTimmResnetOfAnEarlierLevel(BackboneConformance):
    plugin, name = CORE, "timm"
    options = {"model": "resnet18", "level": -2}


class TestHeatmapHead(HeadConformance):
    plugin, name = CORE, "heatmap"


class TestHeatmapHeadOfHalfTheImage(HeadConformance):
    plugin, name = CORE, "heatmap"
    options = {"stride": 2}


class TestHeatmapHeadOfAnEighthOfTheImage(HeadConformance):
    plugin, name = CORE, "heatmap"
    options = {"stride": 8}


class TestBackboneHead(NetworkConformance):
    plugin, name = CORE, "backbone_head"
    options = {"backbone": "resnet18"}


class TestSoftArgmax(DecoderConformance):
    plugin, name = CORE, "soft_argmax"


class TestSoftArgmaxFull(DecoderConformance):
    plugin, name = CORE, "soft_argmax_full"


class TestArgmax(DecoderConformance):
    plugin, name = CORE, "argmax"
    tolerance = 0.5**0.5  # the corner of a cell


class TestHeatmapMse(LossConformance):
    plugin, name = CORE, "heatmap_mse"


class TestPixelError(MetricConformance):
    plugin, name = CORE, "pixel_error"


class TestTrain(CommandConformance):
    plugin, name = CORE, "train"


class TestPredict(CommandConformance):
    plugin, name = CORE, "predict"


class TestEvaluate(CommandConformance):
    plugin, name = CORE, "evaluate"


class TestSmooth(CommandConformance):
    plugin, name = CORE, "smooth"


class TestDiagnose(CommandConformance):
    plugin, name = CORE, "diagnose"


class TestSelect(CommandConformance):
    plugin, name = CORE, "select"


class TestSplit(CommandConformance):
    plugin, name = CORE, "split"


class TestReport(CommandConformance):
    plugin, name = CORE, "report"


class TestDraw(CommandConformance):
    plugin, name = CORE, "draw"


class TestSuggest(CommandConformance):
    plugin, name = CORE, "suggest"


class TestPlugins(CommandConformance):
    plugin, name = CORE, "plugins"


class TestDemo(CommandConformance):
    plugin, name = CORE, "demo"


@pytest.mark.parametrize(
    "provided", Plugins().add(CORE).components(), ids=lambda p: p.component.name
)
def test_every_component_of_core_runs_its_suite(provided):
    suites = [
        one for one in globals().values() if isinstance(one, type) and issubclass(one, Conformance)
    ]
    assert any((one.kind, one.name) == (provided.kind, provided.component.name) for one in suites)
