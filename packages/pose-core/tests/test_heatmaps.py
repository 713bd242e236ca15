"""Truth: closed forms, round trips, and torch's own bicubic upsampling of whole maps."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from pose_core import heatmaps as module
from pose_core.heatmaps import (
    overshoots,
    render_heatmaps,
    soft_argmax,
    soft_argmax_full,
    spatial_softmax,
    to_cells,
    to_pixels,
    upsampling,
)

STRIDES = [1, 2, 4, 8, 16]


def uniform_points(stride: int, size: int = 24, points: int = 400, seed: int = 0) -> torch.Tensor:
    """Draw points at least six cells from the border, everywhere within cells."""
    generator = torch.Generator().manual_seed(seed)
    cells = 6 + (size - 13) * torch.rand(1, points, 2, generator=generator)
    return to_pixels(cells, stride)


def as_the_paper_says(maps: torch.Tensor, doublings: int, temperature: float) -> torch.Tensor:
    """Decode with torch's own upsampling, in samples per cell 2 ** doublings, to cells."""
    for _ in range(doublings):
        maps = interpolate(maps, scale_factor=2, mode="bicubic", align_corners=False)
    mass = torch.softmax(temperature * maps.flatten(-2), dim=-1).view(maps.shape)
    height, width = maps.shape[-2:]
    y = ((mass.sum(-1) * torch.arange(height)).sum(-1) + 0.5) / 2**doublings - 0.5
    x = ((mass.sum(-2) * torch.arange(width)).sum(-1) + 0.5) / 2**doublings - 0.5
    return torch.stack([x, y], dim=-1)


@pytest.mark.parametrize("stride", STRIDES)
def test_pixels_and_cells_are_inverse_and_their_grids_share_the_left_edge(stride: int) -> None:
    pixels = torch.tensor([[-0.5, 3.0]])
    torch.testing.assert_close(to_pixels(to_cells(pixels, stride), stride), pixels)
    assert to_cells(pixels, stride)[0, 0] == -0.5


def test_a_target_is_the_normalised_gaussian_of_the_distance_in_cells() -> None:
    keypoints = torch.tensor([[[9.3, 17.8]]], dtype=torch.float64)
    drawn = render_heatmaps(keypoints, (7, 6), stride=4)[0, 0]
    x, y = ((keypoints[0, 0] + 0.5) / 4 - 0.5).tolist()
    expected = torch.tensor(
        [
            [math.exp(-((row - y) ** 2 + (col - x) ** 2) / 2 / 1.25**2) for col in range(6)]
            for row in range(7)
        ],
        dtype=torch.float64,
    )
    torch.testing.assert_close(drawn, expected / expected.sum())


def test_a_missing_point_draws_nothing() -> None:
    keypoints = torch.tensor([[[math.nan, math.nan], [5.0, math.nan], [5.0, 5.0]]])
    drawn = render_heatmaps(keypoints, (8, 8), stride=2)
    torch.testing.assert_close(drawn.sum((-2, -1)), torch.tensor([[0.0, 0.0, 1.0]]))


@pytest.mark.parametrize("far", [1e3, -1e3, 1e30, math.inf, -math.inf])
def test_a_point_too_far_outside_draws_nothing(far: float) -> None:
    keypoints = torch.tensor([[[far, 5.0]]], requires_grad=True)
    drawn = render_heatmaps(keypoints, (8, 8), stride=2)
    drawn.sum().backward()
    assert (drawn == 0).all()
    assert torch.isfinite(keypoints.grad).all()


def test_a_point_a_little_outside_still_sums_to_one() -> None:
    drawn = render_heatmaps(torch.tensor([[[-3.0, 5.0]]]), (8, 8), stride=2)
    torch.testing.assert_close(drawn.sum(), torch.tensor(1.0))


def test_softmax_gives_a_probability_map_in_float32_from_half_precision() -> None:
    logits = torch.randn(2, 3, 5, 4, dtype=torch.bfloat16)
    maps = spatial_softmax(logits)
    assert maps.dtype == torch.float32
    torch.testing.assert_close(maps.sum((-2, -1)), torch.ones(2, 3))
    torch.testing.assert_close(
        maps[0, 0], torch.exp(logits[0, 0].float()) / torch.exp(logits[0, 0].float()).sum()
    )


