"""Parts of images made plain: boxes, boxes over labeled points, and dropped squares."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.batches.operations import Boxes, Dropout, Hide
from pose_core.batches.pixels import Draw, Images, grains

PER_BOX = 5
"""Numbers that a box takes: x, y, width, height, grey."""


class Box(NamedTuple):
    """A plain box in some frames of a sample."""

    sample: int
    frames: slice | list[int]
    rows: slice
    columns: slice
    grey: float


def boxes(images: Images, operation: Boxes, draw: Draw) -> Images:
    """Cover parts of all frames alike, so that hidden points are guessed from the rest."""
    drawn = []
    for sample, (many, *u) in enumerate(draw.numbers.tolist()):
        for number in range(int(many * (operation.count + 1))):
            x, y, wide, high, grey = u[PER_BOX * number :][:PER_BOX]
            sides = (wide * operation.size, high * operation.size)
            drawn.append(box_at(images, sample, slice(None), (x, y), sides, grey))
    return with_boxes(images, drawn)


def hide(images: Images, operation: Hide, draw: Draw) -> Images:
    """Cover labeled points, each anywhere under its box, in the labeled frame alone.

    Where the frame itself stands in for neighbours that are missing it is covered there too, or
    the network would learn to look up what no video will show it.
    """
    height, width = images.shape[-2:]
    same = (images == images[:, draw.centre, None]).flatten(2).all(-1).tolist()
    frames = [[number for number, is_same in enumerate(one) if is_same] for one in same]
    drawn = []
    for number in range(operation.points):
        u = draw.numbers[:, (PER_BOX + 1) * number :][:, : PER_BOX + 1]
        for sample, (px, py) in choose(draw.keypoints.cpu(), u[:, 0]).items():
            x, y, wide, high, grey = u[sample, 1:].tolist()
            sides = tuple((0.25 + 0.75 * side) * operation.size for side in (wide, high))
            # the point stays a little inside the border of its box
            middle = (
                (px + 0.5) / width + (x - 0.5) * 0.8 * sides[0],
                (py + 0.5) / height + (y - 0.5) * 0.8 * sides[1],
            )
            drawn.append(box_at(images, sample, frames[sample], middle, (sides[0], sides[1]), grey))
    return with_boxes(images, drawn)


def choose(
    keypoints: Float[Tensor, "samples keypoints 2"], u: Float[Tensor, " samples"]
) -> dict[int, tuple[float, float]]:
    """Choose one labeled point of each sample that has any."""
    chosen = {}
    for sample, (points, number) in enumerate(zip(keypoints, u.tolist(), strict=True)):
        known = points[torch.isfinite(points).all(-1)]
        if len(known):
            x, y = known[int(number * len(known))].tolist()
            chosen[sample] = (x, y)
    return chosen


def box_at(
    images: Images,
    sample: int,
    frames: slice | list[int],
    middle: tuple[float, float],
    sides: tuple[float, float],
    grey: float,
) -> Box:
    """Give a box of which middle and sides (x, y) are fractions of the image."""
    height, width = images.shape[-2:]
    columns, rows = span(middle[0], sides[0], width), span(middle[1], sides[1], height)
    return Box(sample, frames, rows, columns, grey)


def span(middle: float, side: float, size: int) -> slice:
    """Give the pixels whose centres lie within half a side of the middle."""
    ends = (math.ceil((middle + half) * size - 0.5) for half in (-side / 2, side / 2))
    return slice(*(min(max(end, 0), size) for end in ends))


def with_boxes(images: Images, drawn: Iterable[Box]) -> Images:
    """Draw boxes, the later ones above the earlier ones."""
    painted = images.clone()
    for box in drawn:
        painted[box.sample, box.frames, :, box.rows, box.columns] = box.grey
    return painted


def dropout(images: Images, operation: Dropout, draw: Draw) -> Images:
    """Make squares black, in all frames alike."""
    size = (images.shape[-2], images.shape[-1])
    field = grains(draw, (1, 3), size, operation.grain)
    together = draw.number(1) >= operation.by_channel
    field = torch.where(together, field[:, :, :1], field)
    return images * (field >= draw.number(0) * operation.fraction).float()
