"""Histogram equalisation, whole and in tiles (CLAHE), of many images at once.

Both change the brightness; the differences between the colours stay.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pose_core.batches.operations import Clahe, Equalize
from pose_core.batches.pixels import Draw, Images

LEVELS = 256
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in what is called bright (ITU-R BT.601)."""


def equalize(images: Images, operation: Equalize, draw: Draw) -> Images:
    """Spread each image's histogram evenly: its darkest level is 0 then, its brightest 1."""
    luma, levels = brightness_levels(images)
    counts = histograms(levels.flatten(2))
    reached = counts.cumsum(-1)
    darkest = counts.gather(-1, (counts > 0).int().argmax(-1, keepdim=True))
    # an image of one level stays as it is
    spread = (reached - darkest) / (reached[..., -1:] - darkest).clamp(min=1)
    plain = torch.arange(LEVELS, device=images.device) / (LEVELS - 1)
    table = torch.where(reached[..., -1:] > darkest, spread, plain)
    new = table.gather(-1, levels.flatten(2)).view(luma.shape)
    return images + (new - luma)[:, :, None]


def clahe(images: Images, operation: Clahe, draw: Draw) -> Images:
    """Equalise in tiles, the contrast limited, tables mixed by the distance to tiles' middles.

    Source: Zuiderveld, Contrast limited adaptive histogram equalization (Graphics Gems IV, 1994).
    """
    luma, levels = brightness_levels(images)
    tables = tile_tables(levels, operation)
    height, width = luma.shape[-2:]
    rows, columns = (beside(side, operation.tiles, images) for side in (height, width))
    new = torch.zeros_like(luma)
    for row, row_weight in rows:
        for column, column_weight in columns:
            tile = (row[:, None] * operation.tiles + column) * LEVELS
            found = tables.gather(-1, (tile + levels).flatten(2)).view(luma.shape)
            new = torch.addcmul(new, found, row_weight[:, None] * column_weight)
    return images + (new - luma)[:, :, None]


def brightness_levels(
    images: Images,
) -> tuple[Float[Tensor, "samples frames h w"], Int[Tensor, "samples frames h w"]]:
    """Give the brightness of each pixel, and its level of 256."""
    red, green, blue = images.unbind(2)
    luma = red * LUMA[0] + green * LUMA[1] + blue * LUMA[2]
    return luma, (luma.clamp(0, 1) * (LEVELS - 1)).round().long()


def histograms(
    levels: Int[Tensor, "samples frames pixels"],
) -> Float[Tensor, "samples frames levels"]:
    """Count the pixels of each level."""
    counts = torch.zeros(*levels.shape[:2], LEVELS, device=levels.device)
    return counts.scatter_add_(-1, levels, torch.ones_like(levels, dtype=counts.dtype))


def tile_tables(
    levels: Int[Tensor, "samples frames h w"], operation: Clahe
) -> Float[Tensor, "samples frames entries"]:
    """Give the new brightness of each level in each tile, tile by tile."""
    tiles = operation.tiles
    height, width = levels.shape[-2:]
    y, x = (torch.arange(side, device=levels.device) * tiles // side for side in (height, width))
    tile = y[:, None] * tiles + x
    keys = (tile * LEVELS + levels).flatten(2)
    counts = torch.zeros(*levels.shape[:2], tiles * tiles * LEVELS, device=levels.device)
    counts = counts.scatter_add_(-1, keys, torch.ones_like(keys, dtype=counts.dtype))
    counts = counts.unflatten(-1, (tiles * tiles, LEVELS))
    pixels = counts.sum(-1, keepdim=True).clamp(min=1)
    limit = operation.clip * pixels / LEVELS
    kept = counts.clamp(max=limit)
    # what was cut off is shared out evenly
    even = kept + (counts - kept).sum(-1, keepdim=True) / LEVELS
    return (even.cumsum(-1) / pixels).flatten(2)


def beside(side: int, tiles: int, like: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Give for every row (or column) the two tiles it lies between, and their weights."""
    place = (torch.arange(side, device=like.device) + 0.5) * (tiles / side) - 0.5
    place = place.clamp(0, tiles - 1)
    first = place.floor().long()
    weight = place - first
    return [(first, 1 - weight), ((first + 1).clamp(max=tiles - 1), weight)]
