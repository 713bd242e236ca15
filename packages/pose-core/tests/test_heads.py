"""The baseline head."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from pose_core.errors import ConfigError
from pose_core.model.heads import HeatmapHead, build_heatmap_head, doublings
from pose_core.model.options import HeatmapHeadOptions


def features(channels: int, *cells: int) -> torch.Tensor:
    return torch.rand(2, 1, channels, *cells, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("stride", [2, 4, 8])
@pytest.mark.parametrize("backbone", [16, 32])
def test_heatmaps_have_the_stride_asked_for(stride, backbone):
    head = build_heatmap_head(HeatmapHeadOptions(stride=stride), 16, backbone, 5)
    heatmaps = head(features(16, 2, 3))
    assert heatmaps.shape == (2, 1, 5, 2 * backbone // stride, 3 * backbone // stride)
    assert (head.stride, head.offsets, head.combine) == (stride, (0,), "last")


def test_heatmaps_are_probability_maps():
    heatmaps = HeatmapHead(16, 32, 5, gain=1.0)(features(16, 2, 3))
    assert (heatmaps > 0).all()
    torch.testing.assert_close(heatmaps.sum((-2, -1)), torch.ones(2, 1, 5))


def test_layers_are_those_of_the_paper():
    """Resnet-18 and 17 keypoints: 128 channels after shuffling, two doublings, 22 k parameters."""
    head = HeatmapHead(512, 32, 17)
    kinds = [type(layer) for layer in head.layers]
    assert kinds == [nn.PixelShuffle, nn.ConvTranspose2d, nn.ConvTranspose2d]
    assert head.layers[0].upscale_factor == 2
    for layer, channels in zip(head.layers[1:], (128, 17), strict=True):
        assert (layer.in_channels, layer.out_channels) == (channels, 17)
        assert (layer.kernel_size, layer.stride) == ((3, 3), (2, 2))
        assert (layer.padding, layer.output_padding) == ((1, 1), (1, 1))
    assert sum(one.numel() for one in head.parameters()) == 128 * 17 * 9 + 17 + 17 * 17 * 9 + 17


def test_heatmaps_are_the_softmax_of_the_layers_written_out():
    head = HeatmapHead(8, 32, 3, gain=1.0)
    x = features(8, 2, 2)
    y = functional.pixel_shuffle(x[:, 0], 2)
    for layer in list(head.layers)[1:]:
        y = functional.conv_transpose2d(y, layer.weight, layer.bias, 2, 1, 1)
    torch.testing.assert_close(head(x)[:, 0], y.flatten(-2).softmax(-1).view_as(y))


def test_weights_start_xavier_uniform_and_biases_zero():
    torch.manual_seed(0)
    layer = HeatmapHead(2048, 32, 17, gain=0.01).layers[1]
    bound = 0.01 * (6 / (9 * (512 + 17))) ** 0.5
    assert 0.99 * bound < layer.weight.abs().max() <= bound
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert not layer.bias.any()


def test_first_heatmaps_are_flat():
    torch.manual_seed(0)
    heatmaps = HeatmapHead(512, 32, 17)(features(512, 2, 2))
    torch.testing.assert_close(heatmaps, torch.full_like(heatmaps, 1 / 256), rtol=1e-2, atol=0)


@pytest.mark.parametrize("channels", [6, 7, 8])
def test_any_number_of_channels_is_taken(channels):
    assert HeatmapHead(channels, 16, 3)(features(channels, 2, 2)).shape == (2, 1, 3, 8, 8)


@pytest.mark.parametrize("backbone", [8, 16, 32])
def test_every_parameter_gets_a_gradient(backbone):
    head = HeatmapHead(6, backbone, 3, gain=1.0)
    head(features(6, 2, 2)).square().sum().backward()
    assert all(one.grad is not None and one.grad.any() for one in head.parameters())


@pytest.mark.parametrize(("backbone", "stride"), [(14, 4), (4, 4), (8, 8)])
def test_a_backbone_whose_stride_does_not_lead_to_the_heads_is_refused(backbone, stride):
    with pytest.raises(
        ConfigError, match=rf"stride: {stride} cannot be .* stride {backbone}; it needs one of"
    ):
        doublings(backbone, stride)
