"""Truth: closed forms of Gaussians, bounds, and a formula written out by hand."""

import math

import pytest
import torch

from pose_core.heatmaps import render_heatmaps
from pose_core.hookspecs import Predicted
from pose_losses.heatmap import heatmap_js, heatmap_kl

SIZE = (48, 48)
SIGMA = 2.0


def shifted(distance: float) -> Predicted:
    """Draw a target, and a prediction of the same width that is some cells off (stride 1)."""
    target = torch.tensor([[[20.0, 24.0], [24.0, 20.0]]])
    found = target + torch.tensor([distance, 0.0])
    return Predicted(
        heatmaps=render_heatmaps(found, SIZE, 1, SIGMA),
        targets=render_heatmaps(target, SIZE, 1, SIGMA),
    )


@pytest.mark.parametrize("distance", [0.0, 0.5, 1.0, 3.0])
def test_kl_of_shifted_gaussians_is_the_squared_distance_in_standard_deviations(
    distance: float,
) -> None:
    values = heatmap_kl(shifted(distance))
    expected = torch.full((1, 2), distance**2 / (2 * SIGMA**2))
    torch.testing.assert_close(values, expected, atol=1e-4, rtol=1e-3)


def test_kl_is_that_of_the_target_from_the_prediction_not_the_other_way_round() -> None:
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]])
    value = heatmap_kl(Predicted(targets=p[None, None], heatmaps=q[None, None]))
    expected = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_js_is_the_mean_divergence_from_the_middle() -> None:
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]])
    value = heatmap_js(Predicted(targets=p[None, None], heatmaps=q[None, None]))
    to_p = 0.5 * math.log(0.5 / 0.7) + 0.5 * math.log(0.5 / 0.3)
    to_q = 0.9 * math.log(0.9 / 0.7) + 0.1 * math.log(0.1 / 0.3)
    assert value.item() == pytest.approx((to_p + to_q) / 2, rel=1e-5)


def test_js_is_symmetric_and_at_most_log_two() -> None:
    one = shifted(2.0)
    other = Predicted(heatmaps=one.targets, targets=one.heatmaps)
    torch.testing.assert_close(heatmap_js(one), heatmap_js(other))
    torch.testing.assert_close(heatmap_js(shifted(25.0)), torch.full((1, 2), math.log(2)))


@pytest.mark.parametrize("loss", [heatmap_kl, heatmap_js])
def test_empty_maps_and_maps_that_share_nothing_stay_finite(loss) -> None:
    maps = torch.zeros(2, 1, 4, 4)
    maps[0, 0, 0, 0] = 1
    for targets in (maps, maps.flip(-1), torch.zeros_like(maps)):
        heatmaps = maps.clone().requires_grad_()
        values = loss(Predicted(heatmaps=heatmaps, targets=targets))
        values.sum().backward()
        assert torch.isfinite(values).all()
        assert torch.isfinite(heatmaps.grad).all()


@pytest.mark.parametrize("loss", [heatmap_kl, heatmap_js])
def test_half_precision_maps_are_compared_in_single_precision(loss) -> None:
    exact = shifted(1.0)
    half = Predicted(heatmaps=exact.heatmaps.half(), targets=exact.targets.half())
    assert loss(half).dtype == torch.float32
    torch.testing.assert_close(loss(half), loss(exact), atol=0.01, rtol=0)
