"""Keypoints should not jump: how far each moves between successive frames."""

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.hookspecs import Predicted
from pose_losses.options import TemporalOptions


def temporal(predicted: Predicted, options: TemporalOptions) -> Float[Tensor, "steps keypoints"]:
    """Give the steps of one clip, in pixels of the frame; epsilon is the objective's.

    NaN where a step does not count, since one of its ends is missing or not confident: it then
    leaves the mean, and does not enter it as a step of length 0.

    Source: Biderman, Whiteway et al., Lightning Pose (2024), equations 6 and 7.
    """
    assert predicted.keypoints is not None  # the objective gives what a loss needs
    assert predicted.confidence is not None
    confident = predicted.confidence >= options.prob_threshold  # also refuses NaN
    return step_lengths(predicted.keypoints, confident)


def step_lengths(
    keypoints: Float[Tensor, "frames keypoints 2"], counted: Tensor
) -> Float[Tensor, "steps keypoints"]:
    """Give the distance to the next frame, NaN unless both ends are known and counted."""
    known = counted & torch.isfinite(keypoints).all(-1)
    both = known[1:] & known[:-1]
    # Before the norm, not after: the gradient of a NaN is NaN, whatever it is multiplied by.
    steps = torch.where(both[..., None], keypoints[1:] - keypoints[:-1], 0.0)
    return steps.norm(dim=-1).masked_fill(~both, torch.nan)
