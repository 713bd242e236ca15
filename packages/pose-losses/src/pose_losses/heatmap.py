"""Divergences between a predicted probability map and its target."""

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.hookspecs import Predicted

TINY = 1e-10
"""Added to both maps: a target is 0 nearly everywhere, and a prediction may be."""


def heatmap_kl(predicted: Predicted) -> Float[Tensor, "batch keypoints"]:
    """Give KL(target || predicted), in nats; finite where a target is all zero.

    For Gaussians of equal width s that are d apart it is d**2 / (2 s**2).
    """
    target, found = floored(predicted)
    return kullback_leibler(target, found)


def heatmap_js(predicted: Predicted) -> Float[Tensor, "batch keypoints"]:
    """Give the Jensen-Shannon divergence, in nats, between 0 and log 2."""
    target, found = floored(predicted)
    middle = (target + found) / 2
    return (kullback_leibler(target, middle) + kullback_leibler(found, middle)) / 2


def floored(
    predicted: Predicted,
) -> tuple[Float[Tensor, "batch keypoints h w"], Float[Tensor, "batch keypoints h w"]]:
    """Give target and prediction a little above zero, in float32: half precision has no 1e-10."""
    assert predicted.targets is not None  # the objective gives what a loss needs
    assert predicted.heatmaps is not None
    target, found = (
        maps.to(torch.promote_types(maps.dtype, torch.float32)) + TINY
        for maps in (predicted.targets, predicted.heatmaps)
    )
    return target, found


def kullback_leibler(
    p: Float[Tensor, "*batch height width"], q: Float[Tensor, "*batch height width"]
) -> Float[Tensor, "*batch"]:
    """Give KL(p || q) of maps that are nowhere zero."""
    return (p * (p.log() - q.log())).sum((-2, -1))
