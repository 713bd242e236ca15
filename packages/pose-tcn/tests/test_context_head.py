"""The temporal context head."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from pose_core.errors import ConfigError
from pose_core.hookspecs import Head
from pose_core.model.heads import HeatmapHead
from pose_core.model.network import BackboneHead
from pose_core.model.options import HeatmapHeadOptions
from pose_core.model.streaming import ContextStream
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.video.windows import reflected
from pose_tcn.head import ContextHead, build_context_head
from pose_tcn.options import ContextOptions


def head(backbone: int = 32, keypoints: int = 3, channels: int = 16, **options) -> ContextHead:
    torch.manual_seed(0)
    return build_context_head(ContextOptions(**options), channels, backbone, keypoints)


def features(frames: int, channels: int = 16, batch: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, frames, channels, 2, 3, generator=generator)


def test_the_plugin_gives_the_head():
    context = Plugins().add("pose_tcn.plugin").find("head", "context")
    assert isinstance(context, Head)
    assert isinstance(context.build(ContextOptions(), 16, 32, 3), ContextHead)


def test_listing_the_plugin_imports_no_torch():
    code = "import sys, pose_tcn.plugin; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("backbone", [16, 32])
@pytest.mark.parametrize("stride", [2, 4, 8])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_both_branches_have_the_stride_asked_for(backbone, stride, n):
    context = head(backbone, n=n, stride=stride)
    heatmaps = context(features(2 * n + 1))
    assert heatmaps.shape == (2, 2, 3, 2 * backbone // stride, 3 * backbone // stride)
    assert context.offsets == tuple(range(-n, n + 1))
    assert (context.stride, context.combine) == (stride, "mean")
    torch.testing.assert_close(heatmaps.sum((-2, -1)), torch.ones(2, 2, 3))


def test_the_static_branch_is_the_baseline_head_on_the_frame_wanted():
    context = head()
    baseline = HeatmapHead(16, 32, 3)
    baseline.load_state_dict(context.static.state_dict())
    x = features(5)
    torch.testing.assert_close(context(x)[:, :1], baseline(x[:, 2:3]))


def test_the_static_branch_starts_as_the_baseline_head():
    torch.manual_seed(0)
    baseline = HeatmapHead(16, 32, 3, **vars(HeatmapHeadOptions()))
    torch.testing.assert_close(head().static.state_dict(), baseline.state_dict())


def test_the_recurrence_is_the_published_one_written_out():
    """Stride 32, five frames: W_pre, then x ← W u + H x both ways, mean of the last states."""
    context = head().context.double()
    for parameter in context.parameters():
        nn.init.normal_(parameter)  # biases too
    x = features(5).double()

    def doubled(layer: nn.Module, y: torch.Tensor) -> torch.Tensor:
        return functional.conv_transpose2d(y, layer.weight, layer.bias, 2, 1, 1)

    def recurred(layers: nn.Module, y: torch.Tensor) -> torch.Tensor:
        down, up = layers.down, layers.up
        y = functional.conv2d(y, down.weight, down.bias, stride=2, groups=3)
        return functional.conv_transpose2d(y, up.weight, up.bias, stride=2, groups=3)

    u = [doubled(context.shared[1], functional.pixel_shuffle(x[:, i], 2)) for i in range(5)]
    states = []
    for direction, order in ((context.forwards, u), (context.backwards, u[::-1])):
        state = doubled(direction.enter, order[0])
        for frame in order[1:]:
            state = doubled(direction.enter, frame) + recurred(direction.recur, state)
        states.append(state)
    torch.testing.assert_close(context(x), (states[0] + states[1]) / 2)


def test_layers_have_the_published_shapes():
    recurrence = head(32, keypoints=17, channels=512).context
    pre, enter = recurrence.shared[1], recurrence.forwards.enter
    assert tuple(pre.weight.shape) == (128, 17, 3, 3)
    assert tuple(enter.weight.shape) == (17, 17, 3, 3)
    down, up = recurrence.forwards.recur.down, recurrence.forwards.recur.up
    assert tuple(down.weight.shape) == (16 * 17, 1, 2, 2)
    assert tuple(up.weight.shape) == (16 * 17, 1, 2, 2)
    assert (down.stride, up.stride, down.groups, up.groups) == ((2, 2), (2, 2), 17, 17)
    transformer = head(16, keypoints=17, channels=192).context
    assert len(transformer.shared) == 1
    assert tuple(transformer.forwards.enter.weight.shape) == (48, 17, 3, 3)


def test_weights_start_xavier_uniform_and_biases_zero():
    for name, weight in head(32, keypoints=17, channels=512).context.named_parameters():
        if name.endswith("bias"):
            assert not weight.any()
        else:
            area = weight[0, 0].numel()
            bound = (6 / (area * (weight.shape[0] + weight.shape[1]))) ** 0.5
            assert 0.9 * bound < weight.abs().max() <= bound


@pytest.mark.parametrize("n", [1, 2, 3])
def test_time_backwards_is_the_two_directions_swapped(n):
    one, other = head(n=n).context, head(n=n).context
    other.forwards.load_state_dict(one.backwards.state_dict())
    other.backwards.load_state_dict(one.forwards.state_dict())
    x = features(2 * n + 1)
    torch.testing.assert_close(one(x), other(x.flip(1)))


@pytest.mark.parametrize("options", [{"n": 0}, {"n": 1}, {"n": 2}, {"offsets": (-4, 0, 1, 9)}])
def test_every_frame_and_every_parameter_gets_a_gradient(options):
    context = head(**options)
    x = features(len(context.offsets)).requires_grad_()
    context(x).square().sum().backward()
    assert all(one.grad is not None and one.grad.any() for one in context.parameters())
    assert x.grad.flatten(2).abs().sum(2).all()


def test_channels_that_cannot_be_shuffled_are_taken():
    assert head(channels=6)(features(5, channels=6)).shape == (2, 2, 3, 16, 24)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": -1}, r"model.head_options: n: -1 is negative"),
        ({"offsets": [1, 2]}, r"offsets: \[1, 2\] must increase and have 0 among them"),
        ({"offsets": [0, -1]}, r"offsets: \[0, -1\] must increase"),
        ({"cell": "gru"}, r"model.head_options.cell: 'gru' is not one of"),
        ({"stride": 3}, r"model.head_options.stride: 3 is not one of"),
    ],
)
def test_options_that_make_no_window_are_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        fill(ContextOptions, given, "model.head_options")


def test_a_backbone_whose_stride_does_not_lead_to_the_heads_is_refused():
    with pytest.raises(ConfigError, match="from a backbone of stride 14"):
        head(14)


class Backbone(nn.Conv2d):
    """One convolution that counts the images it saw."""

    seen = 0

    def __init__(self) -> None:
        super().__init__(3, 16, 32, stride=32)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        return super().forward(images)


def network(context: ContextHead) -> BackboneHead:
    backbone = Backbone()
    backbone.multiple = 32
    return BackboneHead(backbone, context)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 10, 17])
@torch.no_grad()
def test_a_streamed_video_equals_windows_and_runs_the_backbone_once_per_frame(frames):
    whole = network(head()).eval()
    images = torch.rand(frames, 3, 64, 96, generator=torch.Generator().manual_seed(2))
    windows = [list(reflected(frame, whole.offsets, frames)) for frame in range(frames)]
    expected = torch.cat([whole(images[window][None]) for window in windows])
    for batch in (1, 4, 32):
        whole.backbone.seen = 0
        stream = ContextStream(whole, frames)
        found = torch.cat([part for some in images.split(batch) for part in stream.add(some)])
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
        assert whole.backbone.seen == frames
