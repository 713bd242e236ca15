"""Decoders: functions of heatmaps and stride to points and confidence."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from pose_core.heatmaps import Decoded, at_least_float32, soft_argmax, soft_argmax_full, to_pixels
from pose_core.model.decoder_options import (
    ArgmaxOptions,
    SoftArgmaxFullOptions,
    SoftArgmaxOptions,
)

Decode = Callable[[Tensor, int], tuple[Tensor, Tensor]]


def build_soft_argmax(options: SoftArgmaxOptions) -> Decode:
    """Decode by soft-argmax in a window, the whole map where that is not enough."""
    return partial(
        soft_argmax,
        temperature=options.temperature,
        radius=options.radius,
        window=options.window,
    )


def build_soft_argmax_full(options: SoftArgmaxFullOptions) -> Decode:
    """Decode by soft-argmax of the whole map, as published."""
    return partial(soft_argmax_full, temperature=options.temperature, radius=options.radius)


def build_argmax(options: ArgmaxOptions) -> Decode:
    """Decode by the highest cell."""
    return partial(argmax, reach=options.reach)


@torch.no_grad()
def argmax(
    heatmaps: Float[Tensor, "*batch keypoints height width"], stride: int, reach: int = 2
) -> Decoded:
    """Give the centre of each map's highest cell; no finer than a cell, and without gradient.

    Args:
        heatmaps: probability maps.
        stride: pixels of the network's input per cell.
        reach: how many cells to each side of the highest count for the confidence.

    Returns:
        Points (x, y) in pixels of the network's input, and confidence: the share of the map's mass
        in a square round the highest cell, between 0 and 1. For a target Gaussian (standard
        deviation 1.25 cells) and a reach of 2 it is about 0.9; for an empty map 0.
    """
    maps = heatmaps.to(at_least_float32(heatmaps)).flatten(0, -3)
    width = maps.shape[-1]
    highest = maps.flatten(-2).argmax(-1)
    cells = torch.stack([highest % width, highest // width], dim=-1)
    round_it = squares(maps, cells, reach).sum((-2, -1))
    tiny = torch.finfo(maps.dtype).tiny
    confidence = (round_it / maps.sum((-2, -1)).clamp(min=tiny)).clamp(0, 1)
    points = to_pixels(cells.to(maps.dtype), stride)
    return points.view(*heatmaps.shape[:-2], 2), confidence.view(heatmaps.shape[:-2])


def squares(
    maps: Float[Tensor, "maps height width"], cells: Tensor, reach: int
) -> Float[Tensor, "maps side side"]:
    """Cut a square round one cell (x, y) out of each map; zero beyond the border."""
    offsets = torch.arange(2 * reach + 1, device=maps.device)
    columns, rows = (cells[:, axis, None] + offsets for axis in (0, 1))
    number = torch.arange(len(maps), device=maps.device)
    return pad(maps, (reach,) * 4)[number[:, None, None], rows[:, :, None], columns[:, None, :]]
