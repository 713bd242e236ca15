"""Divergences between probability maps: of a prediction from its target, or from another map."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.heatmaps import gaussian
from pose_core.hookspecs import Predicted

TINY = 1e-10
"""Added to both maps: a target is 0 nearly everywhere, and a prediction may be."""

Maps = Float[Tensor, "*batch height width"]


def heatmap_kl(predicted: Predicted) -> Float[Tensor, "batch keypoints"]:
    """Give KL(target || predicted), in nats; finite where a target is all zero.

    For Gaussians of equal width s that are d apart it is d**2 / (2 s**2).
    """
    return kullback_leibler(*both(predicted))


def heatmap_js(predicted: Predicted) -> Float[Tensor, "batch keypoints"]:
    """Give the Jensen-Shannon divergence, in nats, between 0 and log 2."""
    return jensen_shannon(*both(predicted))


def both(
    predicted: Predicted,
) -> tuple[Float[Tensor, "batch keypoints h w"], Float[Tensor, "batch keypoints h w"]]:
    """Give target and prediction, which the objective fills in for a loss that needs them."""
    assert predicted.targets is not None
    assert predicted.heatmaps is not None
    return predicted.targets, predicted.heatmaps


def kullback_leibler(target: Maps, found: Maps) -> Float[Tensor, "*batch"]:
    """Give KL(target || found), in nats."""
    return divergence(floored(target), floored(found))


def jensen_shannon(target: Maps, found: Maps) -> Float[Tensor, "*batch"]:
    """Give the mean divergence of two maps from their middle, in nats."""
    target, found = floored(target), floored(found)
    middle = (target + found) / 2
    return (divergence(target, middle) + divergence(found, middle)) / 2


def squared_error(target: Maps, found: Maps) -> Float[Tensor, "*batch"]:
    """Sum squared differences over the cells, in single precision."""
    return (single(found) - single(target)).square().sum((-2, -1))


def divergence(p: Maps, q: Maps) -> Float[Tensor, "*batch"]:
    """Give KL(p || q) of maps that are nowhere zero."""
    return (p * (p.log() - q.log())).sum((-2, -1))


def floored(maps: Maps) -> Maps:
    """Lift a map a little above zero, in float32: half precision has no 1e-10."""
    return single(maps) + TINY


def single(maps: Maps) -> Maps:
    """Give maps in single precision at least."""
    return maps.to(torch.promote_types(maps.dtype, torch.float32))


def nats(name: str, sigma: Tensor) -> tuple[Callable[[Tensor, Tensor], Tensor], Tensor]:
    """Give a divergence by its name, and the factor that makes it one in nats near the optimum.

    Gaussians d standard deviations apart cost d**2 / 2 nats by KL; a quarter by JS; and by squared
    error 1 / (4 pi sigma**2) of it.
    """
    return {
        "kl": (kullback_leibler, torch.ones_like(sigma)),
        "js": (jensen_shannon, torch.full_like(sigma, 4.0)),
        "mse": (squared_error, 4 * math.pi * sigma.square()),
    }[name]


def draw(
    points: Float[Tensor, "*batch 2"], size: tuple[int, int], sigma: Tensor
) -> Float[Tensor, "*batch height width"]:
    """Draw one Gaussian of sum 1 per point, given in cells."""
    x, y = points.unbind(-1)
    rows, columns = gaussian(y, size[0], float(sigma)), gaussian(x, size[1], float(sigma))
    return rows[..., :, None] * columns[..., None, :]
