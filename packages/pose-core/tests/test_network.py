"""Networks: names to modules, sizes, and weights on disk."""

import subprocess
import sys
from dataclasses import dataclass, replace
from types import ModuleType

import pytest
import torch
from torch import nn

from pose_core.errors import ConfigError, FormatError, PluginError, PoseError
from pose_core.hookspecs import Backbone, Decoder, Head, Network, hookimpl
from pose_core.model.heads import build_heatmap_head
from pose_core.model.network import (
    BackboneHead,
    PoseNetwork,
    build_backbone_head,
    build_network,
    check_size,
)
from pose_core.model.options import (
    BackboneHeadOptions,
    HeatmapHeadOptions,
    ModelOptions,
    check_model,
    weights_path,
)
from pose_core.model.weights import load_model, save_model
from pose_core.plugins import Plugins


@dataclass(frozen=True)
class TinyOptions:
    """Options of the family `tiny`."""

    model: str = "tiny8"
    colour: str = "grey"


class Tiny(nn.Module):
    """A backbone of one convolution, that keeps what it was built with."""

    stride = 8

    def __init__(self, options: TinyOptions, pretrained: object) -> None:
        super().__init__()
        self.channels = int(options.model.removeprefix("tiny"))
        self.options, self.pretrained = options, pretrained
        self.layer = nn.Conv2d(3, self.channels, 8, stride=8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layer(images)


def plugins(*names: str) -> Plugins:
    """The plugins of these tests: a family of tiny backbones, core's head and network."""
    module = ModuleType("tiny_plugin")

    @hookimpl
    def pose_backbones():
        for name in names or ("tiny",):
            yield Backbone(
                name=name, build=Tiny, options=TinyOptions, models=lambda: ["tiny8", "tiny16"]
            )

    @hookimpl
    def pose_heads():
        yield Head(name="heatmap", build=build_heatmap_head, options=HeatmapHeadOptions)

    @hookimpl
    def pose_networks():
        yield Network(name="backbone_head", build=build_backbone_head, options=BackboneHeadOptions)

    @hookimpl
    def pose_decoders():
        yield Decoder(name="soft_argmax", build=lambda options: None)

    for hook in (pose_backbones, pose_heads, pose_networks, pose_decoders):
        setattr(module, hook.__name__, hook)
    return Plugins().add(module)


OPTIONS = ModelOptions(backbone="tiny8", pretrained=False)


def tiny(keypoints: int = 3) -> PoseNetwork:
    return build_network(OPTIONS, keypoints, plugins())


def test_a_network_gives_one_branch_of_heatmaps_at_its_stride():
    network = tiny()
    heatmaps = network(torch.rand(2, 1, 3, 16, 24))
    assert heatmaps.shape == (2, 1, 3, 4, 6)
    assert (network.stride, network.offsets, network.combine) == (4, (0,), "last")
    assert network.frozen_parts() == [network.backbone]


def test_forward_is_the_heatmaps_of_encoded_images():
    network = tiny()
    images = torch.rand(2, 1, 3, 16, 16)
    features = network.encode(images[:, 0])[:, None]
    torch.testing.assert_close(network(images), network.heatmaps(features))


def test_every_offset_is_encoded_by_the_same_backbone():
    head = nn.Module()
    head.stride, head.offsets, head.combine = 8, (-1, 0, 1), "confident"
    head.forward = lambda features: features
    network = BackboneHead(Tiny(TinyOptions(), False), head)
    images = torch.rand(2, 3, 3, 16, 16)
    expected = torch.stack([network.backbone(images[:, one]) for one in range(3)], dim=1)
    torch.testing.assert_close(network(images), expected)
    assert (network.offsets, network.combine) == ((-1, 0, 1), "confident")


def test_a_model_of_a_family_is_named_like_a_component():
    for options in (
        ModelOptions(backbone="tiny16", pretrained=False),
        ModelOptions(backbone="tiny", backbone_options={"model": "tiny16"}, pretrained=False),
    ):
        network = build_network(options, 3, plugins())
        assert network.backbone.channels == 16


def test_options_reach_the_part_they_are_for():
    options = replace(OPTIONS, backbone_options={"colour": "red"}, head_options={"stride": 2})
    network = build_network(options, 3, plugins())
    assert network.backbone.options.colour == "red"
    assert network.stride == 2


def test_options_of_the_network_may_name_its_parts():
    options = replace(OPTIONS, network_options={"backbone": "tiny16"})
    assert build_network(options, 3, plugins()).backbone.channels == 16


def test_pretrained_of_the_call_wins_over_the_configs(tmp_path):
    path = tmp_path / "weights.pth"
    path.touch()
    options = replace(OPTIONS, pretrained=str(path))
    assert build_network(options, 3, plugins()).backbone.pretrained == path
    assert build_network(options, 3, plugins(), pretrained=False).backbone.pretrained is False


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"network": "backbonehead"}, r"model.network: .*did you mean 'backbone_head'\?"),
        ({"backbone": "tiny9"}, r"model.backbone: unknown backbone 'tiny9'; did you mean 'tiny"),
        ({"head": "heatmaps"}, r"model.head: unknown head 'heatmaps'; did you mean 'heatmap'\?"),
        ({"decoder": "argmax"}, r"model.decoder: .*did you mean 'soft_argmax'\?"),
        ({"head_options": {"strid": 4}}, r"model.head_options: .*did you mean 'stride'\?"),
        ({"head_options": {"stride": 3}}, r"model.head_options.stride: 3 is not one of"),
        ({"backbone_options": {"color": ""}}, r"model.backbone_options: .*did you mean 'colour'\?"),
        ({"network_options": {"heads": 1}}, r"model.network_options: .*did you mean 'head'\?"),
        ({"decoder_options": {"radius": 1}}, r"model.decoder_options: unknown option 'radius'"),
        ({"pretrained": "no.pth"}, r"model.pretrained: no file 'no.pth'; give true, false"),
        (
            {"backbone": "tiny", "backbone_options": {"model": "tiny9"}},
            r"model.backbone_options.model: tiny has no 'tiny9'; did you mean",
        ),
    ],
)
def test_a_wrong_name_is_refused_with_the_right_one(wrong, message):
    with pytest.raises(ConfigError, match=message):
        check_model(replace(OPTIONS, **wrong), plugins())


