"""Losses between successive maps, and of single ones. Truth: closed forms of Gaussians."""

from dataclasses import replace

import pytest
import torch

from pose_core.heatmaps import render_heatmaps
from pose_core.hookspecs import Predicted
from pose_losses.options import TemporalHeatmapOptions, UnimodalOptions
from pose_losses.temporal import temporal_heatmap
from pose_losses.unimodal import unimodal

SIGMA, SIZE, STRIDE = 1.5, (48, 56), 4


def track(steps: list[float]) -> Predicted:
    """Give a point that moves to the right by steps in pixels, sigma 6 of them."""
    x = 60 + torch.tensor([0.0, *steps]).cumsum(0)
    keypoints = torch.stack([x, torch.full_like(x, 90.0)], dim=-1)[:, None]
    cells = torch.tensor([[1 / STRIDE, 0, 0.5 / STRIDE - 0.5], [0, 1 / STRIDE, 0.5 / STRIDE - 0.5]])
    return Predicted(
        heatmaps=render_heatmaps(keypoints, SIZE, STRIDE, SIGMA),
        keypoints=keypoints,
        confidence=torch.ones(keypoints.shape[:2]),
        follows=torch.arange(len(x)) > 0,
        cells=cells.expand(len(x), 1, 2, 3),
        sigma=torch.tensor(SIGMA),
    )


@pytest.mark.parametrize("divergence", ["kl", "mse"])
def test_a_small_step_costs_half_its_square_in_standard_deviations(divergence: str) -> None:
    values = temporal_heatmap(track([0.6, 1.2]), divergence, TemporalHeatmapOptions(epsilon=1e-6))
    torch.testing.assert_close(values[:, 0], torch.tensor([0.005, 0.02]), rtol=0.03, atol=1e-5)


@pytest.mark.parametrize("divergence", ["kl", "mse"])
def test_a_step_of_epsilon_is_free_and_a_longer_one_is_not(divergence: str) -> None:
    values = temporal_heatmap(track([6.0, 7.5]), divergence, TemporalHeatmapOptions(epsilon=6.05))
    assert values[0] == 0
    assert values[1] > 0.1


def test_steps_that_do_not_count_are_nan() -> None:
    predicted = track([1.0] * 5)
    confidence = torch.ones(6, 1)
    confidence[1] = 0.9
    follows = torch.tensor([False, True, True, True, False, True])
    given = replace(predicted, confidence=confidence, follows=follows)
    values = temporal_heatmap(given, "kl", TemporalHeatmapOptions())[:, 0]
    assert values.isnan().tolist() == [True, True, False, True, False]


@pytest.mark.parametrize("divergence", ["kl", "js", "mse"])
def test_one_peak_of_the_right_width_costs_nothing_and_two_do(divergence: str) -> None:
    predicted = track([10.0, 10.0])
    options = UnimodalOptions(divergence=divergence)
    assert unimodal(predicted, options).max() < 1e-3
    second = predicted.heatmaps.roll(20, dims=-2)
    two = replace(predicted, heatmaps=0.6 * predicted.heatmaps + 0.4 * second)
    assert unimodal(two, options).min() > 0.2


def test_a_map_that_is_too_wide_costs_the_divergence_of_the_widths() -> None:
    """KL of Gaussians of two axes, one place: 2 log(s / t) + t**2 / s**2 - 1, t the target's."""
    predicted = track([0.0])
    wide = render_heatmaps(predicted.keypoints, SIZE, STRIDE, 2 * SIGMA)
    values = unimodal(replace(predicted, heatmaps=wide), UnimodalOptions())
    expected = 2 * torch.log(torch.tensor(2.0)) + 0.25 - 1
    torch.testing.assert_close(values, expected.expand(2, 1), rtol=1e-2, atol=0)


def test_maps_without_an_answer_say_nothing_and_the_point_is_not_pulled() -> None:
    predicted = track([0.0, 0.0])
    confidence = torch.tensor([[1.0], [0.5], [1.0]])
    keypoints = predicted.keypoints.clone()
    keypoints[2] = torch.nan
    keypoints.requires_grad_()
    heatmaps = predicted.heatmaps.clone().requires_grad_()
    given = replace(predicted, confidence=confidence, keypoints=keypoints, heatmaps=heatmaps)
    values = unimodal(given, UnimodalOptions())
    assert values[:, 0].isnan().tolist() == [False, True, True]
    values.nansum().backward()
    assert keypoints.grad is None
    assert heatmaps.grad.isfinite().all()
