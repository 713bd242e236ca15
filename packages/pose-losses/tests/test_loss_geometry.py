"""Ground truth fed as predictions costs nothing, whatever resizing and augmentation did.

The network is an oracle: it draws the heatmaps of the true points where the augmented image shows
them. Each test is named after a defect that published code has or had.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pose_core.batches.geometry import compose, move, resizing
from pose_core.batches.unlabeled import ClipBatch
from pose_core.heatmaps import render_heatmaps, soft_argmax
from pose_core.hookspecs import Predicted
from pose_core.labels import Labels
from pose_core.model.network import PoseNetwork
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.skeleton import Skeleton
from pose_core.training.module import PoseModule
from pose_core.training.objective import Objective, build_objective
from pose_core.training.options import RunOptions
from pose_core.training.schedule import Schedule

FRAME = (406, 396)  # height and width, as of the mouse in two mirrored views
VIEWS = {"top": ("nose_t", "ear_t", "tail_t"), "bot": ("nose_b", "ear_b", "tail_b")}
NAMES = (*VIEWS["top"], *VIEWS["bot"])
SKELETON = Skeleton(NAMES, symmetric=(("nose_t", "ear_t"),), views=VIEWS)
STRIDE = 4
RESIZED = [(256, 256), (128, 256), (384, 192)]
MAPS = {
    "as it is": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    "turned, grown and shifted": [[1.1, 0.2, -20.0], [-0.2, 1.1, 15.0]],
    "stretched and mirrored": [[-0.9, 0.1, 0.0], [0.05, 1.2, -10.0]],
}
LOSSES = ("pca_singleview", "pca_multiview")


def animal(frames: int, seed: int) -> np.ndarray:
    """Give a body of three points in two views, near the middle of the frame, (frames, 6, 2)."""
    rng = np.random.default_rng(seed)
    body = np.array([[30.0, 0, 4], [0, 12, 10], [-30, 0, 0]])
    turn = rng.uniform(-0.5, 0.5, (frames, 1))
    centre = rng.normal(scale=12, size=(frames, 1, 3))
    x = centre[..., 0] + body[:, 0] - turn * body[:, 1]
    y = centre[..., 1] + body[:, 1] + turn * body[:, 0]
    z = centre[..., 2] + body[:, 2]
    top, bottom = (np.stack([x, other], axis=-1) for other in (y, z))
    return np.concatenate([top, bottom], axis=1) + np.repeat([[198, 160], [198, 250]], 3, axis=0)


class Oracle(PoseNetwork):
    """Draws points that it is given; a second branch sees them elsewhere, and not clearly."""

    stride, combine = STRIDE, "confident"

    def __init__(self, points: torch.Tensor) -> None:
        super().__init__()
        self.points = points
        self.weight = nn.Parameter(torch.zeros(1))

    def heatmaps(self, features: torch.Tensor) -> torch.Tensor:
        size = (features.shape[-2] // STRIDE, features.shape[-1] // STRIDE)
        right = render_heatmaps(self.points, size, STRIDE)
        wrong = (right.roll(9, -1) + right.roll(-9, -1)) / 2
        return torch.stack([right, wrong], dim=1)


def oracle_clip(
    truth: np.ndarray,
    size: tuple[int, int],
    augmented: str,
    objective: Objective,
    damaged: tuple[int, ...] = (),
) -> Predicted:
    """Let the module predict a clip by an oracle, through its own geometry."""
    affine = torch.tensor(MAPS[augmented])
    to_input = resizing(torch.tensor([FRAME], dtype=torch.float32), size)
    if affine[0, 0] < 0:  # the middle stays in the middle
        affine[0, 2] = 0.95 * size[1] - 0.05 * size[0]
    there = compose(affine[None], to_input)
    points = move(there.expand(len(truth), 2, 3), torch.tensor(truth, dtype=torch.float32))
    flipped = torch.tensor([bool(torch.linalg.det(affine[:, :2]) < 0)])
    swapped = list(SKELETON.swapped())
    network = Oracle(points[:, swapped] if flipped else points)

    def augmentation(images: torch.Tensor, *_: Any) -> SimpleNamespace:
        frames = len(images[0])
        return SimpleNamespace(
            images=images[0].float(), affine=affine.expand(frames, 2, 3), flipped=flipped
        )

    options = fill(RunOptions, {"data": {"size": list(size)}}, "options")
    module = PoseModule(
        network, soft_argmax, objective, augmentation, SKELETON.swapped(),
        Schedule(10, 0, (), 1.0), options,
    )  # fmt: skip
    given = {
        "images": torch.zeros(1, len(truth), 3, *size, dtype=torch.uint8),
        "sizes": torch.tensor([FRAME], dtype=torch.float32),
        "clips": torch.tensor([0]),
        "decoded": torch.tensor([[frame not in damaged for frame in range(len(truth))]]),
    }
    return module.predict_clip(ClipBatch(**given))[0]


def objective(form: str, **losses: Any) -> Objective:
    """Fit the losses to labels of the animal."""
    labels = Labels.of([f"v/{n}.png" for n in range(60)], animal(60, seed=0), SKELETON)
    chosen = losses or {name: {"form": form} for name in LOSSES}
    return build_objective({"heatmap_kl": {}, **chosen}, labels, Plugins().load())


def doubted(found: Predicted) -> Predicted:
    """Make the network unsure of one point, as the improved form asks for."""
    confidence = found.confidence.clone()
    confidence[:, 0] = 0.5
    return replace(found, confidence=confidence)


@pytest.mark.parametrize("augmented", MAPS)
@pytest.mark.parametrize("size", RESIZED)
def test_points_come_back_in_pixels_of_the_frame(size: tuple[int, int], augmented: str) -> None:
    truth = animal(6, seed=1)
    found = oracle_clip(truth, size, augmented, objective("published"))
    assert found.keypoints.isfinite().all()
    largest = max(FRAME[0] / size[0], FRAME[1] / size[1])
    assert (found.keypoints - torch.tensor(truth)).abs().max() < 0.3 * largest


@pytest.mark.parametrize("augmented", MAPS)
@pytest.mark.parametrize("size", RESIZED)
@pytest.mark.parametrize("form", ["published", "improved"])
def test_true_points_cost_nothing_at_any_size_and_augmentation(
    form: str, size: tuple[int, int], augmented: str
) -> None:
    """Published: fitted in resized pixels, compared in the frame's: 32 px where 0.03 is right."""
    chosen = objective(form)
    found = oracle_clip(animal(6, seed=1), size, augmented, chosen)
    for name, value in chosen.on_clip(doubted(found)).items():
        assert value < 0.3, name


