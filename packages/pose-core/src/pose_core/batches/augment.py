"""One augmentation for labeled frames and for clips, batched on the device.

What happens to a sample depends on (seed, epoch, sample) alone: not on the batch it is in, the
number of loader workers, or what ran before.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from pose_core.batches import pixels
from pose_core.batches.geometry import Affine, warp
from pose_core.batches.options import Strengths

DRAWS = 48  # uniform numbers per sample; a fixed number, so that new draws go at the end


@dataclass(frozen=True)
class Augmented:
    """Images as the network sees them.

    Attributes:
        images: float (batch, 3, height, width), in 0..1.
        affine: (batch, 2, 3), from the resized image's pixels to these.
        flipped: bool (batch,), where symmetric keypoints changed places.
    """

    images: Tensor
    affine: Affine
    flipped: Tensor


class Augmentation:
    """Draws and applies variations.

    Args:
        strengths: their bounds.
        seed: the run's seed.
    """

    def __init__(self, strengths: Strengths, seed: int) -> None:
        self.strengths = strengths
        self.seed = seed

    def __call__(
        self, images: UInt8[Tensor, "batch frames 3 h w"], samples: list[int], epoch: int
    ) -> Augmented:
        """Augment a batch; all frames of a sample share one draw, but for pixel noise.

        Args:
            images: the frames of each sample (context, or a clip), resized.
            samples: the number of each sample in its data set.
            epoch: of training; another epoch draws anew.

        Returns:
            Images (batch * frames, 3, h, w), samples in order, with one map and flip per image.
        """
        _, frames, _, height, width = images.shape
        keys = [(self.seed, epoch, sample) for sample in samples]
        drawn = uniform(keys).to(images.device).repeat_interleave(frames, dim=0)
        floats = images.flatten(0, 1).float() / 255
        affine, flipped = draw_affine(drawn[:, :8], self.strengths, (height, width))
        if not is_identity(affine):
            floats = warp(floats, affine)
        floats = pixels.vary(floats, drawn[:, 8:], keys, self.strengths)
        return Augmented(floats, affine, flipped)


def uniform(keys: list[tuple[int, int, int]]) -> Float[Tensor, "batch draws"]:
    """Draw numbers in 0..1 that depend on each (seed, epoch, sample) alone."""
    rows = [np.random.default_rng(key).random(DRAWS, dtype=np.float32) for key in keys]
    return torch.from_numpy(np.stack(rows))


def draw_affine(
    u: Float[Tensor, "batch 8"], strengths: Strengths, size: tuple[int, int]
) -> tuple[Affine, Tensor]:
    """Turn uniform numbers into maps about the image's centre, and say which are mirror images."""
    height, width = size
    signed = 2 * u - 1
    angle = signed[:, 0] * math.radians(strengths.rotation)
    low, high = map(math.log, strengths.scale)
    scale = torch.exp(low + u[:, 1] * (high - low))
    stretch = torch.exp(signed[:, 2] * math.log(strengths.stretch))
    shear = torch.tan(signed[:, 3] * math.radians(strengths.shear))
    flipped = u[:, 4] < strengths.flip
    cos, sin = torch.cos(angle), torch.sin(angle)
    rotation = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
    sign = torch.where(flipped, -1.0, 1.0)
    zero = torch.zeros_like(scale)
    x_row = torch.stack([sign * scale * stretch, scale * shear], -1)
    y_row = torch.stack([zero, scale / stretch], -1)
    linear = rotation @ torch.stack([x_row, y_row], -2)
    centre = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=u.device)
    extent = torch.tensor([width, height], device=u.device)
    shift = centre - linear @ centre + signed[:, 5:7] * strengths.translation * extent
    return torch.cat([linear, shift[..., None]], dim=-1), flipped


def is_identity(affine: Affine) -> bool:
    """Say whether no map moves anything, so that images need no resampling."""
    identity = torch.eye(2, 3, device=affine.device, dtype=affine.dtype)
    return bool((affine == identity).all())
