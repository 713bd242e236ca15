"""Points should lie where the rest of the pose says: `pca_singleview` in its improved form."""

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.hookspecs import BuiltLoss, Predicted
from pose_core.labels import Labels
from pose_losses.gaussian import Poses, fit_labels
from pose_losses.options import PcaSingleviewOptions
from pose_losses.presence import absent_points, in_words
from pose_losses.robust import LOST, posterior
from pose_losses.scale import pixels_of_sigma
from pose_losses.teaching import finite, teach

NAME = "losses.pca_singleview"
VAGUE = 1.0
"""Standard deviations of the target Gaussian within which a pose must tell where a point is."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """The poses of the labels, and which keypoints they are of.

    Attributes:
        poses: fitted.
        keypoints: (points,), places of the poses' points among the keypoints.
        absent: names of those that may not be there, and are not taught.
        options: as a config has them.
    """

    poses: Poses
    keypoints: Tensor
    absent: tuple[str, ...]
    options: PcaSingleviewOptions


def build_poses(options: PcaSingleviewOptions, labels: Labels) -> BuiltLoss:
    """Fit the Gaussian of whole poses, and teach points where the others say that they are.

    Raises:
        ConfigError: if fewer than two keypoints have enough labels.
    """
    poses = fit_labels(labels, NAME)
    keypoints = torch.tensor([labels.skeleton.index(name) for name in poses.points])
    teacher = Teacher(poses, keypoints, absent_points(labels, poses), options)
    return BuiltLoss(
        compute=partial(lesson, teacher=teacher),
        weight=1.0,
        unit="nat",
        in_nats=True,
        about=partial(describe, teacher=teacher),
    )


def describe(sigma: float, teacher: Teacher) -> str:
    """Say what was fitted and what is free, in pixels of the frame."""
    options = teacher.options
    noise = "fitted in validation" if options.noise is None else f"{options.noise:.3g} px"
    least = options.floor * sigma
    free = "noise" if options.epsilon is None else f"{max(options.epsilon, least):.3g} px"
    left_out = in_words(teacher.absent)
    return f"improved, {teacher.poses.about}, noise {noise}, epsilon {free}{left_out}"


def lesson(predicted: Predicted, teacher: Teacher) -> Float[Tensor, "frames points"]:
    """Give how far points are from where all points of their frame, lost ones aside, have them.

    A point is taught if it is farther than epsilon from its posterior mean, that is certain enough,
    and it may not be absent; 0 for any other that is known, NaN for a missing one or one near the
    border.
    """
    assert predicted.keypoints is not None  # the objective gives what a loss needs
    assert predicted.confidence is not None
    assert predicted.cells is not None
    assert predicted.sigma is not None
    assert predicted.noise is not None
    options, index = teacher.options, teacher.keypoints.to(predicted.keypoints.device)
    points, cells = predicted.keypoints[:, index].detach(), predicted.cells[:, index]
    wide = pixels_of_sigma(cells, predicted.sigma)
    noise = options.noise or float(predicted.noise * wide.mean())
    epsilon = noise if options.epsilon is None else options.epsilon
    found = posterior(
        teacher.poses.gaussian,
        points.double().cpu().numpy(),
        predicted.confidence[:, index].detach().double().cpu().numpy(),
        noise,
        teacher.poses.lost**0.5,
    )
    mean, variance = (torch.from_numpy(one).to(points) for one in (found.mean, found.variance))
    lost = finite(points) & torch.from_numpy(found.trust < LOST).to(points.device)
    there = torch.tensor([name not in teacher.absent for name in teacher.poses.points])
    told = lost & there.to(lost.device) & (variance.sqrt() <= VAGUE * wide)
    target = torch.where(told[..., None], mean, torch.nan)
    free = (epsilon / wide).clamp(min=options.floor)
    return teach(predicted, index, target, free, options.teach)
