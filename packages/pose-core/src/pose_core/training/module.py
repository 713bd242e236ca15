"""The Lightning module: batches to losses, the learning rate, and the frozen part of a run."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from pose_core.batches.augment import Augmentation
from pose_core.batches.geometry import compose, inside, invert, move, resizing
from pose_core.batches.labeled import LabeledBatch
from pose_core.batches.unlabeled import ClipBatch
from pose_core.heatmaps import render_heatmaps
from pose_core.hookspecs import Predicted
from pose_core.labels import OCCLUDED, VISIBLE
from pose_core.model.branches import choose_branches, take_branches
from pose_core.model.network import PoseNetwork
from pose_core.model.streaming import heatmaps_of_clip
from pose_core.training.objective import Objective
from pose_core.training.options import RunOptions
from pose_core.training.schedule import Schedule

CLIPS = 1 << 40
"""Added to a clip's number, so that clips and labeled frames draw different augmentations."""


class PoseModule(LightningModule):
    """Trains one network.

    Args:
        network: to train.
        decode: heatmaps and stride to points and confidence; runs in validation, and in training
            only for losses that read points.
        objective: what to minimise.
        augmentation: of labeled frames and clips.
        swapped: for each keypoint the one a mirror image puts in its place.
        schedule: learning rates and the frozen part.
        options: the run's.
    """

    swapped: Tensor

    def __init__(
        self,
        network: PoseNetwork,
        decode: Callable[[Tensor, int], tuple[Tensor, Tensor]],
        objective: Objective,
        augmentation: Augmentation,
        swapped: tuple[int, ...],
        schedule: Schedule,
        options: RunOptions,
    ) -> None:
        super().__init__()
        self.network = network
        self.decode = decode
        self.objective = objective
        self.augmentation = augmentation
        self.schedule = schedule
        self.options = options
        self.register_buffer("swapped", torch.tensor(swapped), persistent=False)

    def on_train_epoch_start(self) -> None:
        """Freeze or thaw the backbone, and make what else is random depend on the epoch alone."""
        torch.manual_seed(self.options.seed * 1_000_003 + self.current_epoch)
        frozen = self.schedule.is_frozen(self.current_epoch)
        for part in self.network.frozen_parts():
            # without gradients of its own, and with inputs that need none, autograd records
            # nothing of the backbone: its backward pass and its saved activations are gone
            part.requires_grad_(not frozen)
            part.train(not frozen)

    def training_step(self, batch: dict[str, Any], _: int) -> Tensor:
        """Compute the loss of one batch of labeled frames, and of one clip where there are any."""
        labeled: LabeledBatch = batch["labeled"]
        size = size_of(labeled.images)
        seen = self.augmentation(
            labeled.images,
            labeled.rows.tolist(),
            self.current_epoch,
            keypoints=move(resizing(labeled.sizes, size), labeled.keypoints),
            centre=self.network.offsets.index(0),
        )
        heatmaps = self.network(seen.images.unflatten(0, labeled.images.shape[:2]))
        flipped = seen.flipped[:: labeled.images.shape[1]]
        targets = self.targets(seen.keypoints, labeled.visibility, flipped, size)
        values = self.objective.on_labeled(heatmaps, targets)
        if "unlabeled" in batch:
            values |= self.objective.on_clip(self.predict_clip(batch["unlabeled"]))
        total = self.objective.total(values, self.schedule.ramp(self.current_epoch))
        logged = {f"train_{name}": value.detach() for name, value in values.items()}
        self.log_dict(
            {"train_loss": total.detach(), **logged},
            on_step=False, on_epoch=True, batch_size=len(labeled.rows),
        )  # fmt: skip
        return total

    def targets(
        self,
        keypoints: Float[Tensor, "batch keypoints 2"],
        visibility: Tensor,
        flipped: Tensor,
        size: tuple[int, int],
    ) -> Float[Tensor, "batch keypoints h w"]:
        """Draw the target heatmaps of labeled frames as the network sees them.

        A missing keypoint, or one that left the image, has a map of zeros; an occluded one is
        uniform: the network shall say that it could be anywhere.

        Args:
            keypoints: where the points of the frames lie in the images, before any swap.
            visibility: of the points of the frames.
            flipped: which images are mirrored, so that symmetric keypoints swap.
            size: height and width of the images.
        """
        keypoints = torch.where(flipped[:, None, None], keypoints[:, self.swapped], keypoints)
        visibility = torch.where(flipped[:, None], visibility[:, self.swapped], visibility)
        drawn = (visibility == VISIBLE) & inside(keypoints, size)
        keypoints = torch.where(drawn[..., None], keypoints, torch.nan)
        stride = self.network.stride
        cells = (size[0] // stride, size[1] // stride)
        targets = render_heatmaps(keypoints, cells, stride, self.options.data.sigma)
        uniform = torch.full_like(targets, 1 / (cells[0] * cells[1]))
        return torch.where((visibility == OCCLUDED)[..., None, None], uniform, targets)

    def predict_clip(self, clip: ClipBatch) -> Predicted:
        """Predict an augmented clip, and bring its points back to the pixels of its video."""
        number = CLIPS + int(clip.clips[0])
        seen = self.augmentation(clip.images, [number], self.current_epoch)
        heatmaps = heatmaps_of_clip(self.network, seen.images)
        if not self.objective.decodes_clips:
            return Predicted(heatmaps=heatmaps[:, -1])
        keypoints, confidence = self.decode(heatmaps, self.network.stride)
        chosen = choose_branches(confidence, self.network.combine)
        keypoints = take_branches(keypoints, chosen)
        size = size_of(seen.images)
        # at the border lie points that augmentation pushed out of view: they say nothing
        margin = 2 * self.network.stride
        kept = inside(keypoints - margin, (size[0] - 2 * margin, size[1] - 2 * margin))
        back = invert(compose(seen.affine, resizing(clip.sizes, size).expand(len(keypoints), 2, 3)))
        keypoints = torch.where(kept[..., None], move(back, keypoints), torch.nan)
        if bool(seen.flipped[0]):
            chosen, keypoints = chosen[:, self.swapped], keypoints[:, self.swapped]
            heatmaps, confidence = heatmaps[:, :, self.swapped], confidence[:, :, self.swapped]
        return Predicted(
            heatmaps=take_branches(heatmaps, chosen),
            keypoints=keypoints,
            confidence=take_branches(confidence, chosen),
        )

    def validation_step(self, labeled: LabeledBatch, _: int) -> None:
        """Log the supervised losses and the mean pixel error, in the frames' own pixels."""
        images = labeled.images.float() / 255
        heatmaps = self.network(images)
        batch, size = len(labeled.rows), size_of(images)
        unflipped = torch.zeros(batch, dtype=torch.bool, device=self.device)
        resized = move(resizing(labeled.sizes, size), labeled.keypoints)
        targets = self.targets(resized, labeled.visibility, unflipped, size)
        values = self.objective.on_labeled(heatmaps, targets)
        loss = self.objective.total(values, 0.0)
        self.log("validation_loss", loss, batch_size=batch, sync_dist=True)
        keypoints, confidence = self.decode(heatmaps, self.network.stride)
        keypoints = take_branches(keypoints, choose_branches(confidence, self.network.combine))
        predicted = move(invert(resizing(labeled.sizes, size)), keypoints.float())
        errors = (predicted - labeled.keypoints).norm(dim=-1)
        known = torch.isfinite(errors)
        if known.any():
            count = int(known.sum())
            self.log("validation_error", errors[known].mean(), batch_size=count, sync_dist=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with the backbone in a group of its own, and rates that change step by step."""
        first = {id(p) for part in self.network.frozen_parts() for p in part.parameters()}
        parameters = list(self.network.parameters())
        groups = [
            [p for p in parameters if id(p) not in first],
            [p for p in parameters if id(p) in first],
        ]
        factors = [self.schedule.factor, self.schedule.backbone_factor]
        used = [(group, factor) for group, factor in zip(groups, factors, strict=True) if group]
        optimizer = torch.optim.Adam(
            [{"params": group} for group, _ in used], lr=self.options.training.learning_rate
        )
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, [per_step(factor, steps) for _, factor in used]
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


def size_of(images: Tensor) -> tuple[int, int]:
    """Give the height and width of images."""
    return images.shape[-2], images.shape[-1]


def per_step(factor: Callable[[float], float], steps: int) -> Callable[[int], float]:
    """Make a factor of the fraction done one of the step."""
    return lambda step: factor(step / steps)
