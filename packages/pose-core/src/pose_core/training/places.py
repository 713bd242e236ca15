"""Where points of clips lie: in the images a network saw, in their frames, in all views at once."""

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.batches.geometry import Affine, compose, inside, invert, move
from pose_core.batches.unlabeled import ClipBatch


def unmirrored(values: Tensor, flipped: Tensor, swapped: Tensor) -> Tensor:
    """Put symmetric keypoints (batch, keypoints, ...) of mirrored images in each other's place."""
    if flipped.device.type == "cpu" and not bool(flipped.any()):  # to ask a GPU is to wait for it
        return values
    return torch.where(flipped.view(-1, *[1] * (values.dim() - 1)), values[:, swapped], values)


def side_by_side(values: Tensor, views: int) -> Tensor:
    """Put views that follow each other (views * frames, keypoints, ...) in one frame.

    Returns:
        (frames, views * keypoints, ...).
    """
    return values.unflatten(0, (views, -1)).transpose(0, 1).flatten(1, 2)


def points_of_frames(
    points: Float[Tensor, "frames keypoints 2"],
    there: Affine,
    size: tuple[int, int],
    margin: int,
    clip: ClipBatch,
) -> tuple[Tensor, Tensor]:
    """Bring points of images back to the pixels of their frames, and say which of them count.

    At the border lie points that augmentation pushed out of view: they say nothing.

    Args:
        points: decoded.
        there: maps from pixels of the frames to those of the images.
        size: height and width of the images.
        margin: pixels of the images that the border is wide.
        clip: that they were decoded from.
    """
    kept = inside(points - margin, (size[0] - 2 * margin, size[1] - 2 * margin))
    points = move(invert(there), points)
    if clip.decoded is None:
        return points, kept
    # where the file is damaged stands the frame before: it says nothing of its own moment
    shown = clip.decoded.flatten()[:, None]
    return torch.where(shown[..., None], points, torch.nan), kept & shown


def in_cells(affine: Affine, stride: int) -> Affine:
    """Continue maps to images of the network's input by that to cells of its heatmaps."""
    scale, offset = 1 / stride, 0.5 / stride - 0.5
    cells = torch.tensor([[scale, 0.0, offset], [0.0, scale, offset]]).to(affine)
    return compose(cells.expand_as(affine), affine)
