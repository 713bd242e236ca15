"""The baseline head: features of one frame to heatmaps."""

import math
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from pose_core.errors import ConfigError
from pose_core.heatmaps import spatial_softmax
from pose_core.model.options import HeatmapHeadOptions


class HeatmapHead(nn.Module):
    """Pixel shuffling, transposed convolutions to one map per keypoint, and a spatial softmax.

    There is no non-linearity between the layers, and every layer after the first has as many
    channels as there are keypoints.

    Source: Lightning Pose (Biderman et al. 2024), section 5.3.1.

    Attributes:
        stride: image pixels per heatmap cell.
        offsets: (0,), it looks at one frame.
        combine: "last", there is one branch.
    """

    offsets = (0,)
    combine = "last"

    def __init__(
        self,
        channels: int,
        features_stride: int,
        keypoints: int,
        stride: int = 4,
        gain: float = 0.01,
    ) -> None:
        super().__init__()
        self.stride = stride
        steps = doublings(features_stride, stride)
        shuffled = shuffle(channels)
        widths = [channels_after(channels), *[keypoints] * steps]
        layers: list[nn.Module] = [double(a, b) for a, b in pairwise(widths)]
        if not layers:  # the shuffled features are as fine as the heatmaps
            layers = [nn.Conv2d(widths[0], keypoints, 1)]
        self.layers = nn.Sequential(shuffled, *layers)
        initialise(self.layers, gain)

    def logits(
        self, features: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch keypoints H W"]:
        """Give the maps before the softmax."""
        return self.layers(features)

    def forward(
        self, features: Float[Tensor, "batch 1 channels h w"]
    ) -> Float[Tensor, "batch 1 keypoints H W"]:
        """Give probability maps of the one branch."""
        return spatial_softmax(self.logits(features[:, 0]))[:, None]


def build_heatmap_head(
    options: HeatmapHeadOptions, channels: int, stride: int, keypoints: int
) -> HeatmapHead:
    """Build the head `heatmap`.

    Raises:
        ConfigError: if the backbone's stride does not lead to the head's.
    """
    return HeatmapHead(channels, stride, keypoints, options.stride, options.gain)


def doublings(features_stride: int, stride: int) -> int:
    """Count the doublings from shuffled features, of half the backbone's stride, to heatmaps.

    Raises:
        ConfigError: if no number of doublings leads there.
    """
    steps = math.log2(features_stride / 2 / stride)
    if steps.is_integer() and steps >= 0:
        return int(steps)
    raise ConfigError(
        f"model.head_options.stride: {stride} cannot be reached from a backbone of stride "
        f"{features_stride}; it needs one of {2 * stride}, {4 * stride}, {8 * stride} ... (a timm "
        "transformer: model.backbone_options.arguments={patch_size:16})"
    )


def shuffle(channels: int) -> nn.Module:
    """Make features twice as fine from a quarter of the channels.

    A convolution first rounds the channels up where they cannot be divided by four.
    """
    if channels % 4 == 0:
        return nn.PixelShuffle(2)
    return nn.Sequential(nn.Conv2d(channels, 4 * channels_after(channels), 1), nn.PixelShuffle(2))


def channels_after(channels: int) -> int:
    """Count the channels after `shuffle`."""
    return math.ceil(channels / 4)


def double(channels: int, keypoints: int) -> nn.ConvTranspose2d:
    """Make the transposed convolution that doubles height and width."""
    return nn.ConvTranspose2d(channels, keypoints, 3, stride=2, padding=1, output_padding=1)


def initialise(layers: nn.Module, gain: float) -> None:
    """Draw Xavier-uniform weights and set biases to zero, in every convolution."""
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
