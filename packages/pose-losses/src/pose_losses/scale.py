"""Lengths in standard deviations of the target Gaussian: the unit in which errors weigh alike.

Pixels of a frame are worth more or less by how far the image was shrunk, cells by how wide the
targets are. A point d standard deviations off costs d**2 / 2 nats in a divergence of heatmaps,
whatever either is.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def in_sigmas(
    difference: Float[Tensor, "*batch 2"],
    cells: Float[Tensor, "*batch 2 3"],
    sigma: Float[Tensor, ""],
) -> Float[Tensor, "*batch"]:
    """Give the lengths of differences of points of the frame, as the network sees them.

    Args:
        difference: in pixels of the frame.
        cells: maps from there to cells of the heatmaps.
        sigma: of the target Gaussian, in cells.
    """
    return (cells[..., :2] * difference[..., None, :]).sum(-1).norm(dim=-1) / sigma


def pixels_of_sigma(
    cells: Float[Tensor, "*batch 2 3"], sigma: Float[Tensor, ""]
) -> Float[Tensor, "*batch"]:
    """Give sigma in pixels of the frame, the geometric mean of both directions."""
    (a, b), (c, d) = (row.unbind(-1) for row in cells[..., :2].unbind(-2))
    return sigma / (a * d - b * c).abs().sqrt()


def place(
    points: Float[Tensor, "*batch 2"], cells: Float[Tensor, "*batch 2 3"]
) -> Float[Tensor, "*batch 2"]:
    """Give where points of the frame lie on the heatmaps, in cells."""
    return (cells[..., :2] * points[..., None, :]).sum(-1) + cells[..., 2]


def huber(distance: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Give distance**2 / 2 up to one standard deviation, and a straight line beyond.

    Near 0 it is the divergence, in nats, of Gaussians that far apart; far off its pull stays that
    of one standard deviation, so that a lost point does not outweigh all others.
    """
    return torch.where(distance <= 1, distance.square() / 2, distance - 0.5)
