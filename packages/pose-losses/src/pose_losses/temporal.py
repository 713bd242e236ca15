"""Points should not jump: how far each moves between successive frames, or from its track."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pose_core.hookspecs import BuiltLoss, Predicted
from pose_core.labels import Labels
from pose_losses.heatmap import nats
from pose_losses.options import TemporalHeatmapOptions, TemporalOptions
from pose_losses.presence import absent_points, in_words, indices
from pose_losses.scale import pixels_of_sigma
from pose_losses.teaching import finite, teach

LEAST = 0.2
"""Standard deviations that a step may have for free at least: a network's noise."""
SIDE = 2
"""Frames on both sides of one that tell where a point should be: a glitch up to as long is seen."""
ENOUGH = 3
"""Confident frames, the one in question included, that make a track."""


def build_temporal(options: TemporalOptions, labels: Labels, published: float) -> BuiltLoss:
    """Give the loss of steps in one of its forms.

    Args:
        options: as a config has them.
        labels: of the training frames; they show which keypoints may be absent.
        published: the weight of the published form.
    """
    if options.form == "published":
        return BuiltLoss(
            compute=lambda predicted: step_excess(predicted, options),
            weight=published,
            unit="px",
            about=lambda sigma: f"published, epsilon {options.epsilon:g} px",
        )
    absent = absent_points(labels)
    left_out = torch.tensor(indices(labels, absent), dtype=torch.long)
    return BuiltLoss(
        compute=lambda predicted: glitches(predicted, options, left_out),
        weight=1.0,
        unit="nat",
        in_nats=True,
        about=lambda sigma: (
            f"improved, epsilon {max(options.epsilon, LEAST * sigma):.3g} px from the median of "
            f"{2 * SIDE + 1} frames{in_words(absent)}"
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


def glitches(
    predicted: Predicted, options: TemporalOptions, absent: Int[Tensor, " some"]
) -> Float[Tensor, "frames keypoints"]:
    """Give how far points are from their own tracks, in nats; each is taught to be on it.

    The track is a running median of confident frames, so that of a point that jumps off and back
    only the frames in between are taught. 0 for a point that is on its track, or of which too few
    frames around are confident; NaN for a missing one or one near the border.

    Where a loss pulls at both ends of a step, as equation 6 does, a right point moves towards a
    wrong one as far as that towards it, and by its coordinates, which smears its map between them.

    Args:
        predicted: a clip.
        options: as a config has them.
        absent: keypoints that may not be there, and are not taught.
    """
    assert predicted.keypoints is not None  # the objective gives what a loss needs
    assert predicted.confidence is not None
    assert predicted.cells is not None
    assert predicted.sigma is not None
    assert predicted.follows is not None
    points = predicted.keypoints.detach()
    sure = finite(points) & (predicted.confidence > options.prob_threshold)
    target = running_median(torch.where(sure[..., None], points, torch.nan), predicted.follows)
    target = target.index_fill(1, absent.to(target.device), torch.nan)
    free = (options.epsilon / pixels_of_sigma(predicted.cells, predicted.sigma)).clamp(min=LEAST)
    every = torch.arange(points.shape[1], device=points.device)
    return teach(predicted, every, target, free, options.teach)


def running_median(
    points: Float[Tensor, "frames keypoints 2"], follows: Bool[Tensor, " frames"]
) -> Float[Tensor, "frames keypoints 2"]:
    """Give the median of each coordinate over the frames around, of the same clip.

    Args:
        points: NaN where they do not count.
        follows: whether a frame shows the moment after the one before it.

    Returns:
        NaN where fewer than `ENOUGH` frames count.
    """
    frames = torch.arange(len(points), device=points.device)
    around = frames[:, None] + torch.arange(-SIDE, SIDE + 1, device=points.device)
    inside = (around >= 0) & (around < len(points))
    around = around.clamp(0, max(len(points) - 1, 0))
    clips = (~follows).cumsum(0)
    inside &= clips[around] == clips[:, None]
    seen = points[around].masked_fill(~inside[..., None, None], torch.nan)
    counted = finite(seen).sum(1) >= ENOUGH
    return seen.nanquantile(0.5, dim=1).masked_fill(~counted[..., None], torch.nan)


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
