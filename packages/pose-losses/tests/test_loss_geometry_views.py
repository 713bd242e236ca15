"""Truth costs nothing too where each view is a file of its own, whatever each was drawn as.

The network is an oracle: it draws the true points where the augmented images show them.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pose_core.batches.augment import Augmentation
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
from pose_core.views import join_labels

POINTS = Skeleton(("nose", "left", "right", "tail"), symmetric=(("left", "right"),))
SIZES = {"top": (300, 396), "side": (480, 240), "back": (256, 256)}
CAMERAS = {
    "top": np.array([[1.0, 0.2], [0.1, 0.9], [0.3, -0.2]]),
    "side": np.array([[0.9, 0.0], [0.1, 0.3], [-0.2, 1.1]]),
    "back": np.array([[0.1, 0.2], [0.9, -0.1], [0.2, 0.8]]),
}
STRIDE, FRAMES = 4, 5
LOSSES = ("pca_multiview", "pca_singleview")


def animal(frames: int, seed: int) -> dict[str, np.ndarray]:
    """Give the points of an animal in each camera's own pixels, near its middle."""
    rng = np.random.default_rng(seed)
    body = np.array([[20.0, 0, 4], [0, 9, 8], [0, -9, 8], [-20, 0, 0]])
    turn = rng.uniform(-0.4, 0.4, (frames, 1))
    x, y = body[:, 0] - turn * body[:, 1], body[:, 1] + turn * body[:, 0]
    there = np.stack([x, y, np.broadcast_to(body[:, 2], x.shape)], axis=-1)
    there += rng.normal(scale=6, size=(frames, 1, 3))
    return {
        view: there @ matrix + np.array(SIZES[view][::-1]) / 2 for view, matrix in CAMERAS.items()
    }


def joined(frames: int, seed: int) -> np.ndarray:
    """Give the same, all views side by side, (frames, 12, 2)."""
    return np.concatenate(list(animal(frames, seed).values()), axis=1)


