"""The head `context`: a static branch on the frame wanted, a context branch on its neighbours."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pose_core.heatmaps import spatial_softmax
from pose_core.model.heads import HeatmapHead
from pose_tcn.options import ContextOptions
from pose_tcn.recurrence import BidirectionalRecurrence


class ContextHead(nn.Module):
    """Two branches of heatmaps for the frame wanted: static, then context.

    Both are trained on the labels; their mean is the prediction, or the more confident of them.

    Source: Lightning Pose (Biderman et al. 2024), section 5.3.2.

    Attributes:
        stride: image pixels per heatmap cell.
        offsets: the window, in the order the features come in.
        combine: "mean" or "confident".
    """

    def __init__(
        self, channels: int, features_stride: int, keypoints: int, options: ContextOptions
    ) -> None:
        super().__init__()
        self.stride = options.stride
        self.combine = options.combine
        self.offsets = options.window
        self.center = self.offsets.index(0)
        self.static = HeatmapHead(channels, features_stride, keypoints, options.stride)
        self.context = BidirectionalRecurrence(
            channels,
            features_stride,
            keypoints,
            self.offsets,
            stride=options.stride,
            gain=options.gain,
        )

    def forward(
        self, features: Float[Tensor, "batch offsets channels h w"]
    ) -> Float[Tensor, "batch 2 keypoints H W"]:
        """Give probability maps of the static and of the context branch."""
        static = self.static.logits(features[:, self.center])
        return spatial_softmax(torch.stack([static, self.context(features)], dim=1))

    def encode(
        self, features: Float[Tensor, "batch channels h w"]
    ) -> Float[Tensor, "batch 3 keypoints H W"]:
        """Give what frames have whatever their neighbours: static logits, and both ways' inputs."""
        return torch.stack([self.static.logits(features), *self.context.enter(features)], dim=1)

    def heatmaps(
        self, encoded: Float[Tensor, "batch offsets 3 keypoints H W"]
    ) -> Float[Tensor, "batch 2 keypoints H W"]:
        """Give what `forward` gives, of frames that are encoded."""
        static, forwards, backwards = encoded.unbind(2)
        context = self.context.run(forwards, backwards)
        return spatial_softmax(torch.stack([static[:, self.center], context], dim=1))


def build_context_head(
    options: ContextOptions, channels: int, stride: int, keypoints: int
) -> ContextHead:
    """Build the head `context`.

    Raises:
        ConfigError: if the backbone's stride does not lead to the head's.
    """
    return ContextHead(channels, stride, keypoints, options)
