"""Predictions should lie where labels lie: losses of the distance to a subspace."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pose_core.hookspecs import BuiltLoss, Predicted
from pose_core.labels import Labels
from pose_losses.constraints import Constraint, fit_poses, fit_views
from pose_losses.options import PcaMultiviewOptions, PcaSingleviewOptions
from pose_losses.pca import tolerance
from pose_losses.poses import build_poses
from pose_losses.presence import absent_points, in_words, indices
from pose_losses.scale import pixels_of_sigma
from pose_losses.teaching import finite, teach

RIDGE = 1e-6
"""Keeps the equations solvable where few points of a row are known."""
IN_DOUBT = 0.05
"""What a point in doubt weighs beside a confident one: enough to stay where nothing else is said,
as one of two views does along the directions that only it sees."""
ALL, MOST = 100.0, 99.0
"""Percentiles of the labels' own errors: the published form's, and ours."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A constraint as tensors.

    Attributes:
        mean: (dimensions,).
        axes: (dimensions, components).
        groups: (groups, size), keypoints.
        epsilon: pixels of the frame that are free.
    """

    mean: Tensor
    axes: Tensor
    groups: Tensor
    epsilon: float


class Gathered(NamedTuple):
    """What a clip says of groups of keypoints, each (frames, groups, size, ...)."""

    keypoints: Tensor
    confidence: Tensor
    cells: Tensor


def build_pca_singleview(
    options: PcaSingleviewOptions, labels: Labels, published: float
) -> BuiltLoss:
    """Fit the subspace of whole poses, and give each keypoint's distance to it.

    The improved form is `poses.build_poses`.

    Raises:
        ConfigError: if too few frames are labeled.

    Source: Lightning Pose, section 5.4.3, equations 12 and 13.
    """
    if options.form == "improved":
        return build_poses(options, labels)
    constraint = fit_poses(labels, options.variance, complete=True)
    errors = constraint.errors(left_out=False)
    plane = plane_of(constraint, options.epsilon or tolerance(errors, options.percentile or ALL))
    return build_excess(constraint, plane, published)


def build_pca_multiview(
    options: PcaMultiviewOptions, labels: Labels, published: float
) -> BuiltLoss:
    """Fit the subspace of one point seen in all views, and give each keypoint's distance to it.

    Raises:
        ConfigError: if the skeleton has no views, or too few points are labeled in all of them.

    Source: Lightning Pose, section 5.4.2, equations 8 to 11.
    """
    constraint = fit_views(labels)
    as_published = options.form == "published"
    errors = constraint.errors(left_out=not as_published)
    percentile = options.percentile or (ALL if as_published else MOST)
    plane = plane_of(constraint, options.epsilon or tolerance(errors, percentile))
    if as_published:
        return build_excess(constraint, plane, published)
    absent = absent_points(labels)
    left_out = torch.tensor(indices(labels, absent), dtype=torch.long)
    said = constraint.about() + in_words(absent)
    return BuiltLoss(
        compute=partial(teaching, plane=plane, options=options, absent=left_out),
        weight=1.0,
        unit="nat",
        in_nats=True,
        about=partial(describe, fitted=said, plane=plane, options=options),
    )


def plane_of(constraint: Constraint, epsilon: float) -> Plane:
    """Make tensors of a constraint."""
    return Plane(
        mean=torch.tensor(constraint.subspace.mean),
        axes=torch.tensor(constraint.subspace.axes.copy()),
        groups=torch.tensor(constraint.groups),
        epsilon=epsilon,
    )


def build_excess(constraint: Constraint, plane: Plane, weight: float) -> BuiltLoss:
    """Make the published form of a loss."""
    return BuiltLoss(
        compute=partial(excess, plane=plane),
        weight=weight,
        unit="px",
        about=lambda _: f"published, {constraint.about()}, epsilon {plane.epsilon:.3g} px",
    )


def describe(sigma: float, fitted: str, plane: Plane, options: PcaMultiviewOptions) -> str:
    """Say what was fitted and what is free in the improved form, in pixels of the frame."""
    gate = "gate fitted in validation" if options.gate is None else f"gate {options.gate:g}"
    free = max(plane.epsilon, options.floor * sigma)
    return f"improved, epsilon {free:.3g} px, {gate}, {fitted}"


def excess(predicted: Predicted, plane: Plane) -> Float[Tensor, "frames groups size"]:
    """Give what the distances to the subspace have beyond epsilon, in pixels of the frame.

    Source: Lightning Pose, equations 9, 10 and 12.
    """
    assert predicted.decoded is not None  # the objective gives what a loss needs
    points = predicted.decoded[:, plane.groups.to(predicted.decoded.device)]
    with torch.autocast(points.device.type, enabled=False):  # pixels need their digits
        mean, axes = plane.mean.to(points), plane.axes.to(points)
        return (distances(points, mean, axes) - plane.epsilon).clamp(min=0)


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
    nearest = reconstruct(points, known.to(points.dtype), mean, axes)
    difference = torch.where(known[..., None], points - nearest, 0.0)
    said = known & (2 * known.sum(-1, keepdim=True) > axes.shape[1])
    return difference.norm(dim=-1).masked_fill(~said, torch.nan)


def reconstruct(
    points: Float[Tensor, "*batch size 2"],
    weights: Float[Tensor, "*batch size"],
    mean: Float[Tensor, "dimensions"],
    axes: Float[Tensor, "dimensions components"],
) -> Float[Tensor, "*batch size 2"]:
    """Give the member of a subspace nearest to points by weighted least squares.

    With one weight for all this is equation 9 of the paper.

    Args:
        points: x and y; of weight 0 where NaN.
        weights: of the squared distances.
        mean: of the subspace.
        axes: orthonormal.
    """
    weight = weights.repeat_interleave(2, dim=-1)
    centred = torch.where(weight > 0, points.flatten(-2) - mean, 0.0)
    if bool((weight == 1).all()):
        found = centred @ axes @ axes.T
    else:
        weighted = weight[..., None] * axes
        ridge = RIDGE * torch.eye(axes.shape[1]).to(axes)
        score = torch.linalg.solve(
            weighted.mT @ axes + ridge, (centred[..., None, :] @ weighted).mT
        )
        found = (axes @ score)[..., 0]
    return (found + mean).unflatten(-1, (-1, 2))


def teaching(
    predicted: Predicted, plane: Plane, options: PcaMultiviewOptions, absent: Int[Tensor, " some"]
) -> Float[Tensor, "frames groups size"]:
    """Give how far points in doubt are from where the confident ones say that they are, in nats.

    A point is taught if it is less confident than the gate, not near the border, farther than
    epsilon from the point of the subspace that its group's other points suggest, and enough of
    these are confident. 0 for a point that is known and not taught; NaN for a missing one.

    Args:
        predicted: a clip.
        plane: what all views of a point could show.
        options: as a config has them.
        absent: keypoints that may not be there, and are not taught.
    """
    assert predicted.sigma is not None  # the objective gives what a loss needs
    given = gather(predicted, plane.groups)
    with torch.autocast(given.keypoints.device.type, enabled=False):
        target = suggest(given, gate_of(predicted, options), plane)
        free = (plane.epsilon / pixels_of_sigma(given.cells, predicted.sigma)).clamp(
            min=options.floor
        )
    groups = plane.groups.to(target.device)
    target = target.masked_fill(torch.isin(groups, absent.to(groups))[..., None], torch.nan)
    return teach(predicted, groups, target, free, options.teach)


def gather(predicted: Predicted, groups: Tensor) -> Gathered:
    """Take groups of keypoints out of a clip."""
    assert predicted.keypoints is not None
    assert predicted.confidence is not None
    assert predicted.cells is not None
    index = groups.to(predicted.keypoints.device)
    confidence = predicted.confidence.detach().nan_to_num(0.0)
    return Gathered(predicted.keypoints[:, index], confidence[:, index], predicted.cells[:, index])


def gate_of(predicted: Predicted, options: PcaMultiviewOptions) -> Tensor | float:
    """Give the confidence below which a point is in doubt."""
    if options.gate is not None:
        return options.gate
    assert predicted.gate is not None
    return predicted.gate


def suggest(
    given: Gathered, gate: Tensor | float, plane: Plane
) -> Float[Tensor, "frames groups size 2"]:
    """Give where the confident points say that points in doubt are; NaN for all others.

    No gradient flows through it: the confident points shall not come to meet the doubtful.
    """
    points = given.keypoints.detach()
    known = finite(points)
    sure = known & (given.confidence >= gate)
    weights = torch.where(sure, given.confidence, IN_DOUBT * given.confidence) * known
    mean, axes = plane.mean.to(points), plane.axes.to(points)
    found = reconstruct(points, weights, mean, axes)
    enough = sure.any(-1, keepdim=True)  # one view tells of the other
    return torch.where((known & ~sure & enough)[..., None], found, torch.nan)
