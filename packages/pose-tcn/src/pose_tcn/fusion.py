"""The context branch that mixes features of other frames into those of the frame wanted."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pose_core.model.heads import HeatmapHead


class Fusion(nn.Module):
    """Features of a window to the logits of its centre, by a gate per place and channel.

    Features are narrowed, joined over the offsets (each has weights of its own), and what they say
    together is added to the features of the frame wanted as far as a gate, which sees both, lets it
    in. The baseline head follows.

    Args:
        channels: of the features.
        features_stride: image pixels per cell of the features.
        keypoints: how many.
        offsets: of the window.
        stride: image pixels per heatmap cell.
        width: channels of the narrowed features.
        gain: of the random weights of what is added. Small, so that the branch starts as a static
            one.
    """

    def __init__(
        self,
        channels: int,
        features_stride: int,
        keypoints: int,
        offsets: tuple[int, ...],
        *,
        stride: int = 4,
        width: int = 64,
        gain: float = 0.1,
    ) -> None:
        super().__init__()
        self.center = offsets.index(0)
        self.narrow = nn.Conv2d(channels, width, 1)
        self.join = nn.Conv2d(len(offsets) * width, width, 3, padding=1)
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.gate = nn.Conv2d(2 * width, channels, 1)
        self.widen = nn.Conv2d(width, channels, 1)
        nn.init.xavier_uniform_(self.widen.weight, gain)
        self.head = HeatmapHead(channels, features_stride, keypoints, stride)

    def forward(
        self, features: Float[Tensor, "batch offsets channels h w"]
    ) -> Float[Tensor, "batch keypoints H W"]:
        """Give the logits of the frame wanted."""
        narrow = functional.relu(self.narrow(features.flatten(0, 1)))
        frames = narrow.unflatten(0, features.shape[:2])
        joined = functional.relu(self.join(frames.flatten(1, 2)))
        mixed = functional.relu(self.mix(joined))
        gate = torch.sigmoid(self.gate(torch.cat([mixed, frames[:, self.center]], dim=1)))
        return self.head.logits(features[:, self.center] + gate * self.widen(mixed))
