from pose_core.testing import BackboneConformance


class TestPocket(BackboneConformance):
    plugin, name = "pocket_backbone.plugin", "pocket"
