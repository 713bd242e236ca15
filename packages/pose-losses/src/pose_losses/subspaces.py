"""Predictions should lie where labels lie: losses of the distance to a subspace."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pose_core.hookspecs import BuiltLoss, Predicted
from pose_core.labels import Labels
from pose_losses.constraints import Constraint, fit_poses, fit_views
from pose_losses.heatmap import draw, kullback_leibler
from pose_losses.options import PcaMultiviewOptions, PcaOptions, PcaSingleviewOptions
from pose_losses.pca import tolerance
from pose_losses.scale import huber, in_sigmas, pixels_of_sigma, place

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
        enough: coordinates of a group that must be confident before others are taught.
    """

    mean: Tensor
    axes: Tensor
    groups: Tensor
    epsilon: float
    enough: int


class Gathered(NamedTuple):
    """What a clip says of groups of keypoints, each (frames, groups, size, ...)."""

    keypoints: Tensor
    confidence: Tensor
    cells: Tensor


def build_pca_singleview(
    options: PcaSingleviewOptions, labels: Labels, published: float
) -> BuiltLoss:
    """Fit the subspace of whole poses, and give each keypoint's distance to it.

    Raises:
        ConfigError: if too few frames are labeled.

    Source: Lightning Pose, section 5.4.3, equations 12 and 13.
    """
    constraint = fit_poses(labels, options.variance, complete=options.form == "published")
    return build_pca(options, constraint, published, enough=constraint.subspace.components)


def build_pca_multiview(
    options: PcaMultiviewOptions, labels: Labels, published: float
) -> BuiltLoss:
    """Fit the subspace of one point seen in all views, and give each keypoint's distance to it.

    Raises:
        ConfigError: if the skeleton has no views, or too few points are labeled in all of them.

    Source: Lightning Pose, section 5.4.2, equations 8 to 11.
    """
    return build_pca(options, fit_views(labels), published, enough=2)  # one view tells of the other


def build_pca(
    options: PcaOptions, constraint: Constraint, published: float, enough: int
) -> BuiltLoss:
    """Make the loss of a constraint in one of its forms.

    Args:
        options: as a config has them.
        constraint: fitted to the labels.
        published: the weight of the published form.
        enough: see `Plane`.
    """
    as_published = options.form == "published"
    percentile = options.percentile or (ALL if as_published else MOST)
    errors = constraint.errors(left_out=not as_published)
    plane = Plane(
        mean=torch.tensor(constraint.subspace.mean),
        axes=torch.tensor(constraint.subspace.axes.copy()),
        groups=torch.tensor(constraint.groups),
        epsilon=options.epsilon or tolerance(errors, percentile),
        enough=enough,
    )
    about = partial(describe, constraint=constraint, plane=plane, options=options)
    if as_published:
        return BuiltLoss(
            compute=partial(excess, plane=plane), weight=published, unit="px", about=about
        )
    return BuiltLoss(
        compute=partial(teaching, plane=plane, options=options),
        weight=1.0,
        unit="nat",
        in_nats=True,
        about=about,
    )


def describe(sigma: float, constraint: Constraint, plane: Plane, options: PcaOptions) -> str:
    """Say what was fitted and what is free, in pixels of the frame."""
    if options.form == "published":
        return f"published, {constraint.about()}, epsilon {plane.epsilon:.3g} px"
    gate = "gate fitted in validation" if options.gate is None else f"gate {options.gate:g}"
    free = max(plane.epsilon, options.floor * sigma)
    return f"improved, {constraint.about()}, epsilon {free:.3g} px, {gate}"


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
    predicted: Predicted, plane: Plane, options: PcaOptions
) -> Float[Tensor, "frames groups size"]:
    """Give how far points in doubt are from where the confident ones say that they are, in nats.

    A point is taught if it is less confident than the gate, not near the border, farther than
    epsilon from the point of the subspace that its group's other points suggest, and enough of
    these are confident. 0 for a point that is known and not taught; NaN for a missing one.
    """
    assert predicted.heatmaps is not None  # the objective gives what a loss needs
    assert predicted.sigma is not None
    given = gather(predicted, plane.groups)
    sigma, size = predicted.sigma, (predicted.heatmaps.shape[-2], predicted.heatmaps.shape[-1])
    with torch.autocast(given.keypoints.device.type, enabled=False):
        target = suggest(given, gate_of(predicted, options), plane)
        # before the norm, not after: the gradient of a NaN is NaN, whatever it is multiplied by
        gap = torch.where(finite(target)[..., None], given.keypoints - target, 0.0)
        away = in_sigmas(gap, given.cells, sigma)
        floored = (plane.epsilon / pixels_of_sigma(given.cells, sigma)).clamp(min=options.floor)
        taught = (away.detach() > floored) & is_on(place(target, given.cells), size)
        chosen = taught.nonzero(as_tuple=True)
        if options.teach == "point":
            costs = huber((away - floored)[chosen])
        else:
            maps = predicted.heatmaps[chosen[0], plane.groups.to(target.device)[chosen[1:]]]
            cells = place(target[chosen], given.cells[chosen])
            costs = kullback_leibler(draw(cells, size, sigma), maps)
    values = torch.zeros_like(away.detach()).masked_fill(~finite(given.keypoints), torch.nan)
    return values.index_put(chosen, costs.to(values.dtype))


def gather(predicted: Predicted, groups: Tensor) -> Gathered:
    """Take groups of keypoints out of a clip."""
    assert predicted.keypoints is not None
    assert predicted.confidence is not None
    assert predicted.cells is not None
    index = groups.to(predicted.keypoints.device)
    confidence = predicted.confidence.detach().nan_to_num(0.0)
    return Gathered(predicted.keypoints[:, index], confidence[:, index], predicted.cells[:, index])


def gate_of(predicted: Predicted, options: PcaOptions) -> Tensor | float:
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
    enough = 2 * sure.sum(-1, keepdim=True) >= plane.enough
    return torch.where((known & ~sure & enough)[..., None], found, torch.nan)


def finite(points: Float[Tensor, "*batch 2"]) -> Bool[Tensor, "*batch"]:
    """Say which points are known."""
    return torch.isfinite(points).all(-1)


def is_on(cells: Float[Tensor, "*batch 2"], size: tuple[int, int]) -> Bool[Tensor, "*batch"]:
    """Say which points lie on a map of (height, width); NaN does not."""
    x, y = cells.unbind(-1)
    return (x >= 0) & (y >= 0) & (x <= size[1] - 1) & (y <= size[0] - 1)
