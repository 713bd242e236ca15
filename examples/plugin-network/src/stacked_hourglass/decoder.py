"""The decoder `log_parabola`: the highest cell and a parabola along each axis."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pose_core.heatmaps import to_pixels

TINY = 1e-12  # stands for log 0


def log_parabola(
    heatmaps: Float[Tensor, "*batch keypoints height width"], stride: int, sigma: float
) -> tuple[Float[Tensor, "*batch keypoints 2"], Float[Tensor, "*batch keypoints"]]:
    """Decode points at the vertex of a parabola through the logarithms round the highest cell.

    The logarithm of a Gaussian is a parabola, so the point of a clean Gaussian comes back exactly,
    wherever in its cell it lies. In the outermost cells there is no parabola: the point is then the
    centre of the cell along that axis.

    Args:
        heatmaps: probability maps.
        stride: pixels of the network's input per cell.
        sigma: standard deviation of the training targets, in cells.

    Returns:
        Points (x, y) in pixels of the network's input, and confidence: the height of the map at the
        point relative to the height of a training target there, at most 1. It falls both where a
        map has several peaks and where its one peak is wide.

    Source: Graving et al., DeepPoseKit (2019), for the highest cell with a sub-cell step.
    """
    maps = heatmaps.float().flatten(-2).clamp(min=TINY).log()
    height, width = heatmaps.shape[-2:]
    highest = maps.argmax(-1)
    y, x = highest // width, highest % width
    rise_x, step_x = vertex(maps, highest, x, 1, width)
    rise_y, step_y = vertex(maps, highest, y, width, height)
    points = to_pixels(torch.stack([x + step_x, y + step_y], dim=-1), stride)
    peak = (maps.gather(-1, highest[..., None])[..., 0] + rise_x + rise_y).exp()
    return points, (peak * 2 * math.pi * sigma**2).clamp(max=1)


def vertex(
    maps: Float[Tensor, "*batch cells"],
    highest: Int[Tensor, "*batch"],
    position: Int[Tensor, "*batch"],
    neighbour: int,
    size: int,
) -> tuple[Float[Tensor, "*batch"], Float[Tensor, "*batch"]]:
    """Fit a parabola to the highest cell and its two neighbours along one axis.

    Args:
        maps: logarithms, flattened.
        highest: the highest cell of each.
        position: of that cell along the axis.
        neighbour: distance of neighbours along the axis, in flattened cells.
        size: of the axis, in cells.

    Returns:
        How far the vertex is above the highest cell, and how far away, in -0.5..0.5 cells.
    """
    inside = (position > 0) & (position < size - 1)
    cells = torch.stack([highest - neighbour, highest, highest + neighbour], dim=-1)
    cells = cells.where(inside[..., None], highest[..., None])  # three of the same: no parabola
    low, top, high = maps.gather(-1, cells).unbind(-1)
    curvature = 2 * top - low - high
    bent = curvature > 1e-6
    slope = (high - low) / 2
    step = torch.where(bent, slope / curvature.where(bent, torch.ones_like(curvature)), 0.0)
    step = step.clamp(-0.5, 0.5)
    return slope * step - curvature * step**2 / 2, step