class Oracle(PoseNetwork):
    """Draws points that it is told."""

    stride = STRIDE

    def __init__(self) -> None:
        super().__init__()
        self.points = torch.zeros(0)
        self.weight = nn.Parameter(torch.zeros(1))

    def heatmaps(self, features: torch.Tensor) -> torch.Tensor:
        size = (features.shape[-2] // STRIDE, features.shape[-1] // STRIDE)
        return render_heatmaps(self.points, size, STRIDE)[:, None]


def objective(form: str) -> Objective:
    """Fit the losses to labels of the animal, one table per view."""
    frames = [f"v/{n}.png" for n in range(60)]
    tables = {v: Labels.of(frames, points, POINTS) for v, points in animal(60, seed=0).items()}
    losses = {"heatmap_kl": {}} | {name: {"form": form} for name in LOSSES}
    labels = Labels.of(frames, tables["top"].keypoints, POINTS)
    return build_objective(losses, labels, Plugins().load(), joined=join_labels(tables))


FITTED = {form: objective(form) for form in ("published", "improved")}


def oracle_clip(
    truth: np.ndarray,
    size: tuple[int, int],
    chosen: Objective,
    augmentation: Augmentation,
    decoded: torch.Tensor | None = None,
) -> Predicted:
    """Let the module predict a clip of three cameras by an oracle, through its own geometry."""
    network = Oracle()
    sizes = torch.tensor(list(SIZES.values()), dtype=torch.float32)
    points = torch.tensor(truth, dtype=torch.float32).unflatten(1, (3, 4)).transpose(0, 1)
    swapped = list(POINTS.swapped())

    def augmented(images: torch.Tensor, numbers: list[int], epoch: int) -> Any:
        seen = augmentation(images, numbers, epoch)
        assert len(set(numbers)) == len(SIZES), "each view has draws of its own"
        there = compose(seen.affine, resizing(sizes, size).repeat_interleave(len(truth), dim=0))
        shown = move(there, points.flatten(0, 1))
        network.points = torch.where(seen.flipped[:, None, None], shown[:, swapped], shown)
        return seen

    options = fill(RunOptions, {"data": {"size": list(size)}}, "options")
    module = PoseModule(
        network, soft_argmax, chosen, augmented, POINTS.swapped(), Schedule(10, 0, (), 1.0), options
    )
    images = torch.zeros(3, len(truth), 3, *size, dtype=torch.uint8)
    clip = ClipBatch(images, sizes, torch.tensor([7]), decoded)
    found, _ = module.predict_clip(clip)
    return found


def augmentation_of(seed: int, flip: float) -> Augmentation:
    """Give maps alone: what pixels show is the oracle's business."""
    given = {
        "augment": {
            "preset": "none",
            "flip": flip,
            "rotation": 15,
            "scale": {"between": [0.8, 1.2]},
            "translation": 0.05,
        }
    }
    return Augmentation(fill(RunOptions, given, "options").augment.operations(), seed)


@given(
    size=st.tuples(st.sampled_from([128, 192, 256]), st.sampled_from([128, 256, 320])),
    seed=st.integers(0, 1000),
    flip=st.sampled_from([0.0, 0.5, 1.0]),
    form=st.sampled_from(["published", "improved"]),
)
@settings(max_examples=25, deadline=None)
def test_true_points_cost_nothing_across_files(
    size: tuple[int, int], seed: int, flip: float, form: str
) -> None:
    truth = joined(FRAMES, seed=1)
    found = oracle_clip(truth, size, FITTED[form], augmentation_of(seed, flip))
    assert found.keypoints is not None and found.decoded is not None
    off = (found.keypoints - torch.tensor(truth)).norm(dim=-1)
    off = off[off.isfinite()]
    assert len(off) > 0.8 * FRAMES * 12
    assert off.max() < 0.5 * 480 / 128
    for name, value in FITTED[form].on_clip(found).items():
        assert value < 0.3, name


@pytest.mark.parametrize("form", ["published", "improved"])
def test_a_view_a_moment_early_costs_much(form: str) -> None:
    """So that the test above sees what it is for."""
    truth = joined(FRAMES, seed=1)
    truth[:-1, 4:8] = truth[1:, 4:8]
    found = oracle_clip(truth, (256, 256), FITTED[form], augmentation_of(0, 0.0))
    assert found.confidence is not None
    found.confidence[:, 4:8] = 0.5  # of which the improved form is told where they are
    assert FITTED[form].on_clip(found)["pca_multiview"] > (0.5 if form == "published" else 0.02)


def test_a_view_that_is_missing_is_unknown_and_the_others_count() -> None:
    decoded = torch.ones(3, FRAMES, dtype=torch.bool)
    decoded[1] = False  # the file of the second camera is not there
    decoded[2, 3] = False  # a frame of the third is damaged
    found = oracle_clip(
        joined(FRAMES, seed=1), (256, 256), FITTED["published"], augmentation_of(0, 0.5), decoded
    )
    assert found.decoded is not None
    known = found.decoded.isfinite().all(-1)
    expected = decoded.T.repeat_interleave(4, dim=1)
    assert torch.equal(known, expected)
    (compute,) = (t.compute for t in FITTED["published"].unsupervised if "multi" in t.loss.name)
    values = compute(found)
    assert values.shape == (FRAMES, 4, 3)
    assert torch.equal(values.isfinite()[:, 0], decoded.T & (decoded.sum(0) == 2)[:, None])
    values = FITTED["published"].on_clip(found)
    assert all(0 <= value < 0.3 for value in values.values())


@pytest.mark.parametrize("form", ["published", "improved"])
def test_gradients_of_a_clip_with_a_missing_view_are_numbers(form: str) -> None:
    decoded = torch.ones(3, FRAMES, dtype=torch.bool)
    decoded[0] = False
    truth = joined(FRAMES, seed=1)
    truth[:, 8:] += 15
    found = oracle_clip(truth, (256, 256), FITTED[form], augmentation_of(3, 0.0), decoded)
    assert found.confidence is not None and found.heatmaps is not None
    found.confidence[:, 8:] = 0.5
    points, maps = (part.detach().requires_grad_() for part in (found.decoded, found.heatmaps))
    moved = replace(found, decoded=points, keypoints=points, heatmaps=maps)
    torch.stack(list(FITTED[form].on_clip(moved).values())).sum().backward()
    (taught,) = (part.grad for part in (points, maps) if part.grad is not None)
    assert taught.isfinite().all() and taught[:, 8:].abs().sum() > 0
    assert taught[:, :4].abs().sum() == 0, "nothing is learned of what was not seen"
