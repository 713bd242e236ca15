"""The one geometry: every resize, crop and augmentation is an affine map of points.

A map is a tensor (..., 2, 3): point p goes to `map[..., :2] @ p + map[..., 2]`, in pixels whose
(0, 0) is the centre of the top-left pixel, on both sides.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Affine = Float[Tensor, "*batch 2 3"]


def resizing(sizes: Float[Tensor, "batch 2"], size: tuple[int, int]) -> Affine:
    """Give the maps from frames of some (height, width) to images of one: x' = (x + ½) s - ½."""
    scale = torch.tensor(size, dtype=sizes.dtype, device=sizes.device) / sizes
    scale = scale.flip(-1)  # (height, width) to (x, y)
    return torch.cat([torch.diag_embed(scale), (0.5 * scale - 0.5)[..., None]], dim=-1)


def move(
    affine: Affine, points: Float[Tensor, "*batch points 2"]
) -> Float[Tensor, "*batch points 2"]:
    """Apply maps to points."""
    return points @ affine[..., :2].transpose(-1, -2) + affine[..., None, :, 2]


def invert(affine: Affine) -> Affine:
    """Give the maps back."""
    back = torch.linalg.inv(affine[..., :2])
    return torch.cat([back, -(back @ affine[..., 2:])], dim=-1)


def compose(second: Affine, first: Affine) -> Affine:
    """Give the maps that do `first`, then `second`."""
    linear = second[..., :2] @ first[..., :2]
    shift = second[..., :2] @ first[..., 2:] + second[..., 2:]
    return torch.cat([linear, shift], dim=-1)


def warp(
    images: Float[Tensor, "batch channels h w"], affine: Affine
) -> Float[Tensor, "batch channels h w"]:
    """Move images as `move` moves points, bilinearly, size kept; black where nothing is known."""
    height, width = images.shape[-2:]
    half = torch.tensor([width / 2, height / 2], dtype=images.dtype, device=images.device)
    back = invert(affine)
    # grid_sample's coordinates run from -1 to 1 between the image's edges: u = (x + ½) / half - 1
    linear = back[..., :2] * half / half[:, None]
    centre = (back[..., :2] @ (half - 0.5)[:, None])[..., 0] + back[..., 2]
    shift = (centre + 0.5) / half - 1
    theta = torch.cat([linear, shift[..., None]], dim=-1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", align_corners=False)


def inside(points: Float[Tensor, "*batch 2"], size: tuple[int, int]) -> Tensor:
    """Say which points lie on the image; NaN does not."""
    x, y = points.unbind(-1)
    height, width = size
    return (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
