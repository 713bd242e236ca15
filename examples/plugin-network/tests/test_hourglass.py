from pose_core.testing import DecoderConformance, NetworkConformance


class TestHourglass(NetworkConformance):
    plugin, name = "stacked_hourglass.plugin", "hourglass"


class TestLogParabola(DecoderConformance):
    plugin, name = "stacked_hourglass.plugin", "log_parabola"
    tolerance = 0.01
