"""Conformance suites: what a plugin's tests are, six lines long.

    from pose_core.testing import LossConformance

    class TestTemporal(LossConformance):
        plugin, name = "pose_losses.plugin", "temporal"
        options = {"minimum_confidence": 0.1}

Needs pytest (`pip install "pose-core[test]"`) and the plugin's package installed, since its entry
point is tested too. torch loads in the tests that need it.
"""

import pkgutil

import pytest

# The suites' bare asserts are to explain themselves as those of a test file do.
pytest.register_assert_rewrite(
    *(f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__))
)

from pose_core.testing.backbones import BackboneConformance as BackboneConformance  # noqa: E402
from pose_core.testing.commands import CommandConformance as CommandConformance  # noqa: E402
from pose_core.testing.decoders import DecoderConformance as DecoderConformance  # noqa: E402
from pose_core.testing.formats import FormatConformance as FormatConformance  # noqa: E402
from pose_core.testing.heads import HeadConformance as HeadConformance  # noqa: E402
from pose_core.testing.losses import LossConformance as LossConformance  # noqa: E402
from pose_core.testing.metrics import MetricConformance as MetricConformance  # noqa: E402
from pose_core.testing.networks import NetworkConformance as NetworkConformance  # noqa: E402
from pose_core.testing.readers import VideoReaderConformance as VideoReaderConformance  # noqa: E402
from pose_core.testing.smoothers import SmootherConformance as SmootherConformance  # noqa: E402
