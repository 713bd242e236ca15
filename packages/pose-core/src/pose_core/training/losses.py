"""Core's own loss."""

from jaxtyping import Float
from torch import Tensor

from pose_core.hookspecs import Predicted


def heatmap_mse(predicted: Predicted) -> Float[Tensor, "batch keypoints"]:
    """Sum the squared differences of two probability maps over their cells.

    Source: Lightning Pose, section 5.3.1.
    """
    assert predicted.heatmaps is not None
    assert predicted.targets is not None
    return (predicted.heatmaps - predicted.targets).square().sum((-2, -1))
