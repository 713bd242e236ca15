"""The improved form: truth is the animal that the labels were drawn from."""

import math

import numpy as np
import pytest
import torch

from pose_core.heatmaps import render_heatmaps
from pose_core.hookspecs import BuiltLoss, Predicted
from pose_core.labels import Labels
from pose_core.skeleton import Skeleton
from pose_losses.options import PcaMultiviewOptions, PcaSingleviewOptions
from pose_losses.subspaces import build_pca_multiview, build_pca_singleview

STRIDE, SIGMA, SIZE = 4, 1.25, (64, 64)
POINTS = 6
VIEWS = {view: tuple(f"{view}{n}" for n in range(POINTS)) for view in ("top", "side")}
SKELETON = Skeleton(VIEWS["top"] + VIEWS["side"], views=VIEWS)


def animals(frames: int, seed: int = 0) -> np.ndarray:
    """Give a stiff animal that moves and turns a little, in two views, (frames, 12, 2)."""
    rng = np.random.default_rng(seed)
    body = np.random.default_rng(99).normal(scale=25, size=(POINTS, 3))
    turn = rng.normal(scale=0.3, size=(frames, 1))
    there = body + rng.normal(scale=25, size=(frames, 1, 3))
    x = there[..., 0] - turn * body[:, 1]
    y = there[..., 1] + turn * body[:, 0]
    top = np.stack([x, y], axis=-1) + 128
    side = np.stack([x, there[..., 2]], axis=-1) + 128
    return np.concatenate([top, side], axis=1).clip(12, 240)


LABELS = Labels.of([f"v/{n}.png" for n in range(60)], animals(60), SKELETON)


def seen(
    found: np.ndarray,
    confidence: np.ndarray | None = None,
    gate: float = 0.9,
    noise: float = 0.2,
) -> Predicted:
    """Give what a network says of these points, its maps Gaussians at them."""
    keypoints = torch.tensor(found, dtype=torch.float32)
    sure = torch.ones(keypoints.shape[:2])
    cells = torch.tensor([[1 / STRIDE, 0, 0.5 / STRIDE - 0.5], [0, 1 / STRIDE, 0.5 / STRIDE - 0.5]])
    return Predicted(
        heatmaps=render_heatmaps(keypoints, SIZE, STRIDE, SIGMA),
        keypoints=keypoints,
        decoded=keypoints,
        confidence=sure if confidence is None else torch.tensor(confidence).float(),
        cells=cells.expand(*keypoints.shape[:2], 2, 3),
        sigma=torch.tensor(SIGMA),
        gate=torch.tensor(gate),
        noise=torch.tensor(noise),
    )


def singleview(**options: object) -> BuiltLoss:
    return build_pca_singleview(PcaSingleviewOptions(form="improved", **options), LABELS, 1.0)


def multiview(**options: object) -> BuiltLoss:
    return build_pca_multiview(PcaMultiviewOptions(form="improved", **options), LABELS, 1.0)


