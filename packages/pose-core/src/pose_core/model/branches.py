"""How the branches of a network become one prediction."""

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.hookspecs import Combine


def weigh_branches(
    confidence: Float[Tensor, "batch branches keypoints"], combine: Combine
) -> Float[Tensor, "batch branches keypoints"]:
    """Weigh the branches of every keypoint; weights add up to 1.

    Args:
        confidence: of each branch.
        combine: "last" takes that branch alone, "confident" the surest one, "mean" all alike.
    """
    if combine == "mean":
        return torch.full_like(confidence, 1 / confidence.shape[1])
    chosen = torch.full_like(confidence[:, 0], confidence.shape[1] - 1, dtype=torch.long)
    if combine == "confident":
        chosen = confidence.argmax(dim=1)
    return torch.zeros_like(confidence).scatter(1, chosen[:, None], 1.0)


def merge_branches(values: Tensor, weights: Float[Tensor, "batch branches keypoints"]) -> Tensor:
    """Give (batch, keypoints, ...) from (batch, branches, keypoints, ...), by their weights."""
    return (values * weights.reshape(*weights.shape, *(1,) * (values.ndim - 3))).sum(dim=1)
