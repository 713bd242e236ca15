"""Truth: tracks whose steps are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pose_core.errors import ConfigError
from pose_core.hookspecs import Predicted
from pose_core.labels import Labels
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_losses.heatmap import draw
from pose_losses.metrics import temporal_norm
from pose_losses.options import TemporalOptions
from pose_losses.temporal import glitches, running_median, step_excess

NAN = math.nan


def straight_line(frames: int = 6, step: tuple[float, float] = (3.0, 4.0)) -> torch.Tensor:
    """Give one keypoint that moves five pixels a frame, and one that rests."""
    moving = torch.arange(frames)[:, None] * torch.tensor(step) + 50
    return torch.stack([moving, torch.full((frames, 2), 80.0)], dim=1)


def clip(keypoints: torch.Tensor, confidence: torch.Tensor | None = None) -> Predicted:
    """Give what a network says that sees 4 pixels of the frame as one cell, sigma 1.25 cells.

    Its maps are Gaussians at the points.
    """
    if confidence is None:
        confidence = torch.ones(keypoints.shape[:2])
    cells = torch.tensor([[0.25, 0.0, 0.0], [0.0, 0.25, 0.0]])
    return Predicted(
        heatmaps=draw(0.25 * keypoints.detach().nan_to_num(80.0), (64, 96), torch.tensor(1.25)),
        keypoints=keypoints,
        confidence=confidence,
        decoded=keypoints,
        follows=torch.arange(len(keypoints)) > 0,
        cells=cells.expand(*keypoints.shape[:2], 2, 3),
        sigma=torch.tensor(1.25),
    )


def temporal(predicted: Predicted, **options: float) -> torch.Tensor:
    return step_excess(
        predicted, TemporalOptions(**{"form": "published", "epsilon": 1e-9, **options})
    )


def test_a_straight_line_costs_its_speed_at_every_step_and_nowhere_more() -> None:
    values = temporal(clip(straight_line()))
    torch.testing.assert_close(values, torch.tensor([[5.0, 0.0]] * 5))


def test_a_step_with_an_end_that_is_not_confident_is_not_counted() -> None:
    confidence = torch.ones(6, 2)
    confidence[2, 0], confidence[4, 0], confidence[0, 1] = 0.9, 0.91, NAN
    values = temporal(clip(straight_line(), confidence))
    expected = torch.tensor([[5, NAN], [NAN, 0], [NAN, 0], [5, 0], [5, 0]])
    torch.testing.assert_close(values, expected, equal_nan=True)
    values = temporal(clip(straight_line(), confidence), prob_threshold=0.95)
    assert values[3:, 0].isnan().all()


def test_steps_that_are_not_counted_leave_the_mean_of_the_objective() -> None:
    """Published: they count as steps of length 0, so that unsure clips cost little."""
    from pose_core.training.objective import build_objective

    skeleton = Skeleton(("a", "b"))
    labels = Labels.of(["v/0.png"], np.zeros((1, 2, 2)), skeleton)
    losses = {"heatmap_kl": {}, "temporal": {"epsilon": 2.0, "form": "published"}}
    objective = build_objective(losses, labels, Plugins().load())
    confidence = torch.ones(6, 2)
    confidence[:, 1] = 0.01
    confidence[3:, 0] = 0.01
    value = objective.on_clip(clip(straight_line(), confidence))["temporal"]
    assert value.item() == pytest.approx(5.0 - 2.0)


def test_a_missing_point_spoils_neither_value_nor_gradient_of_the_others() -> None:
    keypoints = straight_line()
    keypoints[3, 0, 1] = NAN
    keypoints.requires_grad_()
    values = temporal(clip(keypoints))
    assert values.isnan().nonzero().tolist() == [[2, 0], [3, 0]]
    torch.where(values.isnan(), torch.zeros_like(values), values).sum().backward()
    assert torch.isfinite(keypoints.grad).all()
    # The two steps before the gap pull its ends along the line, by a unit vector each.
    torch.testing.assert_close(keypoints.grad[0, 0], torch.tensor([-0.6, -0.8]))
    torch.testing.assert_close(keypoints.grad[2, 0], torch.tensor([0.6, 0.8]))


def test_the_published_weight_is_what_two_squared_ones_make() -> None:
    """log_weight 5, weights 1 / (2 exp(log_weight)) applied twice, relative to the heatmap loss."""
    labels = Labels.of(["a.png"], np.zeros((1, 2, 2)), Skeleton(("a", "b")))
    loss = Plugins().load().find("loss", "temporal").build(TemporalOptions("published"), labels)
    twice = (1 / (2 * math.exp(5.0))) ** 2
    heatmap_twice = (1 / (2 * math.exp(0.0))) ** 2
    assert loss.weight == pytest.approx(twice / heatmap_twice)
    today = (1 / (2 * math.exp(10.0))) / (1 / (2 * math.exp(0.0)))
    assert loss.weight == pytest.approx(today)


def test_a_jump_beyond_epsilon_costs_what_is_beyond() -> None:
    """Equation 6: max(0, |y(t) - y(t-1)| - epsilon), for each keypoint and step."""
    keypoints = straight_line()
    keypoints[3:, 1] += torch.tensor([0.0, 50.0])
    values = temporal(clip(keypoints), epsilon=20.0)
    expected = torch.zeros(5, 2)
    expected[2, 1] = 30.0
    torch.testing.assert_close(values, expected)


def test_the_seam_of_two_clips_in_one_batch_is_no_jump() -> None:
    there, elsewhere = straight_line(), straight_line() + 200
    both = replace(
        clip(torch.cat([there, elsewhere])), follows=torch.tensor(2 * [False, *[True] * 5])
    )
    values = temporal(both)
    assert values[5].isnan().all()
    torch.testing.assert_close(values[:5], values[6:])
    assert temporal(clip(both.keypoints))[5].min() > 180
    assert improved(both, epsilon=8.0).max() == 0


def test_points_near_the_border_count_in_the_published_form_alone() -> None:
    left = straight_line()
    left[2, 0] = NAN  # decoded there, yet within the margin
    predicted = replace(clip(left), decoded=straight_line())
    assert temporal(predicted).isfinite().all()
    assert improved(predicted).isnan().nonzero().tolist() == [[2, 0]]


def improved(predicted: Predicted, absent: tuple[int, ...] = (), **options: object) -> torch.Tensor:
    left_out = torch.tensor(absent, dtype=torch.long)
    return glitches(predicted, TemporalOptions("improved", **options), left_out)


def test_a_glitch_is_taught_the_track_and_the_track_stays() -> None:
    """Gaussians 40 px, or 8 standard deviations, apart diverge by 32 nats, nearly."""
    keypoints = straight_line(9)
    keypoints[4, 0] += torch.tensor([40.0, 0.0])
    values = improved(clip(keypoints), epsilon=10.0)
    assert values.nonzero().tolist() == [[4, 0]]
    by_point = improved(clip(keypoints), epsilon=10.0, teach="point")
    assert by_point[4, 0].item() == pytest.approx((40 - 10) / 5 - 0.5, abs=0.7)


def test_what_may_be_absent_is_taught_no_track() -> None:
    keypoints = straight_line(9)
    keypoints[4] += torch.tensor([40.0, 0.0])
    assert improved(clip(keypoints), epsilon=10.0).nonzero().tolist() == [[4, 0], [4, 1]]
    assert improved(clip(keypoints), absent=(0,), epsilon=10.0).nonzero().tolist() == [[4, 1]]


@pytest.mark.parametrize("length", [1, 2])
def test_glitches_of_up_to_two_frames_are_seen(length: int) -> None:
    keypoints = straight_line(9)
    keypoints[4 : 4 + length, 1] += 50
    taught = improved(clip(keypoints), epsilon=10.0).nonzero().tolist()
    assert taught == [[frame, 1] for frame in range(4, 4 + length)]


def test_a_point_that_moves_on_for_good_has_no_glitch() -> None:
    keypoints = straight_line(10)
    keypoints[5:, 1] += 50
    assert improved(clip(keypoints), epsilon=10.0).max() == 0


def test_the_track_is_of_confident_frames_and_unsure_ones_are_taught_by_it() -> None:
    keypoints, confidence = straight_line(9), torch.ones(9, 2)
    keypoints[4:6, 1] += 50
    confidence[4:6, 1] = 0.5
    taught = improved(clip(keypoints, confidence), epsilon=10.0).nonzero().tolist()
    assert taught == [[4, 1], [5, 1]]
    confidence[:, 1] = 0.5
    assert improved(clip(keypoints, confidence), epsilon=10.0).max() == 0


def test_only_the_glitch_is_pulled_and_to_its_track() -> None:
    keypoints = straight_line(9)
    keypoints[4, 1, 0] += 50
    keypoints.requires_grad_()
    improved(clip(keypoints), epsilon=10.0, teach="point").nansum().backward()
    assert keypoints.grad.abs().sum(-1).nonzero().tolist() == [[4, 1]]
    assert keypoints.grad[4, 1, 0] > 0


def test_the_running_median_is_numpys_over_five_frames_of_one_clip() -> None:
    points = torch.tensor(np.random.default_rng(0).normal(size=(12, 3, 2)))
    points[5, 1] = NAN
    follows = torch.arange(12) % 6 != 0
    found = running_median(points, follows)
    for frame in range(12):
        first, last = (0, 6) if frame < 6 else (6, 12)
        window = points[max(first, frame - 2) : min(last, frame + 3)].numpy()
        expected = np.nanmedian(window, axis=0)
        expected[np.isfinite(window).all(-1).sum(0) < 3] = NAN
        np.testing.assert_allclose(found[frame], expected)


def test_a_deviation_within_the_networks_noise_is_free_however_small_epsilon_is() -> None:
    keypoints = straight_line(9, step=(0.0, 0.0))
    keypoints[4, 1, 0] += 0.99  # of 5 pixels a fifth
    assert improved(clip(keypoints), epsilon=0.01).max() == 0


def test_a_threshold_that_no_confidence_can_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"losses\.temporal: prob_threshold is 5\.0; give"):
        fill(TemporalOptions, {"prob_threshold": 5}, "losses.temporal")


def predictions(frames: tuple[str, ...] | None) -> Predictions:
    keypoints = straight_line().numpy()
    keypoints[4, 1] = np.nan
    return Predictions(keypoints, np.ones((6, 2)), Skeleton(("a", "b")), frames=frames)


def test_the_metric_of_a_video_is_the_step_since_the_frame_before() -> None:
    values = temporal_norm(predictions(None))
    expected = [[NAN, NAN], [5, 0], [5, 0], [5, 0], [5, NAN], [5, NAN]]
    np.testing.assert_allclose(values, expected)


def test_the_metric_says_nothing_across_a_gap_or_a_seam_of_images() -> None:
    frames = ("a/img1.png", "a/img2.png", "a/img4.png", "b/img5.png", "b/img6.png", "b/img.png")
    values = temporal_norm(predictions(frames))
    assert np.isfinite(values[:, 0]).tolist() == [False, True, False, False, True, False]
