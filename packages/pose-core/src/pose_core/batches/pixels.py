"""What augmentation does to pixel values: light, colour, noise, blur, boxes; each image its own."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from pose_core.batches.options import Strengths

Images = Float[Tensor, "batch 3 h w"]
BLUR = 9  # pixels of the longest motion blur


def vary(
    images: Images,
    u: Float[Tensor, "batch 40"],
    keys: list[tuple[int, int, int]],
    strengths: Strengths,
) -> Images:
    """Vary the pixels of images in 0..1.

    Args:
        images: the frames of all samples, sample by sample.
        u: uniform numbers, the same for the frames of one sample.
        keys: (seed, epoch, sample) of each sample, which seed the noise.
        strengths: their bounds.
    """
    images = boxes(images, u[:, 12:], strengths)
    images = light(images, u[:, :6], strengths)
    if strengths.blur > 0:
        images = motion_blur(images, u[:, 6:9], strengths.blur)
    if strengths.noise > 0 or strengths.salt_pepper > 0:
        images = noise(images, u[:, 9:11], keys, strengths)
    return images.clamp(0, 1)


def light(images: Images, u: Float[Tensor, "batch 6"], strengths: Strengths) -> Images:
    """Change brightness, contrast, gamma and the weights of the colours."""
    signed = (2 * u - 1)[:, :, None, None, None]
    if strengths.gamma > 1:
        images = images.clamp(1e-4, 1) ** torch.exp(signed[:, 0] * math.log(strengths.gamma))
    if strengths.contrast > 1:
        mean = images.mean((1, 2, 3), keepdim=True)
        images = mean + (images - mean) * torch.exp(signed[:, 1] * math.log(strengths.contrast))
    if strengths.color > 1:
        images = images * torch.exp(signed[:, 2:5, 0] * math.log(strengths.color))
    return images + signed[:, 5] * strengths.brightness


def motion_blur(images: Images, u: Float[Tensor, "batch 3"], chance: float) -> Images:
    """Smear some images along a line of any direction."""
    chosen = torch.nonzero(u[:, 0] < chance)[:, 0]
    if len(chosen) == 0:
        return images
    kernels = lines(angle=u[chosen, 1] * math.pi, length=1 + u[chosen, 2] * (BLUR - 1))
    weights = kernels[:, None].expand(-1, 3, -1, -1).reshape(-1, 1, BLUR, BLUR)
    flat = images[chosen].reshape(1, -1, *images.shape[-2:])
    padded = F.pad(flat, (BLUR // 2,) * 4, mode="replicate")
    blurred = F.conv2d(padded, weights, groups=weights.shape[0])
    return images.index_copy(0, chosen, blurred.reshape(-1, *images.shape[1:]))


def lines(angle: Float[Tensor, " n"], length: Float[Tensor, " n"]) -> Float[Tensor, "n k k"]:
    """Draw antialiased line segments through the centre of BLUR x BLUR kernels that sum to 1."""
    offset = torch.arange(BLUR, device=angle.device) - BLUR // 2
    y, x = torch.meshgrid(offset, offset, indexing="ij")
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    along, across = x * cos + y * sin, y * cos - x * sin
    beyond = (along.abs() - length[:, None, None] / 2 + 0.5).clamp(0, 1)
    drawn = (1 - across.abs()).clamp(min=0) * (1 - beyond)
    return drawn / drawn.sum((1, 2), keepdim=True)


def noise(
    images: Images,
    u: Float[Tensor, "batch 2"],
    keys: list[tuple[int, int, int]],
    strengths: Strengths,
) -> Images:
    """Add Gaussian noise, and black and white pixels."""
    frames = len(images) // len(keys)
    shape = (frames, *images.shape[1:])
    fields, speckles = [], []
    for key in keys:
        generator = torch.Generator(images.device).manual_seed(mixed(key))
        fields.append(torch.randn(shape, generator=generator, device=images.device))
        speckles.append(
            torch.rand((frames, 1, *shape[2:]), generator=generator, device=images.device)
        )
    field, speckle = torch.cat(fields), torch.cat(speckles)
    amount = (u * torch.tensor([strengths.noise, strengths.salt_pepper / 2], device=u.device))[
        ..., None, None, None
    ]
    images = images + field * amount[:, 0]
    images = torch.where(speckle < amount[:, 1], torch.zeros_like(images), images)
    return torch.where(speckle > 1 - amount[:, 1], torch.ones_like(images), images)


def mixed(key: tuple[int, int, int]) -> int:
    """Mix a key into one seed."""
    seed = 0x9E3779B97F4A7C15
    for part in key:
        seed = ((seed ^ part) * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) % 2**63
    return seed


def boxes(images: Images, u: Float[Tensor, "batch 28"], strengths: Strengths) -> Images:
    """Cover parts of the images by plain boxes, so that hidden points are guessed from the rest."""
    height, width = images.shape[-2:]
    y = torch.arange(height, device=images.device)[:, None] / height
    x = torch.arange(width, device=images.device) / width
    for number in range(min(strengths.boxes, (u.shape[1] - 1) // 5)):
        present = u[:, -1] * (strengths.boxes + 1) >= number + 1
        left, top, wide, high, grey = u[:, 5 * number : 5 * number + 5, None, None].unbind(1)
        wide, high = wide * strengths.box_size, high * strengths.box_size
        covered = ((x - left).abs() < wide / 2) & ((y - top).abs() < high / 2)
        covered = covered & present[:, None, None]
        images = torch.where(covered[:, None], grey[:, None], images)
    return images