@pytest.mark.parametrize("decode", [soft_argmax, soft_argmax_full])
@pytest.mark.parametrize("stride", STRIDES)
def test_rendering_then_decoding_is_unbiased(stride: int, decode) -> None:
    keypoints = uniform_points(stride)
    decoded, confidence = decode(render_heatmaps(keypoints, (24, 24), stride), stride)
    error = decoded - keypoints
    # Equal offsets in all four directions of a cell cancel: average over phases.
    assert error.mean((0, 1)).abs().max() < 0.05
    # A single point is moved by the ripple of bicubic interpolation, less than 0.04 cells.
    assert error.abs().max() < 0.04 * max(stride, 2)
    assert confidence.min() > 0.999


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("cell", [(12.0, 12.0), (11.5, 12.0), (11.5, 12.5)])
def test_points_on_cells_and_between_them_come_back_exactly(
    stride: int, cell: tuple[float, float]
) -> None:
    keypoints = to_pixels(torch.tensor([[cell]]), stride)
    decoded, _ = soft_argmax(render_heatmaps(keypoints, (24, 26), stride), stride)
    torch.testing.assert_close(decoded, keypoints, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("stride", "doublings"), [(1, 2), (2, 2), (4, 2), (8, 3)])
@pytest.mark.parametrize("temperature", [20.0, 1000.0])
def test_the_matrices_do_what_repeated_upsampling_does(
    stride: int, doublings: int, temperature: float
) -> None:
    maps = spatial_softmax(3 * torch.randn(2, 3, 9, 14, generator=torch.manual_seed(1)))
    decoded, _ = soft_argmax_full(maps, stride, temperature)
    expected = to_pixels(as_the_paper_says(maps, doublings, temperature), stride)
    torch.testing.assert_close(decoded, expected, atol=1e-3, rtol=0)


def test_a_stride_that_is_no_power_of_two_decodes_too() -> None:
    for stride in (3, 6):
        keypoints = uniform_points(stride)
        decoded, _ = soft_argmax(render_heatmaps(keypoints, (24, 24), stride), stride)
        assert (decoded - keypoints).abs().max() < 0.04 * stride


def draw(kind: str, seed: int, size: tuple[int, int]) -> torch.Tensor:
    """Draw one random map of a kind that networks give, sum 1."""
    generator = torch.Generator().manual_seed(seed)
    height, width = size

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    points = torch.stack([width * random(1, 2), height * random(1, 2)], dim=-1) - 0.5
    if kind == "edge":
        points[..., 0] = torch.where(random(1, 2) < 0.5, -0.5, width - 0.5)
    sigma = 0.7 + 3 * float(random(1) ** 2)
    first, second = render_heatmaps(points, size, stride=1, sigma=sigma)[0]
    noise = random(height, width) ** (1 + 9 * random(1))
    if kind == "flat":
        return spatial_softmax(float(random(1)) * noise)
    if kind == "two peaks":
        first = first + (0.3 + 0.7 * random(1)) * second
    if kind == "noisy":
        first = first + float(random(1)) * noise / noise.sum()
    return first / first.sum()


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["peaked", "noisy", "two peaks", "flat", "edge"]),
    seed=st.integers(0, 10**6),
    size=st.sampled_from([(64, 64), (40, 33), (33, 64), (17, 90)]),
    stride=st.sampled_from([1, 2, 4, 8]),
    temperature=st.sampled_from([20.0, 50.0, 100.0, 300.0, 1000.0]),
)
def test_the_window_agrees_with_the_whole_map(
    kind: str, seed: int, size: tuple[int, int], stride: int, temperature: float
) -> None:
    maps = draw(kind, seed, size)[None, None]
    fast, fast_confidence = soft_argmax(maps, stride, temperature)
    exact, exact_confidence = soft_argmax_full(maps, stride, temperature)
    assert (fast - exact).abs().max() <= 0.05
    assert (fast_confidence - exact_confidence).abs().max() < 0.01


