"""How far limbs are from their usual length."""

from dataclasses import dataclass

import torch
from torch import Tensor

from limb_length.limbs import Limbs
from pose_core.hookspecs import Predicted


@dataclass(frozen=True)
class LimbLength:
    """The loss `limb_length`, built.

    Attributes:
        limbs: measured in the labels.
        minimum_confidence: that both ends need.
    """

    limbs: Limbs
    minimum_confidence: float

    def __call__(self, predicted: Predicted) -> Tensor:
        """Give (frames, limbs) deviations in pixels of the frame, NaN where an end is unsure."""
        points, confidence = predicted.keypoints, predicted.confidence
        ends = torch.as_tensor(self.limbs.ends, device=points.device)
        usual = torch.as_tensor(self.limbs.lengths, device=points.device, dtype=points.dtype)
        sure = torch.isfinite(points).all(-1) & (confidence >= self.minimum_confidence)
        # zeros, not NaN, go into the norm: where() would else spread NaN in the backward pass
        a, b = points.where(sure[..., None], torch.zeros_like(points))[:, ends].unbind(2)
        deviation = (torch.linalg.vector_norm(a - b, dim=-1) - usual).abs()
        return deviation.masked_fill(~sure[:, ends].all(-1), torch.nan)
