"""A heatmap should have one peak, of the width of a target."""

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.hookspecs import Predicted
from pose_losses.heatmap import draw, nats
from pose_losses.options import UnimodalOptions
from pose_losses.scale import place


def unimodal(predicted: Predicted, options: UnimodalOptions) -> Float[Tensor, "frames keypoints"]:
    """Give how far each map is from the Gaussian drawn at its own point, in nats.

    NaN where a map is not confident or its point lies near the border. No gradient flows through
    the point: the map becomes narrower where it is, and goes nowhere.
    """
    assert predicted.heatmaps is not None  # the objective gives what a loss needs
    assert predicted.keypoints is not None
    assert predicted.confidence is not None
    assert predicted.cells is not None
    assert predicted.sigma is not None
    points = place(predicted.keypoints.detach(), predicted.cells)
    counted = torch.isfinite(points).all(-1) & (predicted.confidence > options.prob_threshold)
    compare, factor = nats(options.divergence, predicted.sigma)
    height, width = predicted.heatmaps.shape[-2:]
    alone = draw(points.nan_to_num(0.0), (height, width), predicted.sigma)
    values = factor * compare(alone, predicted.heatmaps)
    return values.masked_fill(~counted, torch.nan)
