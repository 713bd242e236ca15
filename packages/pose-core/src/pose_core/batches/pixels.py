"""What augmentation does to pixel values: light, colour, noise, blur; each sample its own.

Every function takes images (samples, frames, 3, height, width), about 0..1, and uniform numbers per
sample, and gives new images; frames of a sample share the numbers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from pose_core.batches.operations import (
    Blur,
    Brightness,
    Color,
    Contrast,
    Emboss,
    Gain,
    Gamma,
    Noise,
    SaltPepper,
)

Images = Float[Tensor, "samples frames 3 h w"]
Numbers = Float[Tensor, "samples numbers"]


@dataclass(frozen=True, eq=False)
class Draw:
    """What an operation may depend on.

    Attributes:
        numbers: uniform numbers of each sample, on the processor.
        device: of the images.
        seeds: of each sample and this operation, for noise.
        keypoints: (samples, keypoints, 2) in pixels of these images; NaN where none is labeled.
        centre: which of the frames is the labeled one.
    """

    numbers: Numbers
    device: torch.device
    seeds: tuple[int, ...]
    keypoints: Float[Tensor, "samples keypoints 2"]
    centre: int = 0

    @cached_property
    def u(self) -> Numbers:
        """The numbers where the images are."""
        return self.numbers.to(self.device)

    def number(self, index: int) -> Float[Tensor, "samples 1 1 1 1"]:
        """Give a uniform number of each sample, to multiply images by."""
        return self.u[:, index, None, None, None, None]

    def factor(self, index: int, largest: float) -> Float[Tensor, "samples 1 1 1 1"]:
        """Give a factor between a bound and its inverse, on a log scale."""
        return torch.exp((2 * self.number(index) - 1) * math.log(largest))

    def random(
        self, shape: tuple[int, ...], fill: Callable[[Tensor, torch.Generator, int], None]
    ) -> Tensor:
        """Let `fill` fill an array for each sample, given a generator of the sample's seed."""
        drawn = self.u.new_empty(len(self.seeds), *shape)
        for number, seed in enumerate(self.seeds):
            fill(drawn[number], torch.Generator(drawn.device).manual_seed(seed), number)
        return drawn


def brightness(images: Images, operation: Brightness, draw: Draw) -> Images:
    """Add to all pixels."""
    return images + (2 * draw.number(0) - 1) * operation.amount


def gain(images: Images, operation: Gain, draw: Draw) -> Images:
    """Multiply all pixels."""
    return images * draw.factor(0, operation.factor)


def color(images: Images, operation: Color, draw: Draw) -> Images:
    """Multiply each channel by its own factor."""
    u = draw.u[:, None, :3, None, None]
    return images * torch.exp((2 * u - 1) * math.log(operation.factor))


def contrast(images: Images, operation: Contrast, draw: Draw) -> Images:
    """Multiply the distance to the sample's mean."""
    factor = draw.factor(0, operation.factor)
    mean = images.mean((1, 2, 3, 4), keepdim=True)
    return (images * factor).add_(mean * (1 - factor))


def gamma(images: Images, operation: Gamma, draw: Draw) -> Images:
    """Raise all pixels to an exponent."""
    return images.clamp(1e-4, 1) ** draw.factor(0, operation.factor)


def noise(images: Images, operation: Noise, draw: Draw) -> Images:
    """Add Gaussian noise, new for each frame; in grey, or each channel for itself."""

    def fill(field: Tensor, generator: torch.Generator, number: int) -> None:
        if by_channel[number]:
            field.normal_(generator=generator)
        else:
            field.copy_(field.new_empty(field[:, :1].shape).normal_(generator=generator))

    by_channel = (draw.numbers[:, 1] < operation.by_channel).tolist()
    field = draw.random(images.shape[1:], fill)
    return field.mul_(draw.number(0) * operation.deviation).add_(images)


def salt_pepper(images: Images, operation: SaltPepper, draw: Draw) -> Images:
    """Make pixels, or squares of them, black or white, new ones for each frame."""
    frames, _, height, width = images.shape[1:]
    field = grains(draw, (frames, 1), (height, width), operation.grain)
    fraction = draw.number(0) * (operation.fraction / 2)
    # raised to 1 where the field is high, and then lowered to 0 where it is low
    return torch.clamp(images, (field > 1 - fraction).float(), (field >= fraction).float())


def grains(
    draw: Draw, shape: tuple[int, ...], size: tuple[int, int], grain: int
) -> Float[Tensor, "samples ... h w"]:
    """Draw a uniform number for each square of `grain` pixels."""
    height, width = (math.ceil(side / grain) for side in size)

    def fill(field: Tensor, generator: torch.Generator, _: int) -> None:
        field.uniform_(generator=generator)

    field = draw.random((*shape, height, width), fill)
    if grain > 1:
        field = field.repeat_interleave(grain, -1).repeat_interleave(grain, -2)
    return field[..., : size[0], : size[1]]


def emboss(images: Images, operation: Emboss, draw: Draw) -> Images:
    """Blend in a relief lit from the top left."""
    low, high = operation.between
    strength = low + draw.numbers[:, 1] * (high - low)
    relief = torch.tensor([[-1.0, -1, 0], [-1, 0, 1], [0, 1, 1]])
    identity = torch.zeros_like(relief)
    identity[1, 1] = 1
    kernels = identity + draw.numbers[:, 0, None, None] * operation.alpha * (
        strength[:, None, None] * relief
    )
    return filtered(images, kernels)


def motion_blur(images: Images, operation: Blur, draw: Draw) -> Images:
    """Smear along a line of any direction."""
    angle, length = draw.numbers[:, 0] * math.pi, 1 + draw.numbers[:, 1] * (operation.length - 1)
    return filtered(images, lines(angle, length, operation.length | 1))


def lines(
    angle: Float[Tensor, " n"], length: Float[Tensor, " n"], side: int
) -> Float[Tensor, "n k k"]:
    """Draw antialiased line segments through the centre of square kernels that sum to 1."""
    offset = torch.arange(side) - side // 2
    y, x = torch.meshgrid(offset, offset, indexing="ij")
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    along, across = x * cos + y * sin, y * cos - x * sin
    beyond = (along.abs() - length[:, None, None] / 2 + 0.5).clamp(0, 1)
    drawn = (1 - across.abs()).clamp(min=0) * (1 - beyond)
    return drawn / drawn.sum((1, 2), keepdim=True)


def filtered(images: Images, kernels: Float[Tensor, "samples k k"]) -> Images:
    """Correlate the images of each sample with its kernel, on the processor; borders repeat.

    A shifted copy is added for each cell that is not zero: the line of a blur has few.
    """
    height, width = images.shape[-2:]
    padded = F.pad(images.flatten(0, 1), (kernels.shape[-1] // 2,) * 4, mode="replicate")
    padded = padded.unflatten(0, images.shape[:2])
    total = torch.zeros_like(images)
    for sample, row, column in kernels.nonzero().tolist():
        shifted = padded[sample, ..., row : row + height, column : column + width]
        total[sample].add_(shifted, alpha=float(kernels[sample, row, column]))
    return total
