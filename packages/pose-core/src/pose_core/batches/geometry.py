"""The one geometry: every resize, crop and augmentation is an affine map of points.

A map is a tensor (..., 2, 3): point p goes to `map[..., :2] @ p + map[..., 2]`, in pixels whose
(0, 0) is the centre of the top-left pixel, on both sides. Products are written out, for under mixed
precision a matrix product would round pixels to halves.
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
    x, y = points[..., 0:1], points[..., 1:2]
    maps = affine[..., None, :, :]
    return maps[..., 0] * x + maps[..., 1] * y + maps[..., 2]


def invert(affine: Affine) -> Affine:
    """Give the maps back."""
    a, b, c, d = affine[..., :2].flatten(-2).unbind(-1)
    back = torch.stack([d, -b, -c, a], dim=-1) / (a * d - b * c)[..., None]
    back = back.unflatten(-1, (2, 2))
    return torch.cat([back, -product(back, affine[..., 2:])], dim=-1)


def compose(second: Affine, first: Affine) -> Affine:
    """Give the maps that do `first`, then `second`."""
    moved = product(second[..., :2], first)
    return torch.cat([moved[..., :2], moved[..., 2:] + second[..., 2:]], dim=-1)


def product(
    left: Float[Tensor, "*batch 2 2"], right: Float[Tensor, "*batch 2 columns"]
) -> Float[Tensor, "*batch 2 columns"]:
    """Multiply small matrices at full precision."""
    return left[..., :, :1] * right[..., :1, :] + left[..., :, 1:] * right[..., 1:, :]


def warp(
    images: Float[Tensor, "batch channels h w"],
    affine: Affine,
    displacement: Float[Tensor, "batch h w 2"] | None = None,
) -> Float[Tensor, "batch channels h w"]:
    """Move images as `move` moves points, bilinearly, size kept; black where nothing is known.

    Args:
        images: of any number of channels.
        affine: one map per image.
        displacement: of what is seen at a pixel of the moved image: how many pixels away it would
            be seen without. The image is sampled once for both.
    """
    height, width = images.shape[-2:]
    half = torch.tensor([width / 2, height / 2], dtype=images.dtype, device=images.device)
    # grid_sample's coordinates run from -1 to 1 between the image's edges: u = (x + ½) / half - 1
    back = invert(affine) / half[:, None]
    offset = back[..., 2] + 0.5 / half - 1
    x = torch.arange(width, dtype=images.dtype, device=images.device)[:, None]
    y = torch.arange(height, dtype=images.dtype, device=images.device)[:, None]
    columns = (x * back[:, None, :, 0])[:, None]
    rows = (y * back[:, None, :, 1] + offset[:, None])[:, :, None]
    # (x, y) as one complex number each: their sum is formed many times faster
    grid = torch.view_as_real(torch.view_as_complex(columns) + torch.view_as_complex(rows))
    if displacement is not None:
        linear = F.pad(back[..., :2], (0, 1))[:, None].expand(-1, height, -1, -1)
        grid = grid + move(linear, displacement)
    return F.grid_sample(images, grid, mode="bilinear", align_corners=False)


def inside(points: Float[Tensor, "*batch 2"], size: tuple[int, int]) -> Tensor:
    """Say which points lie on the image; NaN does not."""
    x, y = points.unbind(-1)
    height, width = size
    return (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)


def is_identity(affine: Affine) -> bool:
    """Say whether no map moves anything, so that images need no resampling."""
    identity = torch.eye(2, 3, device=affine.device, dtype=affine.dtype)
    return bool((affine == identity).all())