@pytest.mark.parametrize("form", ["published", "improved"])
def test_points_in_pixels_of_the_resized_image_would_cost_much(form: str) -> None:
    """So that the tests above see what they are for."""
    chosen = objective(form)
    found = oracle_clip(animal(6, seed=1) * 0.63, (256, 256), "as it is", chosen)
    values = chosen.on_clip(doubted(found))
    assert values["pca_singleview"] > (1 if form == "published" else 0.02)


def test_two_branches_are_one_track_without_a_jump_at_a_seam() -> None:
    """Published: the branches of a context network lie one behind the other in time."""
    truth = animal(1, seed=1) + np.arange(6)[:, None, None] * (6.0, 8.0)  # 10 px a frame
    steps = objective("published", temporal={"form": "published", "epsilon": 9.0})
    value = steps.on_clip(oracle_clip(truth, (256, 256), "as it is", steps))["temporal"]
    assert value.item() == pytest.approx(1.0, rel=0.25)
    tracks = objective("improved", temporal={"form": "improved", "epsilon": 11.0})
    assert tracks.on_clip(oracle_clip(truth, (256, 256), "as it is", tracks))["temporal"] == 0


def test_points_pushed_out_of_view_say_nothing_in_the_improved_form() -> None:
    truth = animal(6, seed=1)
    truth[:, 0] = (4.0, 200.0)  # the margin is two cells, 12 pixels of the frame
    found = oracle_clip(truth, (256, 256), "as it is", objective("improved"))
    assert found.keypoints[:, 0].isnan().all()
    assert found.decoded.isfinite().all()
    assert found.keypoints[:, 1:].isfinite().all()


def test_a_frame_that_did_not_decode_says_nothing() -> None:
    chosen = objective("published", temporal={"form": "published", "epsilon": 1.0})
    truth = animal(1, seed=1) + np.arange(6)[:, None, None] * (6.0, 8.0)
    found = oracle_clip(truth, (256, 256), "as it is", chosen, damaged=(2,))
    assert found.keypoints[2].isnan().all()
    assert found.decoded.isfinite().all((1, 2)).tolist() == [True, True, False, True, True, True]
    assert chosen.on_clip(found)["temporal"].item() == pytest.approx(9.0, rel=0.1)


@pytest.mark.parametrize("augmented", MAPS)
def test_the_map_to_cells_draws_a_target_where_the_network_says_the_point_is(
    augmented: str,
) -> None:
    from pose_losses.heatmap import draw
    from pose_losses.scale import place

    truth = animal(4, seed=1)
    found = oracle_clip(truth, (192, 256), augmented, objective("improved"))
    cells = place(torch.tensor(truth, dtype=torch.float32), found.cells)
    drawn = draw(cells, tuple(found.heatmaps.shape[-2:]), found.sigma)
    torch.testing.assert_close(drawn, found.heatmaps, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("supervised", "expected"),
    [("heatmap_kl", 1.0), ("heatmap_js", 0.25), ("heatmap_mse", 1 / (4 * np.pi * 1.25**2))],
)
def test_a_nat_is_worth_what_supervised_losses_make_of_it(supervised: str, expected: float) -> None:
    labels = Labels.of([f"v/{n}.png" for n in range(60)], animal(60, seed=0), SKELETON)
    losses = {supervised: {"weight": 2.0}, "pca_multiview": {"form": "improved"}, "temporal": {}}
    built = build_objective(losses, labels, Plugins().load(), sigma=1.25)
    assert built.unsupervised[0].worth == pytest.approx(2 * expected, rel=0.01)
    total = built.total({"pca_multiview": torch.tensor(3.0)}, ramp=0.5)
    assert total.item() == pytest.approx(0.5 * 3 * 2 * expected, rel=0.01)
    lines = built.about(5.0)
    assert len(lines) == 3
    assert lines[1].startswith("losses.pca_multiview: weight 1 per nat")
