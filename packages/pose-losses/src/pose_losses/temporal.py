"""Points should not jump: how far each moves between successive frames."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pose_core.hookspecs import BuiltLoss, Predicted
from pose_losses.heatmap import nats
from pose_losses.options import TemporalHeatmapOptions, TemporalOptions
from pose_losses.scale import huber, in_sigmas, pixels_of_sigma

LEAST = 0.2
"""Standard deviations that a step may have for free at least: a network's noise."""


def build_temporal(options: TemporalOptions, published: float) -> BuiltLoss:
    """Give the loss of steps in one of its forms.

    Args:
        options: as a config has them.
        published: the weight of the published form.
    """
    if options.form == "published":
        return BuiltLoss(
            compute=lambda predicted: step_excess(predicted, options),
            weight=published,
            unit="px",
            about=lambda sigma: f"published, epsilon {options.epsilon:g} px",
        )
    return BuiltLoss(
        compute=lambda predicted: step_penalty(predicted, options),
        weight=1.0,
        unit="nat",
        in_nats=True,
        about=lambda sigma: (
            f"improved, epsilon {max(options.epsilon, LEAST * sigma):.3g} px, "
            f"in standard deviations of {sigma:.3g} px"
        ),
    )


def step_excess(predicted: Predicted, options: TemporalOptions) -> Float[Tensor, "steps keypoints"]:
    """Give what the steps of a clip have beyond epsilon, in pixels of the frame.

    NaN where a step does not count, since one of its ends is missing or not confident, or it
    crosses the seam of two clips: it leaves the mean, and does not enter it as a step of length 0.

    Source: Biderman, Whiteway et al., Lightning Pose (2024), equations 6 and 7.
    """
    assert predicted.decoded is not None  # the objective gives what a loss needs
    counted = counted_steps(predicted, predicted.decoded, options.prob_threshold)
    lengths = differences(predicted.decoded, counted).norm(dim=-1)
    return (lengths - options.epsilon).clamp(min=0).masked_fill(~counted, torch.nan)


def step_penalty(
    predicted: Predicted, options: TemporalOptions
) -> Float[Tensor, "steps keypoints"]:
    """Give the same in standard deviations, by a Huber penalty, not of points near the border."""
    assert predicted.keypoints is not None
    assert predicted.cells is not None
    assert predicted.sigma is not None
    counted = counted_steps(predicted, predicted.keypoints, options.prob_threshold)
    cells = predicted.cells[1:]
    lengths = in_sigmas(differences(predicted.keypoints, counted), cells, predicted.sigma)
    free = (options.epsilon / pixels_of_sigma(cells, predicted.sigma)).clamp(min=LEAST)
    return huber((lengths - free).clamp(min=0)).masked_fill(~counted, torch.nan)


def counted_steps(
    predicted: Predicted, keypoints: Float[Tensor, "frames keypoints 2"], threshold: float
) -> Bool[Tensor, "steps keypoints"]:
    """Say which steps count: of one clip, both ends known and more confident than the threshold."""
    assert predicted.confidence is not None
    assert predicted.follows is not None
    known = torch.isfinite(keypoints).all(-1) & (predicted.confidence > threshold)
    return known[1:] & known[:-1] & predicted.follows[1:, None]


def differences(
    keypoints: Float[Tensor, "frames keypoints 2"], counted: Bool[Tensor, "steps keypoints"]
) -> Float[Tensor, "steps keypoints 2"]:
    """Give the way to the next frame, 0 where it does not count.

    Before any norm, not after: the gradient of a NaN is NaN, whatever it is multiplied by.
    """
    return torch.where(counted[..., None], keypoints[1:] - keypoints[:-1], 0.0)


def temporal_heatmap(
    predicted: Predicted, divergence: str, options: TemporalHeatmapOptions
) -> Float[Tensor, "steps keypoints"]:
    """Give how much successive heatmaps differ, beyond Gaussians epsilon apart, in nats.

    NaN where a step does not count, as for `temporal`.

    Args:
        predicted: a clip.
        divergence: "kl", of the later map from the earlier one, or "mse".
        options: as a config has them.

    Source: Biderman, Whiteway et al., Lightning Pose (2024), section 5.4.1.
    """
    assert predicted.heatmaps is not None
    assert predicted.keypoints is not None
    assert predicted.cells is not None
    assert predicted.sigma is not None
    compare, factor = nats(divergence, predicted.sigma)
    values = factor * compare(predicted.heatmaps[:-1], predicted.heatmaps[1:])
    apart = options.epsilon / pixels_of_sigma(predicted.cells[1:], predicted.sigma)
    free = {"kl": apart.square() / 2, "mse": 2 * (1 - torch.exp(-apart.square() / 4))}[divergence]
    counted = counted_steps(predicted, predicted.keypoints, options.prob_threshold)
    return (values - free).clamp(min=0).masked_fill(~counted, torch.nan)
