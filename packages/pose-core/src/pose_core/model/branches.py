"""How the branches of a network become one prediction."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def choose_branches(
    confidence: Float[Tensor, "batch branches keypoints"], combine: str
) -> Int[Tensor, "batch keypoints"]:
    """Choose a branch per keypoint: the "last", or the more "confident" one."""
    if combine == "confident":
        return confidence.argmax(dim=1)
    last = confidence.shape[1] - 1
    return torch.full_like(confidence[:, 0], last, dtype=torch.long)


def take_branches(values: Tensor, chosen: Int[Tensor, "batch keypoints"]) -> Tensor:
    """Take (batch, keypoints, ...) from (batch, branches, keypoints, ...)."""
    index = chosen[:, None].reshape(*chosen[:, None].shape, *(1,) * (values.ndim - 3))
    return values.gather(1, index.expand(-1, 1, *values.shape[2:])).squeeze(1)
