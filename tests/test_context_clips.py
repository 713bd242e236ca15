"""What losses of clips teach a network of two branches."""

from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from pose_core import Labels, Skeleton
from pose_core.batches.augment import Augmentation
from pose_core.batches.options import AugmentOptions, DataOptions
from pose_core.batches.unlabeled import ClipBatch
from pose_core.heatmaps import soft_argmax
from pose_core.hookspecs import Combine
from pose_core.model.network import BackboneHead
from pose_core.plugins import Plugins
from pose_core.training.module import PoseModule
from pose_core.training.objective import build_objective
from pose_core.training.options import RunOptions
from pose_core.training.schedule import Schedule
from pose_tcn.head import ContextHead, build_context_head
from pose_tcn.options import ContextOptions

SKELETON = Skeleton(names=("nose", "tail", "paw"))
FRAMES, SIZE = 6, (64, 96)
Branch = Literal["static", "context"]
Losses = dict[str, dict[str, object]]
DECODED: Losses = {"temporal": {"form": "published", "epsilon": 1e-3, "prob_threshold": 0.0}}
MAPS: Losses = {"temporal_heatmap_mse": {"epsilon": 1e-9, "prob_threshold": 0.0}}


class Backbone(nn.Conv2d):
    """One convolution."""

    multiple = 32

    def __init__(self) -> None:
        super().__init__(3, 16, 32, stride=32)


def module_of(losses: Losses, combine: Combine) -> PoseModule:
    torch.manual_seed(0)
    head = build_context_head(ContextOptions(), 16, 32, len(SKELETON))
    head.combine = combine  # type: ignore[assignment]
    options = RunOptions(
        augment=AugmentOptions(preset="none"),
        data=DataOptions(validation=0.0),
        losses={"heatmap_mse": {}, **losses},
    )
    generator = torch.Generator().manual_seed(1)
    drawn = 60 * torch.rand(8, len(SKELETON), 2, generator=generator)
    labels = Labels.of([f"img{n}.png" for n in range(8)], drawn.numpy(), SKELETON)
    plugins = Plugins().load()
    return PoseModule(
        network=BackboneHead(Backbone(), head),
        decode=soft_argmax,
        objective=build_objective(options.losses, labels, plugins),
        augmentation=Augmentation(options.augment.operations(), 0),
        swapped=SKELETON.swapped(),
        schedule=Schedule.of(options),
        options=options,
    )


def clip() -> ClipBatch:
    generator = torch.Generator().manual_seed(2)
    images = torch.randint(0, 256, (1, FRAMES, 3, *SIZE), generator=generator, dtype=torch.uint8)
    whole = torch.ones(1, FRAMES, dtype=torch.bool)
    return ClipBatch(images, torch.tensor([SIZE]).float(), torch.tensor([0]), whole)


def taught(module: PoseModule) -> dict[Branch, bool]:
    """Say which branches the losses of a clip have a gradient for."""
    values, _ = module.losses_of_clip(clip())
    torch.stack(list(values.values())).sum().backward()
    head = module.network.head
    assert isinstance(head, ContextHead)
    return {"static": has_gradient(head.static), "context": has_gradient(head.context)}


def has_gradient(part: nn.Module) -> bool:
    return any(one.grad is not None and bool(one.grad.any()) for one in part.parameters())


@pytest.mark.parametrize("losses", [DECODED, MAPS], ids=["points", "heatmaps"])
@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        ("mean", {"static": True, "context": True}),
        ("last", {"static": False, "context": True}),
    ],
)
def test_losses_of_clips_teach_the_branches_that_predict(
    losses: Losses, combine: Combine, expected: dict[Branch, bool]
) -> None:
    assert taught(module_of(losses, combine)) == expected


def test_what_losses_of_clips_read_is_the_mean_of_both_branches() -> None:
    module = module_of(DECODED | MAPS, "mean")
    predicted, heatmaps = module.predict_clip(clip())
    points, confidence = module.decode(heatmaps, module.network.stride)
    assert predicted.heatmaps is not None and predicted.decoded is not None
    torch.testing.assert_close(predicted.heatmaps, heatmaps.mean(1))
    torch.testing.assert_close(predicted.confidence, confidence.mean(1))
    torch.testing.assert_close(predicted.decoded, points.mean(1))


@pytest.mark.parametrize("sure", [0, 1])
def test_heatmaps_of_the_branch_with_the_higher_peak_are_read_where_the_surest_is_taken(
    sure: int,
) -> None:
    module = module_of(MAPS, "confident")
    flat, peaked = torch.full((1, 1, 3, 4, 4), 1 / 16), torch.zeros(1, 1, 3, 4, 4)
    peaked[..., 2, 1] = 1.0
    maps = torch.cat([peaked, flat] if sure == 0 else [flat, peaked], dim=1)

    def drawn(features: Tensor) -> Tensor:
        return maps.expand(len(features), -1, -1, -1, -1)

    module.network.heatmaps = drawn  # type: ignore[method-assign]
    predicted, _ = module.predict_clip(clip())
    torch.testing.assert_close(predicted.heatmaps, peaked[:, 0].expand(FRAMES, -1, -1, -1))
