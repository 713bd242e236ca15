from pose_core.testing import LossConformance


class TestLimbLength(LossConformance):
    plugin, name = "limb_length.plugin", "limb_length"
