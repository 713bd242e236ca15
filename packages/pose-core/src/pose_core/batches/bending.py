"""Elastic bending: a smooth displacement with an inverse, for images and for points alike.

The displacement d is a cubic B-spline whose control points move by at most `Elastic.shift`; what is
seen at q after bending was at q + d(q) before. Between neighbouring control points d changes by
at most twice the shift, so q + d(q) is one to one where shift times cells is below a quarter, and
q = p - d(q) is found by repetition. Nothing is interpolated from a picture of the displacement.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Num
from torch import Tensor

from pose_core.batches.operations import Elastic

ROUNDS = 30
"""Each brings q nearer by a factor of 4 * shift * cells, 0.6 at most."""


@dataclass(frozen=True, eq=False)
class Bend:
    """One bend per sample.

    Attributes:
        controls: (batch, cells + 3, cells + 3, 2), (x, y) in pixels; rows are y.
        size: height and width of the images.
    """

    controls: Float[Tensor, "batch rows columns 2"]
    size: tuple[int, int]

    def field(self) -> Float[Tensor, "batch h w 2"]:
        """Give the displacement of every pixel."""
        height, width = self.size
        x, y = (torch.arange(side, device=self.controls.device) for side in (width, height))
        return torch.einsum(
            "yr,xc,brcd->byxd", self.weights(y, height), self.weights(x, width), self.controls
        )

    def back(self, points: Float[Tensor, "batch points 2"]) -> Float[Tensor, "batch points 2"]:
        """Say where points of the bent image were before."""
        return points + self.at(points)

    def move(self, points: Float[Tensor, "batch points 2"]) -> Float[Tensor, "batch points 2"]:
        """Say where points are after bending."""
        moved = points
        for _ in range(ROUNDS):
            moved = points - self.at(moved)
        return moved

    def at(self, points: Float[Tensor, "batch points 2"]) -> Float[Tensor, "batch points 2"]:
        """Give the displacement at points of the bent image; beyond the border the border's."""
        height, width = self.size
        x, y = self.weights(points[..., 0], width), self.weights(points[..., 1], height)
        return torch.einsum("bnr,bnc,brcd->bnd", y, x, self.controls)

    def weights(self, pixels: Num[Tensor, "*points"], side: int) -> Float[Tensor, "*points n"]:
        """Give the weight of each control point of an axis at some pixels."""
        cells = self.controls.shape[1] - 3
        place = ((pixels + 0.5) * (cells / side)).clamp(0, cells)
        number = torch.arange(-1, cells + 2, device=self.controls.device)
        return cubic((place[..., None] - number).abs())


def cubic(distance: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Evaluate the cubic B-spline, in units of its knots."""
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = (2 - distance).clamp(min=0) ** 3 / 6
    return torch.where(distance < 1, near, far)


def draw_bend(
    operation: Elastic, keys: Float[Tensor, "batch numbers"], size: tuple[int, int]
) -> Bend:
    """Turn uniform numbers, of which the first decides whether, into bends."""
    side = operation.cells + 3
    strength = torch.where(keys[:, 0] < operation.chance, operation.shift * min(size), 0.0)
    numbers = 2 * keys[:, 1 : 1 + 2 * side * side] - 1
    return Bend(numbers.unflatten(1, (side, side, 2)) * strength[:, None, None, None], size)