def test_a_peaked_map_is_never_upsampled_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = render_heatmaps(uniform_points(4, size=64), (64, 64), 4, sigma=1.8)
    monkeypatch.setattr(module, "decode_whole", lambda *_: pytest.fail("decoded whole"))
    soft_argmax(maps, 4)


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_no_sample_rises_above_the_bound(stride: int) -> None:
    """Try the worst maps there are: 1 where a sample's weights are positive."""
    u = upsampling(20, stride, torch.device("cpu"), torch.float64)
    near, far = overshoots(20, 20, stride)
    weights = u[5 * stride : 6 * stride, None, :, None] * u[None, 5 * stride : 6 * stride, None, :]
    assert weights.clamp(min=0).sum((-2, -1)).max() <= near + far + 1e-9


@pytest.mark.parametrize("decode", [soft_argmax, soft_argmax_full])
def test_flat_and_empty_maps_give_the_centre_without_confidence(decode) -> None:
    maps = torch.stack([torch.zeros(40, 60), torch.full((40, 60), 1 / 2400)])
    points, confidence = decode(maps, 4)
    torch.testing.assert_close(points, torch.tensor([[119.5, 79.5]] * 2), atol=1e-2, rtol=0)
    assert confidence.max() < 0.01


def test_two_equal_peaks_give_their_midpoint_without_confidence() -> None:
    both = render_heatmaps(torch.tensor([[[40.0, 90.0], [200.0, 90.0]]]), (64, 64), 4).mean(1)
    points, confidence = soft_argmax(both[:, None], 4)
    torch.testing.assert_close(points[0, 0, 0], torch.tensor(120.0), atol=0.2, rtol=0)
    assert confidence.item() < 0.01


def test_confidence_is_the_mass_of_the_sharpened_map_in_the_square() -> None:
    """At stride 4 a sample is a pixel, and the point lies in the middle of one."""
    maps = render_heatmaps(to_pixels(torch.tensor([[[8.125, 8.125]]]), 4), (17, 17), 4, sigma=2.5)
    (point,), confidence = (one[0] for one in soft_argmax_full(maps, 4, temperature=100.0))
    up = interpolate(
        interpolate(maps, scale_factor=2, mode="bicubic"), scale_factor=2, mode="bicubic"
    )
    mass = torch.softmax(100 * up.flatten(), 0).view(68, 68)
    y, x = (round(float(value)) for value in (point[1], point[0]))
    torch.testing.assert_close(confidence[0], mass[y - 2 : y + 3, x - 2 : x + 3].sum())


@pytest.mark.parametrize("decode", [soft_argmax, soft_argmax_full])
def test_half_precision_maps_are_decoded_in_single_precision(decode) -> None:
    maps = render_heatmaps(uniform_points(4), (24, 24), 4).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        points, confidence = decode(maps, 4)
    expected, _ = decode(maps.float(), 4)
    assert points.dtype == confidence.dtype == torch.float32
    torch.testing.assert_close(points, expected)


def test_leading_axes_are_kept() -> None:
    maps = render_heatmaps(uniform_points(4, points=12), (24, 24), 4)
    points, confidence = soft_argmax(maps.view(2, 3, 2, 24, 24), 4)
    assert points.shape == (2, 3, 2, 2)
    assert confidence.shape == (2, 3, 2)
    torch.testing.assert_close(points.flatten(0, 2), soft_argmax(maps, 4)[0][0])
    assert soft_argmax(maps[:0], 4)[0].shape == (0, 12, 2)


def test_gradients_flow_through_the_window_as_through_the_whole_map() -> None:
    """One map that the window decodes, and one with two peaks that it does not."""
    one = render_heatmaps(torch.tensor([[[90.0, 91.5], [30.0, 200.0]]]).double(), (64, 64), 4)
    maps = torch.stack([one[0, 0], one[0].mean(0)])
    gradients = []
    for decode in (soft_argmax, soft_argmax_full):
        leaf = maps.clone().requires_grad_()
        decode(leaf, 4, 1000.0)[0].square().sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-3 * gradients[1].abs().max().item())
    assert gradients[0][0].abs().max() > 0


def test_decoding_first_without_gradients_does_not_spoil_those_of_later_calls() -> None:
    module.upsampling.cache_clear()
    module.blocks.cache_clear()
    maps = render_heatmaps(uniform_points(4, size=48), (48, 48), 4)
    for decode in (soft_argmax, soft_argmax_full):
        with torch.inference_mode():
            decode(maps, 4)
        leaf = maps.clone().requires_grad_()
        decode(leaf, 4)[0].sum().backward()
        assert torch.isfinite(leaf.grad).all()
