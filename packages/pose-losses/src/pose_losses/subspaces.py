"""Predictions should lie where labels lie: distance to a subspace fitted to the labels.

Two such subspaces: the views of one point (three dimensions, whatever the number of cameras), and
the whole pose.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pose_core.errors import ConfigError
from pose_core.hookspecs import Predicted
from pose_core.labels import Labels
from pose_core.skeleton import Skeleton
from pose_losses.options import PcaMultiviewOptions, PcaSingleviewOptions
from pose_losses.pca import Subspace, fit_subspace, tolerance

SPACE = 3
"""Dimensions of the space that all views show."""
RIDGE = 1e-6
"""Keeps the equations solvable where few points of a row are known."""

LossFunction = Callable[[Predicted], Tensor]


def build_pca_singleview(options: PcaSingleviewOptions, labels: Labels) -> LossFunction:
    """Fit the subspace of whole poses, and give each keypoint's distance to it beyond tolerance.

    Raises:
        ConfigError: if fewer frames are labeled than a pose has coordinates.

    Source: Lightning Pose, section 5.4.3, equations 12 and 13.
    """
    groups = labeled_at_all(labels)[None]
    rows = gather(labels.keypoints, groups)
    rows = rows[~np.isnan(rows).all(1)]
    refuse_few(rows, "labeled frames", "losses.pca_singleview")
    subspace = fit_subspace(rows, options.variance)
    free = tolerance(rows, subspace, options.percentile, options.floor)
    return distance_loss(subspace, groups, free)


def build_pca_multiview(options: PcaMultiviewOptions, labels: Labels) -> LossFunction:
    """Fit the subspace of one point seen in all views, and give each keypoint's distance beyond it.

    Raises:
        ConfigError: if the skeleton has no views, or too few points are labeled in all of them.

    Source: Lightning Pose, section 5.4.2, equations 8 to 11.
    """
    groups = seen_in_all(labels.skeleton)
    rows = gather(labels.keypoints, groups)
    rows = rows[~np.isnan(rows).any(1)]
    refuse_few(rows, "points labeled in all views", "losses.pca_multiview")
    subspace = fit_subspace(rows, SPACE)
    free = tolerance(rows, subspace, options.percentile, options.floor)
    return distance_loss(subspace, groups, free)


def labeled_at_all(labels: Labels) -> np.ndarray:
    """List the keypoints that have a label in some frame; of the others nothing can be said."""
    return np.flatnonzero(~np.isnan(labels.keypoints).any(-1).all(0))


def seen_in_all(skeleton: Skeleton) -> np.ndarray:
    """Give the keypoints of each point that all views show, (points, views).

    Raises:
        ConfigError: if there are fewer than two views, or no such point.
    """
    if len(skeleton.views) < 2:
        raise ConfigError(
            f"losses.pca_multiview: the skeleton has {len(skeleton.views)} views; it needs two or "
            f"more, such as mirrored ones named by the ends of keypoint names; or leave it out"
        )
    points = [point for point in zip(*skeleton.views.values(), strict=True) if None not in point]
    if not points:
        raise ConfigError(
            f"losses.pca_multiview: no keypoint is in all views {list(skeleton.views)}; name its "
            f"partners in skeleton.views, or leave the loss out"
        )
    return np.array([[skeleton.index(name) for name in point if name] for point in points])


def gather(keypoints: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Stack the groups of keypoints of all frames, (frames * groups, 2 * size)."""
    return keypoints[:, groups].reshape(len(keypoints) * len(groups), 2 * groups.shape[1])


def refuse_few(rows: np.ndarray, what: str, where: str) -> None:
    """Refuse to fit more coordinates than there are rows, or none.

    Raises:
        ConfigError: with both counts.
    """
    if len(rows) < rows.shape[1] or rows.shape[1] == 0:
        raise ConfigError(
            f"{where}: {len(rows)} {what} are too few to fit {rows.shape[1]} coordinates; label "
            f"more frames, or leave the loss out with {where}=null"
        )


def distance_loss(subspace: Subspace, groups: np.ndarray, free: float) -> LossFunction:
    """Make the loss: a clip's distances to the subspace, less what is free."""
    mean, axes = torch.tensor(subspace.mean), torch.tensor(subspace.axes.copy())
    index = torch.tensor(groups)

    def compute(predicted: Predicted) -> Float[Tensor, "frames groups size"]:
        assert predicted.keypoints is not None  # the objective gives what a loss needs
        points = predicted.keypoints[:, index.to(predicted.keypoints.device)]
        with torch.autocast(points.device.type, enabled=False):  # pixels need their digits
            return (distances(points, mean.to(points), axes.to(points)) - free).clamp(min=0)

    return compute


def distances(
    points: Float[Tensor, "frames groups size 2"],
    mean: Float[Tensor, "dimensions"],
    axes: Float[Tensor, "dimensions components"],
) -> Float[Tensor, "frames groups size"]:
    """Give each point's distance to the nearest member of a subspace, in pixels.

    The nearest to all points of the group that are known; NaN for a missing point, and for a
    group that knows no more coordinates than the subspace has dimensions.
    """
    known = torch.isfinite(points).all(-1)
    weight = known[..., None].expand_as(points).flatten(-2)
    centred = torch.where(weight, points.flatten(-2) - mean, 0.0)
    nearest = nearest_member(centred, weight, axes)
    difference = torch.where(weight, centred - nearest, 0.0).unflatten(-1, (-1, 2))
    said = known & (weight.sum(-1, keepdim=True) > axes.shape[1])
    return difference.norm(dim=-1).masked_fill(~said, torch.nan)


def nearest_member(
    centred: Float[Tensor, "*batch dimensions"],
    known: Bool[Tensor, "*batch dimensions"],
    axes: Float[Tensor, "dimensions components"],
) -> Float[Tensor, "*batch dimensions"]:
    """Project what is known onto a subspace through the origin by least squares.

    With everything known this is equation 9 of the paper, P P^T y.
    """
    if bool(known.all()):
        return centred @ axes @ axes.T
    seen = known[..., None] * axes
    gram = seen.mT @ seen + RIDGE * torch.eye(axes.shape[1]).to(axes)
    return torch.linalg.solve(gram, centred @ axes) @ axes.T
