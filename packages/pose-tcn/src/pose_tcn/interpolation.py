"""The context branch that reads a point's place off its heatmaps before and after."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pose_core.heatmaps import spatial_softmax

HEIGHT = 10.0
"""Brings the peak of a sure heatmap, about 0.1, to 1."""


class Interpolation(nn.Module):
    """The static maps of a window to what is added to the logits of its centre.

    One small network for all keypoints alike, for where a point was and will be tells where it is
    whatever point it is: each labeled frame then teaches as often as it has labels. It works on
    maps of half the resolution, where a few layers reach as far as points move.

    Args:
        frames: of the window.
        width: channels of its layers.
        gain: of the Xavier-uniform weights of its last layer. Small, so that the branch starts as
            the static one.
    """

    def __init__(self, frames: int, width: int = 16, gain: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(frames, width, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 5, padding=4, dilation=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 1, 3, padding=1),
        )
        last = self.layers[-1]
        assert isinstance(last, nn.Conv2d)
        nn.init.xavier_uniform_(last.weight, gain)

    def forward(
        self, logits: Float[Tensor, "batch offsets keypoints h w"]
    ) -> Float[Tensor, "batch keypoints h w"]:
        """Give what to add to the logits of the frame wanted."""
        batch, keypoints = logits.shape[0], logits.shape[2]
        # roots show the low maps of a network in doubt, and where its second guess lies
        maps = (HEIGHT * spatial_softmax(logits)).sqrt().transpose(1, 2).flatten(0, 1)
        added = self.layers(functional.avg_pool2d(maps, 2))
        finer = functional.interpolate(added, logits.shape[-2:], mode="bilinear")
        return finer.view(batch, keypoints, *logits.shape[-2:])
