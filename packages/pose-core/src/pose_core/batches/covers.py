"""Parts of images made plain: boxes, boxes over labeled points, and dropped squares."""

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.batches.operations import Boxes, Dropout, Hide
from pose_core.batches.pixels import Draw, Images, grains

PER_BOX = 5
"""Numbers that a box takes: x, y, width, height, grey."""


def boxes(images: Images, operation: Boxes, draw: Draw) -> Images:
    """Cover parts of all frames alike, so that hidden points are guessed from the rest."""
    cover = bare(images)
    for number in range(operation.count):
        present = draw.u[:, 0] * (operation.count + 1) >= number + 1
        u = draw.u[:, 1 + PER_BOX * number :][:, :PER_BOX]
        sides = u[:, 2:4] * operation.size * present[:, None]
        cover = with_box(cover, u[:, :2], sides, u[:, 4])
    return under(cover, images)


def hide(images: Images, operation: Hide, draw: Draw) -> Images:
    """Cover labeled points, each anywhere under its box, in the labeled frame alone."""
    if not draw.keypoints.shape[1]:
        return images
    cover = bare(images)
    height, width = images.shape[-2:]
    extent = torch.tensor([width, height], device=images.device)
    for number in range(operation.points):
        u = draw.u[:, (PER_BOX + 1) * number :][:, : PER_BOX + 1]
        points, found = choose(draw.keypoints, u[:, 0])
        sides = (0.25 + 0.75 * u[:, 3:5]) * operation.size * found[:, None]
        # the point stays a little inside the border of its box
        middle = (points + 0.5) / extent + (u[:, 1:3] - 0.5) * 0.8 * sides
        cover = with_box(cover, middle, sides, u[:, 5])
    before, frame, after = images.split([draw.centre, 1, images.shape[1] - draw.centre - 1], dim=1)
    return torch.cat([before, under(cover, frame), after], dim=1)


def choose(
    keypoints: Float[Tensor, "samples keypoints 2"], u: Float[Tensor, " samples"]
) -> tuple[Tensor, Tensor]:
    """Choose one labeled point of each sample, and say whether it has any."""
    known = torch.isfinite(keypoints).all(-1)
    wanted = (u * known.sum(1)).long() + 1
    place = ((known.cumsum(1) == wanted[:, None]) & known).float().argmax(1)
    points = keypoints[torch.arange(len(keypoints), device=u.device), place]
    return points.nan_to_num(), known.any(1)


def bare(images: Images) -> Float[Tensor, "samples h w"]:
    """Give a cover that covers nothing: its grey is NaN."""
    return images.new_full((len(images), *images.shape[-2:]), torch.nan)


def with_box(
    cover: Float[Tensor, "samples h w"],
    middle: Float[Tensor, "samples 2"],
    sides: Float[Tensor, "samples 2"],
    grey: Float[Tensor, " samples"],
) -> Float[Tensor, "samples h w"]:
    """Draw one plain box per sample; places and sides (x, y) as fractions of the image."""
    height, width = cover.shape[-2:]
    x = (torch.arange(width, device=cover.device) + 0.5) / width
    y = (torch.arange(height, device=cover.device) + 0.5) / height
    in_x = (x - middle[:, :1]).abs() < sides[:, :1] / 2
    in_y = (y - middle[:, 1:]).abs() < sides[:, 1:] / 2
    return torch.where(in_y[:, :, None] & in_x[:, None], grey[:, None, None], cover)


def under(cover: Float[Tensor, "samples h w"], images: Images) -> Images:
    """Lay a cover over all frames."""
    above = cover[:, None, None]
    return torch.where(above.isnan(), images, above)


def dropout(images: Images, operation: Dropout, draw: Draw) -> Images:
    """Make squares black, in all frames alike."""
    size = (images.shape[-2], images.shape[-1])
    field = grains(draw, (1, 3), size, operation.grain)
    together = draw.number(1) >= operation.by_channel
    field = torch.where(together, field[:, :, :1], field)
    return images * (field >= draw.number(0) * operation.fraction)