def one_wrong(distance: float = 12.0, confidence: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Give new animals, and in frame 1 one point some pixels off and less confident."""
    found, sure = animals(5, seed=7), np.ones((5, 2 * POINTS))
    found[1, 3, 0] += distance
    sure[1, 3] = confidence
    return found, sure


def test_what_may_be_absent_is_not_taught() -> None:
    """An animal that leaves: none of it has a label in half of the frames."""
    points = animals(60)
    points[30:] = math.nan
    labels = Labels.of([f"v/{n}.png" for n in range(60)], points, SKELETON)
    found, sure = one_wrong()
    for build in (build_pca_singleview, build_pca_multiview):
        options = PcaSingleviewOptions if build is build_pca_singleview else PcaMultiviewOptions
        assert build(options(), LABELS, 1.0)(seen(found, sure)).max() > 0
        assert build(options(), labels, 1.0)(seen(found, sure)).max() == 0


@pytest.mark.parametrize("build", [singleview, multiview])
def test_correct_points_cost_nothing_however_unsure(build) -> None:
    found = animals(20, seed=3)
    sure = np.random.default_rng(0).uniform(0.7, 1, found.shape[:2])
    assert build()(seen(found, sure)).max() == 0


def test_a_wrong_point_in_doubt_is_taught_the_place_where_it_is() -> None:
    """The divergence of Gaussians d standard deviations apart is d**2 / 2."""
    found, sure = one_wrong(distance=12.0)
    values = singleview()(seen(found, sure))
    expected = (12.0 / (STRIDE * SIGMA)) ** 2 / 2
    assert values[1, 3].item() == pytest.approx(expected, rel=0.2)
    assert values.sum() == values[1, 3]


def test_a_point_that_all_others_contradict_is_taught_however_confident() -> None:
    found, sure = one_wrong(distance=30.0, confidence=1.0)
    values = singleview()(seen(found, sure))
    assert values[1, 3] > 8
    assert values.sum() == values[1, 3]


def test_a_confident_view_is_left_alone_however_wrong() -> None:
    """Of two views that disagree only confidence can tell which one is wrong."""
    found, sure = one_wrong(distance=30.0, confidence=0.95)
    assert multiview()(seen(found, sure)).max() == 0
    assert multiview(gate=0.96)(seen(found, sure)).max() > 1
    assert multiview()(seen(found, sure, gate=0.96)).max() > 1


def test_a_noisy_network_is_not_taught_its_noise() -> None:
    """Errors within one standard deviation are free, unless epsilon says otherwise."""
    found, sure = one_wrong(distance=6.0, confidence=1.0)
    assert singleview()(seen(found, sure, noise=0.2)).max() > 0
    assert singleview()(seen(found, sure, noise=2.0)).max() == 0
    assert singleview(noise=10.0)(seen(found, sure)).max() == 0


def test_what_is_within_epsilon_is_free_and_epsilon_is_a_part_of_sigma_at_least() -> None:
    found, sure = one_wrong(distance=12.0)
    assert singleview(epsilon=20.0)(seen(found, sure)).max() == 0
    assert singleview(floor=4.0)(seen(found, sure)).max() == 0  # standard deviations of 5 px
    near, sure = one_wrong(distance=0.9)
    assert multiview(epsilon=1e-6)(seen(near, sure)).max() == 0
    assert multiview(epsilon=1e-6, floor=0.0)(seen(near, sure)).max() > 0


def test_the_gradient_raises_the_map_at_the_true_place_and_moves_no_confident_point() -> None:
    found, sure = one_wrong()
    predicted = seen(found, sure)
    heatmaps = (0.99 * predicted.heatmaps + 0.01 / (64 * 64)).requires_grad_()
    keypoints = predicted.keypoints.requires_grad_()
    given = Predicted(**{**vars(predicted), "heatmaps": heatmaps, "keypoints": keypoints})
    singleview()(given).nansum().backward()
    assert keypoints.grad is None
    pulled = heatmaps.grad.flatten(-2).abs().sum(-1).nonzero().tolist()
    assert pulled == [[1, 3]]
    steepest = (heatmaps.grad * heatmaps)[1, 3].argmin()  # of the logits, but for a constant
    place = torch.stack([steepest % 64, steepest // 64]) * STRIDE + (STRIDE - 1) / 2
    truth = torch.tensor(animals(5, seed=7)[1, 3], dtype=torch.float32)
    assert (place - truth).norm() < 6


@pytest.mark.parametrize(("distance", "sigmas"), [(30.0, 5.8), (6.0, 1.0)])
def test_points_can_be_taught_by_a_huber_penalty_instead(distance: float, sigmas: float) -> None:
    """Gaps of 6 and 1.2 standard deviations, of which 0.2 are free."""
    found, sure = one_wrong(distance)
    keypoints = seen(found, sure).keypoints.requires_grad_()
    given = Predicted(**{**vars(seen(found, sure)), "keypoints": keypoints})
    values = singleview(teach="point", epsilon=1e-6)(given)
    expected = sigmas - 0.5 if sigmas > 1 else sigmas**2 / 2
    assert values[1, 3].item() == pytest.approx(expected, rel=0.35)
    values.nansum().backward()
    assert keypoints.grad.abs().sum(-1).nonzero().tolist() == [[1, 3]]
    assert keypoints.grad[1, 3, 0] > 0  # back to the left


def test_a_view_in_doubt_is_taught_by_the_confident_view_and_stays_where_only_it_sees() -> None:
    """Both views share x; y of the top view is its own."""
    found, sure = one_wrong(distance=15.0)
    values = multiview()(seen(found, sure))  # (frames, points, views)
    assert values[1, 3, 0] > 1
    assert values.sum() == values[1, 3, 0]
    found, sure = one_wrong(distance=0.0)
    found[1, 3, 1] += 15  # nothing that the other view could deny
    assert multiview()(seen(found, sure)).max() == 0


def test_nothing_is_taught_where_the_rest_tells_too_little() -> None:
    found, sure = one_wrong()
    lonely = np.full_like(found, math.nan)
    lonely[:, 3] = found[:, 3]
    assert np.nanmax(singleview()(seen(lonely, sure))) == 0
    sure[1, :] = 0.5
    assert multiview()(seen(found, sure)).max() == 0  # no view is confident
    assert singleview()(seen(found, sure)).max() > 1  # most of them agree


def test_missing_points_are_nan_and_spoil_nothing() -> None:
    found, sure = one_wrong()
    found[0, 2] = found[1, 8] = math.nan
    values = singleview()(seen(found, sure))
    assert values.isnan().nonzero().tolist() == [[0, 2], [1, 8]]
    assert values[1, 3] > 1


def test_twenty_labels_are_enough_where_poses_vary_little() -> None:
    """Fewer frames than the 24 coordinates, and none complete: the paper has to refuse these."""
    keypoints = animals(20)
    keypoints[np.arange(20), np.arange(20) % 12] = math.nan
    labels = Labels.of([f"v/{n}.png" for n in range(20)], keypoints, SKELETON)
    loss = build_pca_singleview(PcaSingleviewOptions(form="improved"), labels, 1.0)
    found, sure = one_wrong(distance=20.0)
    assert loss(seen(found, sure))[1, 3] > 2
    assert loss(seen(animals(5, seed=7), sure)).max() == 0