def test_a_right_config_passes_the_check():
    check_model(OPTIONS, plugins())
    assert weights_path(True) is True


def test_a_model_of_two_families_is_refused_naming_both():
    with pytest.raises(PluginError, match=r"'tiny8' is a model of big and small; .*backbone=big"):
        check_model(OPTIONS, plugins("small", "big"))


def test_a_plugin_that_builds_something_else_is_refused():
    module = ModuleType("wrong_plugin")
    wrong = Network(name="wrong", build=lambda *_: nn.Identity())
    module.pose_networks = hookimpl(lambda: [wrong], specname="pose_networks")
    with pytest.raises(PluginError, match="'wrong' builds a Identity, which is no PoseNetwork"):
        build_network(replace(OPTIONS, network="wrong"), 3, plugins().add(module))


def test_checking_names_imports_no_torch():
    code = "import sys, pose_core.model.options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("size", "nearest"), [((20, 16), "16 x 16"), ((16, 4), "16 x 8"), ((31, 61), "32 x 64")]
)
def test_a_size_that_the_network_cannot_take_is_refused_with_the_nearest(size, nearest):
    with pytest.raises(ConfigError, match=rf"data.size: .* steps of 8 .*try {nearest}"):
        check_size(tiny(), size, "data.size")


def test_a_size_in_steps_of_the_backbones_stride_is_taken():
    check_size(tiny(), (16, 24))


def test_a_network_bound_to_one_size_takes_no_other():
    network = tiny()
    network.fixed_size = (224, 224)
    check_size(network, (224, 224))
    with pytest.raises(ConfigError, match="takes images of 224 x 224, not 64 x 64"):
        check_size(network, (64, 64))


def test_weights_come_back_as_they_were(tmp_path):
    saved, loaded = tiny(), tiny()
    save_model(saved, tmp_path / "model.safetensors")
    load_model(loaded, tmp_path / "model.safetensors")
    assert saved.state_dict().keys() == loaded.state_dict().keys()
    for name, tensor in saved.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name])
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_saved_weights_do_not_change_with_the_network(tmp_path):
    network = tiny()
    save_model(network, tmp_path / "model.safetensors")
    before = network.backbone.layer.weight.detach().clone()
    nn.init.zeros_(network.backbone.layer.weight)
    load_model(network, tmp_path / "model.safetensors")
    torch.testing.assert_close(network.backbone.layer.weight.detach(), before)


def test_weights_shared_by_two_names_are_saved(tmp_path):
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    network[1].weight = network[0].weight
    save_model(network, tmp_path / "model.safetensors")
    load_model(network, tmp_path / "model.safetensors")


def test_a_failed_save_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_model(tiny(), path)
    before = path.read_bytes()

    def full(state, file, metadata):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pose_core.model.weights.save_file", full)
    with pytest.raises(PoseError, match=r"model.safetensors: disk full; free some space"):
        save_model(tiny(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_missing_weights_are_refused(tmp_path):
    with pytest.raises(
        FormatError, match=r"model.safetensors: no such file; the model is incomple"
    ):
        load_model(tiny(), tmp_path / "model.safetensors")


def test_truncated_weights_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(tiny(), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FormatError, match=r"model.safetensors: is no whole safetensors file"):
        load_model(tiny(), path)


def test_weights_for_other_keypoints_are_refused_with_both_numbers(tmp_path):
    save_model(tiny(17), tmp_path / "model.safetensors")
    network = tiny(4)
    before = network.head.layers[1].weight.detach().clone()
    with pytest.raises(FormatError, match="made for 17 keypoints, the skeleton has 4"):
        load_model(network, tmp_path / "model.safetensors")
    torch.testing.assert_close(network.head.layers[1].weight.detach(), before)


def test_weights_of_another_network_are_refused(tmp_path):
    save_model(nn.Linear(2, 2), tmp_path / "model.safetensors")
    with pytest.raises(FormatError, match=r"it lacks 'backbone.layer.bias', 4 of 4 tensors"):
        load_model(tiny(), tmp_path / "model.safetensors")
