"""The convolutional recurrent network of the context branch."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pose_core.model.heads import channels_after, double, doublings, initialise, shuffle


class Blockwise(nn.Module):
    """The map H of a state to itself: 2 × 2 blocks to 16 numbers and back, each keypoint alone.

    Published as two grouped convolutions. Nothing lies between them and blocks do not overlap, so
    they are applied as their product, one 4 × 4 matrix per keypoint: the same to rounding, and ten
    times faster on a CPU.
    """

    def __init__(self, keypoints: int) -> None:
        super().__init__()
        wide = 16 * keypoints
        self.down = nn.Conv2d(keypoints, wide, 2, stride=2, groups=keypoints)
        self.up = nn.ConvTranspose2d(wide, keypoints, 2, stride=2, groups=keypoints)

    def product(self) -> tuple[Float[Tensor, "keypoints 4 4"], Float[Tensor, "keypoints 4 1"]]:
        """Multiply the two layers: a matrix and an offset for the blocks of each keypoint."""
        down = self.down.weight.unflatten(0, (-1, 16)).flatten(2)
        up = self.up.weight.unflatten(0, (-1, 16)).flatten(2).mT
        assert self.down.bias is not None
        assert self.up.bias is not None
        offset = up @ self.down.bias.view(-1, 16, 1) + self.up.bias.view(-1, 1, 1)
        return up @ down, offset

    def forward(
        self, entered: Float[Tensor, "batch frames keypoints H W"]
    ) -> Float[Tensor, "batch keypoints H W"]:
        """Run x ← v + H x over frames v in their order, from x = the first; give the last x.

        H is linear, so that is a sum over the frames, H to the power of the steps from each of them
        to the last, done as one product.
        """
        matrix, offset = self.product()
        powers = [torch.eye(4).to(matrix).expand_as(matrix)]
        for _ in range(entered.shape[1] - 1):
            powers.append(matrix @ powers[-1])
        offset = (
            torch.stack(powers[:-1]).sum(0) @ offset if powers[1:] else torch.zeros_like(offset)
        )
        blocks = nn.functional.pixel_unshuffle(entered, 2).unflatten(2, (-1, 4))
        columns = blocks.flatten(4).transpose(1, 2).flatten(2, 3)
        last = torch.cat(powers[::-1], dim=-1) @ columns + offset
        return nn.functional.pixel_shuffle(last.flatten(1, 2).unflatten(-1, blocks.shape[-2:]), 2)


class Direction(nn.Module):
    """One direction of the published recurrent network: x ← W u + H x, without non-linearity.

    W is the last doubling of the baseline head; H mixes 2 × 2 blocks within each keypoint's map.

    Source: Lightning Pose (Biderman et al. 2024), section 5.3.2.
    """

    def __init__(self, channels: int, keypoints: int, doubles: bool, recurs: bool) -> None:
        super().__init__()
        self.enter = (
            double(channels, keypoints) if doubles else nn.Conv2d(channels, keypoints, 3, padding=1)
        )
        self.recur = Blockwise(keypoints) if recurs else None

    def run(
        self, entered: Float[Tensor, "batch frames keypoints H W"]
    ) -> Float[Tensor, "batch keypoints H W"]:
        """Run over frames that have entered, W u, in the order given; give the last state."""
        return entered[:, -1] if self.recur is None else self.recur(entered)


class BidirectionalRecurrence(nn.Module):
    """Features of a window to the logits of its centre: the mean of two directions' states.

    At stride 32 the features first pass the baseline head's layers but the last, shared by all
    frames, so that the recurrence enters through that last one.
    """

    def __init__(
        self,
        channels: int,
        features_stride: int,
        keypoints: int,
        offsets: tuple[int, ...],
        *,
        stride: int = 4,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        steps = doublings(features_stride, stride)
        widths = [channels_after(channels), *[keypoints] * max(0, steps - 1)]
        before = [double(a, keypoints) for a in widths[:-1]]
        self.shared = nn.Sequential(shuffle(channels), *before)
        recurs = len(offsets) > 1
        self.forwards = Direction(widths[-1], keypoints, steps > 0, recurs)
        self.backwards = Direction(widths[-1], keypoints, steps > 0, recurs)
        initialise(self, gain)

    def forward(
        self, features: Float[Tensor, "batch offsets channels h w"]
    ) -> Float[Tensor, "batch keypoints H W"]:
        """Give the logits of the frame wanted."""
        entered = self.enter(features.flatten(0, 1))
        return self.run(*(one.unflatten(0, features.shape[:2]) for one in entered))

    def enter(
        self, features: Float[Tensor, "batch channels h w"]
    ) -> tuple[Float[Tensor, "batch keypoints H W"], Float[Tensor, "batch keypoints H W"]]:
        """Give what enters the two directions of each frame, whatever its neighbours."""
        shared = self.shared(features)
        return self.forwards.enter(shared), self.backwards.enter(shared)

    def run(
        self,
        forwards: Float[Tensor, "batch offsets keypoints H W"],
        backwards: Float[Tensor, "batch offsets keypoints H W"],
    ) -> Float[Tensor, "batch keypoints H W"]:
        """Give the logits of the frame wanted, from what enters of each frame of its window."""
        return (self.forwards.run(forwards) + self.backwards.run(backwards.flip(1))) / 2
