"""The truth, fed as what a network sees, costs the same whatever it was resized and augmented to.

A network that knows the truth draws each keypoint's heatmap where the augmented image shows it, a
mirror image with left and right exchanged, as a network that has learned would. From there on all
is the real path: decoding, the way back to pixels of the frame, and the losses.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pose_core import Labels, Skeleton
from pose_core.batches.augment import Augmentation, Augmented
from pose_core.batches.geometry import move, resizing
from pose_core.batches.labeled import LabeledBatch
from pose_core.batches.options import AugmentOptions, DataOptions
from pose_core.batches.unlabeled import ClipBatch
from pose_core.files import open_project
from pose_core.heatmaps import render_heatmaps, soft_argmax
from pose_core.hookspecs import Predicted
from pose_core.model.network import PoseNetwork
from pose_core.plugins import Plugins
from pose_core.training.module import PoseModule
from pose_core.training.objective import build_objective
from pose_core.training.options import RunOptions
from pose_core.training.schedule import Schedule

FRAME = (406, 396)
STRIDE = 4
POINTS = ("nose", "tail", "left", "right", "rump", "chest")
SKELETON = Skeleton(
    names=tuple(f"{point}_{view}" for view in ("top", "bot") for point in POINTS),
    symmetric=tuple((f"left_{view}", f"right_{view}") for view in ("top", "bot")),
    views={view: tuple(f"{point}_{view}" for point in POINTS) for view in ("top", "bot")},
)
PUBLISHED = {
    "temporal": {"form": "published", "epsilon": 1.0, "prob_threshold": 0.0},
    "pca_singleview": {"form": "published", "epsilon": 0.01},
    "pca_multiview": {"form": "published", "epsilon": 0.01},
}
SIZES = [(256, 256), (128, 320), (352, 224)]
INSIDE = {"scale": (0.45, 0.6), "translation": 0.05}  # so that no point leaves the image
AUGMENTATIONS = [
    {"preset": "none"},
    {"preset": "none", "flip": 1.0},
    {"preset": "none", "flip": {"chance": 1.0, "axis": "y"}},
    {"preset": "none", "scale": (0.5, 0.5), "crop": 0.1, "rotation": 40, "shear": 15},
    {"preset": "default", **INSIDE},
    {"preset": "topdown", "flip": 1.0, **INSIDE},
    {"preset": "dlc", "flip": 0.5, "crop": False, **INSIDE},
]
NAMES = ["as it is", "flipped", "upside down", "affine", "default", "topdown", "dlc"]


class Recording(Augmentation):
    """Remembers what it did, for the network that knows the truth."""

    seen: Augmented

    def __call__(self, *given: Any, **named: Any) -> Augmented:
        self.seen = super().__call__(*given, **named)
        return self.seen


class Knowing(PoseNetwork):
    """Draws the truth where the augmented images show it."""

    stride = STRIDE

    def __init__(self, augmentation: Recording, truth: Tensor, swapped: Tensor) -> None:
        super().__init__()
        self.augmentation, self.truth, self.swapped = augmentation, truth, swapped

    def heatmaps(self, features: Tensor) -> Tensor:
        seen = self.augmentation.seen
        size = (features.shape[-2], features.shape[-1])
        resized = move(resizing(torch.tensor([FRAME]).float(), size), self.truth)
        if seen.keypoints.shape[1]:  # labeled frames, which may be bent
            there = seen.keypoints
        else:
            there = move(seen.affine, resized)
        there = torch.where(seen.flipped[:, None, None], there[:, self.swapped], there)
        cells = (size[0] // STRIDE, size[1] // STRIDE)
        return render_heatmaps(there, cells, STRIDE)[:, None]


def module_of(
    labels: Labels, truth: np.ndarray, augment: dict[str, Any], losses: dict[str, Any], seed: int
) -> PoseModule:
    options = RunOptions(
        augment=AugmentOptions(**augment),
        data=DataOptions(validation=0.0),
        losses={"heatmap_mse": {}, **losses},
    )
    augmentation = Recording(options.augment.operations(), seed)
    swapped = labels.skeleton.swapped()
    points = torch.tensor(truth, dtype=torch.float32)
    return PoseModule(
        network=Knowing(augmentation, points, torch.tensor(swapped)),
        decode=soft_argmax,
        objective=build_objective(options.losses, labels, Plugins().load()),
        augmentation=augmentation,
        swapped=swapped,
        schedule=Schedule.of(options),
        options=options,
    )


def clip_of(frames: int, size: tuple[int, int]) -> ClipBatch:
    images = torch.full((1, frames, 3, *size), 128, dtype=torch.uint8)
    decoded = torch.ones(1, frames, dtype=torch.bool)
    return ClipBatch(images, torch.tensor([FRAME]).float(), torch.tensor([3]), decoded)


def poses(frames: int, seed: int, noise: float) -> np.ndarray:
    """Six points in space that bend in three ways, in two mirrored views of one frame."""
    generator = np.random.default_rng(seed)
    body = np.random.default_rng(0).uniform(-45, 45, (len(POINTS), 3))
    bends = np.random.default_rng(1).normal(0, 5, (3, len(POINTS), 3))
    weights = np.cumsum(generator.normal(0, 0.5, (frames, 3)), axis=0)
    shift = np.cumsum(generator.normal(0, 3, (frames, 1, 3)), axis=0)
    points = body + np.einsum("fw,wpc->fpc", weights, bends) + shift
    top = points[..., [0, 1]] + (198, 100)
    bottom = points[..., [0, 2]] + (198, 300)
    keypoints = np.concatenate([top, bottom], axis=1)
    return keypoints + generator.normal(0, noise, keypoints.shape)


@pytest.fixture(scope="module")
def labels() -> Labels:
    drawn = np.concatenate([poses(10, seed, 0.5) for seed in range(2, 10)])
    return Labels.of([f"img{n}.png" for n in range(len(drawn))], drawn, SKELETON)


def values_of(module: PoseModule, predicted: Predicted) -> dict[str, Tensor]:
    return {term.loss.name: term.compute(predicted) for term in module.objective.unsupervised}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("augment", AUGMENTATIONS, ids=NAMES)
def test_a_track_costs_what_it_costs_in_its_frames(
    labels: Labels, size: tuple[int, int], augment: dict[str, Any]
) -> None:
    truth = poses(8, seed=1, noise=2.0)  # so that every loss has something to say
    module = module_of(labels, truth, augment, PUBLISHED, seed=5)
    predicted = module.predict_clip(clip_of(8, size))[0]
    assert predicted.decoded is not None and predicted.cells is not None
    points = torch.tensor(truth, dtype=torch.float32)
    # the decoder is up to 0.05 cells off, of which each is some pixels of the frame
    cell = 1 / torch.linalg.svdvals(predicted.cells[0, 0, :, :2]).min()
    torch.testing.assert_close(predicted.decoded, points, atol=0.05 * float(cell), rtol=0)
    exact = replace(predicted, keypoints=points, decoded=points)
    predicted = replace(predicted, keypoints=predicted.decoded)  # also near the border
    found, expected = values_of(module, predicted), values_of(module, exact)
    assert sorted(found) == sorted(PUBLISHED)
    for name, value in expected.items():
        assert float(value.nanmean()) > 0.5
        assert float(found[name].nanmean()) == pytest.approx(float(value.nanmean()), rel=0.06)


@pytest.mark.parametrize("augment", AUGMENTATIONS, ids=NAMES)
def test_a_right_track_costs_nothing_in_any_loss_of_clips(
    labels: Labels, augment: dict[str, Any]
) -> None:
    losses = {
        "temporal": {},
        "temporal_heatmap_mse": {},
        "temporal_heatmap_kl": {},
        "pca_singleview": {},
        "pca_multiview": {},
        "unimodal": {},
    }
    module = module_of(labels, poses(8, 1, 0.0), augment, losses, seed=2)
    values = module.objective.on_clip(module.predict_clip(clip_of(8, (192, 256)))[0])
    assert sorted(values) == sorted(losses)
    for name, value in values.items():
        assert float(value) == pytest.approx(0.0, abs=0.02), name


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("loss", ["heatmap_mse", "heatmap_kl", "heatmap_js"])
@pytest.mark.parametrize(
    "augment", [*AUGMENTATIONS[3:], {"preset": "none", "elastic": 0.025, "flip": 0.5}], ids=str
)
def test_true_heatmaps_of_labeled_frames_cost_nothing(
    labels: Labels, size: tuple[int, int], loss: str, augment: dict[str, Any]
) -> None:
    truth = labels.keypoints[:6]
    module = module_of(labels, truth, augment, {loss: {}}, seed=0)
    images = torch.full((6, 1, 3, *size), 128, dtype=torch.uint8)
    batch = LabeledBatch(
        images=images,
        keypoints=torch.tensor(truth, dtype=torch.float32),
        visibility=torch.tensor(labels.visibility[:6]),
        sizes=torch.tensor([FRAME] * 6).float(),
        rows=torch.arange(6),
    )
    module.log = lambda *_, **__: None  # type: ignore[assignment]  # there is no trainer
    assert float(module.training_step({"labeled": batch}, 0)) == pytest.approx(0.0, abs=1e-4)


def test_a_swap_forgotten_would_be_noticed(labels: Labels) -> None:
    truth = poses(8, seed=1, noise=0.0)
    module = module_of(labels, truth, {"preset": "none", "flip": 1.0}, PUBLISHED, seed=5)
    module.swapped = torch.arange(len(SKELETON))
    predicted = module.predict_clip(clip_of(8, (256, 256)))[0]
    assert predicted.keypoints is not None
    wrong = (predicted.keypoints - torch.tensor(truth, dtype=torch.float32)).norm(dim=-1) > 5
    sides = [name.startswith(("left", "right")) for name in SKELETON.names]
    assert wrong.all(0).tolist() == sides


def test_points_that_left_the_image_say_nothing(labels: Labels) -> None:
    truth = poses(8, seed=1, noise=0.0)
    augment = {"preset": "none", "scale": (1.8, 1.8)}
    module = module_of(labels, truth, augment, PUBLISHED, seed=5)
    keypoints = module.predict_clip(clip_of(8, (256, 256)))[0].keypoints
    assert keypoints is not None
    known = keypoints.isfinite().all(-1)
    assert 0 < int(known.sum()) < known.numel()
    points = torch.tensor(truth, dtype=torch.float32)
    torch.testing.assert_close(keypoints[known], points[known], atol=0.5, rtol=0)


@pytest.mark.data
@pytest.mark.parametrize("size", [(256, 256), (128, 384), (320, 192)], ids=str)
@pytest.mark.parametrize("flip", [0.0, 1.0])
@pytest.mark.parametrize("name", ["pca_singleview", "pca_multiview"])
def test_right_labels_of_a_real_recording_stay_below_epsilon(
    size: tuple[int, int], flip: float, name: str
) -> None:
    folder = os.environ.get("POSE_DATA_DIR")
    if not folder:
        pytest.skip("POSE_DATA_DIR is not set")
    labels = open_project(Path(folder) / "mirror-mouse-example", Plugins().load()).labels
    whole = np.flatnonzero(~np.isnan(labels.keypoints).any((1, 2)))
    truth = labels.keypoints[whole]
    augment = {"preset": "none", "flip": flip, "scale": (0.8, 0.8)}
    module = module_of(labels, truth, augment, {name: {"form": "published"}}, seed=0)
    predicted = module.predict_clip(clip_of(len(truth), size))[0]
    beyond = values_of(module, predicted)[name]
    assert float((beyond > 0).float().mean()) < 0.01
    if name == "pca_multiview":
        return  # which most changes of scale leave as flat as it was
    # in pixels of the resized image, as others once had it, many would be beyond
    assert predicted.keypoints is not None and predicted.decoded is not None
    factor = torch.tensor([size[1] / FRAME[1], size[0] / FRAME[0]])
    wrong = replace(
        predicted, keypoints=predicted.keypoints * factor, decoded=predicted.decoded * factor
    )
    assert float((values_of(module, wrong)[name] > 0).float().mean()) > 0.3
