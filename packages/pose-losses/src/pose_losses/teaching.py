"""What the improved forms share: points are taught where others say that they are, in nats."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pose_core.hookspecs import Predicted
from pose_losses.heatmap import draw, kullback_leibler
from pose_losses.options import Teach
from pose_losses.scale import huber, in_sigmas, place


def teach(
    predicted: Predicted,
    keypoints: Tensor,
    target: Float[Tensor, "*points 2"],
    free: Float[Tensor, "*points"],
    by: Teach,
) -> Float[Tensor, "*points"]:
    """Give how far points are from their targets, in nats, where that is more than what is free.

    Args:
        predicted: a clip.
        keypoints: whole numbers of any shape (...), which keypoint each of `points` is.
        target: (frames, ..., 2), in pixels of the frame; NaN where nothing is taught. No gradient
            flows through it.
        free: (frames, ...), in standard deviations of the target Gaussian.
        by: "heatmap", the divergence of the map from the Gaussian at the target; "point", a Huber
            penalty of the distance.

    Returns:
        (frames, ...): 0 for a point that is known and not taught, NaN for a missing one.
    """
    assert predicted.heatmaps is not None  # the objective gives what a loss needs
    assert predicted.keypoints is not None
    assert predicted.cells is not None
    assert predicted.sigma is not None
    size = (predicted.heatmaps.shape[-2], predicted.heatmaps.shape[-1])
    points, cells = predicted.keypoints[:, keypoints], predicted.cells[:, keypoints]
    with torch.autocast(points.device.type, enabled=False):  # pixels need their digits
        # before the norm, not after: the gradient of a NaN is NaN, whatever it is multiplied by
        gap = torch.where(finite(target)[..., None], points - target, 0.0)
        away = in_sigmas(gap, cells, predicted.sigma)
        there = place(target, cells)
        taught = finite(points) & (away.detach() > free) & is_on(there, size)
        chosen = taught.nonzero(as_tuple=True)
        if by == "point":
            costs = huber((away - free)[chosen])
        else:
            maps = predicted.heatmaps[chosen[0], keypoints[chosen[1:]]]
            costs = kullback_leibler(draw(there[chosen], size, predicted.sigma), maps)
    values = torch.zeros_like(away.detach()).masked_fill(~finite(points), torch.nan)
    return values.index_put(chosen, costs.to(values.dtype))


def finite(points: Float[Tensor, "*batch 2"]) -> Bool[Tensor, "*batch"]:
    """Say which points are known."""
    return torch.isfinite(points).all(-1)


def is_on(cells: Float[Tensor, "*batch 2"], size: tuple[int, int]) -> Bool[Tensor, "*batch"]:
    """Say which points lie on a map of (height, width); NaN does not."""
    x, y = cells.unbind(-1)
    return (x >= 0) & (y >= 0) & (x <= size[1] - 1) & (y <= size[0] - 1)
